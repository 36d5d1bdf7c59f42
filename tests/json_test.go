//go:build linux

package tests

import (
	"encoding/json"
	"strings"
	"testing"

	example "twohop"
	"twohop/internal/legacy"
)

// startJSON serves the SOAP service on TLS 1.0 to callers that speak JSON.
func startJSON(t *testing.T) *Broker {
	t.Helper()
	s, err := legacy.SOAPOverTLS10("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	b := New(t, exception("tls1.0, 3des, rsa_key_exchange", s.Addr())+fill(`
routes:
  - name: levels
    path: /levels/*
    callers: [erp]
    target: {url: "https://SOAP/ws/stock", exception: OLD, tls: {version: 1.0, pins: ["PIN"]}}
    soap:
      contract: stock.wsdl
      validate: both
      bindings: [{path: "/items/{item}", operation: GetStock}]
      fault_status: {Client: 404}
  - name: gone
    path: /gone/*
    callers: [erp]
    target: {url: "https://SOAP/ws/stock", exception: OLD, tls: {version: 1.0, pins: ["PIN"]}}
    soap: {contract: gone.wsdl}
`, "SOAP", s.Addr(), "PIN", s.SPKIPin()))
	b.WriteFile("stock.wsdl", example.ExampleContract)
	return b
}

// TestJSONToSOAPOverTLS10 calls the SOAP service of the demo as JSON: exact values, a typed
// Fault, and a contract that is missing at the start.
func TestJSONToSOAPOverTLS10(t *testing.T) {
	t.Parallel()
	b := startJSON(t)
	b.Start()
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string // a part of the answer
	}{
		{"POST", "/levels/GetStock", `{"item":"A1001"}`, 200, `{"GetStockResult":{"item":"A1001","site":"WH-NORTH","onHand":1250.500,"unit":"kg","asOf":"2026-01-31T06:00:00Z"}}`},
		{"POST", "/levels/GetStock", `{"item":"B2000"}`, 200, `"onHand":9007199254740993,`},
		{"POST", "/levels/GetStock", `{"item":"K\u00dcHL-7"}`, 200, `"item":"KÜHL-7"`},
		{"GET", "/levels/items/000417", "", 200, `"item":"000417"`},
		{"POST", "/levels/GetStock", `{"item":"<&>"}`, 404, `"StockFault":{"code":"UNKNOWN_ITEM","item":"<&>"}`},
		{"POST", "/levels/GetStock", `{"items":"A1001"}`, 400, `"pointer":"/items"`},
		{"POST", "/levels/GetStok", `{}`, 404, `GetStock`},
		{"GET", "/levels/openapi.json", "", 200, `"openapi": "3.1.0"`},
		{"GET", "/levels/", "", 200, `GetStock`},
		{"POST", "/gone/GetStock", `{"item":"A1001"}`, 503, `"code":"route_unavailable"`},
	} {
		answer := b.Call(c.method, c.path, c.body, "Content-Type: application/json")
		status, text := answer.StatusCode, answer.Body
		if status != c.status || !strings.Contains(text, c.want) {
			t.Errorf("%s %s %s: %d %.600s", c.method, c.path, c.body, status, text)
		}
		if strings.HasSuffix(c.path, "GetStock") && !json.Valid([]byte(text)) {
			t.Error(text)
		}
	}
}
