// Package routes reads routes.yaml into a Table: plain data, checked strictly, with
// the place of every value kept so that each mistake is reported as
// file:line:col: path: what; the fix. All mistakes are reported at once.
//
// The struct tags are the single source of the file's shape: `key` is the name in
// the file, `doc` its meaning, `default` the text that stands when the key is absent,
// `need` marks a key that must be there and `enum` its values; the type gives the
// unit. The decoder and the JSON Schema both read them.
package routes

import "time"

// Table is one routes.yaml with its includes. It is immutable once loaded and safe
// for concurrent use.
type Table struct {
	Include      []string     `key:"include" doc:"More files, relative to this one; * and ? match names. An included file may hold callers, exceptions, targets and routes."`
	Listen       []Listener   `key:"listen" need:"yes" doc:"The front door: where callers connect. TLS 1.2 and 1.3 only; nothing older can be configured."`
	Certificates Certificates `key:"certificates" doc:"Where the front door's certificates come from."`
	Admin        Admin        `key:"admin" doc:"Metrics, health and the commands of a running broker, for the operator."`
	Health       Health       `key:"health" doc:"/healthz and /readyz alone, for probes from elsewhere."`
	Audit        Audit        `key:"audit" doc:"The audit log. A call that cannot be recorded is not made."`
	Log          Log          `key:"log" doc:"The operational log, on standard error."`
	Reload       Reload       `key:"reload" doc:"When routes.yaml is read again; SIGHUP and twohop reload always do it."`
	Shutdown     Shutdown     `key:"shutdown" doc:"How the broker stops after SIGTERM or Ctrl-C."`
	Defaults     Policy       `key:"defaults" doc:"What every route starts from; a route overrides key by key."`
	Content

	places   places
	warnings ErrorList
	hash     string
	digests  digests // of the files named, as they were read

	contracts map[string]contractRead // by file
	followed  [][]string              // the files of each, in the order of the hash
}

// Content is what an included file may hold too; Load merges it.
type Content struct {
	Callers    map[string]Caller    `key:"callers" doc:"Who may call, by name."`
	Exceptions map[string]Exception `key:"exceptions" doc:"Named permissions for hops weaker than TLS 1.2, each with an owner and an end."`
	Targets    map[string]Target    `key:"targets" doc:"Services that several routes share, by name."`
	Routes     []Route              `key:"routes" doc:"What may be called and where it goes. The most specific match wins, whatever the order in the file."`
}

// Listener is one address of the front door.
type Listener struct {
	Address       string        `key:"address" need:"yes" doc:"Host and port to listen on; \":443\" is every address."`
	Hosts         []string      `key:"hosts" doc:"Names and IP addresses that callers use for this broker. A call for another host gets 421; none listed means any. The local CA is limited to them."`
	HeaderTimeout time.Duration `key:"header_timeout" default:"10s" doc:"Time for a TLS handshake, and for the header of a request."`
	MaxHeader     Size          `key:"max_header" default:"64KiB" doc:"Largest request header, at most 16MiB; beyond it the caller gets 431."`
	Idle          time.Duration `key:"idle" default:"180s" doc:"How long a connection is kept between calls. .NET keeps its side for 100 s, so stay above that."`

	MaxConnections int        `key:"max_connections" default:"0" doc:"Most open connections. When full, the slowest handshake or header, then the connection idle longest makes room. 0 means what fits the memory."`
	MaxCalls       int        `key:"max_calls" default:"0" doc:"Most calls running at the same time; beyond it the caller gets 503 with Retry-After. 0 means what fits the memory."`
	PerNetwork     PerNetwork `key:"per_network" doc:"What the callers of one network may take together."`
	Exempt         []Network  `key:"exempt" default:"[127.0.0.0/8, 0::1/128]" doc:"In place of the default: networks that per_network does not bound and for which a tenth of max_connections and max_calls is kept: F&O's outbound addresses, which many callers share, and load balancers that hide the caller's address."`
}

