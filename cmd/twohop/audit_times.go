package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"twohop/audit/search"
)

// parseTime reads a time as people write it, seen from now and in its zone. A day is from
// its begin to the begin of the next; an instant is from and to itself.
func parseTime(typed string, now time.Time) (from, to time.Time, err error) {
	text := strings.ToLower(strings.TrimSpace(typed))
	if ago, ok := parseAgo(text); ok {
		return now.Add(-ago), now.Add(-ago), nil
	}
	if back, ok := daysBack(text, now); ok {
		from, to = day(now, -back)
		return from, to, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, now.Location()); err == nil {
		from, to = day(t, 0)
		return from, to, nil
	}
	for _, form := range []string{time.RFC3339Nano, "2006-01-02t15:04:05", "2006-01-02t15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(form, upper(form, text), now.Location()); err == nil {
			return t, t, nil
		}
	}
	for _, form := range []string{"15:04", "15:04:05"} { // today
		if t, err := time.Parse(form, text); err == nil {
			at := time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), 0, now.Location())
			return at, at, nil
		}
	}
	return from, to, fmt.Errorf("%q is not a time", typed)
}

// upper undoes the lower case for the one form that has capitals.
func upper(form, text string) string {
	if form == time.RFC3339Nano {
		return strings.ToUpper(text)
	}
	return text
}

// day returns the day so many days from t.
func day(t time.Time, n int) (from, to time.Time) {
	y, m, d := t.Date()
	return time.Date(y, m, d+n, 0, 0, 0, 0, t.Location()), time.Date(y, m, d+n+1, 0, 0, 0, 0, t.Location())
}

// parseAgo reads 90s, 15m, 2h, 7d and 4w.
func parseAgo(text string) (time.Duration, bool) {
	if text == "" {
		return 0, false
	}
	unit := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}[text[len(text)-1]]
	n, err := strconv.ParseUint(text[:len(text)-1], 10, 16)
	return time.Duration(n) * unit, unit > 0 && err == nil
}

// daysBack reads today, yesterday, and the name of a weekday: the last such day before
// today.
func daysBack(text string, now time.Time) (int, bool) {
	switch text {
	case "today":
		return 0, true
	case "yesterday":
		return 1, true
	}
	for n := 1; n <= 7; n++ {
		name := strings.ToLower(now.AddDate(0, 0, -n).Weekday().String())
		if text == name || text == name[:3] {
			return n, true
		}
	}
	return 0, false
}

// span says in words which times q is about, nothing for all of them.
func span(q *search.Query, zone *time.Location) string {
	since, until := q.Since.In(zone), q.Until.In(zone)
	name := "UTC"
	if zone != time.UTC {
		name = "local time"
	}
	instant := func(t time.Time) string { return t.Format("2006-01-02 15:04:05") }
	switch from, to := day(since, 0); {
	case q.Since.IsZero() && q.Until.IsZero():
		return ""
	case q.Since.IsZero():
		return fmt.Sprintf(" before %s (%s)", instant(until), name)
	case q.Until.IsZero():
		return fmt.Sprintf(" from %s on (%s)", instant(since), name)
	case since.Equal(from) && until.Equal(to):
		return fmt.Sprintf(" on %s (%s)", since.Format(time.DateOnly), name)
	}
	return fmt.Sprintf(" from %s to %s (%s)", instant(since), instant(until), name)
}
