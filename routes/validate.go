package routes

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// checker collects what the keys mean together.
type checker struct {
	*Table
	errs *ErrorList
	now  time.Time
}

func (c *checker) fail(path, what, fix string) { *c.errs = append(*c.errs, c.Error(path, what, fix)) }

func (c *checker) warn(path, what, fix string) {
	c.warnings = append(c.warnings, c.Error(path, what, fix))
}

// nameForm keeps names readable in logs, metrics and paths of this file.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)

func (t *Table) validate(errs *ErrorList, now time.Time) {
	c := &checker{t, errs, now}
	c.listeners()
	c.callers()
	c.exceptions()
	for _, name := range slices.Sorted(maps.Keys(t.Targets)) {
		x := t.Targets[name]
		c.name("targets."+name, name)
		c.target("targets."+name, &x)
	}
	c.routes()
	c.unused()
}

func (c *checker) name(path, name string) {
	if !nameForm.MatchString(name) {
		c.fail(path, strconv.Quote(name)+" is not a name", "use letters, digits, - and _")
	}
}

func (c *checker) listeners() {
	seen := map[string]bool{}
	for i, l := range c.Listen {
		path := index("listen", i)
		if _, port, err := net.SplitHostPort(l.Address); err != nil || port == "" {
			c.fail(path+".address", strconv.Quote(l.Address)+" is not host:port", `write ":443" or "10.0.0.5:443"`)
		} else if seen[l.Address] && port != "0" {
			c.fail(path+".address", "the address is given twice", "remove one listener")
		}
		seen[l.Address] = true
		if l.Idle < 100*time.Second {
			c.warn(path+".idle", "below the 100 s that .NET keeps an unused connection", "set it above 100s, or callers meet closed connections")
		}
		if c.Certificates.Local && len(l.Hosts) == 0 {
			c.fail(path+".hosts", "is missing", "certificates.local makes a CA that is limited to these names: write hosts: [localhost]")
		}
	}
	if len(c.Listen) == 0 {
		c.fail("listen", "has no listener", `write - address: ":443"`)
	}
	if len(c.Certificates.Files) == 0 && !c.Certificates.Local {
		c.fail("certificates", "the front door has no certificate", "add files: [{cert: chain.pem, key: key.pem}], or local: true for trying it out")
	}
	if host, _, err := net.SplitHostPort(c.Admin.Address); c.Admin.Address != "off" && (err != nil || !isLoopback(host)) {
		c.fail("admin.address", strconv.Quote(c.Admin.Address)+" is not a loopback address", `write "127.0.0.1:9443" or "off"; probes from elsewhere use health.address`)
	}
	if c.Health.Address != "" {
		if _, port, err := net.SplitHostPort(c.Health.Address); err != nil || port == "" {
			c.fail("health.address", strconv.Quote(c.Health.Address)+" is not host:port", `write ":8080"`)
		}
	}
}

func (c *checker) callers() {
	hashes := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(c.Callers)) {
		x, path := c.Callers[name], "callers."+name
		c.name(path, name)
		if name == Anyone {
			c.fail(path, `"anyone" is the word for no credential at all`, "choose another name")
		}
		if x.APIKey == nil && x.ClientCertificate == nil {
			c.fail(path, "has no credential", "add api_key (made by `twohop caller key new`) or client_certificate")
		}
		if x.APIKey != nil {
			sum := strings.ToLower(x.APIKey.SHA256)
			if raw, err := hex.DecodeString(sum); err != nil || len(raw) != 32 {
				c.fail(path+".api_key.sha256", "is not a SHA-256 in hex", "run `twohop caller key new` and paste what it prints; the key itself does not belong here")
			} else if first, dup := hashes[sum]; dup {
				c.fail(path+".api_key.sha256", "is also the key of caller "+first, "make a key of its own for each caller")
			}
			hashes[sum] = name
		}
	}
}

