package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twohop/audit"
	"twohop/routes"
)

func TestAnExtensionBelongsToOneLastDay(t *testing.T) {
	day := func(s string) routes.Day {
		var d routes.Day
		if err := d.UnmarshalText([]byte(s)); err != nil {
			t.Fatal(err)
		}
		return d
	}
	until := day("2027-01-08").Time
	x := extensions{"WMS": {LastDay: "2026-12-31", Until: until}}
	table := &routes.Table{}
	table.Exceptions = map[string]routes.Exception{"WMS": {Expires: day("2026-12-31")}}
	if ends := x.ends(table); !ends["WMS"].Equal(until) {
		t.Errorf("extended until %v, want %v", ends["WMS"], until)
	}
	table.Exceptions["WMS"] = routes.Exception{Expires: day("2027-06-30")}
	if ends := x.ends(table); len(ends) != 0 {
		t.Errorf("a renewed exception kept its extension: %v", ends)
	}
}

func TestExtensionsFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "extensions.json")
	if x, err := readExtensions(file); err != nil || len(x) != 0 {
		t.Errorf("no file: %v, %v", x, err)
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readExtensions(file); err == nil {
		t.Error("a broken file was taken for no extensions")
	}
}

func TestHealthURL(t *testing.T) {
	for _, c := range []struct{ health, admin, want string }{
		{":8080", "127.0.0.1:9443", "http://127.0.0.1:8080/readyz"},
		{"0.0.0.0:8080", "off", "http://127.0.0.1:8080/readyz"},
		{"[::]:8080", "off", "http://127.0.0.1:8080/readyz"},
		{"10.0.0.5:8080", "off", "http://10.0.0.5:8080/readyz"},
		{"", "127.0.0.1:9443", "http://127.0.0.1:9443/readyz"},
		{"", "off", ""},
	} {
		table := &routes.Table{Health: routes.Health{Address: c.health}, Admin: routes.Admin{Address: c.admin}}
		if got := healthURL(table); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
		table.Admin.Token = &routes.AdminToken{}
		if got := healthURL(table); c.health == "" && got != "" || c.health != "" && got != c.want {
			t.Errorf("%+v with a token: %q", c, got)
		}
	}
}

func TestRemindersAreGivenOnce(t *testing.T) {
	s, logged := reminded(t)
	e, end := routes.Exception{Owner: "o"}, time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC)
	for _, days := range []float64{90, 60, 59, 40, 30, 29.5, 7, 6, 1, 0, -3} {
		s.now = func() time.Time { return end.Add(-time.Duration(days * 24 * float64(time.Hour))) }
		s.remind("WMS", e, end)
	}
	if n := logged(); n != 4 {
		t.Errorf("%d reminders, want one each at 60, 30 and 7 days and at the end", n)
	}
	if d := cmp.Diff([]string{"exception WMS ends in 60 days", "exception WMS ends in 30 days", "exception WMS ends in 7 days", "exception WMS has ended with 2027-03-31 (UTC): its routes answer 503; owner o"}, messages(t, s)); d != "" {
		t.Error(d)
	}
}

// reminded returns a server whose log lines are counted.
func reminded(t *testing.T) (*server, func() int) {
	t.Helper()
	var log bytes.Buffer
	l, err := audit.Open(audit.Config{Dir: filepath.Join(t.TempDir(), "audit")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := &server{log: slog.New(slog.NewTextHandler(&log, nil)), now: time.Now, audit: l, reminded: map[remembered]bool{}}
	return s, func() int { return bytes.Count(log.Bytes(), []byte("\n")) }
}

// messages returns what the events in the server's audit log say, up to the first comma.
func messages(t *testing.T, s *server) (list []string) {
	t.Helper()
	segments, err := s.audit.Trail().Segments()
	if err != nil {
		t.Fatal(err)
	}
	for _, segment := range segments {
		for line, err := range segment.Lines() {
			var e struct{ Message string }
			if err != nil || json.Unmarshal(line.Text, &e) != nil {
				t.Fatalf("%v in %s", err, line.Text)
			}
			if said, _, _ := strings.Cut(e.Message, ","); said != "" && !strings.HasPrefix(string(line.Text), `{"class_uid":1008,`) {
				list = append(list, said)
			}
		}
	}
	return list
}
