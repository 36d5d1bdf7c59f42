package audit

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// notes is an appender in memory.
type notes struct {
	mu    sync.Mutex
	lines []string
	err   error
}

func (n *notes) Append(r *Record) error { return n.append(r.line(nil)) }

func (n *notes) append(line []byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err == nil {
		n.lines = append(n.lines, string(line))
	}
	return n.err
}

func (n *notes) Healthy() error { return n.err }

// told says in short what the lines tell, and forgets them.
func (n *notes) told(t *testing.T) (list []string) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, line := range n.lines {
		var l struct {
			Count    int64
			Src      struct{ Name string } `json:"src_endpoint"`
			Actor    struct{ User struct{ Name string } }
			Code     string `json:"status_code"`
			Start    int64  `json:"start_time"`
			End      int64  `json:"end_time"`
			Unmapped struct {
				Kind, Stage      string
				Networks         int
				Counts, Recorded map[string]int64
				Samples          []struct{ Code string }
			}
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		u := l.Unmapped
		if u.Kind == "" {
			list = append(list, fmt.Sprintf("%s %s%s", u.Stage, l.Actor.User.Name, l.Code))
			continue
		}
		list = append(list, strings.TrimSpace(fmt.Sprintf("%s of %s: %v, recorded %v, in %ds, %d networks", u.Kind, l.Src.Name, u.Counts, u.Recorded, (l.End-l.Start)/1000, u.Networks)))
	}
	n.lines = nil
	return list
}

// tallying is a Tally on a disk whose free space the test sets.
func tallying(t *testing.T, c TallyConfig) (*Tally, *notes, func(free int64)) {
	t.Helper()
	var free int64 = 10 << 30
	space, err := NewSpace(SpaceConfig{Free: func(string) (int64, int64, error) { return free, 100 << 30, nil }, Changed: func(Room, Disk) {}})
	if err != nil {
		t.Fatal(err)
	}
	c.Space, c.Now = space, time.Now
	if c.Noted == nil {
		c.Noted = func(string, bool) {}
	}
	n := &notes{}
	return NewTally(c, n), n, func(to int64) { free = to; space.look() }
}

func ordinary() TallyConfig { return TallyConfig{Every: time.Minute, Records: 2, Budget: 64 << 20} }

// stranger is a refusal of a caller that nobody knows.
func stranger(from, code string) *Record {
	a := netip.MustParseAddr(from)
	p, _ := a.Prefix(24)
	return &Record{Stage: End, Time: time.Now(), Logged: time.Now(), ID: "i", Correlation: "c", Source: netip.AddrPortFrom(a, 4711).String(), Network: p, Unknown: true,
		Method: "GET", Host: "b", Path: "/secret?no=1", Proto: "HTTP/1.1", Status: 401, Outcome: Refused, Code: code}
}

func known(code string) *Record {
	r := stranger("192.0.2.1", code)
	r.Caller, r.Unknown = "erp", false
	return r
}

func appendAll(t *testing.T, y *Tally, list ...*Record) {
	t.Helper()
	for _, r := range list {
		if err := y.Append(r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheFirstRefusalsAreRecordedAndTheRestIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := ordinary()
		noted := map[string]int{}
		c.Noted = func(what string, recorded bool) { noted[fmt.Sprint(what, " ", recorded)]++ }
		y, n, _ := tallying(t, c)
		for range 4 {
			appendAll(t, y, stranger("192.0.2.1", "a"), stranger("192.0.2.99", "b"), known("d"))
			time.Sleep(5 * time.Second)
		}
		appendAll(t, y, stranger("192.0.3.1", "a"))
		y.Handshake(&Handshake{Time: time.Now(), Network: netip.MustParsePrefix("192.0.2.0/24"), Cause: "version"})
		if d := cmp.Diff([]string{"end a", "end b", "end erpd", "end a", "end b", "end erpd", "end erpd", "end erpd", "end a"}, n.told(t)); d != "" {
			t.Error(d)
		}
		time.Sleep(61 * time.Second)
		got := n.told(t)
		slices.Sort(got)
		if d := cmp.Diff([]string{
			"refused_calls of 192.0.2.0/24: map[a:2 b:2], recorded map[a:2 b:2], in 5s, 0 networks",
			"refused_handshakes of 192.0.2.0/24: map[version:1], recorded map[], in 0s, 0 networks",
		}, got); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(map[string]int{"call true": 5, "call false": 4, "handshake false": 1}, noted); d != "" {
			t.Error(d)
		}
		time.Sleep(5 * time.Minute)
		appendAll(t, y, stranger("192.0.2.1", "a"))
		if got := n.told(t); len(got) != 1 || got[0] != "end a" {
			t.Errorf("the next minute begins with %q", got)
		}
		y.Close()
		if got := n.told(t); got != nil {
			t.Errorf("nothing was counted: %q", got)
		}
	})
}

