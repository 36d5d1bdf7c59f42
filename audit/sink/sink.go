// Package sink ships the audit log elsewhere, as it is written: every line of it, in
// order, at least once. Where it has got to is kept beside the log, so that neither a
// receiver that is away nor a crash of the broker leaves a gap; what was on its way then
// is sent again. It reads the log behind the calls and never holds one up.
package sink

import (
	"context"
	"time"

	"twohop/audit/trail"
)

// Log is a log to ship.
type Log struct {
	trail.Log
	End   func() int64 // how many lines are on stable storage
	Ended bool         // nobody adds to it
}

// Receiver is where lines are sent: a Syslog or an OTLP.
type Receiver interface {
	// Connect returns a link for lines of the log called origin. The link calls broken,
	// from any goroutine, when it sees the other side go. An error says what to mend.
	Connect(ctx context.Context, origin string, broken context.CancelCauseFunc) (Link, error)
	// String says where it is, without any credential.
	String() string
}

// Link is a connection to a receiver, for one goroutine. After an error it is of no more
// use than to be closed.
type Link interface {
	// Send sends lines, which follow those of the call before. A refusal is final: the
	// receiver has these lines and will never take some of them.
	Send(ctx context.Context, lines []trail.Line) (*Refusal, error)
	// Delivered returns the index up to which lines count as delivered.
	Delivered() int64
	// Finish ends the link in order: after nil, all that was sent is delivered.
	Finish(ctx context.Context) error
	// Close ends it at once and returns when nothing of it runs any more.
	Close()
}

// Refusal is what a receiver says of lines that it will never take.
type Refusal struct {
	Records int64
	Why     string
}

// State is what has become of a sink.
type State string

const (
	Down      State = "down"       // nothing was delivered for downAfter
	StillDown State = "still down" // nor for alarmAfter
	Up        State = "up"         // after Down: lines are delivered again
	Refused   State = "refused"    // the receiver refused lines for good; they are skipped
	Missing   State = "missing"    // lines are gone from the log that were never delivered
	Begins    State = "begins"     // a new sink gets a log whose first lines were deleted before
	Restarted State = "restarted"  // the cursor was of no use: the whole log is sent again
)

// Change is a change of a sink's state.
type Change struct {
	State   State
	Time    time.Time
	Since   time.Time // of an outage: when it began
	Records int64     // refused or missing
	Why     string
}

// Status is how a shipper is at one time.
type Status struct {
	Up       bool
	Lag      int64         // lines that are not yet delivered
	Age      time.Duration // of the oldest of them; 0 for none
	Shipped  int64         // lines delivered by this shipper
	Failures int64         // tries that failed
	Refused  int64         // lines that the receiver refused for good
}
