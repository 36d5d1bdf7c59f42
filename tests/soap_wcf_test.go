//go:build linux

package tests

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"twohop/tests/peers"
)

// wcfFault is what .NET Framework writes into a contract for FaultContract and Mono does
// not: file, place, what comes before it there.
var wcfFault = [][3]string{
	{"trial-xsd-xsd0.xsd", `<xs:element name="FindResponse">`, `<xs:element name="Missing" nillable="true"><xs:complexType><xs:sequence><xs:element minOccurs="0" name="item" nillable="true" type="xs:string"/>` +
		`<xs:element minOccurs="0" name="tried" type="xs:long"/></xs:sequence></xs:complexType></xs:element>`},
	{"trial-wsdl-wsdl0.wsdl", `<wsdl:portType`, `<wsdl:message name="Trial_Find_MissingFault"><wsdl:part name="detail" element="tns:Missing"/></wsdl:message>`},
	{"trial-wsdl-wsdl0.wsdl", `</wsdl:operation></wsdl:portType>`, `<wsdl:fault name="MissingFault" message="tns:Trial_Find_MissingFault"/>`},
	{"trial.wsdl", `</wsdl:operation></wsdl:binding><wsdl:binding name="WSHttpBinding_Trial"`, `<wsdl:fault name="MissingFault"><soap:fault name="MissingFault" use="literal"/></wsdl:fault>`},
}

