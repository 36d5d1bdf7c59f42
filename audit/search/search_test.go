package search

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"twohop/audit"
	"twohop/audit/index"
	"twohop/audit/trail"
	"twohop/tests/auditgen"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 11, 17, 8, 0, 0, 0, time.UTC)

// fixture is a root with two logs, the first in many segments.
type fixture struct {
	t     *testing.T
	root  string
	now   time.Time
	logs  []*trail.Writer
	lines []line
	batch [2][]byte
}

// line is what encoding/json reads of a line.
type line struct {
	log   string
	index int64
	text  string

	Class int `json:"class_uid"`
	Time  int64
	Code  string `json:"status_code"`
	Count int
	Meta  struct {
		Correlation string `json:"correlation_uid"`
	} `json:"metadata"`
	Actor    struct{ User struct{ Name string } }
	Src      struct{ IP string } `json:"src_endpoint"`
	Response struct{ Code int }  `json:"http_response"`
	TLS      struct{ Version string }
	Reached  *struct{}                `json:"proxy_endpoint"`
	TLS2     struct{ Version string } `json:"proxy_tls"`
	Policy   struct{ UID string }
	Entity   struct{ Type string }
	Unmapped struct{ Call, Stage, Outcome, Route, Target, Operation string }
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, root: filepath.Join(t.TempDir(), "audit"), now: start}
	if _, err := trail.Init(f.root, "twohop/test", start); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		w, err := trail.Acquire(f.root, trail.Options{SegmentBytes: 256 << 10, Now: func() time.Time { return f.now }})
		if err != nil {
			t.Fatal(err)
		}
		f.logs = append(f.logs, w)
	}
	one, two := auditgen.New(1, start, 200*time.Millisecond), auditgen.New(2, start.Add(time.Minute), 200*time.Millisecond)
	for range 3000 {
		f.append(0, one.Next())
	}
	event := audit.Event{Time: start, User: "anna", Kind: "exception", Name: "EXC-1", What: "extended"}
	f.put(0, event.AppendJSON(nil))
	f.put(0, []byte(`{"class_uid":1008,"time":1794902400000,"message":"lines before 7 were deleted","unmapped":{"kind":"pruned","before":7,"user":"root"}}`))
	for range 500 {
		f.append(1, two.Next())
	}
	f.put(1, []byte(`{"class_uid":4002,"time":1794902460000,"start_time":1794902450000,"count":17,"src_endpoint":{"name":"192.0.2.0/24"},"unmapped":{"kind":"refused_calls","counts":{"credential_unknown":12},"samples":[{"correlation_uid":"sampled-1"}]}}`))
	f.put(1, []byte(`this is no JSON`))
	f.flush(0)
	f.flush(1)
	return f
}

func (f *fixture) append(log int, r *audit.Record) {
	f.now = r.Logged
	r.Operation = map[string]string{"route-01": "GetStock", "route-02": `Get"Stock`}[r.Route]
	f.put(log, r.AppendJSON(nil))
}

func (f *fixture) put(log int, text []byte) {
	f.t.Helper()
	f.batch[log] = append(append(f.batch[log], text...), '\n')
	if len(f.batch[log]) > 32<<10 {
		f.flush(log)
	}
}

func (f *fixture) flush(log int) {
	f.t.Helper()
	if err := f.logs[log].Append(f.batch[log]); err != nil {
		f.t.Fatal(err)
	}
	f.batch[log] = nil
}

// compress seals off all segments but the live ones, and reads every line.
func (f *fixture) compress() {
	f.t.Helper()
	for _, l := range f.logs {
		sealed, err := l.Sealed()
		if err != nil {
			f.t.Fatal(err)
		}
		for _, s := range sealed {
			if _, err := s.Compress(index.Build); err != nil {
				f.t.Fatal(err)
			}
		}
		segments, err := l.Segments()
		if err != nil {
			f.t.Fatal(err)
		}
		for _, s := range segments {
			for x, err := range s.Lines() {
				if err != nil {
					f.t.Fatal(err)
				}
				r := line{log: l.Name(), index: x.Index, text: string(x.Text)}
				if json.Unmarshal(x.Text, &r) == nil {
					f.lines = append(f.lines, r)
				}
			}
		}
	}
	slices.SortStableFunc(f.lines, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.log, b.log), cmp.Compare(a.index, b.index))
	})
}

func (f *fixture) open(q *Query) *Search {
	f.t.Helper()
	s, err := Open(f.t.Context(), f.root, q)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(s.Close)
	return s
}

