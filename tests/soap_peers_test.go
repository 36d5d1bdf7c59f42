//go:build linux

package tests

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"twohop/tests/peers"
)

// careful holds the values that a careless translation spoils, as JSON in the order of
// the contract of the peers.
const careful = `{"text":"é<&>\"'","long":9007199254740993,"amount":12345678901234567890123.456,"flag":true,"time":"2026-01-02T03:04:05Z","data":"AQID","nothing":null,"empty":"","lines":["one"]}`

// soapRoute has a JSON route to a SOAP service on TLS 1.0.
func soapRoute(t *testing.T, s peers.Server, contracts map[string]string) *Broker {
	t.Helper()
	config := exception("tls1.0, rsa_key_exchange", s.Addr) + "routes:\n"
	for path := range contracts {
		accept := "text/xml"
		if path == "mtom" {
			accept = "application/xop+xml, text/xml"
		}
		config += fill(`  - {name: NAME, path: "/NAME/*", callers: [erp], headers: {set: {Accept: "ACCEPT"}}, target: {url: "https://ADDR/PATH", exception: OLD, tls: {version: 1.0, pins: ["PIN"]}}, soap: {contract: NAME.wsdl, fault_status: {Client: 400, Client.NotFound: 404}}}
`, "NAME", "soap"+path, "ACCEPT", accept, "PATH", path, "ADDR", s.Addr, "PIN", s.SPKIPin)
	}
	b := NewWithChain(t, config)
	for path, file := range contracts {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteFile("soap"+path+".wsdl", string(text))
	}
	b.Start()
	return b
}

// jsonCalls are the ways in which a JSON call comes: curl, and .NET as X++ uses it.
func (b *Broker) jsonCalls(path, body string) map[string]func(t *testing.T) (int, string) {
	calls := map[string]func(t *testing.T) (int, string){
		"curl": func(t *testing.T) (int, string) {
			r := peers.Curl(t, "--cacert", b.CA, "-H", "X-Api-Key: "+b.Key, "-H", "Content-Type: application/json", "--data-binary", body, b.URL+path)
			if r.ExitCode != 0 {
				t.Fatalf("curl: %+v", r)
			}
			return r.Transfers[0].Status, r.Stdout
		},
	}
	for _, client := range dotnet[:2] {
		calls[client] = func(t *testing.T) (int, string) {
			a := peers.Mono(t, peers.MonoCall{Client: client, URL: b.URL + path, CA: b.CA, Header: []string{"X-Api-Key: " + b.Key}, ContentType: "application/json", Body: body})[0]
			return a.Status, a.Body
		}
	}
	return calls
}

func TestJSONToPHPSOAP(t *testing.T) {
	t.Parallel()
	s, encoded := peers.PHPSOAP(t)
	b := soapRoute(t, s.Server, map[string]string{"": s.Contract, "encoded": encoded})

	for caller, call := range b.jsonCalls("/soap/Put", `{"record":`+careful+`}`) {
		t.Run("document/literal from "+caller, func(t *testing.T) {
			if status, got := call(t); status != 200 || strings.TrimSpace(got) != `{"record":`+careful+`}` {
				t.Errorf("got %d, %s", status, got)
			}
		})
	}
	for caller, call := range b.jsonCalls("/soapencoded/Twice", `{"record":{"text":"é<&>","long":9007199254740993,"amount":12345678901234567890123.456,"nothing":null}}`) {
		t.Run("rpc/encoded with a reference from "+caller, func(t *testing.T) {
			record := `{"text":"é<&>","long":9007199254740993,"amount":12345678901234567890123.456,"nothing":null}`
			if status, got := call(t); status != 200 || strings.TrimSpace(got) != `{"records":[`+record+`,`+record+`]}` {
				t.Errorf("got %d, %s", status, got)
			}
		})
	}
	for caller, call := range b.jsonCalls("/soap/Find", `{"item":"A<1"}`) {
		t.Run("a declared fault from "+caller, func(t *testing.T) {
			status, got := call(t)
			expectFault(t, status, got, 400, "no item A<1", `"NotFound":{"item":"A<1","tried":9007199254740993}`)
		})
	}
}

