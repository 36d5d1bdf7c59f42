//go:build linux

package faults

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestFaults runs the table, each hop and each kind of target beside the others.
func TestFaults(t *testing.T) {
	t.Parallel()
	x := startToxiproxy(t)
	lanes(t, table, func(t *testing.T, at hop, kind string) *lane {
		return proxyLane(t, kind, x, strings.ReplaceAll(fmt.Sprintf("%s-%s", at, kind), " ", "-"))
	})
}

// TestNetworkFaults runs the table for networks in the same way.
func TestNetworkFaults(t *testing.T) {
	t.Parallel()
	lanes(t, networkTable, func(t *testing.T, _ hop, kind string) *lane { return networkLane(t, kind) })
}

// lanes runs the rows of a table in four lanes, one row after the other in each.
func lanes(t *testing.T, rows []row, start func(*testing.T, hop, string) *lane) {
	for _, kind := range []string{plain, tls10} {
		for _, at := range []hop{atCaller, atTarget} {
			t.Run(fmt.Sprintf("%s hop, %s", at, kind), func(t *testing.T) {
				t.Parallel()
				l := start(t, at, kind)
				for _, r := range rows {
					if r.hop == at && (r.kind == "" || r.kind == kind) {
						t.Run(r.name(), func(t *testing.T) { l.run(t, r) })
					}
				}
			})
		}
	}
}

func (r row) name() string {
	return strings.Join([]string{r.fault.what, string(r.when), r.call.what, "bound " + r.bound}, ", ")
}

// run breaks what the row says and judges what is seen of it.
func (l *lane) run(t *testing.T, r row) {
	if r.fault.prepare != nil {
		r.fault.prepare(l, r.hop)
	}
	c := l.caller(l.dial)
	defer c.close()
	start := l.Metrics()
	if r.when == kept || r.when == again {
		if s := c.do(t.Context(), get, r.bound, l.service, nil); !s.Whole {
			t.Fatalf("before the fault: %v", s)
		}
		eventually(t, patience, "the first call to be counted", func() bool { return len(l.Metrics().since(start)) > 0 })
	}
	select {
	case <-l.service.reached: // of a row before
	default:
	}
	before, orders := l.Metrics(), l.service.orders.Load()
	var midway func()
	if r.when == during || r.when == again {
		midway = func() { r.fault.strike(l, r.hop) }
	} else {
		r.fault.strike(l, r.hop)
	}
	ctx, letGo := context.WithCancel(t.Context())
	defer letGo()
	var ended sync.WaitGroup
	if r.stuck {
		ended.Go(func() {
			defer letGo()
			for end := time.Now().Add(stuckFor); len(l.Metrics().since(before)) == 0; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(end) {
					t.Errorf("the broker had not ended the call after %v", stuckFor)
					return
				}
			}
		})
	}
	begun := time.Now()
	s := c.do(ctx, r.call, r.bound, l.service, midway)
	t.Logf("after %v: %v", time.Since(begun).Round(time.Millisecond), s)
	ended.Wait()
	got := l.told(t, s, before, r.want.told(r.bound))
	if n := l.service.orders.Load() - orders; n > 1 {
		t.Errorf("the target got the POST %d times", n)
	}
	c.close()
	l.recovered(t, r.bound)
	if wrong := cmp.Diff(r.want.told(r.bound), got); wrong != "" {
		t.Errorf("(-must be +is)\n%s\nthe caller saw %v\nthe records are %+v", wrong, s, l.Records(s.ID))
	}
}

// told is what caller, metrics and audit log say of a call.
type told struct {
	Status  int     // that the caller read
	Whole   bool    // with the target's whole answer
	Code    string  // of the fault that it read
	Counted Metrics // what counters have grown by
	Stages  string  // of the records
	Record  string  // status, code and outcome of the last
}

// told is what must be said.
func (w want) told(route string) told {
	must := told{Status: w.status, Whole: w.whole, Counted: Metrics{}}
	if w.series != "" {
		must.Counted[w.series] = 1
		return must
	}
	if w.status >= 400 {
		must.Code = w.code
	}
	must.Counted[fmt.Sprintf(`twohop_requests_total{code="%d",route="%s"}`, w.counted, route)] = 1
	if w.code != "" {
		must.Counted[fmt.Sprintf(`twohop_faults_total{code="%s",route="%s"}`, w.code, route)] = 1
	}
	if handshake[w.code] {
		must.Counted[fmt.Sprintf(`twohop_handshake_failures_total{cause="%s",hop="target"}`, w.code)] = 1
	}
	must.Stages = "begin end"
	must.Record = fmt.Sprintf("%d %s %s", w.counted, w.code, w.outcome)
	return must
}

// told returns what is said of a call that the caller is done with. The broker may learn
// of the end later than the caller, so this waits: for what must be said, or for the
// call to be counted and recorded in another way.
func (l *lane) told(t *testing.T, s seen, before Metrics, must told) (got told) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		got = told{Status: s.Status, Whole: s.Whole, Code: s.Code, Counted: l.Metrics().since(before)}
		var stages []string
		for _, rec := range l.Records(s.ID) {
			stages = append(stages, rec.Unmapped.Stage)
			got.Record = fmt.Sprintf("%d %s %s", rec.Response.Code, rec.StatusCode, rec.Unmapped.Outcome)
			if rec.negative() {
				t.Errorf("a negative time in %+v", rec)
			}
		}
		got.Stages = strings.Join(stages, " ")
		if cmp.Equal(must, got) || time.Now().After(end) || len(got.Counted) > 0 && strings.Contains(got.Stages, "end") && must.Stages != "" && time.Until(end) < patience-time.Second {
			return got
		}
	}
}

// handshake holds the codes that are counted among the handshakes that failed too.
var handshake = map[string]bool{"target_handshake_timeout": true, "target_reset_in_handshake": true}

// since returns what the counters of calls, faults and failed handshakes have grown by.
func (m Metrics) since(before Metrics) Metrics {
	grown := Metrics{}
	for _, name := range []string{"twohop_requests_total", "twohop_faults_total", "twohop_handshake_failures_total", "twohop_unparsed_requests_total"} {
		for series, v := range m.starting(name) {
			if v != before[series] {
				grown[series] = v - before[series]
			}
		}
	}
	return grown
}

// starting returns the series of one metric.
func (m Metrics) starting(name string) Metrics {
	found := maps.Clone(m)
	maps.DeleteFunc(found, func(series string, _ float64) bool {
		return series != name && !strings.HasPrefix(series, name+"{")
	})
	return found
}