// PerNetwork bounds what one network may take of a listener.
type PerNetwork struct {
	Connections int  `key:"connections" default:"0" doc:"Open connections. 0 means a quarter of max_connections."`
	Calls       int  `key:"calls" default:"0" doc:"Running calls. 0 means a quarter of max_calls."`
	Handshakes  Rate `key:"handshakes" default:"50/s" doc:"New connections per second, minute, hour or day. Those beyond are reset before any cryptography."`
	Burst       int  `key:"burst" default:"200" doc:"New connections that may come at once before the rate holds."`
	IPv4        int  `key:"ipv4" default:"24" doc:"Bits of an IPv4 address that make a network."`
	IPv6        int  `key:"ipv6" default:"64" doc:"Bits of an IPv6 address that make a network."`
}

// Certificates says where the front door's certificates come from.
type Certificates struct {
	Files        []CertificateFile `key:"files" doc:"PEM files. They are watched: new content is used without a restart."`
	Local        bool              `key:"local" default:"false" doc:"Make a short-lived CA limited to the listeners' hosts, for trying it out. Callers must trust its local-ca.pem."`
	Dir          Path              `key:"dir" default:"certificates" doc:"Directory for the local CA, relative to this file."`
	TrustedRoots File              `key:"trusted_roots" doc:"PEM file with the private roots that callers trust, when the certificates do not chain to a public one."`
}

// CertificateFile is one certificate chain and its key.
type CertificateFile struct {
	Cert File `key:"cert" need:"yes" doc:"PEM file with the certificate and then its intermediates. F&O fails when an intermediate is missing."`
	Key  File `key:"key" need:"yes" doc:"PEM file with the private key."`
}

// Admin is the side for the operator. Every credential given must be shown.
type Admin struct {
	Address           string             `key:"address" default:"127.0.0.1:9443" doc:"Address for /metrics, /healthz and /readyz; \"off\" for none. Without a credential it is a loopback address and speaks plain HTTP; with one it speaks TLS alone, with the front door's certificates."`
	Token             *AdminToken        `key:"token" doc:"A bearer token in the Authorization header, kept here as a hash; made by twohop admin token new."`
	ClientCertificate *ClientCertificate `key:"client_certificate" doc:"A TLS client certificate."`
	Socket            Path               `key:"socket" doc:"Where twohop reload and twohop exception reach the broker, for its own user alone. Default: the Unix socket admin.sock in audit.dir; on Windows a named pipe whose name comes from audit.dir."`
}

// AdminToken is the hash of a high-entropy bearer token.
type AdminToken struct {
	SHA256 string `key:"sha256" need:"yes" doc:"SHA-256 of the token, in hex."`
}

// Guarded reports whether the admin address asks for a credential, and so speaks TLS.
func (a Admin) Guarded() bool { return a.Token != nil || a.ClientCertificate != nil }

// Health is the address for probes.
type Health struct {
	Address string `key:"address" doc:"Address for /healthz and /readyz over plain HTTP, without a credential, for example \":8080\". Default: none, they are on the admin address."`
}

// Audit is the audit log.
type Audit struct {
	Dir        Path          `key:"dir" default:"audit" doc:"Directory of the audit log, relative to this file; made when it is missing."`
	Keep       time.Duration `key:"keep" default:"400d" doc:"How long records are kept. Older segments are deleted, which is recorded; their checkpoints stay. 0 keeps them for ever."`
	Segment    AuditSegment  `key:"segment" doc:"When a part of the log is complete: it is sealed with a key of its own, compressed and indexed."`
	Checkpoint time.Duration `key:"checkpoint" default:"1s" doc:"Time between two signed checkpoints while calls come. What came after the last one cannot be proven."`
	Reviewers  []string      `key:"reviewers" doc:"Public keys of age (age1..., from age-keygen) to which the bodies are encrypted that routes with audit.level bodies keep. Each key alone opens them."`
	BodiesKeep time.Duration `key:"bodies_keep" default:"30d" doc:"How long kept bodies stay, in days of UTC. The log itself stays longer."`
	Sinks      []Sink        `key:"sinks" doc:"Where the log is shipped to as it is written, every line of it in order and at least once. What a sink has not got is not deleted."`
	Refusals   Refusals      `key:"refusals" doc:"What callers that nobody knows may write into the log: refused calls without a known credential, and failed handshakes."`
	Reserve    Size          `key:"reserve" default:"0" doc:"Free space on the disk below which such refusals are only counted, so that the rest is for known callers. 0 means 1GiB, or 5 % of the disk when that is less."`
	Stop       Size          `key:"stop" default:"0" doc:"Free space below which no new call is taken, until there is more: the caller gets 503. 0 means 128MiB, or 1 % of the disk when that is less."`
}

