package audit

import (
	"bytes"
	"encoding/json"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

var profiles = []string{"network_proxy", "security_control"}

// activities are OCSF's numbers for HTTP methods.
var activities = map[string]int{"CONNECT": 1, "DELETE": 2, "GET": 3, "HEAD": 4, "OPTIONS": 5, "POST": 6, "PUT": 7, "TRACE": 8, "PATCH": 9}

const (
	schema      = "1.8.0"
	classHTTP   = 4002
	fingerSHA   = 3
	severity    = 1 // informational
	allowed     = 1 // action_id and disposition_id
	denied      = 2 // action_id; disposition_id 2 is blocked
	otherMethod = 99
	policyName  = "routes.yaml"
)

var twohop = product{Name: "twohop", Vendor: "twohop"}

// What is kept of a text that somebody else wrote, in bytes.
const (
	longest  = 2048
	shortest = 256
)

// encode returns v as JSON without a line break. HTML's characters stay as they are:
// escaped, a path of them would make a record six times as long.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// line returns r as one JSON object.
func (r *Record) line() ([]byte, error) {
	activity, ok := activities[r.Method]
	if !ok {
		activity = otherMethod
	}
	host, port := hostOf(r.Host)
	path, _, _ := strings.Cut(r.Path, "?")
	l := line{
		ClassUID: classHTTP, CategoryUID: classHTTP / 1000, ActivityID: activity, TypeUID: classHTTP*100 + activity, SeverityID: severity,
		Time: r.Time.UnixMilli(), StatusCode: r.Code, StatusDetail: clip(r.Cause, longest), ActionID: allowed, DispositionID: allowed,
		Metadata: metadata{Version: schema, UID: r.ID + "-" + r.Stage, Correlation: r.Correlation, Logged: r.Logged.UnixMilli(), Profiles: profiles, Product: twohop},
		Src:      peerOf(r.Source),
		Request:  request{Method: clip(r.Method, shortest), URL: url{host, port, clip(path, longest), "https"}, Version: clip(r.Proto, shortest)},
		TLS:      r.Hop1.tls(),
		Policy:   policy{Name: policyName, UID: r.Exception, Version: r.Config},
		Unmapped: unmapped{Call: r.ID, Stage: r.Stage, Outcome: r.Outcome, Route: r.Route, Target: r.Target, CallerBy: r.CallerBy,
			ExceptionEnds: r.ExceptionEnds, SOAPAction: clip(r.SOAPAction, longest)},
	}
	if host != "" {
		l.Dst = &endpoint{Hostname: host, Port: port}
	}
	if r.Caller != "" {
		l.Actor = &actor{User: user{clip(r.Caller, shortest)}, AppUID: r.Credential}
	}
	if r.Stage != Begin {
		l.end(r)
	}
	return encode(&l)
}

// end adds what is known when the call is over.
func (l *line) end(r *Record) {
	l.StatusID = 1
	if r.Outcome != Answered {
		l.StatusID = 2
	}
	if r.Outcome == Refused {
		l.ActionID, l.DispositionID = denied, denied
	}
	if r.Status != 0 {
		l.Response = &response{r.Status}
	}
	l.Traffic = &traffic{r.Hop1.BytesIn, r.Hop1.BytesOut}
	l.Duration = r.Hop1.Total.Milliseconds()
	u, h := &l.Unmapped, &r.Hop2
	u.CallMS = ms(r.Hop1.Total)
	if r.Target == "" || !h.Established {
		return
	}
	l.Proxy, l.ProxyTLS = peerOf(h.Address), h.tls()
	if l.Proxy == nil {
		l.Proxy = &endpoint{}
	}
	l.Proxy.Name = r.Target
	l.ProxyTraffic = &traffic{h.BytesIn, h.BytesOut}
	if h.Status != 0 {
		l.ProxyResponse = &response{h.Status}
	}
	u.Peer = h.Peer
	u.Verify, u.Resumed, u.Reused, u.Retries = h.Verify, h.Resumed, h.Reused, h.Retries
	u.ConnectMS, u.HandshakeMS, u.FirstByteMS, u.TotalMS = ms(h.Connect), ms(h.Handshake), ms(h.FirstByte), ms(h.Total)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (h *Hop) tls() *tlsInfo {
	if h.Version == "" {
		return nil
	}
	t := &tlsInfo{Version: h.Version, Cipher: h.Suite, SNI: clip(h.SNI, shortest), Handshake: h.Handshake.Milliseconds()}
	if h.Peer != "" && h.Issuer != "" && h.Serial != "" {
		t.Cert = &certificate{clip(h.Issuer, longest), clip(h.Serial, shortest), []fingerprint{{fingerSHA, h.Peer}}}
	}
	return t
}

// peerOf returns nil for what is not an address.
func peerOf(address string) *endpoint {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil
	}
	return &endpoint{IP: ap.Addr().Unmap().String(), Port: int(ap.Port())}
}

// hostOf splits a Host header; a user and password that somebody put there is dropped.
func hostOf(host string) (name string, port int) {
	host = host[strings.LastIndexByte(host, '@')+1:]
	name, text, err := net.SplitHostPort(host)
	if err != nil {
		return clip(strings.Trim(host, "[]"), shortest), 0
	}
	if n, err := strconv.ParseUint(text, 10, 16); err == nil {
		port = int(n)
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
