//go:build linux

package tests

import (
	"crypto/tls"
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"twohop/internal/legacy"
	"twohop/tests/peers"
)

// Fault is a SOAP 1.1 Fault of the broker.
type Fault struct {
	Code   string `xml:"Body>Fault>faultcode"`
	Text   string `xml:"Body>Fault>faultstring"`
	Detail struct {
		Code   string `xml:"code"`
		Status int    `xml:"status"`
		Hop    string `xml:"hop"`
		Cause  string `xml:"cause"`
		Fix    string `xml:"fix"`
	} `xml:"Body>Fault>detail>error"`
}

const envelope = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><GetStock xmlns="urn:legacy"><item>A1001</item></GetStock></s:Body></s:Envelope>`

// TestASecondHopThatFailsIsExplained asks for every cause twice: as a REST caller and as
// a SOAP caller. Nobody learns the target's address or its certificate's name.
func TestASecondHopThatFailsIsExplained(t *testing.T) {
	t.Parallel()
	modern := peers.Nginx(t, peers.NginxOptions{})
	old := peers.OpenSSL(t, peers.OpenSSLOptions{})
	picky, err := legacy.New(legacy.Options{MinVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { picky.Close() })
	resets, err := legacy.ResetsModern("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resets.Close() })
	otherName := filepathOf(t, picky.CertificatePEM())

	b := Start(t, exception("tls1.0, rsa_key_exchange", old.Addr, resets.Addr())+fill(`
targets:
  version: {url: "https://OLD/"}
  intolerant: {url: "https://RESETS/", exception: OLD, tls: {min: 1.0, max: 1.2, pins: ["RPIN"]}}
  suite: {url: "https://PICKY/"}
  untrusted: {url: "https://MODERN/"}
  pin: {url: "https://OLD/", exception: OLD, tls: {version: 1.0, pins: ["WRONG"]}}
  ca: {url: "https://MODERN/", tls: {ca: "OTHERCA"}}
  name: {url: "https://MODERN/", tls: {ca: "CA", server_name: wms.contoso.example}}
  nottls: {url: "https://PLAIN/"}
  refused: {url: "https://127.0.0.1:1/"}
  unresolved: {url: "https://wms.invalid/"}
routes:
  - {name: version, path: /version, callers: [erp], target: version}
  - {name: intolerant, path: /intolerant, callers: [erp], target: intolerant}
  - {name: suite, path: /suite, callers: [erp], target: suite}
  - {name: untrusted, path: /untrusted, callers: [erp], target: untrusted}
  - {name: pin, path: /pin, callers: [erp], target: pin}
  - {name: ca, path: /ca, callers: [erp], target: ca}
  - {name: name, path: /name, callers: [erp], target: name}
  - {name: nottls, path: /nottls, callers: [erp], target: nottls}
  - {name: refused, path: /refused, callers: [erp], target: refused}
  - {name: unresolved, path: /unresolved, callers: [erp], target: unresolved}
`, "OLD/", old.Addr+"/", "RESETS", resets.Addr(), "PICKY", picky.Addr(), "MODERN", modern.Addr, "PLAIN", modern.PlainAddr,
		"RPIN", resets.SPKIPin(), "WRONG", modern.SPKIPin, "OTHERCA", otherName, "CA", modern.CertPEM))

	for _, c := range []struct{ route, code, cause string }{
		{"version", "target_tls_version", "the target speaks only TLS 1.0; the route allows TLS 1.2 to TLS 1.3"},
		{"intolerant", "target_reset_in_handshake", "TLS 1.0"},
		{"suite", "target_no_common_suite", "TLS_RSA_WITH_AES_128_GCM_SHA256"},
		{"untrusted", "target_certificate_untrusted", "not trusted"},
		{"pin", "target_pin_mismatch", "pinned"},
		{"ca", "target_certificate_untrusted", "not trusted"},
		{"name", "target_certificate_name", "name"},
		{"nottls", "target_not_tls", "not TLS"},
		{"refused", "target_refused", "port"},
		{"unresolved", "target_name_unresolved", "resolve"},
	} {
		t.Run(c.route, func(t *testing.T) {
			rest := b.Call("GET", "/"+c.route, "")
			p := rest.Problem(t)
			if p.Code != c.code || p.Status != 502 || p.Hop != "target" || p.Route != c.route || !strings.Contains(p.Detail, c.cause) {
				t.Errorf("got %+v", p)
			}
			soap := b.Call("POST", "/"+c.route, envelope, `SOAPAction: "urn:legacy/GetStock"`, "Content-Type: text/xml; charset=utf-8")
			var f Fault
			if err := xml.Unmarshal([]byte(soap.Body), &f); err != nil {
				t.Fatalf("%v in %s", err, soap.Body)
			}
			if soap.StatusCode != 500 || !strings.HasPrefix(soap.Header.Get("Content-Type"), "text/xml") {
				t.Errorf("SOAP: %s, %s", soap.Status, soap.Header.Get("Content-Type"))
			}
			if d := f.Detail; f.Code != "s:Server" || d.Code != c.code || d.Status != 502 || d.Hop != "target" || !strings.Contains(d.Cause, c.cause) || d.Fix == "" {
				t.Errorf("SOAP: %+v", f)
			}
			if !strings.Contains(f.Text, c.cause) {
				t.Errorf("the developer in X++ sees only %q", f.Text)
			}
			for _, a := range []Answer{rest, soap} {
				for _, private := range []string{"127.0.0.1", "wms.invalid", "legacy.example", "CN=", "contoso"} {
					if strings.Contains(a.Body, private) {
						t.Errorf("the caller learns %q: %s", private, a.Body)
					}
				}
				if r := b.End(a.Correlation()); r.StatusCode != c.code || r.Unmapped.Outcome != "failed" || r.Response.Code != a.StatusCode {
					t.Errorf("the record says %+v", r)
				}
			}
			if n := b.Metric(`twohop_faults_total{code="` + c.code + `",route="` + c.route + `"}`); n != 2 {
				t.Errorf("the metric counts %v faults, want 2", n)
			}
		})
	}
}

func TestAnExpiredExceptionSwitchesItsRoutesOff(t *testing.T) {
	t.Parallel()
	s, l := listenerCounting(t)
	b := Start(t, exceptionUntil(time.Now().AddDate(0, 0, -1), "tls1.0", s)+fill(`
routes:
  - {name: old, path: /old, callers: [erp], target: {url: "https://ADDR/", exception: OLD, tls: {version: 1.0}}}
`, "ADDR", s))
	a := b.Call("GET", "/old", "")
	p := a.Problem(t)
	if p.Code != "exception_expired" || p.Status != 503 || !strings.Contains(p.Detail, time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)) {
		t.Errorf("got %+v", p)
	}
	if r := b.End(a.Correlation()); r.Unmapped.Outcome != "refused" || r.ActionID != 2 || r.StatusCode != "exception_expired" {
		t.Errorf("the record says %+v", r)
	}
	if n := l.Load(); n != 0 {
		t.Errorf("the target saw %d connections", n)
	}
	if days := b.Metric(`twohop_exception_days_left{exception="OLD"}`); days >= 0 {
		t.Errorf("the metric says %v days left", days)
	}
}