// Refusals bounds what callers that nobody knows may write into the audit log.
type Refusals struct {
	Every   time.Duration `key:"every" default:"1m" doc:"Refusals of a network within this time are counted in one line."`
	Records int           `key:"records" default:"10" doc:"Refused calls of a network, for each error code within every, that have a record of their own before the others are counted."`
	Budget  Size          `key:"budget" default:"64MiB" doc:"Bytes a day for those records and lines. Beyond it all networks share one line."`
}

// AuditSegment says how large a part of the audit log grows.
type AuditSegment struct {
	Size Size          `key:"size" default:"64MiB" doc:"A segment is complete when it is larger, before compression."`
	Age  time.Duration `key:"age" default:"24h" doc:"And when it is older."`
}

// Log is the operational log.
type Log struct {
	Format string `key:"format" enum:"text,json" default:"text" doc:"Form of the lines."`
	Level  string `key:"level" enum:"debug,info,warn,error" default:"info" doc:"Least level that is written."`
}

// Reload says when the file is read again.
type Reload struct {
	Watch bool `key:"watch" default:"false" doc:"Read the file again when its content, or that of an included file, has changed (looked at every 2 s)."`
}

// Shutdown says how the broker stops.
type Shutdown struct {
	Drain time.Duration `key:"drain" default:"5s" doc:"How long /readyz answers 503 while calls are still taken, so that a load balancer looks elsewhere."`
	Limit time.Duration `key:"limit" default:"60s" doc:"How long running calls and streams may then go on."`
}

// Policy is what routes share through defaults.
type Policy struct {
	Methods []string `key:"methods" default:"[GET, POST]" doc:"HTTP methods that the route takes."`
	Limit   Limit    `key:"limit" doc:"How much a caller may call."`
	Timeout Timeout  `key:"timeout" doc:"Time limits of the second hop, by phase."`
	MaxBody Size     `key:"max_body" default:"100MiB" doc:"Largest request body; beyond it the caller gets 413. Bodies are streamed, not kept."`
	Data    string   `key:"data" enum:"card,personal,internal" default:"internal" doc:"What the calls carry at most. card keeps no bodies in the audit log, and allows an exception only towards a private address."`
	Audit   Level    `key:"audit" doc:"What the audit log keeps of a call beside who, what, when and how protected."`
}

// Level is what the audit log keeps of the calls of a route.
type Level struct {
	Level   string     `key:"level" enum:"metadata,headers,bodies" default:"metadata" doc:"metadata; headers: the fields of headers too; bodies: these and the bodies, encrypted to audit.reviewers. Secrets, cookies and queries are never recorded in clear."`
	Headers []string   `key:"headers" doc:"Fields of the request and the answer to record at the levels headers and bodies. Fields that carry credentials cannot be named; what looks like a secret is recorded as its keyed HMAC."`
	Digests bool       `key:"digests" default:"true" doc:"Record a keyed HMAC of both bodies, at every level: twohop audit hmac confirms a body that somebody has."`
	Bodies  KeptBodies `key:"bodies" doc:"Which bodies the level bodies keeps."`
}

// KeptBodies says which bodies are kept.
type KeptBodies struct {
	Max    Size     `key:"max" default:"64KiB" doc:"What is kept of a body, at most 1MiB; the rest is left out."`
	Types  []string `key:"types" default:"[application/json, text/xml, application/soap+xml]" doc:"Media types, of JSON or XML, since nothing else can be redacted."`
	Redact []string `key:"redact" doc:"What is replaced before it is kept: JSON paths ($.card.number, $..pin) and names of XML elements and attributes without their prefix. WS-Security's credentials always are."`
}

// Limit bounds the calls of one route.
type Limit struct {
	Rate       Rate   `key:"rate" doc:"Calls per second, minute, hour or day: 50/s, 5000/h. Beyond it the caller gets 429 with Retry-After. Default: no limit."`
	Burst      int    `key:"burst" default:"0" doc:"Calls that may come at once before the rate holds. 0 means one second's worth, at least 1."`
	Per        string `key:"per" enum:"caller,route" default:"caller" doc:"Whether each caller has the rate and the concurrency of its own, or all callers of the route share them."`
	Concurrent int    `key:"concurrent" default:"0" doc:"Calls running at the same time; beyond it the caller gets 429. 0 means no limit."`
}

