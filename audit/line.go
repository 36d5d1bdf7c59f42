package audit

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What is kept of a text that somebody else wrote, in bytes.
const (
	longest  = 2048
	shortest = 256
)

// line appends r as one JSON object to b.
func (r *Record) line(b []byte) []byte {
	activity, ok := activities[r.Method]
	if !ok {
		activity = otherMethod
	}
	o := &object{b}
	o.open("")
	o.class(classHTTP, activity, r.Time.UnixMilli())
	r.verdict(o)
	o.about(r.ID, r.Stage, r.Correlation, r.Logged.UnixMilli(), profiles)
	if r.Caller != "" {
		o.user(clip(r.Caller, shortest), r.Credential)
	}
	r.hop1(o)
	if r.Stage != Begin {
		r.hop2(o)
	}
	o.policy(r.Exception, r.Config)
	if r.Stage != Begin {
		o.number("duration", r.Hop1.Total.Milliseconds())
	}
	r.unmapped(o)
	o.close()
	return o.b
}

// verdict writes how the call ended and what was decided.
func (r *Record) verdict(o *object) {
	switch {
	case r.Stage == Begin, r.Stage == Started: // not known yet
	case r.Outcome == Answered:
		o.count("status_id", success)
	default:
		o.count("status_id", failure)
	}
	o.text("status_code", r.Code)
	o.text("status_detail", clip(r.Cause, longest))
	action := int64(allowed)
	if r.Stage != Begin && r.Outcome == Refused {
		action = denied
	}
	o.count("action_id", action)
	o.count("disposition_id", action)
}

// hop1 writes the caller's side.
func (r *Record) hop1(o *object) {
	host, port := hostOf(r.Host)
	path, _, _ := strings.Cut(r.Path, "?")
	ip, from := peerOf(r.Source)
	o.endpoint("src_endpoint", ip, from, "", "")
	if host != "" {
		o.endpoint("dst_endpoint", netip.Addr{}, port, host, "")
	}
	o.open("http_request")
	o.must("http_method", clip(r.Method, shortest))
	o.open("url")
	o.text("hostname", host)
	o.number("port", port)
	o.must("path", clip(path, longest))
	o.must("scheme", "https")
	o.close()
	o.must("version", clip(r.Proto, shortest))
	o.headers(r.RequestFields)
	o.close()
	if r.Stage != Begin {
		o.response("http_response", r.Status, r.ResponseFields)
	}
	o.tls("tls", &r.Hop1)
	if r.Stage != Begin {
		o.traffic("traffic", r.Hop1.BytesIn, r.Hop1.BytesOut)
	}
}

// reached reports whether there was a connection to the target.
func (r *Record) reached() bool { return r.Target != "" && r.Hop2.Established }

// hop2 writes the target's side, once the call is over.
func (r *Record) hop2(o *object) {
	if !r.reached() {
		return
	}
	h := &r.Hop2
	ip, port := peerOf(h.Address)
	o.endpoint("proxy_endpoint", ip, port, "", r.Target)
	o.tls("proxy_tls", h)
	o.response("proxy_http_response", h.Status, "")
	if r.Stage != Started { // they are counted at the end
		o.traffic("proxy_traffic", h.BytesIn, h.BytesOut)
	}
}

func (r *Record) unmapped(o *object) {
	o.open("unmapped")
	o.must("call", r.ID) // the same in all records of a call
	o.must("stage", r.Stage)
	o.text("outcome", r.Outcome)
	o.text("route", r.Route)
	o.text("target", r.Target)
	o.text("caller_by", r.CallerBy)
	o.text("caller_verified_by", r.Hop1.Verify)
	o.text("exception_ends", r.ExceptionEnds)
	o.text("soap_action", clip(r.SOAPAction, longest))
	o.text("operation", clip(r.Operation, shortest))
	if r.Variables != "" {
		o.open("variables")
		o.b = append(o.b, r.Variables...)
		o.close()
	}
	if r.Stage != Begin {
		h := &r.Hop2
		o.digest("request_body_hmac", r.RequestDigest)
		o.digest("response_body_hmac", r.ResponseDigest)
		o.kept("request_body", r.RequestKept)
		o.kept("response_body", r.ResponseKept)
		o.text("target_endpoint", clip(h.Endpoint, shortest)) // one that could not be reached too
		o.number("retries", int64(h.Retries))
		if r.reached() {
			o.text("target_verified_by", h.Verify)
			o.text("target_certificate_sha256", h.Peer)
			o.yes("target_tls_resumed", h.Resumed)
			o.yes("target_connection_reused", h.Reused)
			o.ms("target_connect_ms", h.Connect)
			o.ms("target_handshake_ms", h.Handshake)
			o.ms("target_first_byte_ms", h.FirstByte)
			o.ms("target_total_ms", h.Total)
		}
		o.ms("call_ms", r.Hop1.Total)
	}
	o.close()
}

// peerOf returns nothing for what is not an address.
func peerOf(address string) (ip netip.Addr, port int64) {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return netip.Addr{}, 0
	}
	return ap.Addr().Unmap(), int64(ap.Port())
}

// hostOf splits a Host header; a user and password that somebody put there is dropped.
func hostOf(host string) (name string, port int64) {
	host = host[strings.LastIndexByte(host, '@')+1:]
	name, text, err := net.SplitHostPort(host)
	if err != nil {
		return clip(strings.Trim(host, "[]"), shortest), 0
	}
	if n, err := strconv.ParseUint(text, 10, 16); err == nil {
		port = int64(n)
	}
	return clip(name, shortest), port
}

// clip returns at most n bytes of s as valid UTF-8, cut between characters.
func clip(s string, n int) string {
	if len(s) > n {
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