// all returns the rows of q, from Each and, in two portions, from Newest; they must agree.
func (f *fixture) all(q *Query) (list []string) {
	f.t.Helper()
	if err := f.open(q).Each(f.t.Context(), func(r Row) error {
		list = append(list, fmt.Sprintf("%s %d %d", r.Log, r.Index, r.State))
		return nil
	}); err != nil {
		f.t.Fatal(err)
	}
	for _, n := range []int{len(list) / 3, len(list) + 5} {
		rows, err := f.open(q).Newest(f.t.Context(), n)
		if err != nil {
			f.t.Fatal(err)
		}
		var newest []string
		for _, r := range rows {
			newest = append(newest, fmt.Sprintf("%s %d %d", r.Log, r.Index, r.State))
		}
		if want := list[len(list)-min(n, len(list)):]; !slices.Equal(want, newest) {
			f.t.Errorf("the newest %d of %d differ: %s", n, len(list), gocmp.Diff(want, newest))
		}
	}
	return list
}

// want returns the rows of the calls that fit, by the long way.
func (f *fixture) want(fits func(l line, outcome string) bool) (list []string) {
	stages := map[string][]line{}
	for _, l := range f.lines {
		if l.Unmapped.Stage != "" {
			stages[l.Unmapped.Call] = append(stages[l.Unmapped.Call], l)
		}
	}
	for _, l := range f.lines {
		if l.Class != 4002 {
			continue
		}
		outcome, state := l.Unmapped.Outcome, Whole
		if l.Unmapped.Stage == "" {
			outcome = "refused"
		} else {
			all := stages[l.Unmapped.Call]
			switch last := all[len(all)-1]; {
			case last.index != l.index || last.log != l.log:
				continue
			case l.Unmapped.Stage == "begin":
				outcome, state = Running, Begun // the fixture's writers hold their logs
			case l.Unmapped.Stage == "amend":
				state = Amended
			}
		}
		if fits(l, outcome) {
			list = append(list, fmt.Sprintf("%s %d %d", l.log, l.index, state))
		}
	}
	return list
}

func TestEveryFilterFindsWhatReadingAllWouldFind(t *testing.T) {
	f := newFixture(t)
	f.compress()
	segments, _ := f.logs[0].Segments() // read above
	if len(segments) < 4 {
		t.Fatalf("only %d segments", len(segments))
	}
	some := f.lines[len(f.lines)/2]
	for !strings.HasPrefix(some.Unmapped.Stage, "e") {
		some = f.lines[slices.IndexFunc(f.lines, func(l line) bool { return l.text == some.text })+1]
	}
	hop2 := func(l line) string {
		if l.TLS2.Version == "" && l.Reached != nil {
			return "plain"
		}
		return l.TLS2.Version
	}
	cidr := netip.MustParsePrefix("10.3.0.0/17")
	from, to := start.Add(100*time.Second), start.Add(200*time.Second)
	for name, c := range map[string]struct {
		q    Query
		fits func(l line, outcome string) bool
	}{
		"all":    {Query{}, func(line, string) bool { return true }},
		"time":   {Query{Since: from, Until: to}, func(l line, _ string) bool { return l.Time >= from.UnixMilli() && l.Time < to.UnixMilli() }},
		"caller": {Query{Callers: []string{"caller-03"}}, func(l line, _ string) bool { return l.Actor.User.Name == "caller-03" }},
		"two": {Query{Callers: []string{"caller-03", "caller-17"}, Routes: []string{"route-01", "route-02"}}, func(l line, _ string) bool {
			return (l.Actor.User.Name == "caller-03" || l.Actor.User.Name == "caller-17") && (l.Unmapped.Route == "route-01" || l.Unmapped.Route == "route-02")
		}},
		"target":     {Query{Targets: []string{"target-05"}}, func(l line, _ string) bool { return l.Unmapped.Target == "target-05" }},
		"operation":  {Query{Operations: []string{"GetStock"}}, func(l line, _ string) bool { return l.Unmapped.Operation == "GetStock" }},
		"operations": {Query{Operations: []string{`Get"Stock`, "GetStock"}}, func(l line, _ string) bool { return l.Unmapped.Operation != "" }},
		"outcome":    {Query{Outcomes: []string{"refused", "gone"}}, func(_ line, o string) bool { return o == "refused" || o == "gone" }},
		"running":    {Query{Outcomes: []string{Running}}, func(_ line, o string) bool { return o == Running }},
		"unfinished": {Query{Outcomes: []string{Unfinished}}, func(line, string) bool { return false }},
		"code":       {Query{Codes: []string{"target_unreachable"}}, func(l line, _ string) bool { return l.Code == "target_unreachable" }},
		"exception":  {Query{Exceptions: []string{"EXC-4"}}, func(l line, _ string) bool { return l.Policy.UID == "EXC-4" }},
		"hop 1":      {Query{Hop1: []string{"TLS 1.2"}}, func(l line, _ string) bool { return l.TLS.Version == "TLS 1.2" }},
		"hop 2":      {Query{Hop2: []string{"TLS 1.0"}}, func(l line, _ string) bool { return hop2(l) == "TLS 1.0" }},
		"plain":      {Query{Hop2: []string{"plain"}}, func(l line, _ string) bool { return hop2(l) == "plain" }},
		"weak":       {Query{Weak: true}, func(l line, _ string) bool { return slices.Contains([]string{"plain", "TLS 1.0", "TLS 1.1"}, hop2(l)) }},
		"weak plain": {Query{Weak: true, Hop2: []string{"plain", "TLS 1.2"}}, func(l line, _ string) bool { return hop2(l) == "plain" }},
		"status":     {Query{Statuses: []string{"502", "4xx"}}, func(l line, _ string) bool { return l.Response.Code == 502 || l.Response.Code/100 == 4 }},
		"id":         {Query{IDs: []string{some.Meta.Correlation}}, func(l line, _ string) bool { return l.Meta.Correlation == some.Meta.Correlation }},
		"call id":    {Query{IDs: []string{some.Unmapped.Call}}, func(l line, _ string) bool { return l.Unmapped.Call == some.Unmapped.Call }},
		"sampled id": {Query{IDs: []string{"sampled-1"}}, func(l line, _ string) bool { return l.Count > 0 }},
		"counted":    {Query{Codes: []string{"credential_unknown"}}, func(l line, _ string) bool { return l.Count > 0 }},
		"source": {Query{Sources: []netip.Prefix{cidr}}, func(l line, _ string) bool {
			a, err := netip.ParseAddr(l.Src.IP)
			return err == nil && cidr.Contains(a)
		}},
		"source of many": {Query{Sources: []netip.Prefix{netip.MustParsePrefix("192.0.2.7/32")}}, func(l line, _ string) bool { return l.Count > 0 }},
		"nothing":        {Query{Callers: []string{"nobody"}}, func(line, string) bool { return false }},
	} {
		c.q.Kind = Calls
		want := f.want(c.fits)
		if len(want) == 0 && name != "nothing" && name != "unfinished" {
			t.Errorf("%s: the test shows nothing", name)
		}
		if diff := gocmp.Diff(want, f.all(&c.q)); diff != "" {
			t.Errorf("%s: %.2000s", name, diff)
		}
	}
}

