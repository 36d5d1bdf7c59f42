package routes

// Sink is a receiver that the audit log is shipped to.
type Sink struct {
	Name   string  `key:"name" need:"yes" doc:"Name in logs, metrics and audit records, and of the file that says how far it has got: under another name a sink gets the whole log."`
	Syslog *Syslog `key:"syslog" doc:"A receiver of syslog messages (RFC 5424) over TLS (RFC 5425)."`
	OTLP   *OTLP   `key:"otlp" doc:"A receiver of OpenTelemetry logs over HTTP, in protobuf."`
}

// Syslog is a syslog receiver.
type Syslog struct {
	Address          string `key:"address" need:"yes" doc:"host:port; RFC 5425 has the port 6514."`
	Plain            bool   `key:"plain" default:"false" doc:"Without TLS: only to a loopback address, for a relay on this machine."`
	Facility         string `key:"facility" enum:"user,daemon,auth,authpriv,audit,local0,local1,local2,local3,local4,local5,local6,local7" default:"audit" doc:"Facility of the messages; audit is number 13."`
	EnterpriseNumber int    `key:"enterprise_number" default:"32473" doc:"Your IANA private enterprise number, for the name of the structured data, twohop@NUMBER. The default is the one for examples (RFC 5612)."`
	SinkTLS
}

// OTLP is an OTLP/HTTP receiver.
type OTLP struct {
	URL     string      `key:"url" need:"yes" doc:"Address of the receiver, to which /v1/logs is added: https://host:4318. Plain http only to a loopback address."`
	Headers SinkHeaders `key:"headers" doc:"Header fields of each request."`
	SinkTLS
}

// SinkHeaders are header fields for a receiver.
type SinkHeaders struct {
	Set map[string]Secret `key:"set" doc:"Fields to set, by name. Credentials come as ${file:PATH} or ${env:NAME}."`
}

// SinkTLS is TLS 1.2 or 1.3 towards a receiver. The certificate is always verified.
type SinkTLS struct {
	CA          File             `key:"ca" doc:"PEM file with the authorities that sign the receiver's certificate, instead of the system's. Read for each connection."`
	ServerName  string           `key:"server_name" doc:"Name looked for in the certificate. Default: the host of the address."`
	Certificate *SinkCertificate `key:"certificate" doc:"The broker's client certificate, for a receiver that asks for one. Read for each connection."`
}

// SinkCertificate is a client certificate and its key.
type SinkCertificate struct {
	Cert File `key:"cert" need:"yes" doc:"PEM file with the certificate and then its intermediates."`
	Key  File `key:"key" need:"yes" doc:"PEM file with the private key."`
}

// facilities are the numbers of syslog (RFC 5424, section 6.2.1).
var facilities = map[string]int{"user": 1, "daemon": 3, "auth": 4, "authpriv": 10, "audit": 13,
	"local0": 16, "local1": 17, "local2": 18, "local3": 19, "local4": 20, "local5": 21, "local6": 22, "local7": 23}

// FacilityNumber returns the number of the facility.
func (s *Syslog) FacilityNumber() int { return facilities[s.Facility] }

// Address returns where the sink is, for people.
func (s *Sink) Address() string {
	switch {
	case s.Syslog != nil:
		return "syslog " + s.Syslog.Address
	case s.OTLP != nil:
		return "OTLP " + s.OTLP.URL
	}
	return ""
}
