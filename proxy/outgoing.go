package proxy

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"twohop/target"
)

// outgoing builds the call to the target.
func (c *call) outgoing() (*target.Call, error) {
	if c.errand.operation != nil {
		return c.ask()
	}
	in := c.r
	out := &target.Call{Limits: c.route.limits, Repeatable: c.route.idempotent, Interim: c.interim}
	ctx := in.Context()
	if c.upgrades() {
		ctx, c.hangUp = context.WithCancel(ctx)
	}
	address, header := c.address(), c.requestHeader()
	if c.asked != nothing {
		c.origin = address
		plainly(header)
	}
	c.redirect()
	out.Request = (&http.Request{
		Method: in.Method, URL: address, Host: c.host(), Header: header, ContentLength: c.length(),
	}).WithContext(ctx)
	most := c.hold()
	switch {
	case in.ContentLength == 0:
		return out, nil
	case most > 0:
		var err error
		out.Data, err = c.spool(most)
		return out, err
	}
	out.Request.Body = c.body
	if announced := trailer(in.Trailer, c.reserved); len(announced) > 0 && in.ContentLength < 0 {
		out.Request.Header["Trailer"] = []string{strings.Join(slices.Sorted(maps.Keys(announced)), ", ")}
		out.Trailer = func() http.Header { return trailer(in.Trailer, c.reserved) }
	}
	if in.ProtoMajor == 1 {
		c.rc.EnableFullDuplex() // a target may answer while the body is still coming
	}
	return out, nil
}

// What is read of a request body before the target hears of the call.
const (
	shortBody  = 16 << 10 // the head and it are one write
	repeatBody = 64 << 10 // kept so that the call can be sent again
)

// hold returns the longest body that is read whole first; 0 says that it is streamed.
func (c *call) hold() int64 {
	switch n := c.length(); {
	case n < 0:
		return c.way.bufferRequest
	case n <= shortBody, n <= repeatBody && c.route.idempotent:
		return n
	}
	return 0
}

// length is that of the body at the target.
func (c *call) length() int64 {
	if n := c.r.ContentLength; n <= 0 {
		return n
	}
	return c.r.ContentLength + int64(c.grown)
}

// address is the call's URL at the target.
func (c *call) address() *url.URL {
	w, rest, query := c.way, c.rest, c.r.URL.RawQuery
	if c.route.translation != nil {
		rest, query = "", "" // they name the operation, and are not the target's
	}
	path := splice(w.base, rest)
	c.base = w.base
	if t := c.route.rewrite; t != nil {
		c.base, path = t.fill(c.match.vars, rest)
	}
	if w.query != "" && query != "" {
		query = w.query + "&" + query
	} else if w.query != "" {
		query = w.query
	}
	u := &url.URL{Scheme: w.scheme, Host: w.host, RawPath: path, RawQuery: query, ForceQuery: c.r.URL.ForceQuery && c.route.translation == nil}
	u.Path, _ = url.PathUnescape(path) // path is made of escaped parts
	return u
}

func (c *call) host() string {
	switch c.way.hostPolicy {
	case "caller":
		return c.r.Host
	case "target":
		return "" // the URL's
	}
	return c.way.hostPolicy
}
