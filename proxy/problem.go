package proxy

import (
	"cmp"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"

	"twohop/audit"
	"twohop/internal/fault"
)

// problem is what a caller gets instead of an answer: RFC 9457 with our extensions,
// or the same facts as a SOAP Fault.
type problem struct {
	Type        string `json:"type"`
	Title       string `json:"title"`
	Status      int    `json:"status"`
	Detail      string `json:"detail"`
	Fix         string `json:"fix"`
	Code        string `json:"code"`
	Hop         string `json:"hop"`
	Route       string `json:"route,omitempty"`
	Correlation string `json:"correlationId"`
	RetryAfter  int    `json:"retryAfterSeconds,omitempty"`

	more []fault.Member // further ones
}

type element struct{ name, text string }

// elements are the parts of a Fault's detail.
func (p *problem) elements() []element {
	list := []element{{"code", p.Code}, {"status", strconv.Itoa(p.Status)}, {"hop", p.Hop}, {"cause", p.Detail}, {"fix", p.Fix}, {"correlationId", p.Correlation}}
	if p.Route != "" {
		list = append(list, element{"route", p.Route})
	}
	if p.RetryAfter > 0 {
		list = append(list, element{"retryAfterSeconds", strconv.Itoa(p.RetryAfter)})
	}
	return list
}

func (c *call) problem(f *fault.Fault) *problem {
	e := f.Entry()
	p := &problem{Type: "urn:twohop:error:" + string(f.Code), Title: e.Title, Status: e.Status, Detail: f.Cause, Fix: f.Advice(),
		Code: string(f.Code), Hop: e.Hop.String(), Correlation: c.trace.id, RetryAfter: int(math.Ceil(f.RetryAfter.Seconds()))}
	if c.route != nil {
		p.Route = c.route.name
	}
	if t := f.Told; t != nil {
		p.Status, p.Title, p.Detail, p.Code, p.more = cmp.Or(t.Status, p.Status), cmp.Or(t.Title, p.Title), cmp.Or(t.Detail, p.Detail), cmp.Or(t.Code, p.Code), t.More
	}
	return p
}

// json writes p; a further member never takes the place of one of its own.
func (p *problem) json() []byte {
	b, _ := json.Marshal(p) // strings and numbers always encode
	for _, m := range p.more {
		name, _ := json.Marshal(m.Name)
		value := m.Raw
		if value == nil {
			value, _ = json.Marshal(m.Text)
		}
		b = append(append(b[:len(b)-1], ','), name...)
		b = append(append(append(b, ':'), value...), '}')
	}
	return b
}

// refuse sends the fault in the caller's language. A SOAP caller gets status 500
// whatever the cause, because WCF reads a body only with 2xx and 500; the real status
// stands in the detail.
func (c *call) refuse(f *fault.Fault) {
	p := c.problem(f)
	var contentType string
	var body []byte
	if c.soap == notSOAP {
		contentType = "application/problem+json"
		body = p.json()
		c.status = p.Status
	} else {
		contentType, body = faultXML(c.soap, p)
		c.status = http.StatusInternalServerError
	}
	if c.r.Method != http.MethodHead {
		c.out = int64(len(body))
	}
	err := c.record(audit.End)
	if !c.counted { // or who may flood the log of calls would flood this one
		c.log(f)
	}
	if err != nil && f.Code != fault.AuditUnavailable {
		c.fail(err)
		return
	}
	c.clearHeader() // of an answer that could not be sent
	h := c.w.Header()
	for name, value := range f.Header {
		h.Set(name, value)
	}
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	unread := c.settle()
	if c.closes() {
		h.Set("Connection", "close")
	}
	c.writeBy(refusalTime)
	c.w.WriteHeader(c.status)
	c.w.Write(nil) // from here on net/http sends no 100
	if c.r.Method != http.MethodHead {
		c.w.Write(body) // the caller may be gone; the call is recorded
	}
	if unread {
		c.drain()
		c.writeBy(refusalTime)
	}
}

// refusalTime is how long a caller may take to read a refusal.
const refusalTime = 10 * time.Second
