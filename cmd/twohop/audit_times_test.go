package main

import (
	"testing"
	"time"
)

func TestTimesAreReadAsPeopleWriteThem(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	const form = "2006-01-02 15:04:05 -0700"
	for _, c := range []struct {
		text, from, to string
		zone           *time.Location
	}{
		{"2026-11-17", "2026-11-17 00:00:00 +0000", "2026-11-18 00:00:00 +0000", time.UTC},
		{"2026-11-17", "2026-11-17 00:00:00 +0100", "2026-11-18 00:00:00 +0100", berlin},
		{"2026-10-25", "2026-10-25 00:00:00 +0200", "2026-10-26 00:00:00 +0100", berlin}, // 25 hours
		{"2026-11-17T09:30:00Z", "2026-11-17 09:30:00 +0000", "2026-11-17 09:30:00 +0000", time.UTC},
		{"2026-11-17T09:30:00.5+01:00", "2026-11-17 09:30:00 +0100", "2026-11-17 09:30:00 +0100", time.UTC},
		{"2026-11-17 09:30", "2026-11-17 09:30:00 +0000", "2026-11-17 09:30:00 +0000", time.UTC},
		{"2026-11-17T09:30:05", "2026-11-17 09:30:05 +0000", "2026-11-17 09:30:05 +0000", time.UTC},
		{"09:30", "2026-11-24 09:30:00 +0000", "2026-11-24 09:30:00 +0000", time.UTC},
		{"today", "2026-11-24 00:00:00 +0000", "2026-11-25 00:00:00 +0000", time.UTC},
		{"Yesterday", "2026-11-23 00:00:00 +0000", "2026-11-24 00:00:00 +0000", time.UTC},
		{"monday", "2026-11-23 00:00:00 +0000", "2026-11-24 00:00:00 +0000", time.UTC},
		{"tuesday", "2026-11-17 00:00:00 +0000", "2026-11-18 00:00:00 +0000", time.UTC}, // today is one
		{"wed", "2026-11-18 00:00:00 +0000", "2026-11-19 00:00:00 +0000", time.UTC},
		{"2h", "2026-11-24 13:00:00 +0000", "2026-11-24 13:00:00 +0000", time.UTC},
		{"7d", "2026-11-17 15:00:00 +0000", "2026-11-17 15:00:00 +0000", time.UTC},
	} {
		now := time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC).In(c.zone) // a Tuesday
		from, to, err := parseTime(c.text, now)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got := from.Format(form) + ", " + to.Format(form); got != c.from+", "+c.to {
			t.Errorf("%s: %s, want %s, %s", c.text, got, c.from, c.to)
		}
	}
	for _, text := range []string{"", "h", "noon", "2026-13-01", "2026-11-31", "-2h", "99999999d", "tues"} {
		if from, _, err := parseTime(text, time.Now()); err == nil {
			t.Errorf("%q was read as %v", text, from)
		}
	}
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2h", "tuesday", "2026-11-17", "2026-11-17T09:30:00Z", "0000-01-01"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		from, to, err := parseTime(text, time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC))
		if err == nil && to.Before(from) {
			t.Errorf("%q is from %v to %v", text, from, to)
		}
	})
}
