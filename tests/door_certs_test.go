//go:build linux

package tests

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"twohop/tests/peers"
)

// serial tells which certificate a new connection is shown.
func serial(b *Broker) string {
	b.t.Helper()
	c := b.Dial()
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.String()
}

// pinged makes a call on an open connection.
func pinged(t *testing.T, b *Broker, c *tls.Conn, r *bufio.Reader) {
	t.Helper()
	fmt.Fprintf(c, "GET /stock/stock/A1001 HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: %s\r\n\r\n", b.Key)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatalf("the open connection: %v", err)
	}
	if body := readAll(t, resp); resp.StatusCode != 200 || resp.Close || !strings.Contains(body, "A1001") {
		t.Fatalf("the open connection: %s, %s", resp.Status, body)
	}
}

func TestCertificateFilesAreReplacedWhileServing(t *testing.T) {
	t.Parallel()
	first := newChain(t, "localhost")
	b := New(t, "certificates: {files: [{cert: chain.pem, key: key.pem}]}\n"+stockRoute(plainTarget(t).Addr()))
	b.CA = b.WriteFile("root.pem", first.root)
	put := func(cert, key string) {
		b.WriteFile("chain.pem", cert+first.between)
		b.WriteFile("key.pem", key)
	}
	put(first.leaf, first.key)
	b.Start()
	open := b.Dial()
	reader := bufio.NewReader(open)
	pinged(t, b, open, reader)
	before := serial(b)

	put(first.server(t, "localhost"))
	b.wait(30*time.Second, "the new certificate", func() bool { return serial(b) != before })
	pinged(t, b, open, reader)
	b.Found("the new certificate", func(r Record) bool {
		return r.Unmapped.Kind == "certificate" && regexp.MustCompile(`^certificate \S+/chain.pem is shown \(replaced\): [0-9a-f]{64} for localhost until 20\S+Z, in place of [0-9a-f]{64}$`).MatchString(r.Message)
	})

	// A key that does not belong to the certificate must not replace what works.
	after := serial(b)
	_, stranger := first.server(t, "localhost")
	b.WriteFile("key.pem", stranger)
	b.wait(30*time.Second, "the log of the broken pair", func() bool {
		return strings.Contains(b.Metrics(), "twohop_certificate_broken{") && !strings.Contains(b.Metrics(), `chain.pem"} 0`)
	})
	if now := serial(b); now != after {
		t.Errorf("certificate %s serves, want %s", now, after)
	}
	pinged(t, b, open, reader)
}

// TestClientCertificates lets callers in by certificate, alone and beside a key.
func TestClientCertificates(t *testing.T) {
	t.Parallel()
	own := newChain(t, "localhost")
	b := New(t, fill(`
callers:
  edi: {client_certificate: {ca: clients.pem, subject: "CN=edi-gw-01,O=Contoso"}}
  bank: {api_key: {sha256: "HASH"}, client_certificate: {ca: clients.pem, subject: "CN=bank"}}
routes:
  - {name: stock, path: /stock/*, callers: [edi, bank], target: {url: "http://ADDR/"}}
`, "ADDR", plainTarget(t).Addr(), "HASH", "4381dc2ab14285160c808659aee005d51255add7264b318d07c7417292c7442c"))
	const bankKey = "bank" // its SHA-256 stands above
	b.WriteFile("clients.pem", own.root)
	b.Start()
	call := func(name, organization, key string) peers.CurlResult {
		cert, private := own.client(t, name, organization)
		args := []string{"--cacert", b.CA, b.URL + "/stock/stock/A1001"}
		if name != "" {
			args = append(args, "--cert", b.WriteFile("c.pem", cert+own.between), "--key", b.WriteFile("c.key", private))
		}
		if key != "" {
			args = append(args, "-H", "X-Api-Key: "+key)
		}
		return peers.Curl(t, args...)
	}
	for _, c := range []struct {
		name, cn, organization, key string
		status                      int
	}{
		{"the right certificate", "edi-gw-01", "Contoso", "", 200},
		{"one of another organization", "edi-gw-01", "Fabrikam", "", 401},
		{"one of another name", "edi-gw-02", "Contoso", "", 401},
		{"none", "", "", "", 401},
		{"certificate and key", "bank", "Bank", bankKey, 200},
		{"the key without its certificate", "", "", bankKey, 401},
		{"the key with another caller's certificate", "edi-gw-01", "Contoso", bankKey, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			if r := call(c.cn, c.organization, c.key); r.ExitCode != 0 || r.Transfers[0].Status != c.status {
				t.Errorf("got %+v", r)
			}
		})
	}
	t.Run("a self-made certificate", func(t *testing.T) {
		strange := newChain(t, "localhost")
		cert, private := strange.client(t, "edi-gw-01", "Contoso")
		r := peers.Curl(t, "--cacert", b.CA, "--cert", b.WriteFile("s.pem", cert+strange.between), "--key", b.WriteFile("s.key", private), b.URL+"/stock/stock/A1001")
		if r.Transfers[0].Status != 401 {
			t.Errorf("got %+v", r)
		}
	})
}
