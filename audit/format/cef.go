package format

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"twohop/audit/entry"
	"twohop/audit/search"
)

// cef writes ArcSight Common Event Format, version 0 of the format, with the keys of the
// extension dictionary (Implementing ArcSight Common Event Format, version 27):
//
//	class id   call:answered and so on, call:running, call:unfinished, with each line for itself call:begin; event: and log: with what it is about
//	name       what happened, in two or three words
//	severity   1 answered or not over, 3 answered over a hop below TLS 1.2, 4 gone, 5 failed and truncated, 6 refused, 7 unfinished, 8 broken; of events 1 to 8
//	rt, start, end            when it was recorded; when the call began, and ended
//	cat                       call, event, log
//	src, spt, suser           the caller; c6a2 for an IPv6 address
//	dst, dpt, dhost, destinationServiceName  the target: the address, its name, its name in routes.yaml; c6a3 for IPv6
//	requestMethod, request, app              the request, its path with {variables} by name
//	act, outcome, reason, msg allowed or denied; success or failure; the code; the cause, or the event's message
//	in, out                   body bytes from and to the caller
//	cn1, cn2, cn3             status to the caller, status from the target, milliseconds
//	cs1 to cs6                route, hop 1, hop 2, exception, line of the audit log, outcome
//	flexString1               the SOAP operation; cs1 to cs6 are taken
//	externalId, cnt, type     correlation id; how many refusals were counted together, and then 1
//	spriv                     how the caller was known
type cef struct {
	w       *bufio.Writer
	version string
	b       []byte
}

// CEF writes rows to w as Common Event Format, one a line. version is this program's.
func CEF(w io.Writer, version string) Writer { return &cef{w: bufio.NewWriter(w), version: version} }

func (c *cef) Close() error { return c.w.Flush() }

func (c *cef) Write(r search.Row) error {
	var e entry.Entry
	if err := e.Parse(r.Text); err != nil {
		return fmt.Errorf("line %s: %w", place(&r), err)
	}
	c.b = append(c.b[:0], "CEF:0"...)
	class, name := e.What()+":"+string(e.EventName()), happened(&e)
	if e.What() == entry.Call {
		word := ending(&e, r.State)
		if word == "" {
			word = string(e.Stage)
		}
		class, name = "call:"+word, "Call "+word
		if e.Class == entry.ClassNetwork {
			class, name = "handshake:"+word, "Handshake "+word
		}
	}
	for _, part := range []string{"twohop", "twohop", c.version, class, name, strconv.Itoa(severity(&e, r.State))} {
		c.b = append(c.b, '|')
		c.b = append(c.b, header.Replace(Safe(cut(part, 512)))...)
	}
	c.b = append(c.b, '|')
	c.times(&e, r.State)
	c.text("cat", e.What(), 1023)
	c.sides(&e)
	c.request(&e)
	c.verdict(&e, &r)
	c.custom(&e, &r)
	c.b = append(c.b, '\n')
	_, err := c.w.Write(c.b)
	return err
}

func (c *cef) times(e *entry.Entry, state search.State) {
	c.number("rt", e.Logged)
	if e.What() != entry.Call {
		c.number("start", e.Time)
		return
	}
	if e.Count > 0 {
		c.number("start", e.First)
		c.number("end", e.Time)
		c.number("cnt", e.Count)
		c.number("type", 1)
		return
	}
	c.number("start", e.Time)
	if state != search.Begun && state != search.Cut {
		c.number("end", e.Logged)
	}
}

// sides writes who called, and whom.
func (c *cef) sides(e *entry.Entry) {
	c.address("src", "c6a2", "Source IPv6 Address", e.SourceIP)
	c.number("spt", e.SourcePort)
	c.text("suser", string(e.User), 1023)
	c.text("spriv", string(e.CallerBy), 1023)
	c.address("dst", "c6a3", "Destination IPv6 Address", e.TargetIP)
	c.number("dpt", e.TargetPort)
	if host, _, err := net.SplitHostPort(string(e.Endpoint)); err == nil {
		c.text("dhost", host, 1023)
	}
	c.text("destinationServiceName", string(e.Target), 1023)
}

func (c *cef) address(v4, v6, label string, ip []byte) {
	a, err := netip.ParseAddr(string(ip))
	switch {
	case err != nil:
	case a.Is4():
		c.text(v4, a.String(), 15)
	default:
		c.text(v6, a.String(), 64)
		c.text(v6+"Label", label, 1023)
	}
}

func (c *cef) request(e *entry.Entry) {
	c.text("requestMethod", string(e.Method), 1023)
	if e.Path != nil {
		host := string(e.Host)
		if e.Port != 0 {
			host = net.JoinHostPort(host, strconv.FormatInt(e.Port, 10))
		}
		if host != "" {
			host = "https://" + host
		}
		c.text("request", host+string(e.Path), 1023)
	}
	c.text("app", string(e.Proto), 31)
}

func (c *cef) verdict(e *entry.Entry, r *search.Row) {
	open := e.What() == entry.Call && ending(e, r.State) == "" // nothing is decided by such a line
	switch {
	case open:
	case e.Action == 1:
		c.text("act", "allowed", 63)
	case e.Action == 2:
		c.text("act", "denied", 63)
	}
	if e.What() == entry.Call && !open && r.State != search.Begun {
		result := "failure"
		if string(e.Outcome) == entry.Answered {
			result = "success"
		}
		c.text("outcome", result, 63)
	}
	c.text("reason", string(e.Code), 1023)
	message := string(e.Cause)
	switch {
	case e.Count > 0:
		message = fmt.Sprintf("%d refused from %s", e.Count, e.Network)
		if codes := codes(e); codes != "" {
			message += ": " + codes
		}
	case message == "":
		message = string(e.Message)
	}
	c.text("msg", message, 1023)
	if e.What() == entry.Call && e.Traffic1 {
		c.must("in", e.In1)
		c.must("out", e.Out1)
	}
	c.text("externalId", string(e.Correlation), 40)
}

// custom writes what the dictionary has no key for.
func (c *cef) custom(e *entry.Entry, r *search.Row) {
	for i, n := range []struct {
		label string
		n     int64
	}{{"status to the caller", e.Status}, {"status from the target", e.TargetStatus}, {"milliseconds", int64(e.MS + 0.5)}} {
		if n.n != 0 {
			key := "cn" + strconv.Itoa(i+1)
			c.number(key, n.n)
			c.text(key+"Label", n.label, 1023)
		}
	}
	word := ""
	if e.What() == entry.Call {
		word = ending(e, r.State)
		if r.State == search.Amended {
			word += ", amended"
		}
	}
	for i, s := range []struct{ label, text string }{
		{"route", string(e.Route)}, {"hop 1", hop(e.Hop1(), e.Suite1)}, {"hop 2", hop(e.Hop2(), e.Suite2)},
		{"exception", string(e.Exception)}, {"line", place(r)}, {"outcome", word},
	} {
		if s.text != "" {
			key := "cs" + strconv.Itoa(i+1)
			c.text(key, s.text, 4000)
			c.text(key+"Label", s.label, 1023)
		}
	}
	if len(e.Operation) > 0 {
		c.text("flexString1", string(e.Operation), 1023)
		c.text("flexString1Label", "operation", 128)
	}
}

func hop(version, suite []byte) string {
	return strings.TrimSpace(string(version) + " " + string(suite))
}
