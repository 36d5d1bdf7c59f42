//go:build linux

package peers

import (
	"encoding/xml"
	"testing"
	"time"
)

// Scan is what sslscan found a server to accept.
type Scan struct {
	Versions []string // enabled: "SSLv2", "SSLv3", "TLSv1.0" ... "TLSv1.3"
	Suites   []ScanSuite
	// Renegotiation and compression as sslscan reports them.
	SecureRenegotiation, Compression bool
}

// ScanSuite is one suite that was accepted under one version.
type ScanSuite struct {
	Version   string `xml:"sslversion,attr"` // as in Versions
	Name      string `xml:"cipher,attr"`     // OpenSSL's name
	Bits      int    `xml:"bits,attr"`
	Preferred bool   `xml:"-"` // the server's own choice
	Status    string `xml:"status,attr"`
}

// SSLScan tries every version and suite on addr, for at most 60 seconds. It does so one
// connection after the other, dozens of them, and never completes a request.
func SSLScan(t testing.TB, addr string, args ...string) Scan {
	t.Helper()
	fixed := []string{"--xml=-", "--no-colour", "--connect-timeout=5", "--timeout=5"}
	r := run(t, 60*time.Second, "", nil, "sslscan", append(append(fixed, args...), addr)...)
	var doc struct {
		Error string `xml:"error"`
		Test  *struct {
			Protocols []struct {
				Type    string `xml:"type,attr"`
				Version string `xml:"version,attr"`
				Enabled bool   `xml:"enabled,attr"`
			} `xml:"protocol"`
			Renegotiation struct {
				Secure bool `xml:"secure,attr"`
			} `xml:"renegotiation"`
			Compression struct {
				Supported bool `xml:"supported,attr"`
			} `xml:"compression"`
			Ciphers []ScanSuite `xml:"cipher"`
		} `xml:"ssltest"`
	}
	if err := xml.Unmarshal([]byte(r.Stdout), &doc); err != nil {
		t.Fatalf("peers: sslscan %s: %v\n%s%s", addr, err, r.Stdout, r.Stderr)
	}
	if doc.Test == nil {
		t.Fatalf("peers: sslscan %s: %s", addr, doc.Error)
	}
	scan := Scan{
		Suites:              doc.Test.Ciphers,
		SecureRenegotiation: doc.Test.Renegotiation.Secure,
		Compression:         doc.Test.Compression.Supported,
	}
	for _, p := range doc.Test.Protocols {
		if !p.Enabled {
			continue
		}
		name := map[string]string{"ssl": "SSL", "tls": "TLS"}[p.Type]
		scan.Versions = append(scan.Versions, name+"v"+p.Version)
	}
	for i := range scan.Suites {
		scan.Suites[i].Preferred = scan.Suites[i].Status == "preferred"
	}
	return scan
}
