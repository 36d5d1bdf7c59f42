package routes

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Protection is how a call to a target is protected: what the TLS settings and the
// exception come to.
type Protection struct {
	Plain     bool     // http
	Min, Max  Version  // TLS versions offered
	Suites    []uint16 // offered up to TLS 1.2, strongest first; nil for Go's default
	Verify    string   // roots, ca, pin or ca+pin; "" when Plain
	Weak      []string // what it needs an exception for, strongest first
	Loopback  bool     // plain HTTP within this machine, which needs none
	Exception string
	Expires   Day
}

// weaknesses lists what an exception can allow, weakest first.
var weaknesses = []string{"http", "tls1.0", "tls1.1", "rc4", "3des", "rsa_key_exchange", "cbc_sha256"}

const (
	tls10 = Version(tls.VersionTLS10)
	tls11 = Version(tls.VersionTLS11)
	tls12 = Version(tls.VersionTLS12)
	tls13 = Version(tls.VersionTLS13)
)

// Protection works out the hop to the target under exception e, nil for none.
// Unknown suite names are left out; validate reports them.
func (x *Target) Protection(e *Exception) Protection {
	p := Protection{Exception: x.Exception}
	var allows []string
	if e != nil {
		allows, p.Expires = e.Allows, e.Expires
	}
	// Behind a proxy, localhost is the proxy's machine and the way there is open.
	local := x.Via.Reveal() == ""
	for _, address := range x.Addresses() {
		u, err := url.Parse(address)
		if err != nil {
			return p
		}
		p.Plain = p.Plain || u.Scheme == "http"
		local = local && isLoopback(u.Hostname())
	}
	if p.Plain {
		if p.Loopback = local; !p.Loopback {
			p.Weak = []string{"http"}
		}
		return p
	}
	p.Min, p.Max = x.versions(allows)
	p.Suites = x.suites(allows, p.Min, p.Max)
	p.Verify = x.verify()
	if p.Min <= tls10 {
		p.Weak = append(p.Weak, "tls1.0")
	} else if p.Min == tls11 {
		p.Weak = append(p.Weak, "tls1.1")
	}
	for _, id := range p.Suites {
		for _, w := range suiteWeakness(tls.CipherSuiteName(id)) {
			if !slices.Contains(p.Weak, w) {
				p.Weak = append(p.Weak, w)
			}
		}
	}
	slices.SortFunc(p.Weak, func(a, b string) int { return slices.Index(weaknesses, a) - slices.Index(weaknesses, b) })
	return p
}

func (x *Target) versions(allows []string) (low, high Version) {
	if x.TLS.Version != 0 {
		return x.TLS.Version, x.TLS.Version
	}
	low, high = x.TLS.Min, x.TLS.Max
	if low == 0 {
		switch low = tls12; {
		case slices.Contains(allows, "tls1.0"):
			low = tls10
		case slices.Contains(allows, "tls1.1"):
			low = tls11
		}
		if high != 0 && high < low {
			low = high
		}
	}
	if high == 0 {
		// A server that needs TLS 1.0 knows no 1.3, and old ones choke on its long hello.
		if high = tls13; low < tls12 {
			high = tls12
		}
	}
	return low, high
}

// suites returns the named suites, or Go's own and those that allows adds. At
// TLS 1.2 with nothing added, and above, it returns nil: Go's default.
func (x *Target) suites(allows []string, low, high Version) []uint16 {
	if low >= tls13 {
		return nil
	}
	var ids []uint16
	if len(x.TLS.Suites) > 0 {
		for _, name := range x.TLS.Suites {
			if s := SuiteByName(name); s != nil {
				ids = append(ids, s.ID)
			}
		}
		return ids
	}
	added := false
	for _, s := range allSuites() {
		if first := Version(s.SupportedVersions[0]); first == tls13 || first > high {
			continue
		}
		if s.Insecure {
			needs := suiteWeakness(s.Name)
			if len(needs) == 0 || slices.ContainsFunc(needs, func(w string) bool { return !slices.Contains(allows, w) }) {
				continue
			}
			added = true
		}
		ids = append(ids, s.ID)
	}
	if low >= tls12 && !added {
		return nil
	}
	return ids
}

