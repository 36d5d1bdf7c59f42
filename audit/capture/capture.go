// Package capture keeps what a route's audit level asks for beyond metadata: header
// fields that are allow-listed, and bodies, redacted and encrypted to reviewers. What
// cannot be redacted with certainty is not kept, and the record says why.
package capture

import (
	"errors"
	"fmt"
	"mime"
	"slices"
	"strings"

	"twohop/internal/fault"
)

// Config says what to keep of the calls of a route.
type Config struct {
	Headers []string // names of fields of the request and the answer
	Types   []string // media types of bodies, JSON or XML
	Redact  []string // JSON paths ($.card.number) and XML names (Password)
	Max     int      // of a body, in bytes; the rest is left out
}

// Plan is a Config that was checked. It is immutable and safe for concurrent use.
type Plan struct {
	headers []string // canonical
	types   []string
	paths   []path
	names   []string
	max     int
}

// alwaysRedacted are names in XML whose content is a credential: WS-Security 1.1.1,
// UsernameToken Profile and X.509 Certificate Token Profile, and WS-Trust 1.4.
var alwaysRedacted = []string{"Password", "BinarySecurityToken", "BinarySecret", "UsernameToken", "Assertion"}

// New checks c. The error joins *fault.Field values; New reports all of them.
func New(c Config) (*Plan, error) {
	p := &Plan{max: c.Max, names: slices.Clone(alwaysRedacted)}
	var errs []error
	fail := func(list string, i int, what, fix string) {
		errs = append(errs, &fault.Field{Path: fmt.Sprintf("%s[%d]", list, i), What: what, Fix: fix})
	}
	for i, name := range c.Headers {
		if what, fix := wrongHeader(name); what != "" {
			fail("headers", i, what, fix)
			continue
		}
		p.headers = append(p.headers, canonical(name))
	}
	for i, text := range c.Types {
		media, _, err := mime.ParseMediaType(text)
		if err != nil || media != strings.ToLower(text) || formOf(media) == noForm {
			fail("bodies.types", i, fmt.Sprintf("%q is no media type that can be redacted", text), "name one of JSON or XML: application/json, text/xml, application/soap+xml")
			continue
		}
		p.types = append(p.types, media)
	}
	for i, text := range c.Redact {
		if !strings.HasPrefix(text, "$") {
			if !isXMLName(text) {
				fail("bodies.redact", i, fmt.Sprintf("%q is neither a JSON path nor a name in XML", text), "write $.card.number for JSON, or the name without its prefix for XML")
				continue
			}
			p.names = append(p.names, text)
			continue
		}
		steps, err := parsePath(text)
		if err != nil {
			fail("bodies.redact", i, fmt.Sprintf("%q is no path: %v", text, err), "write names and *, for example $.order.card, $..pin or $['card number']")
			continue
		}
		p.paths = append(p.paths, steps)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return p, nil
}

// form is how a body is read.
type form int

const (
	noForm form = iota
	jsonForm
	xmlForm
)

func formOf(media string) form {
	switch {
	case media == "application/json", strings.HasSuffix(media, "+json"):
		return jsonForm
	case media == "text/xml", media == "application/xml", strings.HasSuffix(media, "+xml"):
		return xmlForm
	}
	return noForm
}
