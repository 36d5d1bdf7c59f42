package routes

import "time"

// TargetHealth says when an endpoint of a target gets no calls.
type TargetHealth struct {
	Passive    PassiveHealth `key:"passive" doc:"Judged by the calls themselves. Has no meaning with one url."`
	Active     *ActiveHealth `key:"active" doc:"Judged by checks that the broker makes, over the same TLS policy, pins and proxy as calls, each on a connection of its own. Default: none."`
	MaxEjected int           `key:"max_ejected" default:"50" doc:"Largest share of the endpoints that passive health takes out at a time, in percent; one may always go. When no endpoint is left, calls go to all."`
}

// PassiveHealth takes an endpoint out after calls that failed: no connection or
// handshake, a reset, no answer in time, an answer that breaks off or is not HTTP, or
// one of Statuses. A 4xx and a 500, which is how SOAP Faults come, are answers.
type PassiveHealth struct {
	Failures       int           `key:"failures" default:"5" doc:"Failed calls in a row that take an endpoint out. 0 means they never do."`
	FailurePercent int           `key:"failure_percent" default:"0" doc:"Share of failed calls within window that takes an endpoint out, in percent. 0 means it never does."`
	MinCalls       int           `key:"min_calls" default:"20" doc:"Calls within window before failure_percent is looked at."`
	Window         time.Duration `key:"window" default:"30s" doc:"Over which failure_percent is counted."`
	Statuses       []int         `key:"statuses" default:"[502, 503, 504]" doc:"Statuses of the target that count as failed calls."`
	Ejection       time.Duration `key:"ejection" default:"10s" doc:"How long an endpoint is out the first time; twice as long each time that it fails again soon after."`
	MaxEjection    time.Duration `key:"max_ejection" default:"5m" doc:"Longest time that an endpoint is out."`
}

// ActiveHealth is how an endpoint is looked at from time to time.
type ActiveHealth struct {
	Kind           string        `key:"kind" need:"yes" enum:"tcp,tls,http,soap" doc:"What must work: tcp connects; tls makes a handshake, with all of the target's verification; http sends a GET; soap fetches ?wsdl, or posts envelope."`
	Path           string        `key:"path" doc:"Path and query of an http or soap check. Default: those of the url."`
	Statuses       []int         `key:"statuses" doc:"Statuses that a good http check may have. Default: 200 to 399."`
	Envelope       File          `key:"envelope" doc:"File with a small SOAP envelope for a soap check to post. A SOAP Fault is a good answer: the service is there. Default: none, ?wsdl is fetched."`
	SOAPAction     string        `key:"soap_action" doc:"SOAPAction of envelope, without quotes."`
	Interval       time.Duration `key:"interval" default:"10s" doc:"From one check of an endpoint to the next."`
	Timeout        time.Duration `key:"timeout" default:"5s" doc:"For a whole check."`
	UnhealthyAfter int           `key:"unhealthy_after" default:"3" doc:"Failed checks in a row after which an endpoint gets no calls."`
	HealthyAfter   int           `key:"healthy_after" default:"2" doc:"Good checks in a row after which it gets calls again."`
}

// CircuitBreaker says when a target gets no calls at all for a moment.
type CircuitBreaker struct {
	Failures       int           `key:"failures" default:"5" doc:"Failed calls in a row that open the circuit. 0 means they never do."`
	FailurePercent int           `key:"failure_percent" default:"0" doc:"Share of failed calls within window that opens it, in percent. 0 means it never does."`
	MinCalls       int           `key:"min_calls" default:"20" doc:"Calls within window before failure_percent is looked at."`
	Window         time.Duration `key:"window" default:"30s" doc:"Over which failure_percent is counted."`
	Counts         string        `key:"counts" enum:"connection,any" default:"connection" doc:"What a failed call is: connection means that no connection or handshake came about on any endpoint; any adds answers that do not come, break off, are not HTTP, or have one of health.passive.statuses."`
	Open           time.Duration `key:"open" default:"2s" doc:"How long calls are then refused with 503 before some may try."`
	Probes         int           `key:"probes" default:"1" doc:"Calls that try at a time, and must succeed before the circuit closes."`
}

// Addresses returns the URLs of the target's endpoints, in order.
func (x *Target) Addresses() []string {
	if len(x.URLs) > 0 {
		return x.URLs
	}
	return []string{x.URL}
}
