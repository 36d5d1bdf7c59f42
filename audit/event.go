package audit

import (
	"time"
)

// Event is a change that a person made to the running broker, as opposed to a call.
type Event struct {
	Time   time.Time
	User   string // the OS user
	Kind   string // of what was changed: exception
	Name   string // its name
	What   string // what was done
	Config string // hash of the configuration in force
}

// eventLine is an OCSF 1.8.0 Entity Management (class 3004), activity Update.
type eventLine struct {
	ClassUID      int      `json:"class_uid"`
	CategoryUID   int      `json:"category_uid"`
	ActivityID    int      `json:"activity_id"`
	TypeUID       int      `json:"type_uid"`
	SeverityID    int      `json:"severity_id"`
	Time          int64    `json:"time"`
	ActionID      int      `json:"action_id"`
	DispositionID int      `json:"disposition_id"`
	Message       string   `json:"message"`
	Metadata      metadata `json:"metadata"`
	Actor         actor    `json:"actor"`
	Entity        entity   `json:"entity"`
	Policy        policy   `json:"policy"`
}

type entity struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

const (
	classEntity    = 3004
	activityUpdate = 3
)

// line returns e as one JSON object.
func (e *Event) line() ([]byte, error) {
	return encode(eventLine{
		ClassUID: classEntity, CategoryUID: classEntity / 1000, ActivityID: activityUpdate, TypeUID: classEntity*100 + activityUpdate,
		SeverityID: severity, Time: e.Time.UnixMilli(), Message: clip(e.Kind+" "+e.Name+" "+e.What, longest),
		Metadata: metadata{Version: schema, Logged: e.Time.UnixMilli(), Profiles: []string{"security_control"}, Product: twohop},
		ActionID: allowed, DispositionID: allowed,
		Actor: actor{User: user{clip(e.User, shortest)}}, Entity: entity{clip(e.Name, shortest), e.Kind}, Policy: policy{Name: policyName, Version: e.Config},
	})
}
