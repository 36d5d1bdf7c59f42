package target

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"twohop/internal/fault"
)

// Check is a look at whether a target serves. It goes the way of a call, over the same
// TLS policy, pins and proxy, but on a connection of its own: it finds out what a new
// call would, and a target whose connections are all in use is not taken for a dead one.
type Check struct {
	Kind     CheckKind
	Path     string      // and query, of HTTP and SOAP
	Host     string      // Host header
	Header   http.Header // further fields; not changed
	Statuses []int       // good ones of HTTP; nil for 200 to 399
	Envelope []byte      // what SOAP posts; nil to fetch Path, which must lead to a WSDL
	Action   string      // SOAPAction of Envelope
}

// CheckKind says what must work.
type CheckKind string

const (
	CheckTCP  CheckKind = "tcp"  // a connection
	CheckTLS  CheckKind = "tls"  // and a handshake, when the target speaks TLS
	CheckHTTP CheckKind = "http" // and the answer to a GET
	CheckSOAP CheckKind = "soap" // and that it is a WSDL or a SOAP envelope
)

// Check makes c once, until ctx is done. Every error is a *fault.Fault.
func (t *Target) Check(ctx context.Context, c Check) error {
	if c.Kind == CheckTCP {
		conn, err := t.tcp(ctx)
		if err != nil {
			return err
		}
		return closed(conn)
	}
	conn, err := t.dial(ctx)
	if err != nil {
		return err
	}
	if c.Kind == CheckTLS {
		return closed(conn)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	return c.ask(conn, t.Scheme)
}

// closed lets go of a connection that did its duty.
func closed(c net.Conn) error {
	c.Close()
	return nil
}

// mostAnswer is as much of an answer to a check as is read.
const mostAnswer = 64 << 10

func (c Check) ask(conn net.Conn, scheme string) error {
	req, err := c.request(scheme)
	if err != nil {
		return fault.New(fault.Internal, "the check cannot be made").Because(err)
	}
	if err := req.Write(conn); err != nil {
		return silent(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(io.LimitReader(conn, mostAnswer)), req)
	if err != nil {
		return silent(err)
	}
	defer resp.Body.Close()
	if c.Kind == CheckHTTP {
		if good := c.Statuses == nil && resp.StatusCode >= 200 && resp.StatusCode < 400 || slices.Contains(c.Statuses, resp.StatusCode); !good {
			return fault.New(fault.TargetBadAnswer, "the target answered %d to the check", resp.StatusCode)
		}
		return nil
	}
	return c.isService(resp)
}

func (c Check) request(scheme string) (*http.Request, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if c.Envelope != nil {
		method, body = http.MethodPost, bytes.NewReader(c.Envelope)
	}
	req, err := http.NewRequest(method, scheme+"://"+c.Host+c.Path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "twohop-check")
	for name, values := range c.Header {
		req.Header[name] = values
	}
	req.Close = true
	switch {
	case c.Envelope == nil:
	case bytes.Contains(c.Envelope, []byte("http://www.w3.org/2003/05/soap-envelope")):
		req.Header.Set("Content-Type", `application/soap+xml; charset=utf-8; action="`+c.Action+`"`)
	default:
		req.Header.Set("Content-Type", "text/xml; charset=utf-8")
		req.Header.Set("SOAPAction", `"`+c.Action+`"`)
	}
	return req, nil
}

// isService reports whether a SOAP service answered: with its WSDL, or with an envelope.
// A Fault, which comes with status 500, shows that the service is there.
func (c Check) isService(resp *http.Response) error {
	want, statuses := []string{"definitions", "description"}, []int{http.StatusOK}
	if c.Envelope != nil {
		want, statuses = []string{"Envelope"}, []int{http.StatusOK, http.StatusAccepted, http.StatusInternalServerError}
	}
	if !slices.Contains(statuses, resp.StatusCode) {
		return fault.New(fault.TargetBadAnswer, "the target answered %d to the check", resp.StatusCode)
	}
	if c.Envelope != nil && resp.StatusCode == http.StatusAccepted {
		return nil // a one-way operation
	}
	if root := rootElement(resp.Body); !slices.Contains(want, root) {
		return fault.New(fault.TargetBadAnswer, "the target's answer to the check is not a SOAP %s", strings.ToLower(want[0]))
	}
	return nil
}

// rootElement returns the local name of an XML document's first element, "" for none.
// The encoding does not matter for it.
func rootElement(r io.Reader) string {
	d := xml.NewDecoder(r)
	d.Strict = false
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	for {
		token, err := d.Token()
		if err != nil {
			return ""
		}
		if e, ok := token.(xml.StartElement); ok {
			return e.Name.Local
		}
	}
}

// silent explains a check that was sent and not answered.
func silent(err error) *fault.Fault {
	var known *fault.Fault
	switch {
	case errors.As(err, &known):
		return known
	case timedOut(err):
		return fault.New(fault.TargetFirstByte, "the target did not answer the check in time").Because(fault.Unquoted(err))
	case brokeOff(err):
		return fault.New(fault.TargetClosed, "the target closed the connection without an answer to the check").Because(err)
	}
	return fault.New(fault.TargetBadAnswer, "the target's answer to the check is not HTTP").Because(fault.Unquoted(err))
}
