//go:build linux

package faults

import (
	"context"
	"fmt"
	"net"
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

// lane is a broker between a caller and a target, with something on each hop that can
// break it: a toxiproxy, or a network.
type lane struct {
	*Broker
	t       testing.TB
	service *service
	proxies map[hop]*Proxy // nil in a lane through a network
	network *network       // nil in a lane through proxies
	dial    dialFunc       // the caller's way to the broker
	rest    use            // of the broker when nothing is under way
}

// use is what a broker holds.
type use struct{ goroutines, descriptors float64 }

// proxyLane puts a toxiproxy on each hop.
func proxyLane(t testing.TB, kind string, x *Toxiproxy, name string) *lane {
	t.Helper()
	l := &lane{t: t, service: startService(t, kind)}
	back := x.Proxy(name+"-back", l.service.Addr())
	l.Broker = newBroker(t, routesTo(kind, back.Addr, l.service.SPKIPin(), time.Minute))
	l.Start(options{})
	front := x.Proxy(name+"-front", l.Addr)
	l.proxies = map[hop]*Proxy{atCaller: front, atTarget: back}
	l.dial = func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", front.Addr)
	}
	l.warm()
	return l
}

// unusedEnds is how long connections are kept in a lane through a network.
const unusedEnds = 2 * time.Second

// networkLane puts caller, broker and target on hosts of their own. The connections of
// the broker end soon when nobody uses them: nothing else ends a half-open one.
func networkLane(t testing.TB, kind string) *lane {
	t.Helper()
	n := startNetwork(t)
	l := &lane{t: t, service: startService(t, kind), network: n}
	port := n.target.serve(targetIP+":0", l.service.Addr())
	n.service = fmt.Sprintf("%s:%d", targetIP, port)
	l.Broker = newBroker(t, fmt.Sprintf("listen: [{address: %q, hosts: [localhost], header_timeout: 2s, idle: %s}]\n", doorAddr, unusedEnds)+
		routesTo(kind, fmt.Sprintf("%s:%d", targetName, port), l.service.SPKIPin(), unusedEnds))
	l.Start(options{
		wrap: func(command []string, _ string) []string {
			return append([]string{"ip", "netns", "exec", n.broker.name}, command...)
		},
		env:  []string{"GODEBUG=netdns=go"}, // as in the released binary, which has no other
		dial: n.broker.dial,
	})
	l.dial = func(ctx context.Context) (net.Conn, error) { return n.caller.dial(ctx, doorAddr) }
	l.warm()
	return l
}

// warm makes a call on every route and remembers what the broker holds afterwards.
func (l *lane) warm() {
	l.t.Helper()
	c := l.caller(l.dial)
	for _, route := range bounds {
		for _, k := range []call{get, post} {
			if s := c.do(l.t.Context(), k, route, l.service, nil); !s.Whole {
				l.t.Fatalf("%s on route %s of a healthy lane: %v", k.what, route, s)
			}
		}
	}
	c.close()
	l.rest = l.settled()
}

// routesTo is a route for each bound, and the exception that the target needs.
func routesTo(kind, addr, pin string, idle time.Duration) string {
	target, allows := `{url: "http://ADDR/", exception: OLD, connections: {idle: IDLE}}`, "http"
	if kind == tls10 {
		target, allows = `{url: "https://ADDR/", exception: OLD, tls: {version: 1.0, pins: ["PIN"]}, connections: {idle: IDLE}}`, "tls1.0, rsa_key_exchange"
	}
	text := fill("exceptions:\n  OLD: {allows: [ALLOWS], targets: [\"ADDR\"], owner: it@contoso.example, approved_by: ciso@contoso.example, ticket: CHG-1, reason: old, expires: DAY}\nroutes:\n",
		"ALLOWS", allows, "ADDR", addr, "DAY", time.Now().AddDate(0, 4, 0).UTC().Format(time.DateOnly))
	for _, bound := range bounds {
		limits := map[string]time.Duration{"connect": time.Minute, "handshake": time.Minute, "first_byte": time.Minute, "idle": time.Minute, "total": time.Hour}
		limits[bound] = brief
		text += fmt.Sprintf("  - {name: %s, path: /%s/*, methods: [GET, POST, PUT], callers: [erp], target: %s, timeout: {connect: %s, handshake: %s, first_byte: %s, idle: %s, total: %s}}\n",
			bound, bound, fill(target, "ADDR", addr, "PIN", pin, "IDLE", idle.String()), limits["connect"], limits["handshake"], limits["first_byte"], limits["idle"], limits["total"])
	}
	return text
}

// use reads what the broker holds.
func (b *Broker) use() use {
	m := b.Metrics()
	return use{m["go_goroutines"], m["process_open_fds"]}
}

// heal takes every fault away. Proxies cut every connection, too.
func (l *lane) heal() {
	if l.network != nil {
		l.network.heal()
		return
	}
	for _, p := range l.proxies {
		p.On()
	}
}

// settled waits until no connection is left and returns what the broker holds then: the
// most of some readings, because a reading has work of its own.
func (l *lane) settled() (most use) {
	l.t.Helper()
	l.heal()
	if l.network != nil {
		time.Sleep(2 * unusedEnds)
	}
	for range 20 {
		time.Sleep(20 * time.Millisecond)
		now := l.use()
		most = use{max(most.goroutines, now.goroutines), max(most.descriptors, now.descriptors)}
	}
	return most
}

// recovered checks that nothing is left of a fault: calls succeed at once, and the
// broker holds no more than before.
func (l *lane) recovered(t *testing.T, route string) {
	t.Helper()
	l.heal()
	c := l.caller(l.dial)
	for _, k := range []call{get, post} {
		if s := c.do(t.Context(), k, route, l.service, nil); !s.Whole {
			t.Errorf("after the fault has passed, %s still fails: %v", k.what, s)
		}
	}
	c.close()
	l.heal()
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