func (x *Target) verify() string {
	switch pinned := len(x.TLS.Pins) > 0; {
	case pinned && x.TLS.CA != "":
		return "ca+pin"
	case pinned:
		return "pin"
	case x.TLS.CA != "":
		return "ca"
	}
	return "roots"
}

// suiteWeakness names what an exception must allow for a suite. Go's list of
// insecure suites is the measure (crypto/tls.InsecureCipherSuites).
func suiteWeakness(name string) []string {
	var w []string
	if strings.Contains(name, "_RC4_") {
		w = append(w, "rc4")
	}
	if strings.Contains(name, "_3DES_") {
		w = append(w, "3des")
	}
	if strings.HasPrefix(name, "TLS_RSA_") {
		w = append(w, "rsa_key_exchange")
	}
	if strings.HasSuffix(name, "_CBC_SHA256") {
		w = append(w, "cbc_sha256")
	}
	return w
}

// allSuites lists the suites of crypto/tls, the strong ones first.
var allSuites = sync.OnceValue(func() []*tls.CipherSuite { return slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) })

// SuiteByName returns the suite of crypto/tls with an IANA name, nil for none.
func SuiteByName(name string) *tls.CipherSuite {
	for _, s := range allSuites() {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// SuitesBefore13 returns the suites of crypto/tls that a target can be told to use,
// the strong ones first.
func SuitesBefore13() []*tls.CipherSuite {
	return slices.DeleteFunc(slices.Clone(allSuites()), func(s *tls.CipherSuite) bool {
		return s.SupportedVersions[0] == tls.VersionTLS13
	})
}

// Missing returns what the hop needs and the exception does not allow.
func (p Protection) Missing(allows []string) []string {
	var missing []string
	for _, w := range p.Weak {
		if slices.Contains(allows, w) || w == "tls1.1" && slices.Contains(allows, "tls1.0") {
			continue
		}
		missing = append(missing, w)
	}
	return missing
}

// String says it in a few words: "TLS 1.0, 3des, pin (WMS-2019 until 2027-03-31)".
func (p Protection) String() string {
	var b strings.Builder
	switch {
	case p.Plain && p.Loopback:
		return "plain HTTP on this machine"
	case p.Plain:
		b.WriteString("plain HTTP")
	case p.Min == p.Max:
		fmt.Fprintf(&b, "TLS %v", p.Min)
	default:
		fmt.Fprintf(&b, "TLS %v to %v", p.Min, p.Max)
	}
	for _, w := range p.Weak {
		if !strings.HasPrefix(w, "tls") && w != "http" {
			b.WriteString(", " + w)
		}
	}
	if p.Verify != "" {
		b.WriteString(", " + p.Verify)
	}
	if p.Exception != "" {
		fmt.Fprintf(&b, " (%s until %v)", p.Exception, p.Expires)
	}
	return b.String()
}

// Expired reports whether the exception's last day is over.
func (e *Exception) Expired(now time.Time) bool { return !now.Before(e.Expires.End()) }

// DaysLeft returns how many days after today, in UTC, the exception still holds: 0 on
// its last day, negative when it has ended.
func (e *Exception) DaysLeft(now time.Time) int {
	const day = 24 * 60 * 60
	today := now.UTC().Truncate(day * time.Second)
	return int((e.Expires.Unix() - today.Unix()) / day)
}

// hostPort returns the host:port that a URL connects to.
func hostPort(u *url.URL) string {
	return net.JoinHostPort(strings.ToLower(u.Hostname()), portOf(u))
}

func portOf(u *url.URL) string {
	return either(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}
