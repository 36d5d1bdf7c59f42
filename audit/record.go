// Package audit keeps the record of every call: who called what, over which two
// hops, under which exception, with what outcome. No audit, no service: a call is
// made only after its begin record is on stable storage, and the caller gets the
// last byte only after its end record is.
package audit

import (
	"net/netip"
	"time"
)

// Stages of a call. A call that is forwarded has a begin and an end record, and between
// them a response_started when its answer takes long; one that is refused has only an end
// record.
const (
	Begin   = "begin"
	Started = "response_started" // the answer has been running for some seconds, and goes on
	End     = "end"
	Amend   = "amend" // the last bytes did not reach the caller after end said so
)

// Outcomes of a call.
const (
	Answered  = "answered"  // the target's answer reached the caller whole
	Refused   = "refused"   // the broker did not forward it
	Failed    = "failed"    // the second hop failed and the caller got an error
	Truncated = "truncated" // the answer broke off after its head was sent
	Gone      = "gone"      // the caller hung up
	Broken    = "broken"    // the broker itself failed
)

// Record is what is kept of one call. It never holds a credential, a query or a body; a
// header field only where the route's level names it.
type Record struct {
	Stage       string
	Time        time.Time // when the call began, for every stage
	Logged      time.Time // when this stage was recorded
	ID          string    // unique for the call; the same in all its stages
	Correlation string    // shown to the caller in X-Correlation-Id

	Caller     string // name in routes.yaml; "" when not identified
	CallerBy   string // api_key, client_certificate, anyone
	Credential string // fingerprint of what was shown
	Source     string // the caller's address

	Network netip.Prefix // of Source, by the bits of its listener; of a refusal alone
	Unknown bool         // nobody was identified; of a refusal alone
	Counted bool         // set by a Tally that has not recorded it, but counted

	Method, Host, Path, Proto string // Path has its {variables} by name, no query
	SOAPAction                string
	Operation                 string // of a SOAP service; "" on other routes, and when it cannot be told
	Variables                 Variables

	Route, Target, Exception, ExceptionEnds string
	Config                                  string // hash of the configuration in force

	Hop1, Hop2 Hop

	Status  int    // sent to the caller; 499 when it was gone
	Outcome string // one of the outcomes above; "" at begin
	Code    string // fault code; "" when answered
	Cause   string // the fault's cause

	// HMACs of the whole bodies, none where one is empty or did not come to its end.
	RequestDigest, ResponseDigest Sum

	// What the route's level keeps beyond.
	RequestFields, ResponseFields Fields
	RequestKept, ResponseKept     Kept
}

// Hop is one leg of the call.
type Hop struct {
	Endpoint    string        // host:port of the target's url that was called, reached or not; hop 2 only
	Address     string        // of the peer; hop 2 only
	Version     string        // TLS 1.3; "" for plain HTTP
	Suite       string        // IANA name
	SNI         string        // hop 1 only
	Peer        string        // SHA-256 of the peer's certificate
	Issuer      string        // of that certificate
	Serial      string        // of that certificate, hex
	Verify      string        // how the peer was verified. Hop 2: roots, ca, pin, ca+pin. Hop 1: ca, or none for a certificate that decided nothing
	Resumed     bool          // TLS session resumption
	Reused      bool          // the connection had served another call
	Retries     int           // further connections and endpoints tried
	Status      int           // of the target's answer
	BytesIn     int64         // body bytes read from the peer
	BytesOut    int64         // body bytes written to the peer
	Connect     time.Duration // 0 on a reused connection
	Handshake   time.Duration
	FirstByte   time.Duration
	Total       time.Duration
	Established bool // a connection was there
}
