package fault

import "net/http"

// Code names one kind of failure. Codes are part of the product's interface: they
// stand in answers, logs, metrics and audit records, and are never renamed.
type Code string

// The catalogue of codes. docs/errors.md is written from it.
const (
	BadRequest          Code = "bad_request"
	PathNotCanonical    Code = "path_not_canonical"
	Misdirected         Code = "misdirected_request"
	NoRoute             Code = "no_such_route"
	MethodNotAllowed    Code = "method_not_allowed"
	NoCredential        Code = "credential_missing"
	BadCredential       Code = "credential_unknown"
	CallerNotAllowed    Code = "caller_not_allowed"
	OperationNotAllowed Code = "operation_not_allowed"
	OperationUnclear    Code = "operation_unclear"
	RateLimited         Code = "rate_limited"
	TooManyConcurrent   Code = "concurrency_limited"
	BodyTooLarge        Code = "body_too_large"
	BodyTimeout         Code = "request_body_timeout"
	BodyBroken          Code = "request_body_broken"
	CallerGone          Code = "caller_gone"
	Busy                Code = "broker_busy"
	AuditUnavailable    Code = "audit_unavailable"
	RouteUnavailable    Code = "route_unavailable"
	ExceptionExpired    Code = "exception_expired"
	ShuttingDown        Code = "shutting_down"
	Internal            Code = "internal_error"
	TargetName          Code = "target_name_unresolved"
	TargetRefused       Code = "target_refused"
	TargetUnreachable   Code = "target_unreachable"
	TargetForbidden     Code = "target_address_forbidden"
	TargetConnectTime   Code = "target_connect_timeout"
	ViaRefused          Code = "via_proxy_refused"
	TargetHandshakeTime Code = "target_handshake_timeout"
	TargetReset         Code = "target_reset_in_handshake"
	TargetVersion       Code = "target_tls_version"
	TargetSuite         Code = "target_no_common_suite"
	TargetNotTLS        Code = "target_not_tls"
	TargetHandshake     Code = "target_handshake_failed"
	TargetWantsCert     Code = "target_wants_client_certificate"
	TargetUntrusted     Code = "target_certificate_untrusted"
	TargetCertExpired   Code = "target_certificate_expired"
	TargetCertName      Code = "target_certificate_name"
	TargetCertWeak      Code = "target_certificate_weak"
	TargetPin           Code = "target_pin_mismatch"
	TargetFirstByte     Code = "target_response_timeout"
	TargetIdle          Code = "target_idle_timeout"
	TotalTime           Code = "call_total_timeout"
	OutcomeUnknown      Code = "outcome_unknown"
	TargetClosed        Code = "target_closed_early"
	TargetBadAnswer     Code = "target_bad_answer"
	TargetTruncated     Code = "target_answer_truncated"
	TargetCircuitOpen   Code = "target_circuit_open"
	OperationUnknown    Code = "operation_unknown"
	InvalidRequest      Code = "invalid_request"
	UnsupportedType     Code = "unsupported_media_type"
	NotAcceptable       Code = "not_acceptable"
	TargetFault         Code = "target_fault"
	TargetAnswerInvalid Code = "target_answer_invalid"
)

// Entry describes a code: the status its answer carries, and what a person should
// know about it.
type Entry struct {
	Code   Code
	Hop    Hop
	Status int    // HTTP status for a caller that does not speak SOAP
	Title  string // short, the same for every occurrence (RFC 9457, section 3.1.4)
	Why    string // usual causes, for docs/errors.md
	Fix    string // what to do; sent when the fault has nothing more exact
}

// StatusClientClosed is recorded, never sent: the caller hung up before the answer.
// The number is nginx's.
const StatusClientClosed = 499

