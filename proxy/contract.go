package proxy

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"twohop/audit"
	"twohop/internal/fault"
	"twohop/translate/address"
)

// longContract is the longest contract, or schema of one, that is read to be rewritten.
const longContract = 16 << 20

// asked is what a call for a contract asks for.
type asked uint8

const (
	nothing    asked = iota
	wsdlFile         // ?wsdl, ?xsd, DISCO, or a file by its name
	singleFile       // ?singleWsdl
	metadata         // WS-MetadataExchange, which is a message
)

// contractAsked tells from the request line whether a call is for a contract.
func (c *call) contractAsked() asked {
	if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		return nothing
	}
	switch key, _ := c.contractQuery(); key {
	case "wsdl", "wsdl2", "xsd", "xsd2", "schema", "disco":
		return wsdlFile
	case "singlewsdl":
		return singleFile
	}
	if rest := strings.ToLower(c.rest); strings.HasSuffix(rest, ".wsdl") || strings.HasSuffix(rest, ".xsd") {
		return wsdlFile
	}
	return nothing
}

// contractQuery returns the first parameter of the query, its name in lower case.
func (c *call) contractQuery() (key, value string) {
	first, _, _ := strings.Cut(c.r.URL.RawQuery, "&")
	key, value, _ = strings.Cut(first, "=")
	if plain, err := url.QueryUnescape(value); err == nil {
		value = plain
	}
	return strings.ToLower(key), value
}

// contract answers a call for the contract that the broker keeps.
func (c *call) contract() error {
	c.origin = c.address()
	if err := c.record(audit.Begin); err != nil {
		return err
	}
	c.begun = true
	data, err := c.savedContract()
	if err != nil {
		return err
	}
	switch {
	case c.asked == metadata:
		return c.sendContract(data, type12+"; charset=utf-8")
	case declaresOther(data):
		return c.sendContract(data, type11)
	}
	return c.sendContract(data, type11+"; charset=utf-8")
}

// sendContract answers with a contract that the broker has made.
func (c *call) sendContract(data []byte, contentType string) error {
	c.status = http.StatusOK
	h := c.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-cache") // it changes with routes.yaml, and nothing else tells
	c.route.response.apply(h)
	c.shown()
	h.Set("Content-Length", strconv.Itoa(len(data)))
	if c.r.Method == http.MethodHead {
		return c.last(nil)
	}
	c.answer.begin(c.digest(), c.route.evidence.bodies.Body(h))
	return c.last(data)
}

// declaresOther reports whether a document is, or says that it is, not UTF-8.
func declaresOther(data []byte) bool {
	if data[0] != '<' && data[0] != 0xEF {
		return true
	}
	head := strings.ToLower(string(data[:min(len(data), 128)]))
	declaration, _, ok := strings.Cut(head, "?>")
	return ok && strings.Contains(declaration, "encoding") && !strings.Contains(declaration, "utf-8")
}

func (c *call) savedContract() ([]byte, error) {
	s := c.route.pass.saved
	if c.asked == wsdlFile {
		d := s.find(c.contractQuery())
		if d == nil {
			f := fault.New(fault.NoRoute, "the contract of this route has no such file")
			f.Fix = "Ask for ?wsdl, and for what it imports by the names in it."
			return nil, f
		}
		return c.rewritten(d.data, "", d)
	}
	data, err := s.single()
	if err != nil {
		f := fault.New(fault.RouteUnavailable, "the files of the contract cannot be put into one").Because(err)
		f.Fix = "Ask for ?wsdl, which imports the others."
		return nil, f
	}
	if c.asked == metadata {
		data = address.Metadata(data, c.message.ID)
	}
	return c.rewritten(data, "", nil)
}

// rewritten returns a contract with its addresses turned to the front door. d is the file
// that it is, nil for one of the target.
func (c *call) rewritten(data []byte, charset string, d *document) ([]byte, error) {
	return address.Rewrite(data, charset, func(p address.Place, location string) string {
		if d != nil && (p == address.Document || p == address.Schema) {
			if ref := d.refs[location]; ref != nil {
				key := map[bool]string{true: "wsdl", false: "xsd"}[p == address.Document]
				return c.front(c.r.URL.EscapedPath()) + "?" + key + "=" + url.QueryEscape(ref.name)
			}
			return location
		}
		return c.turnAddress(p, location)
	})
}

// front returns the URL of a path at the front door, by the name that the caller used.
func (c *call) front(path string) string { return "https://" + c.r.Host + path }

// turnAddress turns an address in a contract to the front door. The services behind a route
// often know themselves by another name and scheme than the route does, so the path
// decides too; what a port is called at is never left.
func (c *call) turnAddress(p address.Place, location string) string {
	u, err := c.origin.Parse(location)
	if err != nil || location == "" || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return location
	}
	path := u.EscapedPath()
	turned := c.turnPath(path)
	out := ""
	switch {
	case c.atTarget(u), path == c.origin.EscapedPath(), p == address.Endpoint && turned != path:
		out = c.front(turned)
	case p == address.Endpoint:
		return c.front(strings.TrimSuffix(c.r.URL.EscapedPath(), "/mex"))
	default:
		return location
	}
	if u.RawQuery != "" {
		out += "?" + u.RawQuery
	}
	if here, err := url.Parse(c.front(c.r.URL.RequestURI())); err == nil {
		if same, err := here.Parse(location); err == nil && same.String() == out {
			return location // relative, and right as it is
		}
	}
	return out
}

// plainly asks the target for a contract as it can be rewritten: whole, and not compressed.
func plainly(h http.Header) {
	for _, name := range []string{"Accept-Encoding", "Range", "If-Range", "If-None-Match", "If-Modified-Since"} {
		delete(h, name)
	}
}

// turnContract passes on an answer with a contract in it.
func (c *call) turnContract(resp *http.Response) error {
	h := c.w.Header()
	for _, name := range []string{"Etag", "Last-Modified", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest", "Accept-Ranges", "Content-Length"} {
		delete(h, name) // of other bytes
	}
	h["Cache-Control"] = []string{"no-cache"}
	if c.r.Method == http.MethodHead {
		c.shown()
		resp.Body.Close()
		return c.last(nil)
	}
	data, err := c.readContract(resp)
	if err != nil {
		return err
	}
	if data, err = c.rewritten(data, address.Charset(resp.Header.Get("Content-Type")), nil); err != nil {
		return c.badContract("the contract cannot be read: %v", err)
	}
	c.shown()
	h["Content-Length"] = []string{strconv.Itoa(len(data))}
	c.answer.begin(c.digest(), c.route.evidence.bodies.Body(h))
	return c.last(data)
}

func (c *call) readContract(resp *http.Response) ([]byte, error) {
	if coding := resp.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, c.badContract("the contract is encoded as %.20q although nobody asked for that", coding)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, longContract+1))
	if err != nil {
		return nil, err
	}
	if len(data) > longContract {
		return nil, c.badContract("the contract is longer than the %d bytes that are read to rewrite it", longContract)
	}
	return data, resp.Body.Close()
}

func (c *call) badContract(what string, args ...any) error {
	f := fault.New(fault.TargetBadAnswer, what, args...)
	f.Fix = "An admin saves the contract and names it under the route's soap.contract, so that the broker serves it."
	return f
}
