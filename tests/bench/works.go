//go:build linux

package main

import (
	"crypto/tls"
	"time"
)

// work is one kind of load that every proxy gets.
type work struct {
	name  string
	about string
	unit  string // what count counts
	old   bool   // the second hop is TLS 1.0 with AES128-SHA
	fresh bool   // each run has a process of its own, so that memory begins anew
	alone bool   // there is no such call to the target directly
	quick bool   // part of a quick run
	load  func(s *stage, e endpoint, o options) (result, error)
}

// perSecond names the work's rate.
func (w work) perSecond() string {
	if w.unit == "MiB" {
		return "MiB/s"
	}
	return w.unit + "s/s"
}

// options are what the loads depend on.
type options struct {
	seconds     time.Duration
	connections int // that the loads keep
	rate        int // of the paced load, requests a second
	idle        int // connections
}

// endpoint is what a load calls.
type endpoint struct {
	address string
	scheme  string // https for the proxies
	prefix  string // of the paths: /p or /o
}

func (e endpoint) url(name string) string {
	return e.scheme + "://" + e.address + e.prefix + "/" + name
}

func (e endpoint) tls() *tls.Config {
	if e.scheme == "http" {
		return nil
	}
	return doorTLS(tls.VersionTLS13)
}

// works lists them in the order of the report.
func works() []work {
	saturated := func(name string, post int) func(*stage, endpoint, options) (result, error) {
		return func(s *stage, e endpoint, o options) (result, error) {
			return wrk(s, e.url(name), o.connections, post, o.seconds)
		}
	}
	shaken := func(version uint16, resume bool) func(*stage, endpoint, options) (result, error) {
		return func(_ *stage, e endpoint, o options) (result, error) {
			return handshakes(e, doorTLS(version), e.prefix+"/1k", resume, o.seconds)
		}
	}
	streaming := func(_ *stage, e endpoint, _ options) (result, error) { return stream(e, e.prefix+"/1g") }
	return []work{
		{name: "1k-plain", about: "GET of 1 KiB, plain HTTP to the target, as fast as answers come", unit: "request", quick: true, load: saturated("1k", 0)},
		{name: "1k-paced", about: "GET of 1 KiB, plain HTTP to the target, at one rate for all", unit: "request", quick: true,
			load: func(_ *stage, e endpoint, o options) (result, error) {
				return paced(e, e.prefix+"/1k", o.connections, o.rate, o.seconds)
			}},
		{name: "64k-plain", about: "GET of 64 KiB, plain HTTP to the target", unit: "request", load: saturated("64k", 0)},
		{name: "1k-old", about: "GET of 1 KiB, TLS 1.0 with AES128-SHA to the target", unit: "request", old: true, quick: true, load: saturated("1k", 0)},
		{name: "64k-old", about: "GET of 64 KiB, TLS 1.0 with AES128-SHA to the target", unit: "request", old: true, load: saturated("64k", 0)},
		{name: "post", about: "POST of 4 KiB, plain HTTP to the target", unit: "request", load: saturated("post", 4096)},
		{name: "post-expect", about: "POST of 4 KiB as .NET sends it (Expect: 100-continue), plain HTTP to the target", unit: "request", quick: true,
			load: func(_ *stage, e endpoint, o options) (result, error) {
				return expecting(e, e.prefix+"/post", o.connections, 4096, o.seconds)
			}},
		{name: "tls12", about: "new TLS 1.2 connections, full handshake, no call", unit: "handshake", alone: true, load: shaken(tls.VersionTLS12, false)},
		{name: "tls12-resumed", about: "new TLS 1.2 connections, resumed, no call", unit: "handshake", alone: true, load: shaken(tls.VersionTLS12, true)},
		{name: "tls13", about: "new TLS 1.3 connections, full handshake, no call", unit: "handshake", alone: true, quick: true, load: shaken(tls.VersionTLS13, false)},
		{name: "tls13-resumed", about: "new TLS 1.3 connections, resumed, no call", unit: "handshake", alone: true, load: shaken(tls.VersionTLS13, true)},
		{name: "stream", about: "one answer of 1 GiB, plain HTTP to the target", unit: "MiB", fresh: true, quick: true, load: streaming},
		{name: "stream-old", about: "one answer of 1 GiB, TLS 1.0 with AES128-SHA to the target", unit: "MiB", old: true, fresh: true, alone: true, load: streaming},
		{name: "idle", about: "idle TLS 1.3 connections, after one GET of 1 KiB on each", unit: "connection", fresh: true, alone: true, quick: true,
			load: func(_ *stage, e endpoint, o options) (result, error) { return idle(e, e.prefix+"/1k", o.idle) }},
	}
}
