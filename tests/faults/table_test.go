//go:build linux

package faults

// hop says where a fault is.
type hop string

const (
	atCaller hop = "caller" // hop 1, between the caller and the broker
	atTarget hop = "target" // hop 2, between the broker and the target
)

// when says at which point of a call a fault sets in.
type when string

const (
	fresh  when = "before the connection" // there is none yet
	kept   when = "on a kept connection"  // it has served a call before
	during when = "in the middle"         // of the body, or while the target thinks
	again  when = "in the middle, on a kept connection"
)

// fault is one thing that breaks.
type fault struct {
	what    string   // as docs/faults.md says it
	prepare breaking // before any connection is made; may be nil
	strike  breaking // at its time
}

// breaking does something to a hop of a lane.
type breaking func(*lane, hop)

// proxied does it to the hop's proxy, atFarHost to the host at its far end, and naming to
// the broker's name server.
func proxied(f func(*Proxy)) breaking  { return func(l *lane, at hop) { f(l.proxies[at]) } }
func atFarHost(f func(*host)) breaking { return func(l *lane, at hop) { f(l.network.host(at)) } }
func naming(mode int32) breaking       { return func(l *lane, _ hop) { l.network.names.say(mode) } }

// want is what must be seen of a fault.
type want struct {
	status  int    // that the caller reads; 0 for no answer
	whole   bool   // and the target's answer with it, whole
	counted int    // status in the metric and the record; 0 for no call at all
	code    string // of the catalogue, in the answer, the metric and the record; "" for none
	outcome string // in the audit log
	series  string // that counts what never became a call
}

// answered is the target's answer, as if nothing had happened.
func answered(status int) want {
	return want{status: status, whole: true, counted: status, outcome: "answered"}
}

// fails is an error that the caller can read.
func fails(status int, code string) want {
	return want{status: status, counted: status, code: code, outcome: "failed"}
}

// cut is an answer that breaks off.
func cut(code string) want { return want{status: 200, counted: 200, code: code, outcome: "truncated"} }

// gone is a caller that no longer listens.
func gone(status int) want {
	return want{status: status, counted: 499, code: "caller_gone", outcome: "gone"}
}

// uncalled never became a call; series counts it.
func uncalled(series string) want { return want{series: series} }

// row is a line of the table: fault, on hop, at when, hits call; bound is the limit
// that ends it.
type row struct {
	hop   hop
	fault fault
	when  when
	call  call
	bound string // of bounds; none when the fault is noticed by itself
	want  want

	stuck bool   // the caller learns nothing; it is let go when the broker has ended the call
	kind  string // plain or tls10: only there; "" for both
}

