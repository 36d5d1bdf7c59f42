package routes

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes, written 512, 64KiB, 100MiB, 1GiB or 10MB.
type Size int64

var sizeUnits = []struct {
	suffix string
	bytes  int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}, {"", 1}}

// UnmarshalText reads a size.
func (s *Size) UnmarshalText(text []byte) error {
	for _, u := range sizeUnits {
		digits, ok := strings.CutSuffix(string(text), u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/u.bytes {
			break
		}
		*s = Size(n * u.bytes)
		return nil
	}
	return fmt.Errorf("%q is not a size; write bytes with KiB, MiB or GiB, for example 64KiB", text)
}

func (s Size) String() string {
	for _, u := range []string{"GiB", "MiB", "KiB"} {
		for _, unit := range sizeUnits {
			if unit.suffix == u && s > 0 && int64(s)%unit.bytes == 0 {
				return strconv.FormatInt(int64(s)/unit.bytes, 10) + u
			}
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

// Rate is a number of calls in a span of time. The zero Rate is no limit.
type Rate struct {
	Calls float64
	Per   time.Duration
}

var rateUnits = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}

// UnmarshalText reads 50/s, 300/m, 5000/h or 100000/d.
func (r *Rate) UnmarshalText(text []byte) error {
	calls, unit, _ := strings.Cut(string(text), "/")
	per, ok := rateUnits[strings.TrimSpace(unit)]
	n, err := strconv.ParseFloat(strings.TrimSpace(calls), 64)
	if !ok || err != nil || !(n > 0) || math.IsInf(n, 0) {
		return fmt.Errorf("%q is not a rate; write calls per s, m, h or d, for example 5000/h", text)
	}
	*r = Rate{n, per}
	return nil
}

// PerSecond returns the rate in calls per second, 0 for no limit.
func (r Rate) PerSecond() float64 {
	if r.Per == 0 {
		return 0
	}
	return r.Calls / r.Per.Seconds()
}

func (r Rate) String() string {
	for unit, per := range rateUnits {
		if per == r.Per {
			return strconv.FormatFloat(r.Calls, 'g', -1, 64) + "/" + unit
		}
	}
	return "no limit"
}

// Version is a TLS version as crypto/tls numbers it; 0 when not given.
type Version uint16

var versions = []string{"1.0", "1.1", "1.2", "1.3"} // 0x0301 to 0x0304, RFC 8446, section 4.2.1

// UnmarshalText reads 1.0, 1.1, 1.2 or 1.3.
func (v *Version) UnmarshalText(text []byte) error {
	for i, name := range versions {
		if string(text) == name {
			*v = Version(0x0301 + i)
			return nil
		}
	}
	return fmt.Errorf("%q is not a TLS version that this broker speaks; write 1.0, 1.1, 1.2 or 1.3", text)
}

func (v Version) String() string {
	if i := int(v) - 0x0301; i >= 0 && i < len(versions) {
		return versions[i]
	}
	return ""
}

// Day is a calendar day in UTC.
type Day struct{ time.Time }

// UnmarshalText reads 2027-03-31.
func (d *Day) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return fmt.Errorf("%q is not a day; write YYYY-MM-DD", text)
	}
	d.Time = t
	return nil
}

// End returns the first instant after the day.
func (d Day) End() time.Time { return d.AddDate(0, 0, 1) }

func (d Day) String() string { return d.Format(time.DateOnly) }

// parseDuration reads a Go duration, and d for days.
func parseDuration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 && n < 36500 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a time span; write it with ms, s, m, h or d, for example 55s", text)
	}
	return d, nil
}

// Path is a file or directory that need not exist yet, made relative to the
// directory of the file that names it.
type Path string

// File is a file that must exist, made relative to the directory of the file that
// names it.
type File string

// Secret is a text that is never shown: it prints as "[secret]" everywhere, in logs
// and JSON too. In the file, ${env:NAME} and ${file:PATH} stand for its parts.
type Secret struct {
	value    string
	referred bool // some part came from ${env:} or ${file:}
}

// Reveal returns the text itself, for the one place that sends it.
func (s Secret) Reveal() string { return s.value }

// Referred reports whether a part came from the environment or a file.
func (s Secret) Referred() bool { return s.referred }

const secretMask = "[secret]"

func (s Secret) String() string               { return secretMask }
func (s Secret) GoString() string             { return secretMask }
func (s Secret) MarshalText() ([]byte, error) { return []byte(secretMask), nil }

var (
	reference    = regexp.MustCompile(`\$\{[^}]*\}?`)
	errReference = errors.New("not a reference; write ${env:NAME} or ${file:PATH}")
)

// expand replaces the references in text by what lookup returns for their kind
// (env, file) and name. It returns every reference that failed.
func expand(text string, lookup func(kind, name string) (string, error)) (Secret, []error) {
	var errs []error
	referred := false
	value := reference.ReplaceAllStringFunc(text, func(ref string) string {
		referred = true
		kind, name, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(ref, "${"), "}"), ":")
		if !ok || !strings.HasSuffix(ref, "}") || name == "" || (kind != "env" && kind != "file") {
			errs = append(errs, errReference)
			return ""
		}
		v, err := lookup(kind, name)
		if err != nil {
			errs = append(errs, err)
		}
		return v
	})
	return Secret{value, referred}, errs
}
