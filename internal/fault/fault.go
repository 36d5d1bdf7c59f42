// Package fault holds the one error type that twohop shows to people: a code from
// a fixed catalogue, the hop that failed, the cause and the fix.
package fault

import (
	"fmt"
	"time"
)

// Hop says which leg of the two-hop call a fault belongs to.
type Hop int

const (
	Broker Hop = iota // twohop itself: its routes, its limits, its audit log
	Caller            // hop 1: from the caller to twohop
	Target            // hop 2: from twohop to the target
)

func (h Hop) String() string {
	switch h {
	case Caller:
		return "caller"
	case Target:
		return "target"
	}
	return "broker"
}

// Fault is why a call failed. Cause and Fix are read by the caller, so they never
// hold an address of the target, a name from its certificate, or a secret; Err is
// for the operator's log only. A Fault is immutable once returned.
type Fault struct {
	Code       Code
	Cause      string            // one sentence with the facts: version, suite, limit, phase
	Fix        string            // what to do; "" takes the catalogue's
	RetryAfter time.Duration     // 0 when waiting does not help
	Header     map[string]string // header fields of the answer: a challenge, Allow
	Told       *Told             // what problem+json says beside or in place of that; nil for nothing
	Err        error             // the underlying error; never shown to the caller
}

// Told is what a translated call tells its caller: where the request is wrong, or what
// the target's own fault says. A zero member leaves what the catalogue says.
type Told struct {
	Status int
	Title  string
	Detail string
	Code   string
	More   []Member
}

// Member is a further member of problem+json: text, or JSON in Raw.
type Member struct {
	Name, Text string
	Raw        []byte
}

// New returns a fault with a formatted cause.
func New(code Code, cause string, args ...any) *Fault {
	return &Fault{Code: code, Cause: fmt.Sprintf(cause, args...)}
}

// Because returns a copy of f that carries err for the log.
func (f *Fault) Because(err error) *Fault {
	c := *f
	c.Err = err
	return &c
}

// After returns a copy of f that tells the caller to wait before the next try.
func (f *Fault) After(wait time.Duration) *Fault {
	c := *f
	c.RetryAfter = wait
	return &c
}

// With returns a copy of f whose answer carries a header field.
func (f *Fault) With(name, value string) *Fault {
	c := *f
	c.Header = map[string]string{name: value}
	return &c
}

func (f *Fault) Error() string {
	s := string(f.Code) + ": " + f.Cause
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	return s
}

func (f *Fault) Unwrap() error { return f.Err }

// Entry returns the catalogue's entry for the fault's code.
func (f *Fault) Entry() Entry { return Lookup(f.Code) }

// Advice returns what the caller or the admin can do.
func (f *Fault) Advice() string {
	if f.Fix != "" {
		return f.Fix
	}
	return f.Entry().Fix
}
