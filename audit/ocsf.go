package audit

import "net/netip"

// A record is an OCSF 1.8.0 HTTP Activity (class 4002), and so is a line that counts
// refusals; one that counts handshakes is a Network Activity (4001). An event is an Entity
// Management (3004) or, for the broker's own start and end, an Application Lifecycle
// (6002). What OCSF has no place for stands under unmapped. Names of members are
// OCSF's.
const (
	schema         = "1.8.0"
	classHTTP      = 4002
	classNetwork   = 4001
	classEntity    = 3004
	classLifecycle = 6002
	activityFail   = 4 // of classNetwork
	allowed        = 1 // action_id and disposition_id
	denied         = 2 // action_id; disposition_id 2 is blocked
	success        = 1 // status_id
	failure        = 2 // status_id
	otherMethod    = 99
	fingerSHA      = `"algorithm_id":3` // SHA-256
	policyName     = "routes.yaml"
	profiles       = `"profiles":["network_proxy","security_control"]`
	product        = `"product":{"name":"twohop","vendor_name":"twohop"}`
)

// activities are OCSF's numbers for HTTP methods.
var activities = map[string]int64{"CONNECT": 1, "DELETE": 2, "GET": 3, "HEAD": 4, "OPTIONS": 5, "POST": 6, "PUT": 7, "TRACE": 8, "PATCH": 9}

// class writes what every line begins with.
func (o *object) class(class, activity, ms int64) { o.classed(class, activity, Informational, ms) }

func (o *object) classed(class, activity int64, severity Severity, ms int64) {
	o.count("class_uid", class)
	o.count("category_uid", class/1000)
	o.count("activity_id", activity)
	o.count("type_uid", class*100+activity)
	o.count("severity_id", int64(severity))
	o.count("time", ms)
}

// raw writes members as they are.
func (o *object) raw(members string) {
	if last := o.b[len(o.b)-1]; last != '{' {
		o.b = append(o.b, ',')
	}
	o.b = append(o.b, members...)
}

func (o *object) metadata(uid, correlation string, loggedMS int64, profiles string) {
	o.about(uid, "", correlation, loggedMS, profiles)
}

// about writes the metadata of the stage of a call, or of what has no stages.
func (o *object) about(uid, stage, correlation string, loggedMS int64, profiles string) {
	o.open("metadata")
	o.must("version", schema)
	o.text("uid", uid)
	if uid != "" && stage != "" {
		o.b = append(append(append(o.b[:len(o.b)-1], '-'), stage...), '"') // one of four words
	}
	o.text("correlation_uid", correlation)
	o.count("logged_time", loggedMS)
	o.raw(profiles)
	o.raw(product)
	o.close()
}

func (o *object) user(name, credential string) {
	o.open("actor")
	o.open("user")
	o.must("name", name)
	o.close()
	o.text("app_uid", credential)
	o.close()
}

// endpoint is left out when nothing of it is known.
func (o *object) endpoint(member string, ip netip.Addr, port int64, host, name string) {
	if !ip.IsValid() && port == 0 && host == "" && name == "" {
		return
	}
	o.open(member)
	if ip.IsValid() {
		o.name("ip")
		o.b = append(ip.AppendTo(append(o.b, '"')), '"')
	}
	o.number("port", port)
	o.text("hostname", host)
	o.text("name", name)
	o.close()
}

func (o *object) response(member string, status int, fields Fields) {
	if status != 0 {
		o.open(member)
		o.count("code", int64(status))
		o.headers(fields)
		o.close()
	}
}

func (o *object) traffic(member string, in, out int64) {
	o.open(member)
	o.count("bytes_in", in)
	o.count("bytes_out", out)
	o.close()
}

// tls is left out for plain HTTP. So is a certificate whose issuer or serial number,
// which OCSF requires, is not known; the target's fingerprint stands under unmapped too.
func (o *object) tls(member string, h *Hop) {
	if h.Version == "" {
		return
	}
	o.open(member)
	o.must("version", h.Version)
	o.text("cipher", h.Suite)
	o.text("sni", clip(h.SNI, shortest))
	o.number("handshake_dur", h.Handshake.Milliseconds())
	if h.Peer != "" && h.Issuer != "" && h.Serial != "" {
		o.open("certificate")
		o.must("issuer", clip(h.Issuer, longest))
		o.must("serial_number", clip(h.Serial, shortest))
		o.name("fingerprints")
		o.b = append(o.b, "[{"+fingerSHA...)
		o.must("value", h.Peer)
		o.b = append(o.b, "}]"...)
		o.close()
	}
	o.close()
}

func (o *object) policy(exception, config string) {
	o.open("policy")
	o.must("name", policyName)
	o.text("uid", exception)
	o.text("version", config)
	o.close()
}
