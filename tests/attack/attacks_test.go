//go:build linux

package attack

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// table is every family, in the page's order.
func table() []family {
	return []family{
		lengths(), codings(), chunks(), trailers(), bodies(), syntax(), versions(),
		paths(), forms(), hosts(), hops(), upgrades(), http2Headers(), http2Framing(),
	}
}

// seen is a case with what came of it.
type seen struct {
	attack
	ours, nginx, haproxy string // as the page shows them
}

func TestAttacks(t *testing.T) {
	ours, others := fronts(t)
	if len(others) == 2 && !*update && !onThePage(t, peerVersions(t)) {
		t.Logf("the page was not written with %s: only twohop is judged; make docs writes it anew", peerVersions(t))
		clear(others)
	}
	page := map[string][]seen{}
	ran, all := 0, 0
	for _, fam := range table() {
		t.Run(fam.name, func(t *testing.T) {
			for _, a := range fam.cases {
				t.Run(a.name, func(t *testing.T) {
					s := seen{attack: a}
					got := simultaneously(a, ours, others["nginx"], others["haproxy"])
					judge(t, a, got[0])
					s.ours = a.want.show(got[0])
					if others["nginx"] != nil {
						s.nginx = differ(t, a, got[0], got[1], "nginx", a.nginx)
					}
					if others["haproxy"] != nil {
						s.haproxy = differ(t, a, got[0], got[2], "haproxy", a.haproxy)
					}
					page[fam.name] = append(page[fam.name], s)
					ran++
				})
			}
		})
		all += len(fam.cases)
	}
	if ran < all || len(others) < 2 {
		t.Logf("%d of %d cases beside %d of 2 peers: docs/attacks.md is not compared", ran, all, len(others))
		return
	}
	comparePage(t, page)
}

// simultaneously runs a case at each front that is there.
func simultaneously(a attack, fronts ...*front) []outcome {
	got := make([]outcome, len(fronts))
	var wg sync.WaitGroup
	for i, f := range fronts {
		if f == nil {
			continue
		}
		wg.Go(func() {
			got[i] = f.run(a)
			for j := range got[i].reached {
				got[i].reached[j].nameTarget(f.target.Addr().String())
			}
		})
	}
	wg.Wait()
	return got
}

// nameTarget writes TARGET for the target's address, which is another in every run.
func (r *arrival) nameTarget(addr string) {
	r.Line = strings.ReplaceAll(r.Line, addr, "TARGET")
	for i, f := range r.Fields {
		r.Fields[i] = strings.ReplaceAll(f, addr, "TARGET")
	}
}

// judge holds what came of a case at twohop against the table.
func judge(t *testing.T, a attack, o outcome) {
	t.Helper()
	fail := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s\nsent    %.300s\ngot     %s, closed %v", fmt.Sprintf(format, args...), a.sends(), o.show(a.want.watched()), o.closed)
		for _, r := range o.reached {
			t.Logf("reached %.600q", r.Raw)
		}
	}
	if o.trouble != "" {
		fail("%s", o.trouble)
	}
	if !slices.Contains(a.want.answers, o.answers) {
		fail("want the answer %q", a.want.answers)
	}
	if a.want.closed && !o.closed {
		fail("want the connection closed")
	}
	if a.want.maybe && len(o.reached) == 0 {
		return
	}
	if len(o.reached) != len(a.want.reached) {
		fail("want %d requests at the target", len(a.want.reached))
		return
	}
	for i, w := range a.want.reached {
		if why := w.fits(o.reached[i]); why != "" {
			fail("request %d: %s", i+1, why)
		}
	}
}

// fits says why a request at the target is not the one that is wanted.
func (w reached) fits(got arrival) string {
	if line, cut := strings.CutPrefix(w.line, "cut: "); cut {
		if got.Fault != "cut" || got.Line != line+" HTTP/1.1" {
			return "want the beginning of " + line
		}
		return ""
	}
	switch {
	case got.Fault != "":
		return got.Fault
	case got.Line != w.line+" HTTP/1.1":
		return "want " + w.line
	case got.Body != w.body:
		return fmt.Sprintf("want the body %.80q", w.body)
	case strings.Contains(got.Raw, key):
		return "the caller's key is in it"
	}
	for _, f := range w.with {
		name, value, _ := strings.Cut(f, ": ")
		if values := valuesOf(got.Fields, name); !slices.Equal(values, []string{value}) {
			return fmt.Sprintf("want %s, got %q", f, values)
		}
	}
	for _, name := range w.absent {
		if values := valuesOf(append(got.Fields, got.Trailers...), name); values != nil {
			return fmt.Sprintf("want no %s, got %q", name, values)
		}
	}
	return ""
}

// differ compares a peer's outcome with ours: a difference must have a reason in the
// table, and a reason a difference. It returns what the page shows.
func differ(t *testing.T, a attack, ours, theirs outcome, name, reason string) string {
	t.Helper()
	if theirs.trouble != "" && reason == "" {
		t.Errorf("%s: %s", name, theirs.trouble)
	}
	if a.race {
		return "not compared"
	}
	watched := a.want.watched()
	same := ours.sum(watched) == theirs.sum(watched)
	shown := theirs.show(watched)
	switch {
	case !same && reason == "":
		t.Errorf("%s differs, and the table does not say why:\n%s: %s\ntwohop: %s", name, name, shown, ours.show(watched))
	case same && reason != "":
		t.Errorf("%s does as we do (%s), and the table says why it does not: %s", name, shown, reason)
	}
	return shown
}
