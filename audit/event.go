package audit

import (
	"slices"
	"strings"
	"time"
)

// Event is a change, as opposed to a call: one that a person made to the running
// broker, or one that the broker saw.
type Event struct {
	Time   time.Time
	User   string // the OS user; twohop for what nobody asked for
	Kind   string // of what it is about: one of the kinds below
	Name   string // its name
	What   string // what was done, in words
	Config string // hash of the configuration in force

	Activity Activity // Updated when not given
	Severity Severity // Informational when not given
	Failed   bool     // what was asked for was refused, or could not be done
	Details  string   // what What sums up, one a line; Split bounds it
	Process  int      // of the broker, for its start and end
	Version  string   // likewise

	part, parts int // of several that Split made of one
}

// Kinds of events.
const (
	AboutBroker        = "broker"        // its start, its end, the hand-over to a new process
	AboutConfiguration = "configuration" // loaded or refused
	AboutCertificate   = "certificate"   // of the front door
	AboutException     = "exception"     // extended, about to end, ended
	AboutTarget        = "target"        // an endpoint or a circuit
	AboutSink          = "sink"          // where the log is shipped to
	AboutLog           = "log"           // read
	AboutDisk          = "disk"          // of the log: room that goes or comes back
	AboutBodies        = "bodies"        // kept ones, deleted after their time
)

// Activity is what was done.
type Activity int

const (
	Updated Activity = iota
	Created
	Read
	Warned   // nothing was done yet
	Launched // the broker itself
	Stopped  // likewise
)

// classified is the OCSF class and number of each activity.
var classified = [...]struct{ class, id int64 }{
	Updated: {classEntity, 3}, Created: {classEntity, 1}, Read: {classEntity, 2}, Warned: {classEntity, 99},
	Launched: {classLifecycle, 3}, Stopped: {classLifecycle, 4},
}

// Severity is OCSF's severity_id.
type Severity int64

const (
	Informational Severity = 1
	Low           Severity = 2 // worth a look
	Medium        Severity = 3 // less protection than before
	High          Severity = 4 // the log itself is in danger
)

// detailed is how many bytes of details one event holds at most, so that every sink
// takes its line.
const detailed = 3000

// Split returns e as one or more events that hold all details together, each a few KiB.
// A detail that is longer than that goes on in the next event.
func (e Event) Split() []Event {
	var groups []string
	e.Details = strings.ToValidUTF8(e.Details, "\uFFFD")
	for detail := range strings.SplitSeq(e.Details, "\n") {
		for detail != "" {
			piece := clip(detail, detailed)
			detail = detail[len(piece):]
			if last := len(groups) - 1; last >= 0 && len(groups[last])+1+len(piece) <= detailed {
				groups[last] += "\n" + piece
			} else {
				groups = append(groups, piece)
			}
		}
	}
	if len(groups) < 2 {
		return []Event{e}
	}
	events := slices.Repeat([]Event{e}, len(groups))
	for i := range events {
		events[i].Details, events[i].part, events[i].parts = groups[i], i+1, len(groups)
	}
	return events
}

// line returns e as one JSON object.
func (e *Event) line() []byte {
	o := &object{}
	as := classified[e.Activity]
	o.open("")
	o.classed(as.class, as.id, max(e.Severity, Informational), e.Time.UnixMilli())
	if e.Activity == Warned {
		o.must("activity_name", "Warn")
	}
	result, action := int64(success), int64(allowed)
	if e.Failed {
		result, action = failure, denied
	}
	o.count("status_id", result)
	if as.class == classEntity {
		o.count("action_id", action)
		o.count("disposition_id", action)
	}
	o.must("message", clip(e.Kind+" "+e.Name+" "+e.What, longest))
	o.metadata("", "", e.Time.UnixMilli(), `"profiles":["security_control","host"]`)
	o.user(clip(e.User, shortest), "")
	if as.class == classEntity {
		o.open("entity")
		o.must("name", clip(e.Name, shortest))
		o.must("type", e.Kind)
		o.close()
	} else {
		o.open("app")
		o.must("name", "twohop")
		o.must("vendor_name", "twohop")
		o.text("version", clip(e.Version, shortest))
		o.close()
	}
	o.policy("", e.Config)
	e.unmapped(o)
	o.close()
	return o.b
}

func (e *Event) unmapped(o *object) {
	o.open("unmapped")
	o.must("kind", e.Kind)
	o.must("name", clip(e.Name, shortest))
	o.number("process", int64(e.Process))
	o.number("part", int64(e.part))
	o.number("parts", int64(e.parts))
	if e.Details != "" {
		o.name("details")
		o.b = append(o.b, '[')
		for detail := range strings.SplitSeq(clip(e.Details, detailed), "\n") {
			if last := o.b[len(o.b)-1]; last != '[' {
				o.b = append(o.b, ',')
			}
			o.b = appendText(o.b, detail)
		}
		o.b = append(o.b, ']')
	}
	o.close()
}
