// Package entry takes a line of the audit log apart: what was recorded of a call, of an
// event, or of the log itself. It finds members by their names, in whatever order and
// form JSON allows.
package entry

import (
	"errors"
	"time"
)

// Kinds of lines.
const (
	Call  = "call"  // a stage of a call, or calls and handshakes that were refused and counted together
	Event = "event" // what a person did, or the broker saw
	Log   = "log"   // the log about itself: segments, checkpoints
)

// Stages that say how the lines of a call belong together, and outcomes; they are those of
// package audit, which imports this one.
const (
	Begin = "begin"
	End   = "end"
	Amend = "amend"

	Answered  = "answered"
	Refused   = "refused" // such a call has no begin
	Failed    = "failed"
	Truncated = "truncated"
	Gone      = "gone"
	Broken    = "broken"
)

// Outcomes are all of a call that ended.
var Outcomes = []string{Answered, Refused, Failed, Truncated, Gone, Broken}

// Plain stands for a hop without TLS.
const Plain = "plain"

// Entry is what a line says. Texts are parts of the line, good for as long as it is;
// nil stands for what the line does not say. Times are milliseconds since 1970 in UTC.
type Entry struct {
	Class    int64
	Severity int64
	Activity int64 // OCSF's number of what was done, within the class
	Result   int64 // 1 success, 2 failure
	Time     int64 // a call: when it began, in all of its stages
	Logged   int64

	UID, Correlation, Call, Stage, Outcome []byte
	Code, Cause                            []byte
	Action                                 int64 // 1 allowed, 2 denied

	// A line that sums up refusals.
	Count   int64    // of them
	First   int64    // when the first was; Time is that of the last
	Network []byte   // they came from
	Codes   [][]byte // of them, up to 64
	Counts  []int64  // how many had each of the codes
	Samples [][]byte // correlation ids of some, up to 64

	User       []byte // the caller's name; of an event, or a line of the log, the OS user
	CallerBy   []byte // how the caller was known
	Credential []byte // fingerprint of what it showed
	SourceIP   []byte
	SourcePort int64

	Method, Host, Path, Proto, SOAPAction, Operation []byte

	Port   int64
	Status int64

	Route, Target, Endpoint, Exception, ExceptionEnds, Config []byte

	TargetIP             []byte
	TargetPort           int64
	TargetStatus         int64
	Verified             []byte // how the target was
	Retries              int64
	TLS1, Suite1         []byte
	TLS2, Suite2         []byte
	In1, Out1, In2, Out2 int64 // body bytes read from, and written to, the peer of the hop
	Traffic1, Traffic2   bool  // whether the line says them of the hop
	MS                   float64

	EntityName, EntityType, Message, Kind []byte // of an event, of the log

	hop2   bool   // there was a connection to the target
	person []byte // whom a line of the log names
	scan   scanner
}

// errNotJSON is returned for what is no JSON object.
var errNotJSON = errors.New("not a JSON object")

// Parse reads a line into e, and forgets what e held before. A valid JSON object never
// fails; a line that is none mostly does.
func (e *Entry) Parse(line []byte) error {
	*e = Entry{scan: scanner{b: line}, Codes: e.Codes[:0], Counts: e.Counts[:0], Samples: e.Samples[:0]} // the scanner here costs no allocation
	s := &e.scan
	if s.next() != '{' {
		return errNotJSON
	}
	s.object(e, top)
	ok := s.next() == 0 && s.i == len(line) && !s.bad
	e.scan = scanner{}
	if e.Count > 0 && e.Outcome == nil && e.What() == Call {
		e.Outcome = refused
	}
	if e.Class == ClassLog && e.User == nil {
		e.User = e.person
	}
	if !ok {
		return errNotJSON
	}
	return nil
}

// OCSF's classes (schema 1.8.0).
const (
	ClassLog     = 1008 // Event Log Activity
	ClassNetwork = 4001 // Network Activity
	ClassHTTP    = 4002 // HTTP Activity
)

// What returns the kind of the line.
func (e *Entry) What() string {
	switch {
	case e.Class == ClassLog:
		return Log
	case e.Class == ClassHTTP, e.Class == ClassNetwork:
		return Call
	}
	return Event
}

// Hop1 returns the TLS version towards the caller, or Plain.
func (e *Entry) Hop1() []byte {
	if e.TLS1 == nil && e.Class == ClassHTTP && e.Count == 0 {
		return plain
	}
	return e.TLS1
}

// Hop2 returns the TLS version towards the target, or Plain; nil when the target was not
// reached, or the line is from before it was.
func (e *Entry) Hop2() []byte {
	if e.TLS2 == nil && e.hop2 {
		return plain
	}
	return e.TLS2
}

var (
	plain   = []byte(Plain)
	refused = []byte(Refused)
)

// EventName returns what kind of thing an event or a line of the log is about.
func (e *Entry) EventName() []byte {
	if e.Kind != nil {
		return e.Kind
	}
	return e.EntityType
}

// Began returns Time in UTC.
func (e *Entry) Began() time.Time { return time.UnixMilli(e.Time).UTC() }
