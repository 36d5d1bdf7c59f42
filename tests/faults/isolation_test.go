//go:build linux

package faults

import (
	"sync"
	"testing"
)

// TestADeadTargetHurtsNoOtherRoute lets many callers wait for a target that says nothing,
// and calls another one meanwhile.
func TestADeadTargetHurtsNoOtherRoute(t *testing.T) {
	t.Parallel()
	x := startToxiproxy(t)
	s := startService(t, plain)
	dead := x.Proxy("dead", s.Addr())
	b := newBroker(t, fill(`
routes:
  - {name: dead, path: /dead/*, callers: [erp], target: {url: "http://DEAD/"}}
  - {name: well, path: /well/*, callers: [erp], target: {url: "http://WELL/"}}
`, "DEAD", dead.Addr, "WELL", s.Addr()))
	b.Start(options{})
	dead.Toxic("timeout", up, nil)

	const stuck, calls = 50, 50
	var waiting sync.WaitGroup
	for range stuck {
		waiting.Go(func() {
			c := b.caller(to(b.Addr))
			defer c.close()
			c.do(t.Context(), get, "dead", s, nil) // until its patience is at an end
		})
	}
	eventually(t, patience, "the callers to be stuck", func() bool { return b.Metrics()[`twohop_requests_in_flight{route="dead"}`] == stuck })
	c := b.caller(to(b.Addr))
	defer c.close()
	for range calls {
		for _, k := range []call{get, post} {
			if one := c.do(t.Context(), k, "well", s, nil); !one.Whole {
				t.Fatalf("%s to the target that is well: %v", k.what, one)
			}
		}
	}
	m := b.Metrics()
	if n := m[`twohop_requests_in_flight{route="dead"}`]; n != stuck {
		t.Errorf("%v callers of the dead target are left, want %d: the other route was not called beside them", n, stuck)
	}
	if n := m[`twohop_requests_total{code="200",route="well"}`] + m[`twohop_requests_total{code="201",route="well"}`]; n < 2*calls-1 {
		t.Errorf("%v calls of the route that is well are counted, want %d", n, 2*calls)
	}
	dead.On() // which cuts the connections
	waiting.Wait()
	c = b.caller(to(b.Addr))
	defer c.close()
	if one := c.do(t.Context(), get, "dead", s, nil); !one.Whole {
		t.Errorf("when the dead target is back: %v", one)
	}
	eventually(t, patience, "no call to be under way", func() bool { return b.Metrics()[`twohop_requests_in_flight{route="dead"}`] == 0 })
}
