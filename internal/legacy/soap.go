package legacy

import (
	"bytes"
	_ "embed"
	"encoding/xml"
	"fmt"
	"mime"
	"net/http"
	"strings"
)

const (
	envelopeNS = "http://schemas.xmlsoap.org/soap/envelope/"
	stockNS    = "urn:legacy"
	stockPath  = "/ws/stock"

	// GetStockAction is the SOAPAction of the one operation that SOAP serves.
	GetStockAction = "urn:legacy/GetStock"
)

//go:embed stock.wsdl
var stockWSDL string

// SOAP returns a warehouse's SOAP 1.1 service, document/literal wrapped, as its contract says:
//
//	POST /ws/stock        SOAPAction "urn:legacy/GetStock": the item's level
//	GET  /ws/stock?wsdl   the contract (WSDL 1.1), whose address is the server's own
//
// Every refusal of a request is a Fault with status 500. That of an unknown item has a typed detail, StockFault. A
// request may be 1 MiB long; one with a DTD or a processing instruction is refused.
func SOAP() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+stockPath, postGetStock)
	mux.HandleFunc("GET "+stockPath, getContract)
	return mux
}

func getContract(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.URL.RawQuery, "wsdl") {
		w.Header().Set("Allow", "POST")
		http.Error(w, "post a SOAP request, or get the contract with ?wsdl", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	fmt.Fprint(w, strings.Replace(stockWSDL, "@LOCATION@", escape(ownURL(r)+stockPath), 1))
}

func postGetStock(w http.ResponseWriter, r *http.Request) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "text/xml" {
		http.Error(w, "a SOAP 1.1 request is text/xml", http.StatusUnsupportedMediaType)
		return
	}
	body, err := readBody(w, r)
	if err != nil {
		writeFault(w, &fault{Code: "Client", Text: err.Error()})
		return
	}
	if action := strings.Trim(r.Header.Get("SOAPAction"), `"`); action != GetStockAction {
		writeFault(w, &fault{Code: "Client", Text: fmt.Sprintf("no operation for SOAPAction %q; this service has %q", action, GetStockAction)})
		return
	}
	item, f := parseGetStock(bytes.NewReader(body))
	if f != nil {
		writeFault(w, f)
		return
	}
	level, ok := findStock(item)
	if !ok {
		writeFault(w, &fault{Code: "Client", Text: "no such item in this warehouse", Reason: "UNKNOWN_ITEM", Item: item})
		return
	}
	writeEnvelope(w, http.StatusOK, fmt.Sprintf(
		`<GetStockResponse xmlns=%q><GetStockResult>`+
			`<item>%s</item><site>%s</site><onHand>%s</onHand><unit>%s</unit><asOf>%s</asOf>`+
			`</GetStockResult></GetStockResponse>`,
		stockNS, escape(level.Item), escape(level.Site), level.OnHand, escape(level.Unit), level.AsOf))
}

// fault is a SOAP 1.1 Fault.
type fault struct {
	Code   string // VersionMismatch, MustUnderstand, Client or Server
	Text   string
	Reason string // with Item, the typed detail; empty for none
	Item   string
}

func writeFault(w http.ResponseWriter, f *fault) {
	var detail string
	if f.Reason != "" {
		detail = fmt.Sprintf(`<detail><StockFault xmlns=%q><code>%s</code><item>%s</item></StockFault></detail>`,
			stockNS, escape(f.Reason), escape(f.Item))
	}
	writeEnvelope(w, http.StatusInternalServerError, fmt.Sprintf(
		`<soap:Fault><faultcode>soap:%s</faultcode><faultstring>%s</faultstring>%s</soap:Fault>`,
		f.Code, escape(f.Text), detail))
}

func writeEnvelope(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, `<?xml version="1.0" encoding="utf-8"?>`+"\n"+
		`<soap:Envelope xmlns:soap=%q><soap:Body>%s</soap:Body></soap:Envelope>`, envelopeNS, body)
}

func escape(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s))
	return b.String()
}
