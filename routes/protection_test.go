package routes

import (
	"crypto/tls"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestProtection(t *testing.T) {
	old := &Exception{Allows: []string{"http", "tls1.0", "3des", "rsa_key_exchange"}, Expires: Day{time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}}
	eleven := &Exception{Allows: []string{"tls1.1"}}
	suites := &Exception{Allows: []string{"3des"}}
	for _, c := range []struct {
		name string
		x    Target
		e    *Exception
		want string // as shown
		weak []string
	}{
		{"TLS by default", Target{URL: "https://a"}, nil, "TLS 1.2 to 1.3, roots", nil},
		{"one version", Target{URL: "https://a", TLS: TargetTLS{Version: tls13}}, nil, "TLS 1.3, roots", nil},
		{"a low maximum lowers the minimum", Target{URL: "https://a", TLS: TargetTLS{Max: tls11}}, nil, "TLS 1.1, roots", []string{"tls1.1"}},
		{"a named weak suite", Target{URL: "https://a", TLS: TargetTLS{Suites: []string{"TLS_ECDHE_RSA_WITH_RC4_128_SHA", "unknown"}}}, nil, "TLS 1.2 to 1.3, rc4, roots", []string{"rc4"}},
		{"an exception's lowest version", Target{URL: "https://a", Exception: "OLD"}, old, "TLS 1.0 to 1.2, 3des, rsa_key_exchange, roots (OLD until 2027-01-01)", []string{"tls1.0", "3des", "rsa_key_exchange"}},
		{"a higher minimum than allowed", Target{URL: "https://a", Exception: "OLD", TLS: TargetTLS{Min: tls12}}, old, "TLS 1.2 to 1.3, 3des, rsa_key_exchange, roots (OLD until 2027-01-01)", []string{"3des", "rsa_key_exchange"}},
		{"no suites for TLS 1.3 alone", Target{URL: "https://a", Exception: "OLD", TLS: TargetTLS{Min: tls13}}, old, "TLS 1.3, roots (OLD until 2027-01-01)", nil},
		{"TLS 1.1 with strong suites", Target{URL: "https://a", TLS: TargetTLS{Pins: []string{"p"}}}, eleven, "TLS 1.1 to 1.2, pin", []string{"tls1.1"}},
		{"3des does not bring RSA key exchange", Target{URL: "https://a", TLS: TargetTLS{CA: "ca", Pins: []string{"p"}}}, suites, "TLS 1.2 to 1.3, 3des, ca+pin", []string{"3des"}},
		{"its own authority", Target{URL: "https://a", TLS: TargetTLS{CA: "ca"}}, nil, "TLS 1.2 to 1.3, ca", nil},
		{"plain HTTP", Target{URL: "http://a"}, nil, "plain HTTP", []string{"http"}},
		{"plain HTTP on this machine", Target{URL: "http://localhost:80"}, nil, "plain HTTP on this machine", nil},
		{"plain HTTP on this machine by IPv6", Target{URL: "http://[::1]/"}, nil, "plain HTTP on this machine", nil},
		{"plain HTTP to a proxy's localhost", Target{URL: "http://localhost:80", Via: mustSecret("http://p:1")}, nil, "plain HTTP", []string{"http"}},
		{"plain HTTP to a name that begins like localhost", Target{URL: "http://localhost.evil.example"}, nil, "plain HTTP", []string{"http"}},
	} {
		p := c.x.Protection(c.e)
		if p.String() != c.want {
			t.Errorf("%s: %s, want %s", c.name, p, c.want)
		}
		if diff := cmp.Diff(c.weak, p.Weak); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if c.e != nil && len(p.Missing(c.e.Allows)) > 0 {
			t.Errorf("%s: an exception does not allow its own defaults: %v", c.name, p.Missing(c.e.Allows))
		}
	}
	if p := (&Target{URL: ":"}).Protection(nil); p.Weak != nil {
		t.Error(p)
	}
	if got := old.Allows; (Protection{Weak: []string{"tls1.1", "rc4"}}).Missing(got)[0] != "rc4" {
		t.Error("tls1.0 does not cover tls1.1")
	}
}

func mustSecret(text string) Secret {
	s, _ := expand(text, nil)
	return s
}

// Go's list of insecure suites is the measure: each has a weakness that an exception
// must name, and no suite of the other list has one.
func TestEveryInsecureSuiteHasAWeakness(t *testing.T) {
	for _, s := range tls.InsecureCipherSuites() {
		if len(suiteWeakness(s.Name)) == 0 {
			t.Errorf("%s: none", s.Name)
		}
	}
	for _, s := range tls.CipherSuites() {
		if w := suiteWeakness(s.Name); len(w) > 0 {
			t.Errorf("%s: %v", s.Name, w)
		}
	}
	for _, s := range SuitesBefore13() {
		if SuiteByName(s.Name) != s || s.SupportedVersions[0] == tls.VersionTLS13 {
			t.Error(s.Name)
		}
	}
}

// Suites that no offered version knows are not offered.
func TestOldVersionsOfferOldSuites(t *testing.T) {
	x := Target{URL: "https://a", TLS: TargetTLS{Version: tls10}}
	for _, id := range x.Protection(&Exception{Allows: []string{"tls1.0", "cbc_sha256", "rsa_key_exchange"}}).Suites {
		for _, s := range allSuites() {
			if s.ID == id && s.SupportedVersions[0] > tls.VersionTLS10 {
				t.Errorf("%s is offered for TLS 1.0", s.Name)
			}
		}
	}
}

func TestAnExceptionHoldsUntilTheEndOfItsDayInUTC(t *testing.T) {
	e := &Exception{Expires: Day{time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}}
	west := time.FixedZone("west", -8*3600)
	for now, want := range map[time.Time]struct {
		expired bool
		left    int
	}{
		time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC):             {false, 0},
		time.Date(2026, 6, 1, 23, 59, 59, 999999999, time.UTC):  {false, 0},
		time.Date(2026, 6, 2, 0, 0, 0, 0, time.UTC):             {true, -1},
		time.Date(2026, 6, 1, 15, 59, 59, 0, west):              {false, 0},
		time.Date(2026, 6, 1, 16, 0, 0, 0, west):                {true, -1},
		time.Date(2025, 5, 31, 0, 0, 0, 0, time.UTC):            {false, 366},
		time.Date(2025, 5, 31, 23, 59, 59, 0, time.UTC):         {false, 366},
		time.Date(2025, 5, 30, 23, 59, 59, 999999999, time.UTC): {false, 367},
	} {
		if e.Expired(now) != want.expired || e.DaysLeft(now) != want.left {
			t.Errorf("%v: expired %v, %d days left", now, e.Expired(now), e.DaysLeft(now))
		}
	}
}

