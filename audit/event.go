package audit

import "time"

// Event is a change, as opposed to a call: one that a person made to the running
// broker, or one of a target that the broker saw.
type Event struct {
	Time   time.Time
	User   string // the OS user; twohop for what nobody asked for
	Kind   string // of what was changed: exception, configuration, target
	Name   string // its name
	What   string // what was done
	Config string // hash of the configuration in force
}

// line returns e as one JSON object.
func (e *Event) line() []byte {
	o := &object{}
	o.open("")
	o.class(classEntity, activityUpdate, e.Time.UnixMilli())
	o.count("action_id", allowed)
	o.count("disposition_id", allowed)
	o.must("message", clip(e.Kind+" "+e.Name+" "+e.What, longest))
	o.metadata("", "", e.Time.UnixMilli(), `"profiles":["security_control"]`)
	o.user(clip(e.User, shortest), "")
	o.open("entity")
	o.must("name", clip(e.Name, shortest))
	o.must("type", e.Kind)
	o.close()
	o.policy("", e.Config)
	o.close()
	return o.b
}
