package routes

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

func (c *checker) target(path string, x *Target) {
	urls := c.urls(path, x)
	c.balancing(path, x)
	c.headers(path+".headers", x.Headers)
	if _, err := netip.ParseAddr(x.SourceAddress); x.SourceAddress != "" && err != nil {
		c.fail(path+".source_address", "is not an IP address", "write an address of this machine")
	}
	if !isHost(strings.Trim(x.Host, "[]")) && !isHostPort(x.Host) {
		c.fail(path+".host", strconv.Quote(x.Host)+" is not a host", "write target, caller or a host name")
	}
	c.via(path+".via", x.Via)
	c.positive(path+".connections.idle", x.Connections.Idle)
	c.positive(path+".connections.age", x.Connections.Age)
	c.tls(path+".tls", x.TLS)
	switch {
	case len(urls) == 0:
	case urls[0].Scheme == "http" && !reflect.DeepEqual(x.TLS, TargetTLS{}):
		c.fail(path+".tls", "has no meaning for a plain http url", "write https in url, or remove tls")
	default:
		c.exception(path, x, urls)
	}
}

// url returns nil for one that nothing can be said about.
func (c *checker) url(path, text string) *url.URL {
	u, err := url.Parse(text) // the error would show the url, which may hold a credential
	if err != nil || u.Opaque != "" || u.Scheme != "http" && u.Scheme != "https" || !isHost(u.Hostname()) || !isPort(portOf(u), 1) {
		c.fail(path, "is not an http or https URL", "write https://host:port/path")
		return nil
	}
	if u.User != nil {
		c.fail(path, "holds a credential", "take it out and send it by headers: {set: {Authorization: \"${file:PATH}\"}}")
	}
	if u.Fragment != "" || strings.HasSuffix(text, "#") {
		c.fail(path, "has a fragment (#)", "remove it; it is never sent")
	}
	if strings.Contains(u.EscapedPath(), "//") {
		c.fail(path, "has an empty path segment (//)", "write one slash")
	}
	if hasDots(u.Path) {
		c.fail(path, "has a dot segment", "write the path it stands for")
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil && (addr.IsLinkLocalUnicast() || addr.IsMulticast() || addr.IsUnspecified()) {
		c.fail(path, "leads to a link-local, multicast or unspecified address, which is refused", "write the address of a service")
	}
	return u
}

func isHostPort(s string) bool {
	i := strings.LastIndexByte(s, ':')
	return i > 0 && isHost(strings.Trim(s[:i], "[]")) && isPort(s[i+1:], 1)
}

func hasDots(path string) bool {
	return slices.ContainsFunc(strings.Split(path, "/"), func(s string) bool { return s == "." || s == ".." })
}

func (c *checker) via(path string, via Secret) {
	if via.Reveal() == "" {
		return
	}
	u, err := url.Parse(via.Reveal()) // the error would show the secret
	if err != nil || u.Scheme != "http" || !isHost(u.Hostname()) || !isPort(u.Port(), 1) || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		c.failFor(path, &mistake{"is not the URL of a CONNECT proxy", "write http://[user:password@]host:port", via.Referred()})
		return
	}
	if _, secret := u.User.Password(); secret && !via.Referred() {
		c.fail(path, "holds a password in clear", "put it in a file and write ${file:PATH}")
	}
}

func (c *checker) tls(path string, x TargetTLS) {
	if x.Version != 0 && (x.Min != 0 || x.Max != 0) {
		c.reject(path+".version", "stands beside min or max", "write either version, or min and max")
	}
	if x.Min != 0 && x.Max != 0 && x.Min > x.Max {
		c.reject(path+".min", fmt.Sprintf("%v is above max %v", x.Min, x.Max), "swap them")
		return // what follows from it
	}
	if x.ServerName != "" && !isHost(x.ServerName) {
		c.fail(path+".server_name", strconv.Quote(x.ServerName)+" is not a host name", "write the name that the certificate carries")
	}
	for i, pin := range x.Pins {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(pin, "sha256/"))
		if pin != "" && (!strings.HasPrefix(pin, "sha256/") || err != nil || len(raw) != 32) {
			c.fail(index(path+".pins", i), "is not a pin", "write sha256/ and 44 characters of base64; `twohop probe` prints it")
		}
	}
	c.suites(path+".suites", x)
}