// The faults.
var (
	refuses   = fault{"nobody listens", nil, proxied((*Proxy).Off)}
	silence   = fault{"silence: nothing comes through, nobody closes", nil, proxied(func(p *Proxy) { p.Toxic("timeout", up, nil); p.Toxic("timeout", down, nil) })}
	mute      = fault{"the caller's bytes stop coming", nil, proxied(func(p *Proxy) { p.Toxic("timeout", up, nil) })}
	closes    = fault{"the connection is closed", nil, proxied((*Proxy).Off)}
	resets    = fault{"the connection is reset", proxied((*Proxy).Resets), proxied((*Proxy).Off)}
	blip      = fault{"the connection is reset, a new one works", proxied((*Proxy).Resets), proxied(func(p *Proxy) { p.Off(); p.On() })}
	crawlUp   = fault{"almost no byte is taken (1 KB/s)", nil, proxied(func(p *Proxy) { p.Toxic("bandwidth", up, attributes{"rate": 1}) })}
	crawlDown = fault{"hardly any byte is taken (8 KB/s)", nil, proxied(func(p *Proxy) { p.Toxic("bandwidth", down, attributes{"rate": 8}) })}
	slow      = fault{"512 KB/s", nil, proxied(func(p *Proxy) {
		p.Toxic("bandwidth", up, attributes{"rate": 512})
		p.Toxic("bandwidth", down, attributes{"rate": 512})
	})}
	late = fault{"latency 150 ms, jitter 100 ms", nil, proxied(func(p *Proxy) {
		p.Toxic("latency", up, attributes{"latency": 150, "jitter": 100})
		p.Toxic("latency", down, attributes{"latency": 150, "jitter": 100})
	})}
	tooLate = fault{"latency 30 s", nil, proxied(func(p *Proxy) { p.Toxic("latency", down, attributes{"latency": 30000}) })}
	sliced  = fault{"every packet in slices of some 500 bytes", nil, proxied(func(p *Proxy) {
		p.Toxic("slicer", up, attributes{"average_size": 500, "size_variation": 250, "delay": 10})
		p.Toxic("slicer", down, attributes{"average_size": 500, "size_variation": 250, "delay": 10})
	})}
	lingers = fault{"connections close 2 s late", nil, proxied(func(p *Proxy) {
		p.Toxic("slow_close", up, attributes{"delay": 2000})
		p.Toxic("slow_close", down, attributes{"delay": 2000})
	})}
	vanishes    = fault{"the peer vanishes: packets are dropped, no FIN", nil, atFarHost(func(h *host) { h.filter("drop") })}
	pulled      = fault{"the cable is pulled", nil, atFarHost(func(h *host) { h.ip("link", "set", "eth0", "down") })}
	noWay       = fault{"a router says that the host is unreachable", nil, atFarHost(func(h *host) { h.refuse("icmp type host-unreachable") })}
	rebooted    = fault{"the host knows nothing of the connection any more (RST)", nil, atFarHost(func(h *host) { h.refuse("tcp reset") })}
	lossy       = fault{"one packet of ten is lost, each way", nil, atFarHost(func(h *host) { h.filter("numgen inc mod 10 9 drop") })}
	unknownName = fault{"the name server knows no such name", nil, naming(namesUnknown)}
	brokenNames = fault{"the name server fails", nil, naming(namesBroken)}
	silentNames = fault{"the name server is silent", nil, naming(namesSilent)}
)

// ends closes after so many bytes of the answer; breaks resets.
func ends(what string, n int) fault {
	return fault{what, nil, proxied(func(p *Proxy) { p.Toxic("limit_data", down, attributes{"bytes": n}) })}
}

func breaks(what string, n int) fault {
	return fault{what, proxied((*Proxy).Resets), proxied(func(p *Proxy) { p.Toxic("limit_data", down, attributes{"bytes": n}) })}
}

// swallows closes after so many bytes of the request.
func swallows(what string, n int) fault {
	return fault{what, nil, proxied(func(p *Proxy) { p.Toxic("limit_data", up, attributes{"bytes": n}) })}
}

const doorHandshake = `twohop_handshake_failures_total{cause="CAUSE",hop="caller"}`

