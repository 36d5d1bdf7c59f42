package legacy

import (
	"crypto/tls"
	"encoding/xml"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// answer is what a client reads from an envelope.
type answer struct {
	Result *struct {
		Item   string `xml:"urn:legacy item"`
		Site   string `xml:"urn:legacy site"`
		OnHand string `xml:"urn:legacy onHand"`
		Unit   string `xml:"urn:legacy unit"`
		AsOf   string `xml:"urn:legacy asOf"`
	} `xml:"Body>GetStockResponse>GetStockResult"`
	Fault *struct {
		Code   string `xml:"faultcode"`
		Text   string `xml:"faultstring"`
		Reason string `xml:"detail>StockFault>code"`
		Item   string `xml:"detail>StockFault>item"`
	} `xml:"Body>Fault"`
}

// request is a GetStock envelope with the item as it stands in the XML.
func request(item string) string {
	return `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="` + envelopeNS + `"><s:Body>` +
		`<GetStock xmlns="urn:legacy"><item>` + item + `</item></GetStock></s:Body></s:Envelope>`
}

func post(t *testing.T, c *http.Client, url, action, body string) (*http.Response, answer) {
	t.Helper()
	req, _ := http.NewRequest("POST", url, strings.NewReader(body))
	req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	req.Header.Set("SOAPAction", action)
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var a answer
	if err := xml.Unmarshal(raw, &a); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	if kind := resp.Header.Get("Content-Type"); kind != "text/xml; charset=utf-8" {
		t.Errorf("Content-Type %q", kind)
	}
	return resp, a
}

func TestGetStock(t *testing.T) {
	s, err := SOAPOverTLS10(":0")
	started(t, s, err)
	c := pinned(t, s, tls.VersionTLS10, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA)
	url := s.URL() + "/ws/stock"

	for _, action := range []string{`"urn:legacy/GetStock"`, `urn:legacy/GetStock`} {
		resp, a := post(t, c, url, action, request("K&#220;HL-7"))
		if resp.StatusCode != 200 || a.Result == nil {
			t.Fatalf("%s: %+v", resp.Status, a.Fault)
		}
		got := []string{a.Result.Item, a.Result.Site, a.Result.OnHand, a.Result.Unit, a.Result.AsOf}
		if diff := cmp.Diff([]string{"KÜHL-7", "WH-COLD", "-3.25", "pal", "2026-01-31T05:12:59Z"}, got); diff != "" {
			t.Error(diff)
		}
	}
	for name, q := range map[string]struct{ action, body, code, text string }{
		"an unknown item":    {GetStockAction, request("N&lt;1"), "soap:Client", "no such item"},
		"a wrong SOAPAction": {`"urn:legacy/SetStock"`, request("A1001"), "soap:Client", `no operation for SOAPAction "urn:legacy/SetStock"`},
		"an empty action":    {`""`, request("A1001"), "soap:Client", "no operation"},
		"a body over 1 MiB":  {GetStockAction, request("A1001") + strings.Repeat(" ", maxBody), "soap:Client", "over 1048576 bytes"},
		"SOAP 1.2":           {GetStockAction, strings.Replace(request("A1001"), envelopeNS, "http://www.w3.org/2003/05/soap-envelope", 1), "soap:VersionMismatch", "not a SOAP 1.1 Envelope"},
	} {
		t.Run(name, func(t *testing.T) {
			resp, a := post(t, c, url, q.action, q.body)
			if resp.StatusCode != 500 || a.Fault == nil || a.Fault.Code != q.code || !strings.Contains(a.Fault.Text, q.text) {
				t.Fatalf("%s: %+v", resp.Status, a.Fault)
			}
			if name == "an unknown item" && (a.Fault.Reason != "UNKNOWN_ITEM" || a.Fault.Item != "N<1") {
				t.Errorf("detail %+v", a.Fault)
			}
		})
	}
	t.Run("another content type", func(t *testing.T) {
		resp, err := c.Post(url, "application/soap+xml", strings.NewReader(request("A1001")))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusUnsupportedMediaType {
			t.Error(resp.Status)
		}
	})
}

func TestContract(t *testing.T) {
	s, err := New(Options{Handler: SOAP()})
	started(t, s, err)
	c := modern(t)
	for _, query := range []string{"wsdl", "WSDL"} {
		resp, body := get(t, c, s.URL()+"/ws/stock?"+query)
		var w struct {
			Types struct {
				Elements []struct {
					Name string `xml:"name,attr"`
				} `xml:"schema>element"`
			} `xml:"types"`
			Operation struct {
				Action string `xml:"soapAction,attr"`
			} `xml:"binding>operation>operation"`
			Address struct {
				Location string `xml:"location,attr"`
			} `xml:"service>port>address"`
		}
		if err := xml.Unmarshal([]byte(body), &w); err != nil {
			t.Fatalf("%s: %v: %s", resp.Status, err, body)
		}
		if len(w.Types.Elements) != 3 || w.Operation.Action != GetStockAction || w.Address.Location != s.URL()+"/ws/stock" {
			t.Errorf("%+v", w)
		}
	}
	if resp, _ := get(t, c, s.URL()+"/ws/stock"); resp.StatusCode != 405 || resp.Header.Get("Allow") != "POST" {
		t.Errorf("without ?wsdl: %s, Allow %q", resp.Status, resp.Header.Get("Allow"))
	}
}

// The contract of the example is the one that the service of the demo serves.
func TestTheExampleHasTheContractOfTheService(t *testing.T) {
	example, err := os.ReadFile("../../contracts/stock.wsdl")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(stockWSDL, "@LOCATION@", "http://wms.contoso.local/ws/stock", 1)
	if diff := cmp.Diff(want, string(example)); diff != "" {
		t.Errorf("contracts/stock.wsdl is not stock.wsdl with an address (-stock.wsdl +example):\n%s", diff)
	}
}