func (c *checker) suites(path string, x TargetTLS) {
	low, high := x.Version, x.Version
	if low == 0 {
		low, high = x.Min, x.Max
	}
	if low == tls13 && len(x.Suites) > 0 {
		c.fail(path, "cannot be chosen for TLS 1.3", "remove them")
		return
	}
	for i, name := range x.Suites {
		at, s := index(path, i), SuiteByName(name)
		if s == nil && name != "" {
			c.reject(at, strconv.Quote(name)+" is not a suite that this broker speaks",
				either(c.suggest(name, suiteNames()), "use the IANA name of a suite that Go's crypto/tls has; `twohop probe` prints those that a target takes"))
		}
		if s == nil {
			continue
		}
		switch first := Version(s.SupportedVersions[0]); {
		case first == tls13:
			c.fail(at, "is a TLS 1.3 suite, which cannot be chosen", "remove it; with 1.3 all of its suites are offered")
		case high != 0 && first > high:
			c.fail(at, fmt.Sprintf("needs TLS %v, and the target's highest is %v", first, high), "remove it, or raise the version")
		}
	}
}

func suiteNames() []string {
	var names []string
	for _, s := range SuitesBefore13() {
		names = append(names, s.Name)
	}
	return names
}

// exception checks that what the target needs is allowed, here, by name.
func (c *checker) exception(path string, x *Target, urls []*url.URL) {
	if !c.complete(path+".exception", path+".tls.version", path+".tls.min", path+".tls.max", path+".tls.suites", path+".via") {
		return
	}
	at, owner := path+".exception", join("exceptions", x.Exception)
	var e *Exception
	if x.Exception != "" {
		found, ok := c.Exceptions[x.Exception]
		if !ok {
			c.undefined(at, x.Exception, "an exception", "exceptions")
			return
		}
		if !c.complete(owner+".allows", owner+".targets") {
			return
		}
		e = &found
		for _, u := range urls {
			if !slices.ContainsFunc(e.Targets, func(t string) bool { return strings.EqualFold(t, hostPort(u)) }) {
				c.fail(at, "the exception is not for "+hostPort(u), "add it to "+owner+".targets after approval")
			}
		}
	}
	p := x.Protection(e)
	switch {
	case e == nil && p.Plain && !p.Loopback:
		c.fail(c.given(path, x), "plain http needs an exception", "name one that allows http under "+c.spot(at).path)
	case e == nil && len(p.Weak) > 0:
		c.fail(path+".tls", "needs an exception for "+strings.Join(p.Weak, ", "), "name one under "+c.spot(at).path)
	case e != nil && len(p.Missing(e.Allows)) > 0:
		c.fail(at, "does not allow "+strings.Join(p.Missing(e.Allows), ", "), "add it to "+owner+".allows after approval")
	case e != nil && len(p.Weak) == 0:
		c.warn(at, "the target does not need it", "remove it")
	}
}

// ownHeaders are written by the broker; setting them would break the framing.
var ownHeaders = map[string]string{
	"Host": "use the target's host key", "Content-Length": "", "Transfer-Encoding": "", "Connection": "", "Keep-Alive": "",
	"Proxy-Connection": "", "Te": "", "Trailer": "", "Upgrade": "", "Expect": "",
}

// credentialHeaders must not stand in the file in clear.
var credentialHeaders = []string{"Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key", "Api-Key", "Apikey", "X-Auth-Token", "X-Functions-Key", "Ocp-Apim-Subscription-Key"}

// isCredential reports whether a header field carries a credential, by its name or by
// the scheme that its value begins with (RFC 9110, section 11.4).
func isCredential(name, value string) bool {
	scheme, rest, _ := strings.Cut(value, " ")
	return slices.Contains(credentialHeaders, http.CanonicalHeaderKey(name)) ||
		rest != "" && (strings.EqualFold(scheme, "Basic") || strings.EqualFold(scheme, "Bearer"))
}

func (c *checker) headers(path string, h Headers) {
	seen := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(h.Set)) {
		at, value := join(path+".set", name), h.Set[name]
		c.headerName(at, name)
		if first, dup := seen[http.CanonicalHeaderKey(name)]; dup {
			c.fail(at, "is "+first+" again: case does not tell header fields apart", "remove one")
		}
		seen[http.CanonicalHeaderKey(name)] = name
		if !httpguts.ValidHeaderFieldValue(value.Reveal()) {
			c.failFor(at, &mistake{"the value holds a character that a header cannot carry", "remove line breaks and control characters", value.Referred()})
		}
		if isCredential(name, value.Reveal()) && !value.Referred() {
			c.fail(at, "holds a credential in clear", "put it in a file and write ${file:PATH}, or ${env:NAME}")
		}
	}
	c.headerNames(path+".remove", h.Remove)
	c.headerNames(path+".spell", h.Spell)
}

func (c *checker) headerNames(path string, names []string) {
	for i, name := range names {
		if name != "" {
			c.headerName(index(path, i), name)
		}
	}
}

func (c *checker) headerName(path, name string) {
	canonical := http.CanonicalHeaderKey(name)
	if fix, own := ownHeaders[canonical]; own {
		c.fail(path, canonical+" is the broker's own", either(fix, "remove it"))
	} else if !httpguts.ValidHeaderFieldName(name) {
		c.fail(path, strconv.Quote(name)+" is not a header name", "use letters, digits and -")
	}
}