var entries = []Entry{
	{BadRequest, Caller, http.StatusBadRequest, "The request is not well formed",
		"The request line, a header field or the traceparent breaks HTTP's rules, or the request asks for a tunnel (CONNECT), an absolute URI or a protocol upgrade that the route does not offer.",
		"Send one well-formed HTTP/1.1 or HTTP/2 request for a path on this host."},
	{PathNotCanonical, Caller, http.StatusBadRequest, "The path has more than one reading",
		"The path holds `//`, a `.` or `..` segment, an encoded slash or backslash, or a control character: the broker and the target could read it differently.",
		"Send the path in its plain form, without empty or dot segments and without %2F or %5C."},
	{Misdirected, Caller, http.StatusMisdirectedRequest, "The call is for another host",
		"The Host header, or the authority of an HTTP/2 request, is not among the `hosts` of the listener. An HTTP/2 client may also have reused a connection that it opened for another name.",
		"Call by a name of the broker; an admin adds a name that is missing to the listener's `hosts` in routes.yaml."},
	{NoRoute, Broker, http.StatusNotFound, "No route matches the call",
		"No route in routes.yaml matches the host, path and SOAPAction.",
		"Check the URL; `twohop routes` lists the routes and `twohop check` the order in which they match."},
	{MethodNotAllowed, Broker, http.StatusMethodNotAllowed, "The route does not take this method",
		"Routes match the path but list other methods (default GET and POST).",
		"Use a method from the Allow header, or add it to the route's `methods`."},
	{NoCredential, Caller, http.StatusUnauthorized, "The call carries no credential",
		"The route has callers and the request has neither an X-Api-Key header nor a client certificate.",
		"Send the API key in the X-Api-Key header, or the client certificate that the caller is registered with."},
	{BadCredential, Caller, http.StatusUnauthorized, "The credential is not known",
		"The API key or the client certificate belongs to no caller in routes.yaml, or the caller needs both and one is missing.",
		"Check the key, or send the client certificate with its intermediates; an admin compares with the caller's entry in routes.yaml, or makes a new key with `twohop caller key new`."},
	{CallerNotAllowed, Broker, http.StatusForbidden, "The caller is not on the route's list",
		"The caller is known, but the route's `callers` does not name it.",
		"Ask the admin of the broker to add the caller to the route."},
	{OperationNotAllowed, Broker, http.StatusForbidden, "The operation is not allowed",
		"The route names the operations that may be called under `soap.operations`, and this is none of them; or SOAPAction, the WS-Addressing action and the body's element name different operations.",
		"Call an operation that the route allows, with the SOAPAction that its contract says; or ask the admin to add it to `soap.operations`."},
	{OperationUnclear, Caller, http.StatusBadRequest, "The operation cannot be told",
		"The route needs to know which operation a message is for, and what says so is not within the first 64 KiB of the body, is encrypted, compressed or in an encoding that the broker does not read, or is no SOAP.",
		"Send a SOAP message whose body begins within 64 KiB, in UTF-8 or UTF-16, neither compressed nor encrypted; the root of a multipart message comes first."},
	{RateLimited, Broker, http.StatusTooManyRequests, "Too many calls",
		"The route's rate for this caller is used up.",
		"Wait for the seconds in Retry-After, then go on; or ask the admin for a higher `limit.rate` or `limit.burst`."},
	{TooManyConcurrent, Broker, http.StatusTooManyRequests, "Too many calls at the same time",
		"The route's `limit.concurrent` calls of this caller are still running.",
		"Wait until running calls are answered, or ask the admin for a higher `limit.concurrent`."},
	{BodyTooLarge, Caller, http.StatusRequestEntityTooLarge, "The request body is too large",
		"The body is longer than the route's `max_body`.",
		"Send less in one call, or ask the admin to raise the route's `max_body`."},
	{BodyTimeout, Caller, http.StatusRequestTimeout, "The request body stopped coming",
		"No byte of the request body arrived within the route's `timeout.idle`.",
		"Send the body without pauses; check the network between the caller and the broker."},
	{BodyBroken, Caller, http.StatusBadRequest, "The request body broke off",
		"The connection from the caller failed, or the chunked coding was wrong, before the whole body was read.",
		"Send the call again if it is safe to repeat."},
	{CallerGone, Caller, StatusClientClosed, "The caller hung up",
		"The caller closed its connection before the answer was complete. F&O shows `The operation has timed out` when its own 100 s are over. Seen only in the log, the metrics and the audit record.",
		"Raise the caller's time-out, or lower the route's `timeout.first_byte` so that the broker answers first."},
	{Busy, Broker, http.StatusServiceUnavailable, "The broker is busy",
		"As many calls as the listener's `max_calls` are running, or as many from the caller's network as `per_network.calls` allows. Nothing was sent to the target.",
		"Call again after the seconds in Retry-After; an admin raises the limits, or names the network under the listener's `exempt`."},
	{AuditUnavailable, Broker, http.StatusServiceUnavailable, "The audit log cannot be written",
		"The disk failed or is full, or has less free space than `audit.stop`. A call that cannot be recorded is not made.",
		"An admin frees space on the disk that holds `audit.dir`: when there is too little, service comes back by itself, and the answer has Retry-After. After a failed write, which the broker's log shows, mend the disk and restart the broker."},
	{RouteUnavailable, Broker, http.StatusServiceUnavailable, "The route is switched off",
		"A secret or file that the route needs was missing when the broker started; the other routes serve.",
		"An admin finds the reason in the broker's log or with `twohop check`, mends it and runs `twohop reload`."},
	{ExceptionExpired, Broker, http.StatusServiceUnavailable, "The security exception has ended",
		"The target needs weaker protection than TLS 1.2, and the exception that allowed it has passed its `expires` day.",
		"The owner of the exception renews it after approval (a new `expires` in routes.yaml) or the target is upgraded."},
	{ShuttingDown, Broker, http.StatusServiceUnavailable, "The broker is stopping",
		"The broker was told to stop and takes no new calls.",
		"Call again after the seconds in Retry-After."},
	{Internal, Broker, http.StatusInternalServerError, "The broker failed",
		"A fault in twohop itself.",
		"Report it with the correlation id; the broker's log has the details."},
	{TargetName, Target, http.StatusBadGateway, "The target's name does not resolve",
		"DNS has no address for the host in the target's `url`, or the name server did not answer.",
		"An admin checks the host in the target's `url` and the broker's DNS."},
	{TargetRefused, Target, http.StatusBadGateway, "The target refused the connection",
		"Nothing listens on the target's port, or a firewall rejects it. Nothing was sent: the call is safe to repeat.",
		"An admin checks that the service runs and that its port is the one in the target's `url`."},
	{TargetUnreachable, Target, http.StatusBadGateway, "The target cannot be reached",
		"There is no way through the network to the target. Nothing was sent: the call is safe to repeat.",
		"An admin checks the routing and the firewall between the broker and the target."},
	{TargetForbidden, Target, http.StatusBadGateway, "The target's address is not allowed",
		"The target's name resolves to a link-local or cloud metadata address, which no route may reach.",
		"An admin checks what the target's host name resolves to."},
	{TargetConnectTime, Target, http.StatusGatewayTimeout, "The target did not accept the connection in time",
		"A firewall drops the packets, the target or the proxy on the way is overloaded, or all of the target's `connections.max` are in use. Nothing was sent: the call is safe to repeat.",
		"An admin checks the firewall and the target's load; `timeout.connect` sets the limit."},
	{ViaRefused, Target, http.StatusBadGateway, "The proxy on the way to the target refused",
		"The CONNECT proxy named in the target's `via` cannot be reached, wants a credential, or forbids the target.",
		"An admin checks the target's `via`: address, credential and the proxy's own rules."},
	{TargetHandshakeTime, Target, http.StatusGatewayTimeout, "The target did not finish the TLS handshake in time",
		"The target accepted the connection and then fell silent; some old servers and middleboxes do so when a ClientHello is longer than they expect.",
		"An admin runs `twohop probe` and sets the target's `tls.version` to the one it speaks; `timeout.handshake` sets the limit."},
	{TargetReset, Target, http.StatusBadGateway, "The target reset the connection in the TLS handshake",
		"The target hangs up on a ClientHello that it does not understand. F&O shows the same as `An existing connection was forcibly closed by the remote host`.",
		"An admin runs `twohop probe` to see what the target speaks, and allows that by an exception."},
	{TargetVersion, Target, http.StatusBadGateway, "The target does not speak an allowed TLS version",
		"The target speaks only versions that the route does not allow.",
		"An admin lets the target use its version through an `exception`, or the target is upgraded."},
	{TargetSuite, Target, http.StatusBadGateway, "The target and the route have no cipher suite in common",
		"The target takes only suites that the route does not offer.",
		"An admin runs `twohop probe` and allows the suite through an `exception`."},
	{TargetNotTLS, Target, http.StatusBadGateway, "The target does not speak TLS on this port",
		"The port answers with something else than TLS, often plain HTTP.",
		"An admin checks the port, or writes `http://` with an exception that allows `http`."},
	{TargetHandshake, Target, http.StatusBadGateway, "The TLS handshake with the target failed",
		"The target ended the handshake with an alert that has no better explanation.",
		"An admin runs `twohop probe`; the broker's log has the alert."},
	{TargetWantsCert, Target, http.StatusBadGateway, "The target wants a client certificate",
		"The target asked for a client certificate, in the handshake or (IIS, SAP) by a second one after the request, and refused the call without one.",
		"An admin asks the target's owner for a client certificate for the broker."},
	{TargetUntrusted, Target, http.StatusBadGateway, "The target's certificate is not trusted",
		"The certificate is self-signed or signed by an authority that neither the system nor the target's `tls.ca` knows.",
		"An admin names the authority in `tls.ca`, or pins the key with `tls.pins` (`twohop probe` prints the pin)."},
	{TargetCertExpired, Target, http.StatusBadGateway, "The target's certificate is outside its dates",
		"The certificate has expired or is not yet valid.",
		"The target's owner renews it; until then an admin can pin its key with `tls.pins`."},
	{TargetCertName, Target, http.StatusBadGateway, "The target's certificate is for another name",
		"The certificate does not name the host in `url`, or has only a common name, as certificates from before 2010 do.",
		"An admin sets `tls.server_name` to the name in the certificate, or pins its key with `tls.pins`."},
	{TargetCertWeak, Target, http.StatusBadGateway, "The target's certificate is too weak to verify",
		"The certificate is signed with SHA-1 or MD5, has an RSA key under 1024 bits, or cannot be parsed.",
		"The target's owner replaces it; until then an admin can pin its key with `tls.pins`."},
	{TargetPin, Target, http.StatusBadGateway, "The target's key is not the pinned one",
		"The target renewed its key, or something else answers in its place.",
		"An admin asks the target's owner whether the key was renewed, and only then adds the new pin; `twohop probe` and the broker's log show it."},
	{TargetFirstByte, Target, http.StatusGatewayTimeout, "The target did not answer in time",
		"The request was sent and no answer came within `timeout.first_byte`; the method has no side effects, so the call is safe to repeat.",
		"Call again; an admin can raise `timeout.first_byte` (WCF gives up after 60 s, HttpWebRequest after 100 s)."},
	{TargetIdle, Target, http.StatusGatewayTimeout, "The target fell silent",
		"No byte moved for `timeout.idle`. When the answer had begun, the caller sees a connection that breaks off.",
		"Call again if it is safe to repeat; an admin can raise `timeout.idle`."},
	{TotalTime, Target, http.StatusGatewayTimeout, "The call took too long",
		"The call was not finished within the route's `timeout.total`.",
		"Call again if it is safe to repeat; an admin can raise or remove `timeout.total`."},
	{OutcomeUnknown, Target, http.StatusGatewayTimeout, "The target may have processed the call",
		"The request was sent and the answer was lost: a time-out, a reset, a closed connection or an answer that is not HTTP. F&O shows `The underlying connection was closed` when it calls such a target directly.",
		"Do not retry blindly: first ask the target whether the call took effect."},
	{TargetClosed, Target, http.StatusBadGateway, "The target closed the connection without an answer",
		"The target hung up before it answered; the method has no side effects, so the call is safe to repeat.",
		"Call again; if it goes on, an admin looks at the target's own log."},
	{TargetBadAnswer, Target, http.StatusBadGateway, "The target's answer is not HTTP",
		"The answer breaks HTTP's rules, breaks off in a line of its head, or its head is larger than the broker takes; the method has no side effects.",
		"An admin looks at the target; the broker's log names the mistake."},
	{TargetTruncated, Target, http.StatusBadGateway, "The target's answer broke off",
		"The target closed the connection before the announced length. The caller sees a connection that breaks off, never a short answer that looks whole.",
		"Do not use the part that arrived; call again if it is safe to repeat."},
	{TargetCircuitOpen, Broker, http.StatusServiceUnavailable, "The broker leaves the target alone for a moment",
		"The last calls to the target failed, by default five in a row for want of a connection, so the broker refuses calls for the target's `circuit_breaker.open` and then lets one try. Nothing was sent: the call is safe to repeat.",
		"Call again after the seconds in Retry-After; an admin mends what the cause names. `twohop routes --live` shows the target's state."},
	{OperationUnknown, Broker, http.StatusNotFound, "The route has no such operation",
		"The path below a route to a SOAP service names no operation of its contract and none of its `bindings`.",
		"Call one of the operations that the answer names; the route's page, at its path with a slash, lists all."},
	{InvalidRequest, Caller, http.StatusBadRequest, "The request is not what the operation takes",
		"The body is not JSON, or a member, parameter or header of it is unknown, missing or has another type than the contract says; `pointer` says where, `expected` what should stand there.",
		"Correct what `detail` names; the route's openapi.json has every type."},
	{UnsupportedType, Caller, http.StatusUnsupportedMediaType, "The request's media type is not taken",
		"The route takes JSON, in UTF-8 and without a Content-Encoding, and the body is declared as something else.",
		"Send Content-Type: application/json and no Content-Encoding."},
	{NotAcceptable, Caller, http.StatusNotAcceptable, "The answer would not be acceptable",
		"The request's Accept allows neither JSON nor XML.",
		"Send Accept: application/json, or application/xml for the XML in the target's answer."},
	{TargetFault, Target, http.StatusInternalServerError, "The target answered with a SOAP Fault",
		"The service refused the call or failed. The answer's `title` is the service's own text, its `code` and `actor` are the service's too, and its typed detail stands under the name that the contract gives it; `type` tells this error apart. The route's `soap.fault_status` may give it another status.",
		"See what the service says; the route's openapi.json lists the faults of the operation."},
	{TargetAnswerInvalid, Target, http.StatusBadGateway, "The target's answer is not what the contract says",
		"The answer is no SOAP message (an HTML page of an error, or nothing), is not well-formed XML, or has other elements and values than the contract. The target may have processed the call: do not repeat it blindly.",
		"An admin looks at the target's own log, and whether the contract is that of the service as it is now."},
}

var byCode = func() map[Code]Entry {
	m := make(map[Code]Entry, len(entries))
	for _, e := range entries {
		m[e.Code] = e
	}
	return m
}()

// Lookup returns the entry for code; a code outside the catalogue gets Internal's.
func Lookup(code Code) Entry {
	if e, ok := byCode[code]; ok {
		return e
	}
	return byCode[Internal]
}

// Catalogue returns every entry in the order of the documentation.
func Catalogue() []Entry { return append([]Entry(nil), entries...) }