// Timeout bounds the phases of the second hop.
type Timeout struct {
	Connect   time.Duration `key:"connect" default:"10s" doc:"To the target's TCP connection, DNS and the via proxy included."`
	Handshake time.Duration `key:"handshake" default:"10s" doc:"For the TLS handshake with the target."`
	FirstByte time.Duration `key:"first_byte" default:"55s" doc:"From the end of the request to the head of the answer. Below the 60 s of WCF, so that the caller gets an answer instead of a dead socket."`
	Idle      time.Duration `key:"idle" default:"60s" doc:"Longest pause within a request body or an answer."`
	Total     time.Duration `key:"total" default:"0s" doc:"For the whole call. 0s means no limit: streams may last."`
}

// Caller is somebody who may call. Every credential given must be shown.
type Caller struct {
	APIKey            *APIKey            `key:"api_key" doc:"A key in the X-Api-Key header, kept here as a hash; made by twohop caller key new."`
	ClientCertificate *ClientCertificate `key:"client_certificate" doc:"A TLS client certificate."`
}

// APIKey is the hash of a high-entropy key.
type APIKey struct {
	SHA256 string `key:"sha256" need:"yes" doc:"SHA-256 of the key, in hex."`
}

// ClientCertificate says which client certificates are taken.
type ClientCertificate struct {
	CA      File   `key:"ca" need:"yes" doc:"PEM file with the authorities that sign these certificates."`
	Subject string `key:"subject" doc:"Attributes that the certificate's subject must have, for example \"CN=edi-gw-01,O=Contoso\"."`
	DNS     string `key:"dns" doc:"DNS name that the certificate must carry as a subject alternative name."`
}

// Exception permits hops weaker than TLS 1.2 towards named targets until a day.
type Exception struct {
	Allows     []string `key:"allows" need:"yes" enum:"http,tls1.0,tls1.1,rc4,3des,rsa_key_exchange,cbc_sha256" doc:"What it permits beyond TLS 1.2 with forward secrecy."`
	Targets    []string `key:"targets" need:"yes" doc:"host:port of each target that may use it."`
	Owner      string   `key:"owner" need:"yes" doc:"Who answers for the target."`
	ApprovedBy string   `key:"approved_by" need:"yes" doc:"Who accepted the risk."`
	Ticket     string   `key:"ticket" need:"yes" doc:"Where the decision is recorded."`
	Reason     string   `key:"reason" need:"yes" doc:"Why the target cannot do better yet."`
	Expires    Day      `key:"expires" need:"yes" doc:"Last day that it holds, at most 366 days ahead; it ends at the end of that day, UTC. Afterwards its routes answer 503."`
}

// Target is a service that the broker calls.
type Target struct {
	URL            string         `key:"url" doc:"Address of the service. Its path is put in front of what a prefix route leaves; a query is kept."`
	URLs           []string       `key:"urls" doc:"Addresses of several endpoints of the same service, in place of url; they differ in host and port alone. At most 32."`
	Balance        string         `key:"balance" enum:"round_robin,least_busy,primary_standby" default:"round_robin" doc:"Which of urls gets a call: each in turn; the one with the fewest running calls; or the first that is healthy, in the order of the list."`
	SlowStart      time.Duration  `key:"slow_start" default:"0s" doc:"Over which an endpoint that is back gets its full share of the calls. 0s means at once."`
	Health         TargetHealth   `key:"health" doc:"When one of urls gets no calls."`
	CircuitBreaker CircuitBreaker `key:"circuit_breaker" doc:"When calls are refused at once, because the target cannot be reached."`
	Exception      string         `key:"exception" doc:"Name of the exception that permits a hop weaker than TLS 1.2."`
	TLS            TargetTLS      `key:"tls" doc:"TLS towards the target. Default: TLS 1.2 and 1.3, verified by the system's roots."`
	Via            Secret         `key:"via" doc:"CONNECT proxy on the way: http://[user:password@]host:port. The environment's HTTP_PROXY is ignored."`
	SourceAddress  string         `key:"source_address" doc:"IP address of this machine to call from. Default: the system chooses."`
	Host           string         `key:"host" default:"target" doc:"Host header: target (the host in url), caller (what the caller sent), or a name."`
	Headers        Headers        `key:"headers" doc:"Header fields of the request to the target."`
	BufferRequest  Size           `key:"buffer_request" default:"0" doc:"Read a chunked request whole, up to this size, and send it with Content-Length: for targets that answer 411. Beyond it the caller gets 413. 0 means stream."`
	Connections    Connections    `key:"connections" doc:"Reuse of connections to the target."`
}

