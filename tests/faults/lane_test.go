//go:build linux

package faults

import (
	"fmt"
	"testing"
	"time"
)

// The kinds of target.
const (
	plain = "plain HTTP"
	tls10 = "TLS 1.0"
)

// bounds are the time limits of a route, each with a route of the same name on which
// that one is short and every other longer than a caller's patience. A call on it that
// ends was ended by that limit, or by itself; on the route none, by itself.
var bounds = []string{"none", "connect", "handshake", "first_byte", "idle", "total"}

// lane is a broker between a caller and a target, with a toxiproxy on each hop.
type lane struct {
	*Broker
	t       testing.TB
	service *service
	front   *Proxy // hop 1, from the caller to the broker
	back    *Proxy // hop 2, from the broker to the target
	rest    use    // of the broker when nothing is under way
}

// use is what a broker holds.
type use struct{ goroutines, descriptors float64 }

func startLane(t testing.TB, kind string, x *Toxiproxy, name string) *lane {
	t.Helper()
	l := &lane{t: t, service: startService(t, kind)}
	l.back = x.Proxy(name+"-back", l.service.Addr())
	target, exceptions := fmt.Sprintf(`{url: "http://%s/", connections: {idle: 60s}}`, l.back.Addr), ""
	if kind == tls10 {
		target, exceptions = oldTarget(l.back.Addr, l.service.SPKIPin())
	}
	l.Broker = newBroker(t, exceptions+routesTo(target))
	l.Start(options{})
	l.front = x.Proxy(name+"-front", l.Addr)
	c := l.caller(l.front.Addr)
	for _, route := range bounds {
		for _, k := range []call{get, post} {
			if s := c.do(t.Context(), k, route, l.service, nil); !s.Whole {
				t.Fatalf("%s on route %s of a healthy lane: %v", k.what, route, s)
			}
		}
	}
	c.close()
	l.rest = l.settled()
	return l
}

// oldTarget is a target on TLS 1.0 and the exception that it needs.
func oldTarget(addr, pin string) (target, exceptions string) {
	return fmt.Sprintf(`{url: "https://%s/", exception: OLD, tls: {version: 1.0, pins: ["%s"]}, connections: {idle: 60s}}`, addr, pin), exception("tls1.0, rsa_key_exchange", addr)
}

// exception is an exceptions section with one entry, OLD.
func exception(allows, target string) string {
	return fill("exceptions:\n  OLD: {allows: [ALLOWS], targets: [\"TARGET\"], owner: it@contoso.example, approved_by: ciso@contoso.example, ticket: CHG-1, reason: old, expires: DAY}\n",
		"ALLOWS", allows, "TARGET", target, "DAY", time.Now().AddDate(0, 4, 0).UTC().Format(time.DateOnly))
}

// routesTo is a route for each bound.
func routesTo(target string) string {
	text := "routes:\n"
	for _, bound := range bounds {
		limits := map[string]time.Duration{"connect": time.Minute, "handshake": time.Minute, "first_byte": time.Minute, "idle": time.Minute, "total": time.Hour}
		limits[bound] = limit
		text += fmt.Sprintf("  - {name: %s, path: /%s/*, methods: [GET, POST, PUT], callers: [erp], target: %s, timeout: {connect: %s, handshake: %s, first_byte: %s, idle: %s, total: %s}}\n",
			bound, bound, target, limits["connect"], limits["handshake"], limits["first_byte"], limits["idle"], limits["total"])
	}
	return text
}

// use reads what the broker holds.
func (b *Broker) use() use {
	m := b.Metrics()
	return use{m["go_goroutines"], m["process_open_fds"]}
}

// hangUp cuts every connection on both hops and lets new ones in.
func (l *lane) hangUp() {
	l.front.On()
	l.back.On()
}

// settled lets go of every connection and returns what the broker holds then, when
// that has stopped changing.
func (l *lane) settled() (now use) {
	l.t.Helper()
	l.hangUp()
	same := 0
	eventually(l.t, patience, "the broker to come to rest", func() bool {
		before := now
		time.Sleep(50 * time.Millisecond)
		if now = l.use(); now != before {
			same = 0
		}
		same++
		return same > 5
	})
	return now
}

// recovered checks that nothing is left of a fault: calls succeed at once, and the
// broker holds no more than before.
func (l *lane) recovered(t *testing.T, route string) {
	t.Helper()
	l.hangUp()
	c := l.caller(l.front.Addr)
	for _, k := range []call{get, post} {
		if s := c.do(t.Context(), k, route, l.service, nil); !s.Whole {
			t.Errorf("after the fault has passed, %s still fails: %v", k.what, s)
		}
	}
	c.close()
	l.hangUp()
	var now use
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if now = l.use(); now.goroutines <= l.rest.goroutines && now.descriptors <= l.rest.descriptors {
			break
		}
		if time.Now().After(end) {
			t.Errorf("after the fault has passed the broker holds %v goroutines and file descriptors, before it %v", now, l.rest)
			l.rest = now // the rows after this one are not to blame
			break
		}
	}
	for series, v := range l.Metrics().starting("twohop_requests_in_flight") {
		if v != 0 {
			t.Errorf("after the fault has passed %s is %v", series, v)
		}
	}
}
