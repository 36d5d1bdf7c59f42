//go:build linux

package tests

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"twohop/internal/legacy"
	"twohop/tests/peers"
)

// dotnet is the clients of .NET Framework.
var dotnet = []string{peers.HTTPWebRequest, peers.HTTPClient, peers.WCF}

const getStock = `<GetStock xmlns="urn:legacy"><item>A1001</item></GetStock>`

// startForDotNet serves the JSON and the SOAP service on TLS 1.0.
func startForDotNet(t *testing.T) *Broker {
	t.Helper()
	s, err := legacy.SOAPOverTLS10("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	j, exceptions, target := oldTarget(t)
	exceptions = strings.Replace(exceptions, "tls1.0,", "tls1.0, 3des,", 1)
	exceptions = strings.Replace(exceptions, j.Addr(), s.Addr()+`", "`+j.Addr(), 1)
	// Mono's TLS knows no name constraints on addresses, which the local CA has.
	b := NewWithChain(t, exceptions+fill(`
routes:
  - {name: soap, path: /ws/stock, methods: [POST], callers: [erp], target: {url: "https://SOAP/ws/stock", exception: OLD, tls: {version: 1.0, pins: ["PIN"]}}}
  - {name: json, path: /json/*, callers: [erp], target: TARGET}
  - {name: small, path: /small/*, callers: [erp], max_body: 64KiB, target: TARGET}
  - {name: others, path: /others/*, callers: [other], target: TARGET}
  - {name: once, path: /once, callers: [erp], limit: {rate: 1/h}, target: TARGET}
`, "SOAP", s.Addr(), "PIN", s.SPKIPin(), "TARGET", target))
	b.Start()
	return b
}

// said is an answer without the stack of its exception.
func said(a peers.MonoAnswer) string {
	if len(a.Exception) > 300 {
		a.Exception = a.Exception[:300]
	}
	return fmt.Sprintf("%+v", a)
}

func TestDotNetCallers(t *testing.T) {
	t.Parallel()
	b := startForDotNet(t)
	key := []string{"X-Api-Key: " + b.Key}

	for _, client := range dotnet[:2] {
		t.Run(client+" GET", func(t *testing.T) {
			a := peers.Mono(t, peers.MonoCall{Client: client, URL: b.URL + "/json/stock/A1001", CA: b.CA, Header: key})[0]
			if a.Status != 200 || !strings.Contains(a.Body, `"on_hand":1250.500`) || a.TrustErrors != "" {
				t.Error("got", said(a))
			}
		})
		t.Run(client+" POST with Expect: 100-continue, on one connection", func(t *testing.T) {
			// The target reads the whole order before it answers: an answer that comes
			// before the end of a body with Expect ends the connection, rightly.
			order := `{"text":"` + strings.Repeat("x", 300_000) + `"}`
			answers := peers.Mono(t, peers.MonoCall{Client: client, URL: b.URL + "/json/orders", CA: b.CA, Header: key, Body: order, Calls: 4, ContentType: "application/json"})
			quickest := answers[0].ElapsedMS
			for _, a := range answers {
				if a.Status != 201 || a.Length < 300_000 || !strings.HasPrefix(a.HeaderValue("Location"), b.URL+"/json/orders/") {
					t.Error("got", said(a))
				}
				quickest = min(quickest, a.ElapsedMS)
			}
			// Mono's HttpClient waits a whole second for the 100 before it goes on.
			if client == peers.HTTPClient && quickest > 900 {
				t.Errorf("the quickest call took %d ms: the 100 did not come", quickest)
			}
			if n := answers[3].Handshakes; n != 1 {
				t.Errorf("%d handshakes for 4 calls", n)
			}
		})
		t.Run(client+" POST in chunks", func(t *testing.T) {
			a := peers.Mono(t, peers.MonoCall{Client: client, URL: b.URL + "/json/echo", CA: b.CA, Header: key, BodySize: 300_000, Chunked: true, ContentType: "text/plain"})[0]
			if a.Status != 200 || a.Length != 300_000 {
				t.Error("got", said(a))
			}
		})
	}
	t.Run("WCF, on one connection", func(t *testing.T) {
		answers := peers.Mono(t, peers.MonoCall{Client: peers.WCF, URL: b.URL + "/ws/stock", CA: b.CA, Header: key, SOAPAction: legacy.GetStockAction, Body: getStock, Calls: 3})
		for _, a := range answers {
			if a.Exception != "" || !strings.Contains(a.Body, "<onHand>1250.500</onHand>") {
				t.Error("got", said(a))
			}
		}
		if n := answers[2].Handshakes; n != 1 {
			t.Errorf("%d handshakes for 3 calls", n)
		}
	})
	t.Run("the target's own Fault arrives as it is", func(t *testing.T) {
		a := peers.Mono(t, peers.MonoCall{Client: peers.WCF, URL: b.URL + "/ws/stock", CA: b.CA, Header: key, SOAPAction: legacy.GetStockAction,
			Body: `<GetStock xmlns="urn:legacy"><item>NONE</item></GetStock>`})[0]
		if a.FaultType != "FaultException<XmlElement>" || !strings.Contains(a.FaultDetail, "UNKNOWN_ITEM") {
			t.Error("got", said(a))
		}
	})
	t.Run("429 tells when to call again", func(t *testing.T) {
		answers := peers.Mono(t, peers.MonoCall{URL: b.URL + "/once", CA: b.CA, Header: key, Calls: 2})
		a := answers[1]
		if a.Status != http.StatusTooManyRequests || a.HeaderValue("Retry-After") == "" || !strings.Contains(a.Body, `"rate_limited"`) {
			t.Error("got", said(a))
		}
	})
}