var table = []row{
	// The target is away.
	{hop: atTarget, fault: refuses, when: fresh, call: get, bound: "none", want: fails(502, "target_refused")},
	{hop: atTarget, fault: refuses, when: fresh, call: post, bound: "none", want: fails(502, "target_refused")},
	{hop: atTarget, fault: refuses, when: kept, call: get, bound: "none", want: fails(502, "target_refused")},
	{hop: atTarget, fault: refuses, when: kept, call: post, bound: "none", want: fails(502, "target_refused")},

	// The target says nothing.
	{hop: atTarget, fault: silence, when: fresh, call: get, bound: "first_byte", want: fails(504, "target_response_timeout"), kind: plain},
	{hop: atTarget, fault: silence, when: fresh, call: post, bound: "first_byte", want: fails(504, "outcome_unknown"), kind: plain},
	{hop: atTarget, fault: silence, when: fresh, call: get, bound: "handshake", want: fails(504, "target_handshake_timeout"), kind: tls10},
	{hop: atTarget, fault: silence, when: fresh, call: post, bound: "handshake", want: fails(504, "target_handshake_timeout"), kind: tls10},
	{hop: atTarget, fault: silence, when: kept, call: get, bound: "first_byte", want: fails(504, "target_response_timeout")},
	{hop: atTarget, fault: silence, when: kept, call: post, bound: "first_byte", want: fails(504, "outcome_unknown")},
	{hop: atTarget, fault: silence, when: kept, call: get, bound: "total", want: fails(504, "call_total_timeout")},
	{hop: atTarget, fault: silence, when: kept, call: post, bound: "total", want: fails(504, "outcome_unknown")},
	{hop: atTarget, fault: tooLate, when: kept, call: get, bound: "first_byte", want: fails(504, "target_response_timeout")},
	{hop: atTarget, fault: tooLate, when: fresh, call: get, bound: "handshake", want: fails(504, "target_handshake_timeout"), kind: tls10},
	{hop: atTarget, fault: silence, when: during, call: stream, bound: "idle", want: cut("target_idle_timeout")},
	{hop: atTarget, fault: silence, when: during, call: stream, bound: "total", want: cut("call_total_timeout")},
	{hop: atTarget, fault: silence, when: during, call: upload, bound: "first_byte", want: fails(504, "outcome_unknown")},
	{hop: atTarget, fault: silence, when: during, call: put, bound: "first_byte", want: fails(504, "target_response_timeout")},
	{hop: atTarget, fault: crawlUp, when: during, call: upload, bound: "idle", want: fails(504, "outcome_unknown")},
	{hop: atTarget, fault: crawlUp, when: during, call: put, bound: "idle", want: fails(504, "target_idle_timeout")},
	{hop: atTarget, fault: crawlUp, when: during, call: upload, bound: "total", want: fails(504, "outcome_unknown")},

	// The target hangs up.
	{hop: atTarget, fault: ends("the connection is closed in the handshake", 10), when: fresh, call: get, bound: "none", want: fails(502, "target_reset_in_handshake"), kind: tls10},
	{hop: atTarget, fault: breaks("the connection is reset in the handshake", 10), when: fresh, call: post, bound: "none", want: fails(502, "target_reset_in_handshake"), kind: tls10},
	{hop: atTarget, fault: closes, when: during, call: thinkGet, bound: "none", want: fails(502, "target_closed_early")},
	{hop: atTarget, fault: resets, when: during, call: thinkGet, bound: "none", want: fails(502, "target_closed_early")},
	{hop: atTarget, fault: closes, when: during, call: think, bound: "none", want: fails(504, "outcome_unknown")},
	{hop: atTarget, fault: resets, when: during, call: think, bound: "none", want: fails(504, "outcome_unknown")},
	{hop: atTarget, fault: blip, when: again, call: think, bound: "none", want: fails(504, "outcome_unknown")},
	{hop: atTarget, fault: blip, when: kept, call: get, bound: "none", want: answered(200)},
	{hop: atTarget, fault: blip, when: kept, call: post, bound: "none", want: answered(201)},
	{hop: atTarget, fault: ends("the connection is closed in the head of the answer", 20), when: fresh, call: get, bound: "none", want: fails(502, "target_bad_answer"), kind: plain},
	{hop: atTarget, fault: breaks("the connection is reset in the head of the answer", 20), when: fresh, call: get, bound: "none", want: fails(502, "target_bad_answer"), kind: plain},
	{hop: atTarget, fault: ends("the connection is closed in the head of the answer", 20), when: fresh, call: post, bound: "none", want: fails(504, "outcome_unknown"), kind: plain},
	{hop: atTarget, fault: ends("the connection is closed in the answer's first TLS record", 20), when: during, call: thinkGet, bound: "none", want: fails(502, "target_closed_early"), kind: tls10},
	{hop: atTarget, fault: breaks("the connection is reset in the answer's first TLS record", 20), when: during, call: think, bound: "none", want: fails(504, "outcome_unknown"), kind: tls10},
	{hop: atTarget, fault: closes, when: during, call: stream, bound: "none", want: cut("target_answer_truncated")},
	{hop: atTarget, fault: resets, when: during, call: stream, bound: "none", want: cut("target_answer_truncated")},
	{hop: atTarget, fault: ends("the connection is closed after 300,000 bytes", 300_000), when: fresh, call: download, bound: "none", want: cut("target_answer_truncated")},
	{hop: atTarget, fault: ends("the connection is closed after 300,000 bytes", 300_000), when: fresh, call: medium, bound: "none", want: cut("target_answer_truncated")},
	{hop: atTarget, fault: breaks("the connection is reset after 300,000 bytes", 300_000), when: fresh, call: download, bound: "none", want: cut("target_answer_truncated")},
	{hop: atTarget, fault: closes, when: during, call: upload, bound: "none", want: fails(504, "outcome_unknown")},
	{hop: atTarget, fault: resets, when: during, call: upload, bound: "none", want: fails(504, "outcome_unknown")},
	{hop: atTarget, fault: resets, when: during, call: put, bound: "none", want: fails(502, "target_closed_early")},
	{hop: atTarget, fault: swallows("the connection is closed after 300,000 bytes of the request", 300_000), when: fresh, call: upload, bound: "none", want: fails(504, "outcome_unknown")},
	{hop: atTarget, fault: closes, when: during, call: quiet, bound: "idle", want: fails(504, "outcome_unknown")},
	{hop: atTarget, fault: resets, when: during, call: quiet, bound: "idle", want: fails(504, "outcome_unknown")},

	// The way to the target is bad, and the call arrives all the same.
	{hop: atTarget, fault: late, when: fresh, call: get, bound: "first_byte", want: answered(200)},
	{hop: atTarget, fault: late, when: fresh, call: post, bound: "first_byte", want: answered(201)},
	{hop: atTarget, fault: late, when: fresh, call: stream, bound: "idle", want: answered(200)},
	{hop: atTarget, fault: sliced, when: fresh, call: get, bound: "first_byte", want: answered(200)},
	{hop: atTarget, fault: sliced, when: fresh, call: medium, bound: "idle", want: answered(200)},
	{hop: atTarget, fault: sliced, when: fresh, call: small, bound: "idle", want: answered(200)},
	{hop: atTarget, fault: slow, when: fresh, call: medium, bound: "idle", want: answered(200)},
	{hop: atTarget, fault: slow, when: fresh, call: small, bound: "idle", want: answered(200)},
	{hop: atTarget, fault: lingers, when: fresh, call: post, bound: "none", want: answered(201)},

	// The way from the caller is bad, and the call arrives all the same.
	{hop: atCaller, fault: late, when: fresh, call: get, bound: "first_byte", want: answered(200)},
	{hop: atCaller, fault: late, when: fresh, call: post, bound: "idle", want: answered(201)},
	{hop: atCaller, fault: late, when: fresh, call: stream, bound: "idle", want: answered(200)},
	{hop: atCaller, fault: sliced, when: fresh, call: get, bound: "first_byte", want: answered(200)},
	{hop: atCaller, fault: sliced, when: fresh, call: medium, bound: "idle", want: answered(200)},
	{hop: atCaller, fault: sliced, when: fresh, call: small, bound: "idle", want: answered(200)},
	{hop: atCaller, fault: slow, when: fresh, call: medium, bound: "idle", want: answered(200)},
	{hop: atCaller, fault: slow, when: fresh, call: small, bound: "idle", want: answered(200)},
	{hop: atCaller, fault: lingers, when: fresh, call: post, bound: "none", want: answered(201)},

	// The caller never gets as far as a call.
	{hop: atCaller, fault: silence, when: fresh, call: get, bound: "none", want: uncalled(fill(doorHandshake, "CAUSE", "timeout"))},
	{hop: atCaller, fault: swallows("the connection is closed in the handshake", 100), when: fresh, call: get, bound: "none", want: uncalled(fill(doorHandshake, "CAUSE", "closed"))},

	// The caller stops sending, stops reading, or is gone.
	{hop: atCaller, fault: mute, when: during, call: upload, bound: "idle", want: fails(408, "request_body_timeout")},
	{hop: atCaller, fault: mute, when: during, call: upload, bound: "total", want: fails(504, "outcome_unknown")},
	{hop: atCaller, fault: closes, when: during, call: upload, bound: "none", want: gone(0)},
	{hop: atCaller, fault: resets, when: during, call: upload, bound: "none", want: gone(0)},
	{hop: atCaller, fault: closes, when: during, call: thinkGet, bound: "none", want: gone(0)},
	{hop: atCaller, fault: resets, when: during, call: think, bound: "none", want: gone(0)},
	{hop: atCaller, fault: closes, when: during, call: stream, bound: "none", want: gone(200)},
	{hop: atCaller, fault: resets, when: during, call: stream, bound: "none", want: gone(200)},
	{hop: atCaller, fault: ends("the connection is closed after 300,000 bytes", 300_000), when: fresh, call: download, bound: "none", want: gone(200)},
	{hop: atCaller, fault: crawlDown, when: kept, call: download, bound: "idle", stuck: true, want: gone(200)},
	{hop: atCaller, fault: ends("the connection is closed in the last bytes of the answer", 20), when: kept, call: post, bound: "none", want: want{counted: 201, outcome: "answered"}},
}