func (c *checker) exceptions() {
	for _, name := range slices.Sorted(maps.Keys(c.Exceptions)) {
		x, path := c.Exceptions[name], "exceptions."+name
		c.name(path, name)
		for key, text := range map[string]string{"owner": x.Owner, "approved_by": x.ApprovedBy, "ticket": x.Ticket, "reason": x.Reason} {
			if strings.TrimSpace(text) == "" {
				c.fail(path+"."+key, "is empty", "an exception names its owner, approver, ticket and reason")
			}
		}
		if len(x.Allows) == 0 || len(x.Targets) == 0 {
			c.fail(path, "allows nothing", "list what it allows and for which targets")
		}
		for i, at := range x.Targets {
			if host, port, err := net.SplitHostPort(at); err != nil || host == "" || port == "" {
				c.fail(index(path+".targets", i), strconv.Quote(at)+" is not host:port", "write it as in the target's url, for example wms01.corp.local:8443")
			}
		}
		left := int(x.Expires.End().Sub(c.now).Hours() / 24)
		switch {
		case x.Expires.End().After(c.now.AddDate(0, 0, 367)):
			c.fail(path+".expires", fmt.Sprintf("is %d days ahead", left), "choose a day at most 366 days ahead and renew it after a review")
		case x.Expired(c.now):
			c.warn(path+".expires", "the exception has ended", "its routes answer 503 until it is renewed")
		case left < 60:
			c.warn(path+".expires", fmt.Sprintf("ends in %d days", left), "renew it after a review, or upgrade the target")
		}
	}
}

func (c *checker) target(path string, x *Target) {
	u, err := url.Parse(x.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "":
		c.fail(path+".url", "is not an http or https URL", "write https://host:port/path")
		return
	case u.User != nil:
		c.fail(path+".url", "holds a credential", "take it out and send it by headers: {set: {Authorization: \"${file:PATH}\"}}")
	case u.Fragment != "":
		c.fail(path+".url", "has a fragment (#)", "remove it; it is never sent")
	case strings.Contains(u.EscapedPath(), "//"):
		c.fail(path+".url", "has an empty path segment (//)", "write one slash")
	}
	c.headers(path+".headers", x.Headers)
	if x.SourceAddress != "" && net.ParseIP(x.SourceAddress) == nil {
		c.fail(path+".source_address", "is not an IP address", "write an address of this machine")
	}
	if x.Host != "target" && x.Host != "caller" && !httpguts.ValidHostHeader(x.Host) {
		c.fail(path+".host", strconv.Quote(x.Host)+" is not a host", "write target, caller or a host name")
	}
	c.via(path+".via", x.Via)
	if u.Scheme == "http" && (x.TLS.Version != 0 || x.TLS.Min != 0 || x.TLS.Max != 0 || x.TLS.Suites != nil || x.TLS.Pins != nil || x.TLS.CA != "") {
		c.fail(path+".tls", "has no meaning for a plain http url", "write https in url, or remove tls")
		return
	}
	c.tls(path+".tls", x.TLS)
	c.exception(path, x, u)
}

func (c *checker) via(path string, via Secret) {
	if via.Reveal() == "" {
		return
	}
	u, err := url.Parse(via.Reveal())
	if err != nil || u.Scheme != "http" || u.Host == "" { // the error would show the secret
		c.fail(path, "is not the URL of a CONNECT proxy", "write http://[user:password@]host:port")
		return
	}
	if _, secret := u.User.Password(); secret && !via.Referred() {
		c.fail(path, "holds a password in clear", "put it in a file and write ${file:PATH}")
	}
}