// importWCF saves the contract of a WCFHost in dir as the admin does, and mends it.
func importWCF(t *testing.T, addr, dir string) {
	t.Helper()
	if out, err := exec.Command(twohop(t), "import", "http://"+addr+"/trial?wsdl", "--to", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, e := range wcfFault {
		file := filepath.Join(dir, e[0])
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(string(text), e[1]) != 1 {
			t.Fatalf("%s has %q not once:\n%s", file, e[1], text)
		}
		if err := os.WriteFile(file, []byte(strings.Replace(string(text), e[1], e[2]+e[1], 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWCFHost has a ServiceHost of WCF as target: on TLS 1.0, and for WSHttpBinding without,
// since it compares wsa:To with the address that it listens at.
func TestWCFHost(t *testing.T) {
	t.Parallel()
	plain := peers.WCFHost(t)
	s := peers.TLS10(t, plain)
	b := NewWithChain(t, exception("tls1.0, rsa_key_exchange", s.Addr)+fill(`targets:
  old: {url: "https://ADDR/trial", exception: OLD, tls: {version: 1.0, pins: ["PIN"]}}
routes:
  - {name: json, path: "/json/*", callers: [erp], target: old, soap: {contract: wcf/trial.wsdl, port: BasicHttpBinding_Trial, fault_status: {Sender: 400}}}
  - {name: basic, path: /basic, callers: [anyone], target: old, soap: {operations: {Put: {}, Find: {}}}}
  - {name: ws, path: /ws, callers: [anyone], target: {url: "http://PLAIN/ws"}, soap: {operations: {Put: {}, Find: {}}}}
`, "ADDR", s.Addr, "PIN", s.SPKIPin, "PLAIN", plain))
	importWCF(t, plain, filepath.Join(b.Dir, "wcf"))
	b.Start()

	record := strings.Replace(careful, `["one"]`, `{"string":["one"]}`, 1)
	for caller, call := range b.jsonCalls("/json/Put", `{"record":`+record+`}`) {
		t.Run("JSON from "+caller, func(t *testing.T) {
			if status, got := call(t); status != 200 || strings.TrimSpace(got) != `{"PutResult":`+record+`}` {
				t.Errorf("got %d, %s", status, got)
			}
		})
	}
	for caller, call := range b.jsonCalls("/json/Find", `{"item":"A<1"}`) {
		t.Run("a declared fault from "+caller, func(t *testing.T) {
			status, got := call(t)
			expectFault(t, status, got, 400, "no item A<1", `"Missing":{"item":"A<1","tried":9007199254740993}`)
		})
	}
	// Over https WSHttpBinding without security is called Transport; its messages are the same.
	for binding, path := range map[string]string{"BasicHttpBinding": "/basic", "WSHttpBinding": "/ws"} {
		t.Run(binding, func(t *testing.T) {
			want := "é<&> 9007199254740993 12345678901234567890123.456 2026-01-02T03:04:05.0000000Z AQID null empty one\nfault: no item A<1: A<1 9007199254740993\n"
			if r := peers.WCFClient(t, b.CA, wcfTrialClient, binding, b.URL+path); r.ExitCode != 0 || r.Stdout != want {
				t.Errorf("exit %d\n%s%s", r.ExitCode, r.Stdout, r.Stderr)
			}
		})
	}
	t.Run("WCF refuses the broker's own address", func(t *testing.T) {
		resp, err := http.Post("http://"+plain+"/ws", "application/soap+xml; charset=utf-8", strings.NewReader(fill(`<s:Envelope xmlns:a="http://www.w3.org/2005/08/addressing" xmlns:s="http://www.w3.org/2003/05/soap-envelope">`+
			`<s:Header><a:Action>urn:trial/Trial/Put</a:Action><a:To>URL/ws</a:To></s:Header><s:Body><Put xmlns="urn:trial"/></s:Body></s:Envelope>`, "URL", b.URL)))
		if err != nil {
			t.Fatal(err)
		}
		if got := readAll(t, resp); resp.StatusCode != 500 || !strings.Contains(got, "DestinationUnreachable") {
			t.Errorf("WSHttpBinding is no proof that wsa:To is rewritten: %d %s", resp.StatusCode, got)
		}
	})
	t.Run("svcutil.exe", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "proxy.cs")
		if r := peers.MonoTool(t, b.CA, "svcutil.exe", "-out:"+out, "-noConfig", b.URL+"/basic?singleWsdl"); r.ExitCode != 0 || !strings.Contains(generated(t, out), "urn:trial/Trial/Put") {
			t.Errorf("exit %d\n%s%s", r.ExitCode, r.Stdout, r.Stderr)
		}
	})
	t.Run("zeep", func(t *testing.T) {
		// Not of ?wsdl, which imports a page for people as the schema of schemas.
		r := peers.Script(t, "python", "import zeep", "python3-zeep", zeepTrialClient, b.URL+"/basic?singleWsdl", b.CA)
		if r.ExitCode != 0 || r.Stdout != "é<&> 9007199254740993 12345678901234567890123.456 b'abc' None ['one']\n" {
			t.Errorf("exit %d\n%s%s", r.ExitCode, r.Stdout, r.Stderr)
		}
	})
	t.Run("the contract", func(t *testing.T) {
		for query, want := range map[string]string{"?wsdl": `location="` + b.URL + `/basic?wsdl=wsdl0"`, "?wsdl=wsdl0": `schemaLocation="` + b.URL + `/basic?xsd=xsd0"`, "?xsd=xsd0": `name="Record"`} {
			if got := b.Get("/basic" + query); strings.Contains(got, plain) || strings.Contains(got, s.Addr) || !strings.Contains(got, want) {
				t.Errorf("%s is without %s, or tells the target's address:\n%s", query, want, got)
			}
		}
	})
}

const zeepTrialClient = `
import sys, requests, zeep
session = requests.Session()
session.trust_env = False
session.verify = sys.argv[2]
service = zeep.Client(sys.argv[1], transport=zeep.transports.Transport(session=session)).service
record = service.Put({"text": "é<&>", "long": 9007199254740993, "amount": "12345678901234567890123.456", "data": b"abc", "empty": "", "lines": {"string": ["one"]}})
print(record.text, record.long, record.amount, record.data, record.nothing, record.lines.string)
`

const wcfTrialClient = `
using System;
using System.Collections.Generic;
using System.Globalization;
using System.ServiceModel;
using System.ServiceModel.Channels;

static class Client {
    static int Main(string[] args) {
        var binding = args[0] == "WSHttpBinding" ? (Binding)new WSHttpBinding(SecurityMode.Transport) { UseDefaultWebProxy = false }
            : new BasicHttpBinding(BasicHttpSecurityMode.Transport) { UseDefaultWebProxy = false };
        var service = new ChannelFactory<ITrial>(binding, new EndpointAddress(args[1])).CreateChannel();
        Record r = service.Put(new Record {
            Text = "é<&>", Long = 9007199254740993, Amount = 12345678901234567890123.456m, Flag = true, Time = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc),
            Data = new byte[] { 1, 2, 3 }, Empty = "", Lines = new List<string> { "one" },
        });
        Console.Write(string.Join(" ", r.Text, r.Long, r.Amount.ToString(CultureInfo.InvariantCulture), r.Time.ToString("o"), Convert.ToBase64String(r.Data),
            r.Nothing ?? "null", r.Empty == "" ? "empty" : "spoilt", string.Join(",", r.Lines)) + "\n");
        try {
            service.Find("A<1");
        } catch (FaultException<Missing> e) {
            Console.Write("fault: " + e.Message + ": " + e.Detail.Item + " " + e.Detail.Tried + "\n");
        }
        return 0;
    }
}
`