// networkTable is for lanes through a network.
var networkTable = []row{
	// The target's name leads nowhere.
	{hop: atTarget, fault: unknownName, when: fresh, call: get, bound: "none", want: fails(502, "target_name_unresolved")},
	{hop: atTarget, fault: unknownName, when: fresh, call: post, bound: "none", want: fails(502, "target_name_unresolved")},
	{hop: atTarget, fault: brokenNames, when: fresh, call: get, bound: "none", want: fails(502, "target_name_unresolved")},
	{hop: atTarget, fault: silentNames, when: fresh, call: post, bound: "connect", want: fails(504, "target_connect_timeout")},
	{hop: atTarget, fault: silentNames, when: kept, call: get, bound: "connect", want: answered(200)},

	// The target cannot be reached.
	{hop: atTarget, fault: vanishes, when: fresh, call: get, bound: "connect", want: fails(504, "target_connect_timeout")},
	{hop: atTarget, fault: vanishes, when: fresh, call: post, bound: "connect", want: fails(504, "target_connect_timeout")},
	{hop: atTarget, fault: noWay, when: fresh, call: get, bound: "none", want: fails(502, "target_unreachable")},
	{hop: atTarget, fault: noWay, when: fresh, call: post, bound: "none", want: fails(502, "target_unreachable")},
	{hop: atTarget, fault: rebooted, when: fresh, call: post, bound: "none", want: fails(502, "target_refused")},

	// The target vanishes.
	{hop: atTarget, fault: vanishes, when: kept, call: get, bound: "first_byte", want: fails(504, "target_response_timeout")},
	{hop: atTarget, fault: pulled, when: kept, call: get, bound: "first_byte", want: fails(504, "target_response_timeout")},
	{hop: atTarget, fault: pulled, when: kept, call: post, bound: "first_byte", want: fails(504, "outcome_unknown")},
	{hop: atTarget, fault: pulled, when: during, call: stream, bound: "idle", want: cut("target_idle_timeout")},
	{hop: atTarget, fault: vanishes, when: during, call: stream, bound: "total", want: cut("call_total_timeout")},
	{hop: atTarget, fault: pulled, when: during, call: upload, bound: "idle", want: fails(504, "outcome_unknown")},
	{hop: atTarget, fault: vanishes, when: during, call: put, bound: "idle", want: fails(504, "target_idle_timeout")},
	{hop: atTarget, fault: rebooted, when: kept, call: get, bound: "none", want: fails(502, "target_refused")},
	{hop: atTarget, fault: rebooted, when: kept, call: post, bound: "none", want: fails(504, "outcome_unknown")},
	{hop: atTarget, fault: rebooted, when: during, call: upload, bound: "none", want: fails(504, "outcome_unknown")},

	// Packets are lost on the way to the target, and the call arrives all the same.
	{hop: atTarget, fault: lossy, when: fresh, call: get, bound: "none", want: answered(200)},
	{hop: atTarget, fault: lossy, when: fresh, call: post, bound: "none", want: answered(201)},
	{hop: atTarget, fault: lossy, when: fresh, call: medium, bound: "none", want: answered(200)},
	{hop: atTarget, fault: lossy, when: fresh, call: small, bound: "none", want: answered(200)},

	// The same on the way from the caller.
	{hop: atCaller, fault: lossy, when: fresh, call: get, bound: "none", want: answered(200)},
	{hop: atCaller, fault: lossy, when: fresh, call: post, bound: "none", want: answered(201)},
	{hop: atCaller, fault: lossy, when: fresh, call: medium, bound: "none", want: answered(200)},
	{hop: atCaller, fault: lossy, when: fresh, call: small, bound: "none", want: answered(200)},

	// The caller vanishes.
	{hop: atCaller, fault: pulled, when: during, call: upload, bound: "idle", stuck: true, want: want{counted: 408, code: "request_body_timeout", outcome: "failed"}},
	{hop: atCaller, fault: vanishes, when: during, call: download, bound: "idle", stuck: true, want: gone(200)},
	{hop: atCaller, fault: pulled, when: during, call: thinkGet, bound: "none", stuck: true, want: want{counted: 200, outcome: "answered"}},
	{hop: atCaller, fault: rebooted, when: during, call: stream, bound: "none", stuck: true, want: gone(200)},
}
