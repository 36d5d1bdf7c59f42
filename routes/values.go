package routes

import (
	"fmt"
	"math"
	"net/netip"
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

var sizeForm = regexp.MustCompile(`^([0-9]+) *(B|KiB|MiB|GiB|KB|MB|GB)?$`)

// UnmarshalText reads a size.
func (s *Size) UnmarshalText(text []byte) error {
	if m := sizeForm.FindStringSubmatch(string(text)); m != nil {
		for _, u := range sizeUnits {
			if n, err := strconv.ParseInt(m[1], 10, 64); u.suffix == m[2] && err == nil && n <= math.MaxInt64/u.bytes {
				*s = Size(n * u.bytes)
				return nil
			}
		}
	}
	return notForm(text, "a size", "write bytes with KiB, MiB or GiB, for example 64KiB")
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

var rateForm = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) */ *([smhd])$`)

// maxRate is more than any broker can serve; it keeps sums in range.
const maxRate = 1e12

// UnmarshalText reads 50/s, 300/m, 5000/h or 100000/d.
func (r *Rate) UnmarshalText(text []byte) error {
	if m := rateForm.FindStringSubmatch(string(text)); m != nil {
		if n, err := strconv.ParseFloat(m[1], 64); err == nil && n > 0 && n <= maxRate {
			*r = Rate{n, rateUnits[m[2]]}
			return nil
		}
	}
	return notForm(text, "a rate", "write calls per s, m, h or d, for example 5000/h")
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
			return strconv.FormatFloat(r.Calls, 'f', -1, 64) + "/" + unit
		}
	}
	return "no limit"
}

// Network is a range of IP addresses.
type Network struct{ netip.Prefix }

// UnmarshalText reads 203.0.113.0/24, 2001:db8::/32 or a single address.
func (n *Network) UnmarshalText(text []byte) error {
	p, err := netip.ParsePrefix(string(text))
	if a, single := netip.ParseAddr(string(text)); single == nil && a.Zone() == "" {
		p, err = a.Unmap().Prefix(a.Unmap().BitLen())
	}
	if err != nil || p.Addr().Is4In6() {
		return notForm(text, "a network", "write address/bits, for example 203.0.113.0/24")
	}
	if p != p.Masked() {
		return notForm(text, "a network: it has bits of one address", "write "+p.Masked().String()+", or the address alone")
	}
	n.Prefix = p
	return nil
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
	return notForm(text, "a TLS version that this broker speaks", "write 1.0, 1.1, 1.2 or 1.3")
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
		return notForm(text, "a day", "write YYYY-MM-DD")
	}
	d.Time = t
	return nil
}

// End returns the first instant after the day.
func (d Day) End() time.Time { return d.AddDate(0, 0, 1) }

func (d Day) String() string { return d.Format(time.DateOnly) }

var spanForm = regexp.MustCompile(`^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$|^[0-9]+d$|^0$`)

// maxDays is about a hundred years, which a time.Duration can hold.
const maxDays = 36500

// parseDuration reads a Go duration, and d for days.
func parseDuration(text string) (time.Duration, error) {
	if spanForm.MatchString(text) {
		if days, ok := strings.CutSuffix(text, "d"); ok {
			if n, err := strconv.Atoi(days); err == nil && n <= maxDays {
				return time.Duration(n) * 24 * time.Hour, nil
			}
		} else if d, err := time.ParseDuration(text); err == nil {
			return d, nil
		}
	}
	return 0, notForm(text, "a time span", "write it with ms, s, m, h or d, for example 55s")
}

func notForm[T string | []byte](text T, form, fix string) error {
	return &mistake{fmt.Sprintf("%q is not %s", text, form), fix, false}
}

// Path is a file or directory that need not exist yet, made relative to the
// directory of the file that names it.
type Path string

// File is a file that must exist, made relative to the directory of the file that
// names it.
type File string