// TestAKnownCallerHasAHundredRecordsForACode refuses two callers more often than that: each
// has a line of its own, whatever strangers do.
func TestAKnownCallerHasAHundredRecordsForACode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y, n, disk := tallying(t, ordinary())
		for i := range 2 * mostParties {
			y.Append(stranger(fmt.Sprintf("10.%d.%d.1", i>>8, i&255), "a"))
		}
		n.told(t)
		for i := range 150 {
			refused, other := known("rate_limited"), known("rate_limited")
			other.Caller = "fno"
			appendAll(t, y, refused, other)
			if refused.Counted != (i >= 100) {
				t.Errorf("refusal %d: counted %v", i, refused.Counted)
			}
		}
		appendAll(t, y, known("caller_not_allowed"), sample())
		got := n.told(t)
		if slices.Sort(got); len(got) != 202 || got[0] != "end erpcaller_not_allowed" || got[1] != "end erprate_limited" || got[101] != "end fno-uat" || got[102] != "end fnorate_limited" {
			t.Errorf("%d lines: %q", len(got), got)
		}
		disk(500 << 20) // no room for strangers
		time.Sleep(61 * time.Second)
		var lines []string
		n.mu.Lock()
		for _, line := range n.lines {
			if strings.Contains(line, `"name":"erp"`) || strings.Contains(line, `"name":"fno"`) {
				lines = append(lines, line)
			}
		}
		n.lines = lines
		n.mu.Unlock()
		if len(lines) != 2 || lines[0] == lines[1] {
			t.Fatalf("%q", lines)
		}
		got = n.told(t)
		slices.Sort(got)
		if d := cmp.Diff([]string{
			"refused_calls of several networks: map[rate_limited:50], recorded map[caller_not_allowed:1 rate_limited:100], in 0s, 0 networks",
			"refused_calls of several networks: map[rate_limited:50], recorded map[rate_limited:100], in 0s, 0 networks",
		}, got); d != "" {
			t.Error(d)
		}
		appendAll(t, y, known("rate_limited"))
		if got := n.told(t); len(got) != 1 || got[0] != "end erprate_limited" {
			t.Errorf("the next minute begins with %q", got)
		}
		y.Close()
	})
}

func TestWhatIsCountedIsWrittenAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y, n, _ := tallying(t, ordinary())
		for range 10 {
			appendAll(t, y, stranger("192.0.2.1", "a"))
		}
		n.told(t)
		y.Close()
		if d := cmp.Diff([]string{"refused_calls of 192.0.2.0/24: map[a:8], recorded map[a:2], in 0s, 0 networks"}, n.told(t)); d != "" {
			t.Error(d)
		}
	})
}

// TestTheBudgetHolds sends refusals and failed handshakes of many networks for four hours.
func TestTheBudgetHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := ordinary()
		c.Budget = 24 << 20
		y, n, _ := tallying(t, c)
		defer y.Close()
		var total, sent int64
		const minutes = 235 // of 61 seconds each
		for minute := range minutes {
			for i := range 300 {
				network := fmt.Sprintf("10.%d.%d.1", i>>8, i&255)
				appendAll(t, y, stranger(network, "a"))
				y.Handshake(&Handshake{Time: time.Now(), Network: netip.MustParsePrefix(fmt.Sprintf("10.%d.%d.0/24", i>>8, i&255)), Cause: "version"})
				sent++
			}
			time.Sleep(61 * time.Second)
			n.mu.Lock()
			for _, line := range n.lines {
				total += int64(len(line)) + 1
			}
			if minute != minutes-1 {
				n.lines = nil
			}
			n.mu.Unlock()
		}
		t.Logf("%d refusals came to %.1f MiB in four hours", sent, float64(total)/(1<<20))
		if most := 4*c.Budget/24 + c.Budget/hourly + 2*mostOfSum; total > most {
			t.Errorf("%d bytes, %d more than the budget", total, total-most)
		}
		if total < 4*c.Budget/24 {
			t.Error("the budget was not needed: the test shows nothing")
		}
		last := n.told(t)
		if !slices.ContainsFunc(last, func(s string) bool { return strings.HasPrefix(s, "refused_calls of several networks: ") }) || len(last) > 100 {
			t.Errorf("%d lines in the last minute", len(last))
		}
	})
}

func TestNoRefusalGoesUncounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := ordinary()
		c.Budget = 24 << 20
		y, n, _ := tallying(t, c)
		want := 0
		var callers sync.WaitGroup
		for w := range 8 {
			want += 5000
			callers.Go(func() {
				for i := range 5000 {
					y.Append(stranger(fmt.Sprintf("10.%d.%d.1", w, i%250), "a"))
				}
			})
		}
		callers.Wait()
		y.Close()
		got := 0
		for _, line := range n.lines {
			var l struct{ Count int }
			json.Unmarshal([]byte(line), &l)
			got += max(l.Count, 1)
		}
		if got != want {
			t.Errorf("%d of %d", got, want)
		}
	})
}

func TestTheReserveIsNotForStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y, n, disk := tallying(t, ordinary())
		disk(500 << 20)
		appendAll(t, y, stranger("192.0.2.1", "a"), stranger("192.0.3.1", "b"), known("c"), sample())
		if d := cmp.Diff([]string{"end erpc", "end fno-uat"}, n.told(t)); d != "" {
			t.Error(d)
		}
		if err := y.Healthy(); err != nil {
			t.Error(err)
		}
		time.Sleep(61 * time.Second)
		if d := cmp.Diff([]string{"refused_calls of several networks: map[a:1 b:1], recorded map[], in 0s, 2 networks"}, n.told(t)); d != "" {
			t.Error(d)
		}
	})
}

func TestAFullDiskTakesNothingButTheEndsOfCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y, n, disk := tallying(t, ordinary())
		disk(1 << 20)
		for range 3 {
			refused := known("audit_unavailable")
			appendAll(t, y, stranger("192.0.2.1", "a"), refused, sample())
			if !refused.Counted {
				t.Error("a refusal for want of room takes room")
			}
			time.Sleep(10*time.Minute + time.Second) // not in the moment in which the tally looks, every minute
		}
		if d := cmp.Diff([]string{"end fno-uat", "end fno-uat", "end fno-uat"}, n.told(t)); d != "" {
			t.Error(d)
		}
		if err := y.Healthy(); err == nil || !strings.Contains(err.Error(), "1 MiB are free") {
			t.Error(err)
		}
		disk(10 << 30)
		time.Sleep(61 * time.Second)
		if d := cmp.Diff([]string{"refused_calls of several networks: map[a:3 audit_unavailable:3], recorded map[], in 1202s, 3 networks"}, n.told(t)); d != "" {
			t.Error(d)
		}
		if err := y.Healthy(); err != nil {
			t.Error(err)
		}
	})
}

// What cannot be recorded because the log is broken must not look counted.
func TestABrokenLogCountsNothing(t *testing.T) {
	y, n, _ := tallying(t, ordinary())
	n.err = ErrClosed
	if err := y.Append(stranger("192.0.2.1", "a")); err != ErrClosed {
		t.Error(err)
	}
	if err := y.Healthy(); err != ErrClosed {
		t.Error(err)
	}
}

// A flood of networks takes a few MiB at most.
func TestTheTallyIsBounded(t *testing.T) {
	y, _, _ := tallying(t, ordinary())
	for i := range 50_000 {
		y.Append(stranger(fmt.Sprintf("10.%d.%d.1", i>>8, i&255), "a"))
	}
	if n := len(y.sums); n > mostParties+2 {
		t.Errorf("%d networks are told apart", n)
	}
	y.Close()
}

func BenchmarkCounted(b *testing.B) {
	space, err := NewSpace(SpaceConfig{Free: func(string) (int64, int64, error) { return 1 << 40, 1 << 40, nil }})
	if err != nil {
		b.Fatal(err)
	}
	y := NewTally(TallyConfig{Every: time.Hour, Records: 1, Budget: 64 << 20, Space: space, Now: time.Now, Noted: func(string, bool) {}}, &notes{})
	defer y.Close()
	r := stranger("192.0.2.1", "a")
	b.ReportAllocs()
	for b.Loop() {
		y.Append(r)
	}
}
