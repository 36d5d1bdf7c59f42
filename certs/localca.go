package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"
)

const (
	caLife   = 90 * 24 * time.Hour
	leafLife = 7 * 24 * time.Hour

	// early is how far certificates are dated back, for callers whose clock is slow.
	early = time.Hour
)

// issuer is a CA that can sign.
type issuer struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// newCA makes a CA that can sign server certificates for hosts and nothing else.
// A name constraint binds only names of its own kind (RFC 5280, section 4.2.1.10),
// so a kind that hosts lack is excluded as a whole. A DNS constraint admits
// subdomains too; that cannot be narrowed.
func newCA(hosts []string, now time.Time) (*issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	// Trust stores mix up CAs that share a name but not a key.
	mark := sha256.Sum256(public)
	start := now.Add(-early).UTC().Truncate(time.Second)
	t := &x509.Certificate{
		Subject:                     pkix.Name{CommonName: fmt.Sprintf("twohop local CA %x", mark[:4])},
		NotBefore:                   start,
		NotAfter:                    start.Add(caLife),
		KeyUsage:                    x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		ExtKeyUsage:                 []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid:       true,
		IsCA:                        true,
		MaxPathLenZero:              true,
		PermittedDNSDomainsCritical: true,
	}
	names, addrs := split(hosts)
	t.PermittedDNSDomains = names
	for _, a := range addrs {
		t.PermittedIPRanges = append(t.PermittedIPRanges, only(a))
	}
	if len(names) == 0 {
		t.ExcludedDNSDomains = []string{""}
	}
	if len(addrs) == 0 {
		t.ExcludedIPRanges = []*net.IPNet{
			{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)},
			{IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)},
		}
	}
	cert, err := sign(t, t, key, key.Public())
	return &issuer{cert: cert, key: key}, err
}

// issue makes a server certificate for hosts.
func (ca *issuer) issue(hosts []string, now time.Time) (*issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	start := now.Add(-early).UTC().Truncate(time.Second)
	names, addrs := split(hosts)
	t := &x509.Certificate{
		NotBefore:             start,
		NotAfter:              start.Add(leafLife),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              names,
		// Not a host: OpenSSL holds a common name that looks like one against the
		// constraints, and takes an IP address there for a DNS name.
		Subject: pkix.Name{CommonName: "twohop local certificate"},
	}
	for _, a := range addrs {
		t.IPAddresses = append(t.IPAddresses, a.AsSlice())
	}
	cert, err := sign(t, ca.cert, ca.key, key.Public())
	return &issuer{cert: cert, key: key}, err
}

func sign(t, parent *x509.Certificate, by crypto.Signer, public crypto.PublicKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, t, parent, public, by)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// fits reports whether ca may sign for each of hosts. A CA that was made for more
// hosts still fits: to replace it would have every caller trust a new one.
func fits(ca *x509.Certificate, hosts []string) bool {
	names, addrs := split(hosts)
	for _, n := range names {
		if !slices.Contains(ca.PermittedDNSDomains, n) {
			return false
		}
	}
	for _, a := range addrs {
		if !slices.ContainsFunc(ca.PermittedIPRanges, func(n *net.IPNet) bool { return n.String() == only(a).String() }) {
			return false
		}
	}
	return ca.PermittedDNSDomainsCritical
}

// split takes hosts in the spelling of parseHost.
func split(hosts []string) (names []string, addrs []netip.Addr) {
	for _, h := range hosts {
		if a, err := netip.ParseAddr(h); err == nil {
			addrs = append(addrs, a)
		} else {
			names = append(names, h)
		}
	}
	return names, addrs
}

func only(a netip.Addr) *net.IPNet {
	return &net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(a.BitLen(), a.BitLen())}
}

func (i *issuer) certPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: i.cert.Raw})
}

func (i *issuer) keyPEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(i.key)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}