// expectFault checks a problem+json that a SOAP fault became.
func expectFault(t *testing.T, status int, got string, wantStatus int, title, detail string) {
	t.Helper()
	var problem map[string]json.RawMessage
	if err := json.Unmarshal([]byte(got), &problem); err != nil {
		t.Fatalf("%d, %v in %q", status, err, got)
	}
	if status != wantStatus || !strings.Contains(got, detail) {
		t.Errorf("got %d, %s, want %d with %s", status, got, wantStatus, detail)
	}
	var said string
	if json.Unmarshal(problem["title"], &said); said != title {
		t.Errorf("title %q, want %q in %s", said, title, got)
	}
}

func TestJSONToSpyne(t *testing.T) {
	t.Parallel()
	s := peers.Spyne(t)
	b := soapRoute(t, s.Server, map[string]string{"": s.Contract})

	// spyne reads times and writes them in its own way.
	want := strings.Replace(careful, "03:04:05Z", "03:04:05+00:00", 1)
	for caller, call := range b.jsonCalls("/soap/put", `{"record":`+careful+`}`) {
		t.Run("document/literal from "+caller, func(t *testing.T) {
			status, got := call(t)
			if status != 200 || strings.TrimSpace(got) != `{"putResult":`+want+`}` {
				t.Errorf("got %d, %s", status, got)
			}
		})
	}
	for caller, call := range b.jsonCalls("/soap/find", `{"item":"A<1"}`) {
		t.Run("a fault from "+caller, func(t *testing.T) {
			status, got := call(t)
			expectFault(t, status, got, 404, "no item A<1", `"Client.NotFound"`)
		})
	}
}

func TestJSONToJAXWS(t *testing.T) {
	t.Parallel()
	s := peers.JAXWSTrial(t)
	b := soapRoute(t, s.Server, map[string]string{"trial": s.Contract, "mtom": s.Contract})

	for _, path := range []string{"trial", "mtom"} {
		for caller, call := range b.jsonCalls("/soap"+path+"/put", `{"record":`+careful+`}`) {
			t.Run(path+" from "+caller, func(t *testing.T) {
				if status, got := call(t); status != 200 || strings.TrimSpace(got) != `{"record":`+careful+`}` {
					t.Errorf("got %d, %s", status, got)
				}
			})
		}
	}
	t.Run("an attachment longer than what is held", func(t *testing.T) {
		long := strings.Replace(careful, "AQID", strings.Repeat("AQID", 1<<20), 1)
		answer := b.Call("POST", "/soapmtom/put", `{"record":`+long+`}`, "Content-Type: application/json")
		if answer.StatusCode != 200 || answer.Body != `{"record":`+long+`}` {
			t.Errorf("got %d, %d bytes, %.200s", answer.StatusCode, len(answer.Body), answer.Body)
		}
	})
	for caller, call := range b.jsonCalls("/soaptrial/find", `{"item":"A<1"}`) {
		t.Run("a declared fault from "+caller, func(t *testing.T) {
			status, got := call(t)
			expectFault(t, status, got, 500, "no item A<1", `"NotFound":{"item":"A<1","tried":9007199254740993}`)
		})
	}
}

func TestJSONToGSOAP(t *testing.T) {
	t.Parallel()
	s := peers.GSOAP(t)
	b := soapRoute(t, s.Server, map[string]string{"": s.Contract})

	for caller, call := range b.jsonCalls("/soap/Put", `{"record":`+careful+`}`) {
		t.Run("document/literal from "+caller, func(t *testing.T) {
			if status, got := call(t); status != 200 || strings.TrimSpace(got) != `{"record":`+careful+`}` {
				t.Errorf("got %d, %s", status, got)
			}
		})
	}
	for caller, call := range b.jsonCalls("/soap/Find", `{"item":"A<1"}`) {
		t.Run("a declared fault from "+caller, func(t *testing.T) {
			status, got := call(t)
			expectFault(t, status, got, 400, "no item A<1", `"NotFound":{"item":"A<1","tried":9007199254740993}`)
		})
	}
}
