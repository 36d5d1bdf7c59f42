package proxy

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"twohop/internal/fault"
	"twohop/routes"
	"twohop/target"
	"twohop/target/balance"
)

// parsed returns the urls of a target, which Load has checked.
func parsed(x *routes.Target) []*url.URL {
	var urls []*url.URL
	for _, address := range x.Addresses() {
		u, err := url.Parse(address)
		if err != nil {
			panic("proxy: an unchecked url: " + err.Error())
		}
		urls = append(urls, u)
	}
	return urls
}

func hostnames(urls []*url.URL) []string {
	var names []string
	for _, u := range urls {
		names = append(names, strings.ToLower(u.Hostname()))
	}
	return names
}

// connect returns the target x with all its endpoints, for a way whose exception is
// known. Routes share a named target, unless their limits for connections differ.
func (c *compiler) connect(x *routes.Target, urls []*url.URL, w *way, p routes.Protection, name string, limits routes.Timeout) (*balance.Group, error) {
	key := sharing{name, limits.Connect, limits.Handshake}
	if g := c.shared[key]; g != nil && name != "" {
		return g, nil
	}
	active, err := activeCheck(x, urls[0], w.headers)
	if err != nil {
		return nil, err
	}
	b := x.CircuitBreaker
	v := x.Health.Passive
	config := balance.Config{Name: w.name, Policy: balance.Policy(x.Balance), SlowStart: x.SlowStart, MaxEjected: x.Health.MaxEjected, Active: active,
		Passive: balance.Passive{Failures: v.Failures, Percent: v.FailurePercent, MinCalls: v.MinCalls, Window: v.Window,
			Statuses: v.Statuses, Ejection: v.Ejection, MaxEjection: v.MaxEjection},
		Circuit: balance.Circuit{Failures: b.Failures, Percent: b.FailurePercent, MinCalls: b.MinCalls, Window: b.Window,
			Any: b.Counts == "any", Open: b.Open, Probes: b.Probes}}
	for _, u := range urls {
		config.Endpoints = append(config.Endpoints, balance.Endpoint{Config: endpoint(x, u, p, limits), URLHost: u.Host})
	}
	g, err := c.deps.Targets.Get(config)
	if err != nil {
		return nil, err
	}
	c.held = append(c.held, held{g, w.ends})
	c.shared[key] = g
	return g, nil
}

// endpoint says how the endpoint of x at u is reached.
func endpoint(x *routes.Target, u *url.URL, p routes.Protection, limits routes.Timeout) target.Config {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	var curves []tls.CurveID
	for _, name := range x.TLS.Curves {
		curves = append(curves, target.Curve(name))
	}
	return target.Config{
		Scheme: u.Scheme, Host: net.JoinHostPort(u.Hostname(), port),
		MinVersion: uint16(p.Min), MaxVersion: uint16(p.Max), Suites: p.Suites, Curves: curves,
		CA: string(x.TLS.CA), ServerName: x.TLS.ServerName, Pins: x.TLS.Pins,
		Via: x.Via.Reveal(), SourceAddress: x.SourceAddress,
		Connect: limits.Connect, Handshake: limits.Handshake,
		MaxConnections: x.Connections.Max, Idle: x.Connections.Idle, Age: x.Connections.Age,
	}
}

// activeCheck returns the check of x's endpoints, nil for none. It shows the target the
// header fields that calls show it.
func activeCheck(x *routes.Target, u *url.URL, headers headerEdit) (*balance.Active, error) {
	a := x.Health.Active
	if a == nil {
		return nil, nil
	}
	check := target.Check{Kind: target.CheckKind(a.Kind), Path: a.Path, Statuses: a.Statuses, Action: a.SOAPAction, Header: http.Header{}}
	headers.apply(check.Header)
	if check.Path == "" {
		check.Path = u.RequestURI()
		if a.Kind == "soap" && a.Envelope == "" {
			check.Path = u.EscapedPath() + "?wsdl"
		}
	}
	if a.Envelope != "" {
		envelope, err := os.ReadFile(string(a.Envelope))
		if err != nil {
			return nil, &fault.Field{Path: "health.active.envelope", What: "file cannot be read: " + err.Error(), Fix: "name a file that the broker can read"}
		}
		check.Envelope = envelope
	}
	return &balance.Active{Check: check, Interval: a.Interval, Timeout: a.Timeout, UnhealthyAfter: a.UnhealthyAfter, HealthyAfter: a.HealthyAfter}, nil
}