// TargetTLS is the TLS policy towards a target. There is no switch for "insecure":
// a certificate that cannot be verified is pinned.
type TargetTLS struct {
	Version    Version  `key:"version" doc:"The only version to offer: 1.0, 1.1, 1.2 or 1.3. Cures servers that choke on a newer hello."`
	Min        Version  `key:"min" doc:"Lowest version to offer. Default: 1.2, or the lowest that the exception allows."`
	Max        Version  `key:"max" doc:"Highest version to offer. Default: 1.3, or 1.2 when min is lower than that."`
	Suites     []string `key:"suites" doc:"Cipher suites up to TLS 1.2 by IANA name. Default: the strong ones and those that the exception allows."`
	Curves     []string `key:"curves" enum:"X25519MLKEM768,X25519,P-256,P-384,P-521" doc:"Key exchange groups to offer. Naming few makes the hello short, for old middleboxes. Default: Go's."`
	CA         File     `key:"ca" doc:"PEM file with the authorities that sign the target's certificate, instead of the system's."`
	ServerName string   `key:"server_name" doc:"Name sent as SNI and looked for in the certificate. Default: the host in url."`
	Pins       []string `key:"pins" doc:"SHA-256 of the certificate's public key: sha256/BASE64, one of which must match. Without ca they are the whole verification. twohop probe prints them."`
}

// Headers changes header fields: first remove, then set.
type Headers struct {
	Set    map[string]Secret `key:"set" doc:"Fields to set, by name. Credentials come as ${file:PATH} or ${env:NAME}."`
	Remove []string          `key:"remove" doc:"Fields to remove, by name."`
	Spell  []string          `key:"spell" doc:"Fields to write exactly like this, for targets that mind the case of names: [SOAPACTION]. Names in set are always written as they stand there."`
}

// Connections bounds the reuse of connections to a target.
type Connections struct {
	Max  int           `key:"max" default:"0" doc:"Most connections to the target at a time; further calls wait. 0 means no limit."`
	Idle time.Duration `key:"idle" default:"4s" doc:"How long an unused connection is kept. Below the target's own limit (Apache: 5 s), or a call meets a closing connection."`
	Age  time.Duration `key:"age" default:"5m" doc:"How long a connection is reused before DNS is asked again."`
}

// Route maps calls to a target.
type Route struct {
	Name            string    `key:"name" need:"yes" doc:"Name in logs, metrics and audit records."`
	Hosts           []string  `key:"hosts" doc:"Host names that the call must be for. Default: any."`
	Path            string    `key:"path" need:"yes" doc:"/exact/path, /prefix/* (the prefix is taken off), {name} for one segment."`
	SOAPActions     []string  `key:"soap_actions" doc:"SOAPAction values that the call must have, without quotes. Default: any or none."`
	Callers         Callers   `key:"callers" need:"yes" doc:"Who may call: a list of names, a map from caller to target, or [anyone]."`
	Target          TargetRef `key:"target" doc:"Where it goes: the name of a target, or a target written here. Not with a map of callers."`
	Rewrite         string    `key:"rewrite" doc:"Path at the target, with {name} from path and {*} for what the prefix leaves. Default: the url's path, and what the prefix leaves."`
	Headers         Headers   `key:"headers" doc:"Header fields of the request to the target, after the target's own."`
	ResponseHeaders Headers   `key:"response_headers" doc:"Header fields of the answer to the caller."`
	Upgrade         []string  `key:"upgrade" enum:"websocket" doc:"Protocols that a caller may switch to over HTTP/1.1. Default: none, every Upgrade is taken off."`
	SOAP            *SOAP     `key:"soap" doc:"For a SOAP target: its contract, its operations, and whether callers speak JSON."`
	Idempotent      bool      `key:"idempotent" default:"false" doc:"Calls may be repeated safely, POST too: a call that failed before an answer came is sent again, over a new connection or to another of urls, when its body has at most 64 KiB."`
	Policy
}

// Anyone is the caller name that stands for "no credential asked for".
const Anyone = "anyone"
