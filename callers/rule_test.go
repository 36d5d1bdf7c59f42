package callers

import (
	"crypto/tls"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWhichCertificatesAreACallers(t *testing.T) {
	ca := authority(t, nil)
	between := authority(t, ca)
	good, chained := issue(t, ca, nil), issue(t, between, nil)
	var noCN, wild, server, plain, expired, later, two *pair
	noCN = issue(t, ca, func(c *x509.Certificate) { c.Subject.CommonName = "" })
	wild = issue(t, ca, func(c *x509.Certificate) { c.DNSNames = []string{"*.contoso.example"} })
	server = issue(t, ca, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	plain = issue(t, ca, func(c *x509.Certificate) { c.ExtKeyUsage = nil })
	expired = issue(t, ca, func(c *x509.Certificate) { c.NotAfter = today.Add(-time.Second) })
	later = issue(t, ca, func(c *x509.Certificate) { c.NotBefore = today.Add(time.Second) })
	two = issue(t, ca, func(c *x509.Certificate) { c.DNSNames = []string{"other.example", "EDI-GW-01.contoso.example"} })
	ownRoot := authority(t, nil)
	const dns = "edi-gw-01.contoso.example"
	for name, c := range map[string]struct {
		chain        []*pair
		subject, dns string
		want         bool
	}{
		"of the authority":                       {[]*pair{good}, "", "", true},
		"of another authority":                   {[]*pair{issue(t, ownRoot, nil)}, "", "", false},
		"of another authority, which is sent":    {[]*pair{issue(t, ownRoot, nil), ownRoot}, "", "", false},
		"self-signed":                            {[]*pair{issue(t, nil, nil)}, "", "", false},
		"with its intermediate":                  {[]*pair{chained, between}, "", "", true},
		"without its intermediate":               {[]*pair{chained}, "", "", false},
		"signed by a caller's certificate":       {[]*pair{issue(t, good, nil), good}, "", "", false},
		"for servers":                            {[]*pair{server}, "", "", false},
		"for nothing in particular":              {[]*pair{plain}, "", "", true},
		"expired":                                {[]*pair{expired}, "", "", false},
		"not yet valid":                          {[]*pair{later}, "", "", false},
		"with the common name":                   {[]*pair{good}, "CN=edi-gw-01", "", true},
		"with another common name":               {[]*pair{good}, "CN=edi-gw-02", "", false},
		"with the name in other letters":         {[]*pair{good}, "CN=EDI-GW-01", "", false},
		"with a part of the name":                {[]*pair{good}, "CN=edi", "", false},
		"without a common name":                  {[]*pair{noCN}, "CN=edi-gw-01", "", false},
		"with all attributes":                    {[]*pair{good}, ` CN = edi-gw-01 , O=Contoso\, Ltd, OU=EDI , OU=Gateways`, "", true},
		"without one of two that are asked for":  {[]*pair{good}, "OU=Clients,OU=EDI", "", false},
		"without the other of two":               {[]*pair{good}, "OU=EDI,OU=Clients", "", false},
		"with an attribute that is not there":    {[]*pair{good}, "L=Munich", "", false},
		"with the DNS name":                      {[]*pair{good}, "", dns, true},
		"with the DNS name among others":         {[]*pair{two}, "", dns, true},
		"with another DNS name":                  {[]*pair{good}, "", "edi-gw-02.contoso.example", false},
		"with a wildcard in place of the name":   {[]*pair{wild}, "", dns, false},
		"with the DNS name, and another subject": {[]*pair{good}, "CN=edi-gw-02", dns, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSet(t, constant, Config{Name: "edi", CA: write(t, ca), Subject: c.subject, DNS: c.dns})
			for range 2 { // from the cache too
				who, err := s.Identify("", shown(c.chain...))
				if (err == nil) != c.want || (who.Name == "edi") != c.want {
					t.Errorf("got %+v, %v", who, err)
				}
			}
		})
	}
}

func TestWhatIsRememberedEnds(t *testing.T) {
	ca := authority(t, nil)
	between := issue(t, ca, func(c *x509.Certificate) {
		c.Subject.CommonName, c.IsCA, c.BasicConstraintsValid, c.ExtKeyUsage = "between", true, true, nil
		c.KeyUsage, c.NotAfter = x509.KeyUsageCertSign, today.Add(time.Minute)
	})
	leaf := issue(t, ca, func(c *x509.Certificate) { c.NotAfter = today.Add(time.Minute) })
	early := issue(t, ca, func(c *x509.Certificate) { c.NotBefore = today.Add(time.Minute) })
	chained := issue(t, between, nil)
	now := today
	s := newSet(t, func() time.Time { return now }, Config{Name: "edi", CA: write(t, ca)})
	knows := func(chain ...*pair) bool {
		_, err := s.Identify("", shown(chain...))
		return err == nil
	}
	if !knows(leaf) || !knows(chained, between) || knows(early) || knows(chained) {
		t.Error("a certificate is taken, or refused, at the start")
	}
	if !knows(chained, between) {
		t.Error("the chain is refused because it was shown incomplete before")
	}
	now = today.Add(time.Minute + time.Second)
	if knows(leaf) {
		t.Error("an expired certificate is remembered as good")
	}
	if knows(chained, between) {
		t.Error("a certificate is remembered as good whose authority expired")
	}
	if !knows(early) {
		t.Error("a certificate that has become valid is remembered as bad")
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	ca := authority(t, nil)
	s := newSet(t, constant, Config{Name: "edi", CA: write(t, ca)})
	fake := issue(t, nil, nil)
	for i := range cacheSize + 10 {
		c := *fake.Certificate
		c.Raw = append([]byte{byte(i), byte(i >> 8)}, fake.Raw...)
		s.Identify("", &tls.ConnectionState{PeerCertificates: []*x509.Certificate{&c}})
		if len(s.cache) > cacheSize {
			t.Fatalf("%d chains are remembered", len(s.cache))
		}
	}
	if who, err := s.Identify("", shown(issue(t, ca, nil))); err != nil || who.Name != "edi" {
		t.Errorf("got %+v, %v", who, err)
	}
}

func TestParseSubject(t *testing.T) {
	for s, want := range map[string][]attribute{
		"":                         nil,
		"  ":                       nil,
		"CN=a":                     {{"CN", "a"}},
		" CN = a , O=b ":           {{"CN", "a"}, {"O", "b"}},
		`O=Contoso\, Ltd`:          {{"O", "Contoso, Ltd"}},
		`O=a\\b\=c`:                {{"O", `a\b=c`}},
		"CN=a=b":                   {{"CN", "a=b"}},
		"OU=a,OU=b":                {{"OU", "a"}, {"OU", "b"}},
		"ST=Bayern,L=München,C=DE": {{"ST", "Bayern"}, {"L", "München"}, {"C", "DE"}},
	} {
		if got, err := parseSubject(s); err != nil || !cmp.Equal(got, want, cmp.AllowUnexported(attribute{})) {
			t.Errorf("parseSubject(%q) = %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"CN", "CN=", "=a", "CN=a,", ",CN=a", "CN=a,,O=b", "cn=a", "EMAIL=a", "CN=a, Ltd"} {
		if got, err := parseSubject(s); err == nil {
			t.Errorf("parseSubject(%q) = %v, want an error", s, got)
		}
	}
}

func FuzzParseSubject(f *testing.F) {
	f.Add(`CN=a,O=Contoso\, Ltd`)
	f.Fuzz(func(t *testing.T, s string) {
		list, err := parseSubject(s)
		if err != nil {
			return
		}
		var again []string
		for _, a := range list {
			if a.value == "" {
				t.Errorf("parseSubject(%q) has an empty value, which any certificate could have", s)
			}
			again = append(again, a.name+"="+strings.NewReplacer(`\`, `\\`, ",", `\,`).Replace(a.value))
		}
		if got, err := parseSubject(strings.Join(again, ",")); err != nil || !cmp.Equal(got, list, cmp.AllowUnexported(attribute{})) {
			t.Errorf("parseSubject(%q) = %v, and again %v, %v", s, list, got, err)
		}
	})
}
