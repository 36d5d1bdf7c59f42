// Package balance spreads the calls to one target over its endpoints: it chooses one for
// each call, leaves those alone that fail, by what calls and checks see, tries another
// one when no harm can come of it, and refuses calls at once while none can be reached.
package balance

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"twohop/target"
)

// Config is a target with its endpoints. Two with the same settings share their state,
// however long the caller's route waits for a connection.
type Config struct {
	Name       string     // of the target, for people
	Endpoints  []Endpoint // 1 to 32
	Policy     Policy
	SlowStart  time.Duration // over which an endpoint that is back gets its full share; 0 for at once
	Passive    Passive       // has no effect with one endpoint
	MaxEjected int           // percent of the endpoints; one may always be ejected
	Active     *Active       // nil for no checks
	Circuit    Circuit
}

// Endpoint is one of the places where a target is served.
type Endpoint struct {
	target.Config
	URLHost string // as the url has it, for the Host header
}

// Policy says which endpoint gets a call.
type Policy string

const (
	RoundRobin     Policy = "round_robin"
	LeastBusy      Policy = "least_busy"
	PrimaryStandby Policy = "primary_standby" // in the order of the list
)

// Passive says which calls eject an endpoint, and for how long.
type Passive struct {
	Failures    int // in a row; 0 for never
	Percent     int // of the calls within Window; 0 for never
	MinCalls    int // within Window, for Percent
	Window      time.Duration
	Statuses    []int         // of the target that are failures
	Ejection    time.Duration // the first; doubled each time the endpoint fails again soon
	MaxEjection time.Duration
}

// Active says how endpoints are checked.
type Active struct {
	target.Check   // Host is each endpoint's own
	Interval       time.Duration
	Timeout        time.Duration
	UnhealthyAfter int // failed checks in a row
	HealthyAfter   int // good checks in a row
}

// Circuit says when a target is left alone as a whole.
type Circuit struct {
	Failures int // in a row; 0 for never
	Percent  int // of the calls within Window; 0 for never
	MinCalls int // within Window, for Percent
	Window   time.Duration
	Any      bool          // count every failure, not only those of connections
	Open     time.Duration // how long calls are refused
	Probes   int           // calls that then try at a time
}

// endpointKey is equal for endpoints that may share their state.
func (c Config) endpointKey(i int) string {
	e := c.Endpoints[i]
	e.Connect, e.Handshake = 0, 0 // a route's own
	var active Active
	if c.Active != nil {
		active = *c.Active
	}
	return digest(c.Name, e.Key(), e.URLHost, active)
}

// key is equal for configs that may share all state.
func (c Config) key() string {
	parts := []any{c.Policy, c.SlowStart, c.Passive, c.MaxEjected, c.Circuit}
	for i := range c.Endpoints {
		parts = append(parts, c.endpointKey(i))
	}
	return digest(parts...)
}

// digest hides what it is made of: a check's header may hold a credential.
func digest(parts ...any) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%q", fmt.Sprintf("%#v", p))
	}
	return hex.EncodeToString(h.Sum(nil))
}