func (c *checker) tls(path string, x TargetTLS) {
	if x.Version != 0 && (x.Min != 0 || x.Max != 0) {
		c.fail(path+".version", "stands beside min or max", "write either version, or min and max")
	}
	if x.Min != 0 && x.Max != 0 && x.Min > x.Max {
		c.fail(path+".min", fmt.Sprintf("%v is above max %v", x.Min, x.Max), "swap them")
	}
	for i, pin := range x.Pins {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(pin, "sha256/"))
		if !strings.HasPrefix(pin, "sha256/") || err != nil || len(raw) != 32 {
			c.fail(index(path+".pins", i), "is not a pin", "write sha256/ and 44 characters of base64; `twohop probe` prints it")
		}
	}
	low, high := x.Version, x.Version
	if low == 0 {
		low, high = x.Min, x.Max
	}
	for i, name := range x.Suites {
		at := index(path+".suites", i)
		s := SuiteByName(name)
		if s == nil {
			fix := suggest(name, suiteNames())
			if fix == "" {
				fix = "use the IANA name of a suite that Go's crypto/tls has; `twohop probe` prints those that a target takes"
			}
			c.fail(at, strconv.Quote(name)+" is not a suite that this broker speaks", fix)
			continue
		}
		switch first, last := Version(s.SupportedVersions[0]), Version(s.SupportedVersions[len(s.SupportedVersions)-1]); {
		case first == tls13:
			c.fail(at, "is a TLS 1.3 suite, which cannot be chosen", "remove it; with 1.3 all of its suites are offered")
		case high != 0 && first > high:
			c.fail(at, fmt.Sprintf("needs TLS %v, and the target's highest is %v", first, high), "remove it, or raise the version")
		case low != 0 && last < low:
			c.fail(at, fmt.Sprintf("ends with TLS %v, and the target's lowest is %v", last, low), "remove it, or lower the version")
		}
	}
	if low == tls13 && len(x.Suites) > 0 {
		c.fail(path+".suites", "cannot be chosen for TLS 1.3", "remove them")
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
func (c *checker) exception(path string, x *Target, u *url.URL) {
	var e *Exception
	if x.Exception != "" {
		found, ok := c.Exceptions[x.Exception]
		if !ok {
			c.fail(path+".exception", strconv.Quote(x.Exception)+" is not an exception", either(suggest(x.Exception, slices.Sorted(maps.Keys(c.Exceptions))), "define it under exceptions"))
			return
		}
		e = &found
		if !slices.ContainsFunc(e.Targets, func(at string) bool { return strings.EqualFold(at, hostPort(u)) }) {
			c.fail(path+".exception", "the exception is not for "+hostPort(u), "add it to exceptions."+x.Exception+".targets after approval")
		}
	}
	p := x.Protection(e)
	switch {
	case e == nil && p.Plain && !p.Loopback:
		c.fail(path+".url", "plain http needs an exception", "name one that allows http under "+path+".exception")
	case e == nil && len(p.Weak) > 0:
		c.fail(path+".tls", "needs an exception for "+strings.Join(p.Weak, ", "), "name one under "+path+".exception")
	case e != nil && len(p.Missing(e.Allows)) > 0:
		c.fail(path+".exception", "does not allow "+strings.Join(p.Missing(e.Allows), ", "), "add it to exceptions."+x.Exception+".allows after approval")
	case e != nil && len(p.Weak) == 0:
		c.warn(path+".exception", "the target does not need it", "remove it")
	}
}

func either(first, second string) string {
	if first != "" {
		return first
	}
	return second
}

// ownHeaders are written by the broker; setting them would break the framing.
var ownHeaders = map[string]string{
	"Host": "use the target's host key", "Content-Length": "", "Transfer-Encoding": "", "Connection": "", "Keep-Alive": "",
	"Proxy-Connection": "", "Te": "", "Trailer": "", "Upgrade": "", "Expect": "",
}

// credentialHeaders must not stand in the file in clear.
var credentialHeaders = []string{"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "ocp-apim-subscription-key"}

func (c *checker) headers(path string, h Headers) {
	for _, name := range slices.Sorted(maps.Keys(h.Set)) {
		at, value := path+".set."+name, h.Set[name]
		c.headerName(at, name)
		if !httpguts.ValidHeaderFieldValue(value.Reveal()) {
			c.fail(at, "the value holds a character that a header cannot carry", "remove line breaks and control characters")
		}
		if slices.Contains(credentialHeaders, strings.ToLower(name)) && !value.Referred() {
			c.fail(at, "holds a credential in clear", "put it in a file and write ${file:PATH}, or ${env:NAME}")
		}
	}
	for i, name := range h.Remove {
		c.headerName(index(path+".remove", i), name)
	}
}

func (c *checker) headerName(path, name string) {
	canonical := canonicalHeader(name)
	if fix, own := ownHeaders[canonical]; own {
		c.fail(path, canonical+" is the broker's own", either(fix, "remove it"))
	} else if !httpguts.ValidHeaderFieldName(name) {
		c.fail(path, strconv.Quote(name)+" is not a header name", "use letters, digits and -")
	}
}

func (c *checker) unused() {
	used := map[string]bool{}
	mark := func(x *Target) { used[x.Exception] = true }
	for _, x := range c.Targets {
		mark(&x)
	}
	for i := range c.Routes {
		if x := c.Routes[i].Target.Inline; x != nil {
			mark(x)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Exceptions)) {
		if !used[name] {
			c.warn("exceptions."+name, "no target uses it", "remove it")
		}
	}
}
