package fault

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Markdown returns docs/errors.md, written from the catalogue.
func Markdown() []byte {
	var b strings.Builder
	b.WriteString(introduction)
	b.WriteString(shown)
	statuses(&b)
	b.WriteString("\n## Codes\n\n| code | status | hop | title |\n| --- | --- | --- | --- |\n")
	for _, e := range entries {
		fmt.Fprintf(&b, "| [%s](#%s) | %d | %s | %s |\n", e.Code, e.Code, e.Status, e.Hop, e.Title)
	}
	for _, e := range entries {
		fmt.Fprintf(&b, "\n### %s\n\n**%s.** Status %d, hop: %s.\n\n%s\n\n%s\n", e.Code, e.Title, e.Status, e.Hop, labelled("Usual causes", e.Why), labelled("What to do", e.Fix))
	}
	return []byte(b.String())
}

func labelled(label, text string) string { return "*" + label + ":* " + text }

const introduction = `# Errors

This file is written from the code's catalogue (` + "`make docs`" + `); a test holds it to it.

When a call fails the broker says why: a code that never changes its meaning, the hop that failed (` + "`caller`" + `: between
the caller and the broker; ` + "`target`" + `: between the broker and the service behind it; ` + "`broker`" + `: the broker itself), the
cause with its facts (TLS version, suite, limit), and what to do. The same code stands in the log, in the metric
` + "`twohop_faults_total`" + ` and, as ` + "`status_code`" + `, in the audit record. No error tells the target's address or the names in
its certificate; the broker's log does.

## As JSON

A caller that does not speak SOAP gets the code's status and ` + "`application/problem+json`" + ` (RFC 9457):

    HTTP/1.1 502 Bad Gateway
    Content-Type: application/problem+json
    X-Correlation-Id: 0af7651916cd43dd8448eb211c80319c

    {"type": "urn:twohop:error:target_tls_version",
     "title": "The target does not speak an allowed TLS version",
     "status": 502,
     "detail": "the target speaks only TLS 1.0; the route allows TLS 1.2 to TLS 1.3",
     "fix": "An admin lets the target use its version through an ` + "`exception`" + `, or the target is upgraded.",
     "code": "target_tls_version",
     "hop": "target",
     "route": "warehouse",
     "correlationId": "0af7651916cd43dd8448eb211c80319c"}

` + "`route`" + ` is there once a route matched; ` + "`retryAfterSeconds`" + `, and the header Retry-After, when waiting helps.

## As a SOAP Fault

A caller that speaks SOAP (it sent a SOAPAction, or application/soap+xml) gets a Fault of its version, always with status
500, because WCF reads a body only with 2xx and 500. The real status stands in the detail; a 401 keeps its challenge.

    HTTP/1.1 500 Internal Server Error
    Content-Type: text/xml; charset=utf-8

    <s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>
      <faultcode>s:Server</faultcode>
      <faultstring xml:lang="en">The target does not speak an allowed TLS version: the target speaks only TLS 1.0; ...</faultstring>
      <detail><error xmlns="urn:twohop:fault">
        <code>target_tls_version</code>
        <status>502</status>
        <hop>target</hop>
        <cause>the target speaks only TLS 1.0; the route allows TLS 1.2 to TLS 1.3</cause>
        <fix>An admin lets the target use its version through an ` + "`exception`" + `, or the target is upgraded.</fix>
        <correlationId>0af7651916cd43dd8448eb211c80319c</correlationId>
        <route>warehouse</route>
      </error></detail>
    </s:Fault></s:Body></s:Envelope>

` + "`cause`" + ` is the JSON form's ` + "`detail`" + `; the other names are the same.

## As a connection that breaks off

When part of an answer has gone out already, no error can follow it: the broker cuts the connection, so that nobody takes
the part for the whole. The code stands in the log and in the audit record; look for the X-Correlation-Id of the answer.
`

// shown is what a developer in F&O sees, and what stands behind it.
const shown = `
## What F&O shows

F&O and .NET show a text of their own before anybody sees the body. Read the body (` + "`WebException.Response`" + ` in X++), or find
the call by its correlation id. An answer with such a status and without a code is the target's own.

| F&O shows | with the broker in between | when F&O calls the target itself |
| --- | --- | --- |
| ` + "`Unable to read data from the transport connection: An existing connection was forcibly closed by the remote host`" + ` | an answer that was cut: target_answer_truncated, target_idle_timeout, call_total_timeout, audit_unavailable | target_reset_in_handshake, target_tls_version: the target resets a hello that it does not understand |
| ` + "`The underlying connection was closed: The connection was closed unexpectedly`" + ` | the same: an answer that was cut | target_closed_early, outcome_unknown |
| ` + "`The underlying connection was closed: A connection that was expected to be kept alive was closed by the server`" + ` | the front door's ` + "`idle`" + ` is below the caller's 100 s | target_closed_early, outcome_unknown: the broker takes a new connection where that is safe |
| ` + "`The underlying connection was closed: Could not establish trust relationship for the SSL/TLS secure channel`" + ` | no code: the front door's own certificate does not suit the caller: an intermediate is missing (` + "`twohop check`" + ` warns), or its root is not trusted there | target_certificate_untrusted, target_certificate_expired, target_certificate_name, target_certificate_weak |
| ` + "`The request was aborted: Could not create SSL/TLS secure channel`" + ` | no code: the caller does not offer TLS 1.2 | target_tls_version, target_no_common_suite, target_wants_client_certificate |
| ` + "`The operation has timed out`" + ` | caller_gone: F&O's own limit (100 s, WCF 60 s) is below the route's ` + "`timeout`" + ` | target_connect_timeout, target_handshake_timeout, target_response_timeout |
| ` + "`The remote name could not be resolved`" + ` | no code: the broker's own name | target_name_unresolved |
| ` + "`Unable to connect to the remote server`" + ` | no code: the broker does not run, or a firewall is in the way | target_refused, target_unreachable, target_connect_timeout |
`

// statuses adds a row for every status with all its codes.
func statuses(b *strings.Builder) {
	byStatus := map[int][]string{}
	var order []int
	for _, e := range entries {
		if e.Status == StatusClientClosed {
			continue // never sent
		}
		if byStatus[e.Status] == nil {
			order = append(order, e.Status)
		}
		byStatus[e.Status] = append(byStatus[e.Status], string(e.Code))
	}
	slices.Sort(order)
	for _, status := range order {
		codes := strings.Join(byStatus[status], ", ")
		if status == http.StatusInternalServerError {
			codes += "; for a SOAP caller any code: read the Fault's detail"
		}
		fmt.Fprintf(b, "| `The remote server returned an error: (%d) %s` | %s | |\n", status, http.StatusText(status), codes)
	}
}
