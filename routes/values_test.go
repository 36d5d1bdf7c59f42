package routes

import (
	"testing"
	"time"
)

func TestSizes(t *testing.T) {
	for text, want := range map[string]Size{"0": 0, "512": 512, "64KiB": 64 << 10, "1 MiB": 1 << 20, "2GiB": 2 << 30, "10KB": 10_000, "3MB": 3_000_000, "1GB": 1_000_000_000, "7B": 7, "9223372036854775807": 1<<63 - 1} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%s: %v %v", text, s, err)
		}
	}
	for _, text := range []string{"", "-1", "+1", "1.5MiB", "1kb", "KiB", "1 KiB ", "9223372036854775808", "9007199254740993KiB", "0x10", "1_000", "1e3"} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is accepted as %v", text, s)
		}
	}
	for size, want := range map[Size]string{0: "0B", 1: "1B", 1000: "1000B", 1024: "1KiB", 3 << 20: "3MiB", 5 << 30: "5GiB"} {
		if got := size.String(); got != want {
			t.Errorf("%d: %s", size, got)
		}
	}
}

func TestRates(t *testing.T) {
	for text, want := range map[string]float64{"50/s": 50, "60/m": 1, "3600 / h": 1, "86400/d": 1, "0.5/s": 0.5} {
		var r Rate
		if err := r.UnmarshalText([]byte(text)); err != nil || r.PerSecond() != want {
			t.Errorf("%s: %v %v", text, r, err)
		}
	}
	for _, text := range []string{"", "50", "0/s", "-1/s", "+1/s", "1e3/s", "nan/s", "inf/s", "50/w", "/s", "5/s/s", "0x5/s", "1000000000001/s"} {
		var r Rate
		if err := r.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is accepted as %v", text, r)
		}
	}
	if r := (Rate{5_000_000, time.Hour}); r.String() != "5000000/h" || (Rate{}).String() != "no limit" || (Rate{}).PerSecond() != 0 {
		t.Error(r)
	}
}

func TestTimeSpans(t *testing.T) {
	for text, want := range map[string]time.Duration{"0": 0, "0s": 0, "55s": 55 * time.Second, "1m30s": 90 * time.Second, "1.5h": 90 * time.Minute, "2d": 48 * time.Hour, "5ms": 5 * time.Millisecond, "5µs": 5 * time.Microsecond} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%s: %v %v", text, got, err)
		}
	}
	for _, text := range []string{"", "55", "-1s", "+1s", "1.s", ".5s", "1d12h", "36501d", "99999999999999999999d", "99999999999h", "s", "1 s", "1S", "1w"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q is accepted as %v", text, got)
		}
	}
}

func TestVersionsAndDays(t *testing.T) {
	for _, name := range []string{"1.0", "1.1", "1.2", "1.3"} {
		var v Version
		if err := v.UnmarshalText([]byte(name)); err != nil || v.String() != name {
			t.Error(name, v, err)
		}
	}
	if Version(0).String() != "" || Version(0x0300).String() != "" {
		t.Error("a version that is none has a name")
	}
	var d Day
	if err := d.UnmarshalText([]byte("2028-02-29")); err != nil || d.String() != "2028-02-29" || d.End().Format(time.RFC3339) != "2028-03-01T00:00:00Z" {
		t.Error(d, err)
	}
	for _, text := range []string{"2027-02-29", "2027-2-1", "2027-02-01T00:00:00Z", ""} {
		if d.UnmarshalText([]byte(text)) == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

func TestSuggestions(t *testing.T) {
	keys := []string{"timeout", "target", "targets", "name", "hosts"}
	for word, want := range map[string]string{"timout": "timeout", "tiemout": "timeout", "traget": "target", "Name": "name", "host": "hosts", "zzz": "", "x": "", "": "", "certificate": ""} {
		if got := closest(word, keys); got != want {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
}