// The 366 days count in UTC wherever the broker runs, and at any hour.
func TestTheLongestException(t *testing.T) {
	src := func(day string) []byte {
		return []byte(head + `
exceptions:
  OLD: {allows: [tls1.0], targets: ["a.example:443"], owner: o, approved_by: a, ticket: t, reason: r, expires: ` + day + `}
routes: [{name: a, path: /a, callers: [fno], target: {url: "https://a.example", exception: OLD}}]`)
	}
	for _, zone := range []*time.Location{time.UTC, time.FixedZone("west", -11*3600), time.FixedZone("east", 13*3600)} {
		for hour := range 24 {
			now := time.Date(2026, 6, 1, hour, 30, 0, 0, time.UTC).In(zone)
			if _, err := Load("routes.yaml", src("2027-06-02"), now); err != nil {
				t.Errorf("%v: %v", now, err)
			}
			if _, err := Load("routes.yaml", src("2027-06-03"), now); err == nil {
				t.Errorf("%v: 367 days are accepted", now)
			}
		}
	}
	if _, err := Load("routes.yaml", src("9999-12-31"), today); err == nil {
		t.Error("eight thousand years are accepted")
	}
}

func TestHostPort(t *testing.T) {
	for text, want := range map[string]string{"https://A.example/x": "a.example:443", "http://a": "a:80", "https://[::1]": "[::1]:443", "https://a:8443": "a:8443"} {
		u, err := url.Parse(text)
		if err != nil || hostPort(u) != want {
			t.Error(text, hostPort(u), err)
		}
	}
}