func TestKinds(t *testing.T) {
	f := newFixture(t)
	f.compress()
	for kind, fits := range map[Kind]func(line) bool{
		Events: func(l line) bool { return l.Class == 3004 }, Log: func(l line) bool { return l.Class == 1008 }, All: func(line) bool { return true },
	} {
		var want []string
		for _, l := range f.lines {
			if fits(l) {
				want = append(want, fmt.Sprintf("%s %d 0", l.log, l.index))
			}
		}
		if diff := gocmp.Diff(want, f.all(&Query{Kind: kind})); diff != "" || len(want) == 0 {
			t.Errorf("%s: %.2000s", kind, diff)
		}
	}
	if got := f.all(&Query{Kind: Events, Users: []string{"anna"}, Events: []string{"exception"}}); len(got) != 1 {
		t.Errorf("anna's events: %v", got)
	}
	for _, q := range []Query{{Kind: Log, Users: []string{"root"}}, {Kind: All, Users: []string{"root"}, Events: []string{"pruned"}}} {
		if got := f.all(&q); len(got) != 1 {
			t.Errorf("what root deleted: %v", got)
		}
	}
	s := f.open(&Query{Kind: All})
	if _, err := s.Newest(t.Context(), 1<<20); err != nil || s.Unreadable.Load() != 1 {
		t.Errorf("%d unreadable lines, %v", s.Unreadable.Load(), err)
	}
}

