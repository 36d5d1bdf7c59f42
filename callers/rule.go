package callers

import (
	"crypto/x509"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"twohop/internal/fault"
)

// certRule says which client certificates are a caller's.
type certRule struct {
	roots   *x509.CertPool
	subject []attribute
	dns     string
}

// attribute is one of a certificate's subject. A rule may ask for several values of
// one name, as certificates often have several OU.
type attribute struct{ name, value string }

func newCertRule(c Config) (*certRule, error) {
	path := c.Name + ".client_certificate"
	pem, err := os.ReadFile(c.CA)
	if err != nil {
		return nil, &fault.Field{Path: path + ".ca", What: "file cannot be read: " + err.Error(), Fix: "name a PEM file that the broker can read"}
	}
	r := &certRule{roots: x509.NewCertPool(), dns: c.DNS}
	if !r.roots.AppendCertsFromPEM(pem) {
		return nil, &fault.Field{Path: path + ".ca", What: "the file holds no certificate", Fix: "name a PEM file with the authorities' certificates"}
	}
	if r.subject, err = parseSubject(c.Subject); err != nil {
		return nil, &fault.Field{Path: path + ".subject", What: err.Error(), Fix: "write CN=, O=, OU=, L=, ST= or C= and the value, separated by commas; a comma in a value is written \\,"}
	}
	return r, nil
}

// parseSubject reads "CN=edi-gw-01,O=Contoso\, Ltd". A backslash takes the next
// character as it is (RFC 4514, section 2.4, without its hex form).
func parseSubject(s string) ([]attribute, error) {
	if strings.TrimSpace(s) == "" {
		return nil, nil
	}
	var parts []attribute
	var b strings.Builder
	name, named := "", false
	end := func() error {
		value := strings.TrimSpace(b.String())
		b.Reset()
		if !named || value == "" {
			return fmt.Errorf("%q is not an attribute with a value", strings.TrimPrefix(name+"="+value, "="))
		}
		if _, known := values(&x509.Certificate{}, name); !known {
			return fmt.Errorf("%q is not an attribute that is looked at", name)
		}
		parts = append(parts, attribute{name, value})
		name, named = "", false
		return nil
	}
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case s[i] == '=' && !named:
			name, named = strings.TrimSpace(b.String()), true
			b.Reset()
		case s[i] == ',':
			if err := end(); err != nil {
				return nil, err
			}
		default:
			b.WriteByte(s[i])
		}
	}
	if err := end(); err != nil {
		return nil, err
	}
	return parts, nil
}

// fits looks at the leaf, chain[0], with the others as a way to an authority. It
// returns until when the answer holds at most; zero for as long as the leaf.
func (r *certRule) fits(chain []*x509.Certificate, now time.Time) (ok bool, until time.Time) {
	leaf, between := chain[0], x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	ways, err := leaf.Verify(x509.VerifyOptions{Roots: r.roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil || r.dns != "" && !slices.ContainsFunc(leaf.DNSNames, func(name string) bool { return strings.EqualFold(name, r.dns) }) {
		return false, time.Time{}
	}
	for _, a := range r.subject {
		if have, _ := values(leaf, a.name); !slices.Contains(have, a.value) {
			return false, time.Time{}
		}
	}
	for _, way := range ways {
		ends := way[0].NotAfter
		for _, c := range way {
			if c.NotAfter.Before(ends) {
				ends = c.NotAfter
			}
		}
		if ends.After(until) {
			until = ends // as long as one way holds
		}
	}
	return true, until
}

// values returns what the subject of c has under name, and whether name is one that
// is looked at.
func values(c *x509.Certificate, name string) (list []string, known bool) {
	s := &c.Subject
	switch name {
	case "CN":
		return []string{s.CommonName}, true
	case "O":
		return s.Organization, true
	case "OU":
		return s.OrganizationalUnit, true
	case "L":
		return s.Locality, true
	case "ST":
		return s.Province, true
	case "C":
		return s.Country, true
	}
	return nil, false
}
