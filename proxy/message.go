package proxy

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"twohop/internal/fault"
	"twohop/limit"
	"twohop/translate/address"
	"twohop/translate/xsd"
)

// mostPeek is how much of a message is read to tell its operation.
const mostPeek = 64 << 10

// getMetadata is the action of WS-MetadataExchange over WS-Transfer, which WCF uses.
const getMetadata = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get"

// dispatchMessage finds out what a call wants of a SOAP service, and whether it may. The
// body is read no further than its first element, and not at all when the contract is asked
// for.
func (c *call) dispatchMessage() error {
	p := c.route.pass
	if c.asked = c.contractAsked(); c.asked != nothing {
		if p.restricted && p.saved == nil && !c.onlyContract() {
			return notAllowed("a call for the contract, on a route that allows certain operations, names nothing else: no more of a path, no second parameter and no body")
		}
		return nil
	}
	why, err := c.peek()
	if err != nil {
		return err
	}
	if why == nil {
		if c.soap == notSOAP {
			c.soap = map[int]soapVersion{11: soap11, 12: soap12}[c.message.Version]
		}
		actions := c.actions()
		if c.message.Empty && slices.Equal(actions, []string{getMetadata}) && (p.saved != nil || !p.restricted) {
			c.asked = metadata
			return nil
		}
		c.operation, why = p.operationOf(c.message, actions)
	}
	switch {
	case !p.restricted:
		return nil
	case why != nil:
		return why
	case !p.named[c.operation]:
		return notAllowed("the operation %s is not among those that the route allows", clip(c.operation, 100))
	}
	return nil
}

// onlyContract reports whether a target can take a call for its contract for nothing else.
// Some take GET for an operation that the path or a parameter names (WSDL 1.1, section 4).
func (c *call) onlyContract() bool {
	query := c.r.URL.RawQuery
	byPath := query == "" && !strings.Contains(c.rest, ";")
	return c.r.ContentLength == 0 && (byPath || strings.Trim(c.rest, "/") == "" && !strings.ContainsAny(query, "&;"))
}

func notAllowed(cause string, args ...any) error {
	return fault.New(fault.OperationNotAllowed, cause, args...)
}

func unclear(cause string, args ...any) error {
	return fault.New(fault.OperationUnclear, cause, args...)
}

// unread says why the operation of a message cannot be told. Who posts JSON took the route
// for one that translates.
func unread(data []byte, err error) error {
	if text := bytes.TrimLeft(data, " \t\r\n"); len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return unclear("%v", err)
	}
	f := fault.New(fault.OperationUnclear, "the body is JSON, and callers of this route send SOAP messages")
	f.Fix = "Send a SOAP message; or ask the admin for a route with soap.contract and callers_speak: json, which takes JSON."
	return f
}

// limitOperation asks for one call of the operation, beside the route's limit.
func (c *call) limitOperation() error {
	l := c.way.operations[c.operation]
	if l == nil {
		return nil
	}
	switch verdict, wait := l.Acquire(c.start); verdict {
	case limit.OverRate:
		return fault.New(fault.RateLimited, "the rate of this operation for this caller is used up").After(wait)
	case limit.Busy:
		return fault.New(fault.TooManyConcurrent, "as many calls of this operation as the route allows at a time are running").After(time.Second)
	}
	c.occupied = l
	return nil
}

// actions returns what the call names as its action, in the header and in the message.
func (c *call) actions() []string {
	var all []string
	for _, a := range append([]string{c.match.action}, c.message.Actions...) {
		if a != "" {
			all = with(all, a)
		}
	}
	return all
}

// peek reads the beginning of the body, which stays as it is, into c.message. why says that
// the operation cannot be told, err that the body did not come.
func (c *call) peek() (why, err error) {
	if c.r.Method != http.MethodPost {
		return notAllowed("a %s names no operation", c.r.Method), nil
	}
	if coding := c.r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return unclear("the body is compressed"), nil
	}
	most := mostPeek
	if n := c.r.ContentLength; n >= 0 && n < mostPeek {
		most = int(n)
	}
	data := make([]byte, 0, min(most, 8<<10))
	defer func() {
		c.body.ahead = data
		c.rc.SetReadDeadline(time.Time{})
	}()
	for tried := 0; ; {
		whole := c.body.done.Load()
		// Each try reads from the start, so there is none before the double has come.
		if last := whole || len(data) == mostPeek; last || len(data) > 0 && len(data) >= 2*tried {
			c.message, err = address.Read(data, whole, c.r.Header.Get("Content-Type"))
			if err == nil {
				return nil, nil
			}
			if last || err != address.ErrShort {
				return unread(data, err), nil
			}
			tried = len(data)
		}
		if len(data) == cap(data) {
			data = slices.Grow(data, min(len(data), mostPeek-len(data)))
		}
		n, err := punctual{c}.Read(data[len(data):min(cap(data), mostPeek)])
		data = data[:len(data)+n]
		if err != nil && err != io.EOF {
			return nil, bodyFault(err)
		}
	}
}

// operationOf finds the operation of a message by all that names it.
func (p *pass) operationOf(m *address.Message, actions []string) (string, error) {
	if m.EncryptedBody() {
		return "", unclear("the body is encrypted")
	}
	if p.known == nil {
		return byName(m, actions)
	}
	left := p.bare
	if !m.Empty {
		left = p.byElement[xsd.Name{Space: m.Space, Local: m.Local}]
	}
	if len(left) == 0 {
		return "", notAllowed("the contract has no operation whose message has the body {%s}%s", clip(m.Space, 100), clip(m.Local, 100))
	}
	for _, action := range actions {
		of := p.byAction[action]
		if len(of) == 0 {
			return "", notAllowed("the contract has no action %s", clip(action, 100))
		}
		if left = common(left, of); len(left) == 0 {
			return "", notAllowed("the body is not that of the operation which the action %s names", clip(action, 100))
		}
	}
	if len(left) > 1 {
		return "", unclear("several operations have this body, and no SOAPAction says which it is")
	}
	return left[0], nil
}

func common(a, b []string) []string {
	var both []string
	for _, x := range a {
		if slices.Contains(b, x) {
			both = append(both, x)
		}
	}
	return both
}

// byName takes the body's element for the operation's name where there is no contract. Every
// action must end in the same name, or somebody could ask for one operation by the
// action and show another in the body.
func byName(m *address.Message, actions []string) (string, error) {
	name := m.Local
	for _, action := range actions {
		last := action[strings.LastIndexAny(action, "/:#")+1:]
		if name == "" {
			name = last
		}
		if last != name {
			return "", notAllowed("the action %s and the body's element %s name two operations, as far as the broker can tell without a contract", clip(action, 100), clip(name, 100))
		}
	}
	if name == "" {
		return "", unclear("the body is empty and there is no SOAPAction")
	}
	return name, nil
}
