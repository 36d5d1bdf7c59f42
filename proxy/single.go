package proxy

import (
	"errors"
	"net/http"
	"net/url"

	"twohop/audit"
	"twohop/internal/fault"
	"twohop/target"
	"twohop/translate/address"
)

// single puts the contract of the target, with all that it imports, into one file: most
// services have no ?singleWsdl of their own.
func (c *call) single() error {
	if err := c.record(audit.Begin); err != nil {
		return err
	}
	c.begun = true
	c.origin = c.address()
	c.origin.RawQuery = "wsdl"
	if c.way.query != "" {
		c.origin.RawQuery = c.way.query + "&wsdl"
	}
	f := &fetcher{call: c, known: map[string]address.Source{}}
	main, err := f.fetch(c.origin)
	if err != nil {
		return err
	}
	data, err := address.Single(main, f.open)
	if f.failed != nil {
		return f.failed
	}
	if err == nil {
		data, err = c.rewritten(data, "", nil)
	}
	if err != nil {
		// Not in the caller's words: it names places at the target.
		f := c.badContract("the contract cannot be put into one file")
		var known *fault.Fault
		if errors.As(f, &known) {
			return known.Because(err)
		}
		return f
	}
	return c.sendContract(data, "text/xml; charset=utf-8")
}

// fetcher reads the documents of a contract from the target.
type fetcher struct {
	*call
	known  map[string]address.Source
	size   int
	failed error // of the target, which is better told than that an import is missing
}

// open reads what a contract imports. What is at no target of this route stays where it is.
func (f *fetcher) open(from, location string) (address.Source, error) {
	base, err := url.Parse(from)
	if err != nil {
		return address.Source{}, err
	}
	u, err := base.Parse(location)
	if err != nil || location == "" || u.Scheme != "http" && u.Scheme != "https" {
		return address.Source{}, nil
	}
	if !f.atTarget(u) && u.EscapedPath() != f.origin.EscapedPath() {
		return address.Source{}, nil
	}
	at := *f.origin // by the scheme and the host that the broker knows it by
	at.Path, at.RawPath, at.RawQuery = u.Path, u.EscapedPath(), u.RawQuery
	src, err := f.fetch(&at)
	if err != nil {
		f.failed = err
	}
	return src, err
}

func (f *fetcher) fetch(u *url.URL) (address.Source, error) {
	name := u.String()
	if src, ok := f.known[name]; ok {
		return src, nil
	}
	header := f.requestHeader()
	plainly(header)
	out := &target.Call{Limits: f.route.limits, Request: (&http.Request{Method: http.MethodGet, URL: u, Host: f.host(), Header: header}).WithContext(f.r.Context())}
	received, sent := f.hop.Received, f.hop.Sent
	resp, err := f.way.target.Do(out, &f.hop)
	if err != nil {
		return address.Source{}, err
	}
	defer resp.Body.Close()
	defer func() { f.hop.Received, f.hop.Sent = f.hop.Received+received, f.hop.Sent+sent }()
	if resp.StatusCode != http.StatusOK {
		return address.Source{}, f.badContract("the target answers %d to a request for its contract", resp.StatusCode)
	}
	data, err := f.readContract(resp)
	if err != nil {
		return address.Source{}, err
	}
	if f.size += len(data); f.size > longContract {
		return address.Source{}, f.badContract("the contract is longer than the %d bytes that are read to rewrite it", longContract)
	}
	src := address.Source{Name: name, Data: data, Charset: address.Charset(resp.Header.Get("Content-Type"))}
	f.known[name] = src
	return src, nil
}