// TestACallOfAnEndedProcessIsUnfinished lets the writers go, and one come back.
func TestACallOfAnEndedProcessIsUnfinished(t *testing.T) {
	f := newFixture(t)
	f.compress()
	running := len(f.all(&Query{Kind: Calls, Outcomes: []string{Running}}))
	for _, l := range f.logs {
		l.Abandon()
	}
	if got := len(f.all(&Query{Kind: Calls, Outcomes: []string{Unfinished}})); got != running || got == 0 {
		t.Errorf("%d unfinished of %d that ran", got, running)
	}
	w, err := trail.Acquire(f.root, trail.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r := auditgen.New(3, start.Add(time.Hour), time.Hour).Next()
	if err := w.Append(append(r.AppendJSON(nil), '\n')); err != nil {
		t.Fatal(err)
	}
	if got := len(f.all(&Query{Kind: Calls, Outcomes: []string{Unfinished}})); got != running {
		t.Errorf("%d unfinished of %d", got, running)
	}
	if got := f.all(&Query{Kind: Calls, Outcomes: []string{Running}}); len(got) != 1 {
		t.Errorf("running: %v", got)
	}
}

func TestAValueThatNeverOccursIsToldWithThoseThatDo(t *testing.T) {
	f := newFixture(t)
	f.compress()
	q := Query{Kind: Calls, Callers: []string{"caller-01", "caler-01"}, Until: start.Add(time.Second)}
	got := f.open(&q).Missing()
	if len(got) != 1 || got[0].What != "caller" || got[0].Value != "caler-01" || !slices.Contains(got[0].Others, "caller-01") || slices.Contains(got[0].Others, "anna") {
		t.Errorf("got %v", got)
	}
}

// TestIndexesAreMadeWhereTheyAreMissing takes them away.
func TestIndexesAreMadeWhereTheyAreMissing(t *testing.T) {
	f := newFixture(t)
	f.compress()
	q := Query{Kind: Calls, Routes: []string{"route-07"}}
	want := f.all(&q)
	names, _ := filepath.Glob(filepath.Join(f.root, "log-1", "*.index")) // the pattern is well formed
	for _, name := range names {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	s := f.open(&q)
	if s.Rebuilt != len(names) || len(names) < 3 {
		t.Errorf("%d of %d were made again", s.Rebuilt, len(names))
	}
	if diff := gocmp.Diff(want, f.all(&q)); diff != "" {
		t.Error(diff)
	}
}

// TestADamagedBlockHidesNoOther damages one, with the segment's index beside it and without.
func TestADamagedBlockHidesNoOther(t *testing.T) {
	f := newFixture(t)
	f.compress()
	q := &Query{Kind: All}
	whole := len(f.all(q))
	segments, err := f.logs[0].Segments()
	if err != nil {
		t.Fatal(err)
	}
	broken := segments[1]
	blocks, err := broken.Blocks()
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(broken.Path(), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt([]byte("damaged!"), blocks[0].Offset+blocks[0].Size/2); err != nil {
		t.Fatal(err)
	}
	for _, indexed := range []bool{true, false} {
		if !indexed {
			if err := os.Remove(broken.Beside(index.Ext)); err != nil {
				t.Fatal(err)
			}
		}
		if got := len(f.all(q)); got >= whole || got < whole/2 {
			t.Errorf("index %t: %d rows of %d", indexed, got, whole)
		}
		s := f.open(q)
		if err := s.Each(t.Context(), func(Row) error { return nil }); err != nil {
			t.Error(err)
		}
		if got := s.Damaged(); len(got) != 1 || got[0].Segment != broken.Path() || got[0].Err == nil {
			t.Errorf("index %t: damaged is %v", indexed, got)
		}
	}
}

func TestAnErrorOfTheReceiverEndsTheSearch(t *testing.T) {
	f := newFixture(t)
	f.compress()
	n := 0
	err := f.open(&Query{Kind: Calls}).Each(t.Context(), func(Row) error {
		n++
		return os.ErrClosed
	})
	if err != os.ErrClosed || n != 1 {
		t.Errorf("%v after %d", err, n)
	}
}

// TestAnUnreadableLineIsToldOfWhateverIsAsked is about a line that might be what is looked
// for: of any time, of any caller.
func TestAnUnreadableLineIsToldOfWhateverIsAsked(t *testing.T) {
	f := newFixture(t)
	for _, q := range []*Query{
		{Kind: Calls, Callers: []string{"nobody-of-that-name"}},
		{Kind: Calls, Since: start.AddDate(1, 0, 0)},
		{Kind: Events, Until: start.AddDate(-1, 0, 0), IDs: []string{"x-y"}},
	} {
		s := f.open(q)
		if rows, err := s.Newest(t.Context(), 10); err != nil || len(rows) > 0 || s.Unreadable.Load() != 1 {
			t.Errorf("%+v: %d rows, %d unreadable, %v", q, len(rows), s.Unreadable.Load(), err)
		}
	}
	s := f.open(&Query{Kind: Calls})
	if rows, err := s.Newest(t.Context(), 1); err != nil || len(rows) != 1 || s.Unreadable.Load() != 1 {
		t.Errorf("the newest: %d rows, %d unreadable, %v", len(rows), s.Unreadable.Load(), err)
	}
}
