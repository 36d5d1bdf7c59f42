package target

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twohop/internal/fault"
	"twohop/internal/legacy"
)

func probe(t *testing.T, addr, name string) *Report {
	t.Helper()
	r, err := Probe(soon(t), addr, name, "", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// seen sums up how each version was taken.
func seen(r *Report) map[string]string {
	m := map[string]string{}
	for _, v := range r.Versions {
		text := v.Refusal
		if text == "" {
			text = "yes"
			for _, s := range v.Suites {
				text += " " + tls.CipherSuiteName(s)
			}
		}
		m[tls.VersionName(v.Version)] = text
	}
	return m
}

func TestProbeOfAnOldServer(t *testing.T) {
	s := legacyServer(t, legacy.Options{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11,
		CipherSuites: []uint16{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA, tls.TLS_RSA_WITH_RC4_128_SHA, tls.TLS_RSA_WITH_AES_128_CBC_SHA},
		Certificate:  legacy.Certificate{KeyBits: 1024, SHA1: true, NotAfter: time.Now().Add(-time.Hour)}})
	r := probe(t, s.Addr(), "")
	all := "yes TLS_RSA_WITH_AES_128_CBC_SHA TLS_RSA_WITH_3DES_EDE_CBC_SHA TLS_RSA_WITH_RC4_128_SHA" // crypto/tls's order is the server's here
	want := map[string]string{"TLS 1.0": all, "TLS 1.1": all, "TLS 1.2": "refuses the version", "TLS 1.3": "refuses the version"}
	if d := cmp.Diff(want, seen(r)); d != "" {
		t.Error(d)
	}
	if r.Plain || r.Pin != s.SPKIPin() || !strings.Contains(r.Trust, "expired on") || len(r.Chain) != 1 {
		t.Fatalf("got %+v", r)
	}
	c := r.Chain[0]
	if d := cmp.Diff([]string{"signed with SHA1-RSA", "key under 2048 bits", "common name only", "expired"}, c.Weak); d != "" {
		t.Error(d)
	}
	if c.Subject != "CN="+legacy.HostName || c.Key != "RSA 1024" || c.Signature != "SHA1-RSA" || len(c.SHA256) != 64 {
		t.Errorf("got %+v", c)
	}
}

func TestProbeOfAServerThatResets(t *testing.T) {
	s, err := legacy.ResetsModern("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	reset := "closes or resets the connection"
	want := map[string]string{"TLS 1.0": "yes TLS_RSA_WITH_AES_128_CBC_SHA", "TLS 1.1": reset, "TLS 1.2": reset, "TLS 1.3": reset}
	if d := cmp.Diff(want, seen(probe(t, s.Addr(), ""))); d != "" {
		t.Error(d)
	}
}

func TestProbeOfAModernServer(t *testing.T) {
	ca := newAuthority(t, nil)
	cert := issue(t, ca, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) })
	cert.Certificate = append(cert.Certificate, ca.cert.Raw)
	var asked string
	addr := serve(t, &tls.Config{MinVersion: tls.VersionTLS12, ClientAuth: tls.RequireAnyClientCert, // which is not looked for
		GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
			asked = h.ServerName
			return cert, nil
		}}, hello)
	r := probe(t, addr, hostName)
	got := seen(r)
	if got["TLS 1.1"] != "refuses the version" || got["TLS 1.3"] != "yes" || !strings.HasPrefix(got["TLS 1.2"], "yes TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256") {
		t.Errorf("got %v", got)
	}
	if i := slices.IndexFunc(r.Versions, func(v VersionReport) bool { return v.Version == tls.VersionTLS12 }); slices.Contains(r.Versions[i].Suites, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256) {
		t.Error("a suite for RSA keys is claimed of a server that has none")
	}
	if asked != hostName || len(r.Chain) != 2 || r.Chain[0].Key != "ECDSA P-256" {
		t.Errorf("asked for %q, got %+v", asked, r.Chain)
	}
	if d := cmp.Diff([][]string{{"not yet valid"}, nil}, [][]string{r.Chain[0].Weak, r.Chain[1].Weak}); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{hostName, "127.0.0.1"}, r.Chain[0].Names); d != "" {
		t.Error(d)
	}
}

func TestProbeOfWhatIsNotTLS(t *testing.T) {
	mail := listen(t, func(c net.Conn) {
		io.WriteString(c, "220 mail ESMTP\r\n")
		c.Read(make([]byte, 1000))
	})
	for name, c := range map[string]struct {
		addr  string
		plain bool
		how   string
	}{
		"plain HTTP":    {serve(t, nil, hello), true, "answers with something that is not TLS"},
		"mail":          {mail, false, "answers with something that is not TLS"},
		"nothing known": {listen(t, func(c net.Conn) { c.Read(make([]byte, 1000)) }), false, "closes or resets the connection"},
	} {
		t.Run(name, func(t *testing.T) {
			r := probe(t, c.addr, "")
			if r.Plain != c.plain || len(r.Chain) != 0 || r.Pin != "" || r.Trust != "" {
				t.Errorf("got %+v", r)
			}
			for v, how := range seen(r) {
				if how != c.how {
					t.Errorf("%s: %s, want %s", v, how, c.how)
				}
			}
		})
	}
}

func TestProbeOfNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, err = Probe(soon(t), l.Addr().String(), "", "", time.Now)
	isFault(t, err, fault.TargetRefused)
	_, err = Probe(soon(t), "no port", "", "", time.Now)
	var f *fault.Field
	if !errors.As(err, &f) || f.Path != "url" {
		t.Errorf("got %v", err)
	}
}
