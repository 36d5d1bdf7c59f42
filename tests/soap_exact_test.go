//go:build linux

package tests

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twohop/tests/peers"
)

// message is what passed a tap, one way.
type message struct {
	ContentType, Action, Body string
}

// tap is a plain server that passes what it gets to another, and keeps it.
type tap struct {
	*httptest.Server
	mu            sync.Mutex
	asked, answer map[string]message // by the end of the path
}

// newTap makes a tap before base, with the certificate of ca where it speaks TLS.
func newTap(t *testing.T, base, ca string) *tap {
	t.Helper()
	roots := x509.NewCertPool()
	if pem, err := os.ReadFile(ca); ca != "" && (err != nil || !roots.AppendCertsFromPEM(pem)) {
		t.Fatalf("%s: %v", ca, err)
	}
	transport := &http.Transport{DisableCompression: true, TLSClientConfig: &tls.Config{RootCAs: roots}}
	p := &tap{asked: map[string]message{}, answer: map[string]message{}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		out, _ := http.NewRequest(r.Method, base+r.URL.RequestURI(), bytes.NewReader(asked))
		out.Header = r.Header.Clone()
		resp, err := transport.RoundTrip(out)
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		answer, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Error(err)
		}
		p.mu.Lock()
		end := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		p.asked[end] = message{r.Header.Get("Content-Type"), r.Header.Get("Soapaction"), string(asked)}
		p.answer[end] = message{resp.Header.Get("Content-Type"), "", string(answer)}
		p.mu.Unlock()
		w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
		w.WriteHeader(resp.StatusCode)
		w.Write(answer)
	}))
	t.Cleanup(func() {
		p.Close()
		transport.CloseIdleConnections()
	})
	return p
}

// TestMessagesPassByteForByte calls services with MTOM, attachments and signatures through the
// broker to TLS 1.0, and compares all that passes before it and behind it.
func TestMessagesPassByteForByte(t *testing.T) {
	t.Parallel()
	service := peers.JAXWSExact(t)
	behind := newTap(t, "http://"+service.Addr, "")
	s := peers.TLS10(t, behind.Listener.Addr().String())
	b := NewWithChain(t, exception("tls1.0, rsa_key_exchange", s.Addr)+fill(`routes:
  - {name: exact, path: "/exact/*", callers: [anyone], target: {url: "https://ADDR/", exception: OLD, tls: {version: 1.0, pins: ["PIN"]}}, soap: {}}
`, "ADDR", s.Addr, "PIN", s.SPKIPin))
	b.Start()
	before := newTap(t, b.URL, b.CA)

	// The signed address is the broker's: one that it would write anew.
	to := b.URL + "/exact/signed"
	r := service.Call(t, before.URL+"/exact", to)
	if r.ExitCode != 0 || r.Stdout != "mtom true\nswa true\nsigned é<&>\n" {
		t.Fatalf("exit %d\n%s%s", r.ExitCode, r.Stdout, r.Stderr)
	}
	if d := cmp.Diff(before.asked, behind.asked); d != "" {
		t.Errorf("requests differ before (-) and behind (+) the broker:\n%s", d)
	}
	if d := cmp.Diff(behind.answer, before.answer); d != "" {
		t.Errorf("answers differ behind (-) and before (+) the broker:\n%s", d)
	}
	for end, want := range map[string]string{"mtom": "application/xop+xml", "swa": "multipart/related", "signed": "text/xml"} {
		for _, m := range []message{behind.asked[end], behind.answer[end]} {
			if !strings.Contains(m.ContentType, want) {
				t.Errorf("%s: the messages are no proof: %+v", end, m)
			}
		}
	}

	signed := behind.asked["signed"].Body
	post := func(body string) (int, string) {
		a := b.Call("POST", "/exact/signed", body, "Content-Type: text/xml; charset=utf-8", `SOAPAction: ""`)
		return a.StatusCode, a.Body
	}
	if status, got := post(signed); status != 200 || !strings.Contains(got, "SignatureValue") {
		t.Errorf("the same message again: %d %s", status, got)
	}
	if status, got := post(strings.Replace(signed, "&amp;", "&amp;&amp;", 1)); status != 500 || !strings.Contains(got, "Fault") {
		t.Errorf("a message spoilt under its signature: %d %s", status, got)
	}
	post(signed[:strings.Index(signed, "<wsse:Security")] + signed[strings.Index(signed, "</wsse:Security>")+len("</wsse:Security>"):])
	if got := behind.asked["signed"].Body; strings.Contains(got, to) || !strings.Contains(got, s.Addr+"/signed</a:To>") {
		t.Errorf("an address that is not signed stays the broker's: %s", got)
	}
}
