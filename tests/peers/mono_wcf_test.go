//go:build linux

package peers

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// envelope answers with a SOAP 1.1 message.
func envelope(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		w.WriteHeader(status)
		fmt.Fprintf(w, `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>%s</s:Body></s:Envelope>`, body)
	}
}

const soapFault = `<s:Fault><faultcode>s:Client</faultcode><faultstring>no credential</faultstring>` +
	`<detail><Refusal xmlns="urn:test:refusal"><Code>credential_missing</Code><Status>401</Status></Refusal></detail></s:Fault>`

func wcfCall(url, ca string) MonoCall {
	return MonoCall{
		Client: WCF, URL: url, CA: ca, SOAPAction: "urn:legacy/GetStock",
		Body: `<GetStock xmlns="urn:legacy"><item>A1</item></GetStock>`,
	}
}

func TestWCF(t *testing.T) {
	t.Run("an answer", func(t *testing.T) {
		var got http.Header
		answer := envelope(200, `<GetStockResponse xmlns="urn:legacy"><count>3</count></GetStockResponse>`)
		url, ca := front(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = r.Header
			answer(w, r)
		}))
		a := Mono(t, wcfCall(url, ca))[0]
		if a.Exception != "" || !strings.Contains(a.Body, "<count>3</count>") || a.Certificates != 1 {
			t.Errorf("got %+v", a)
		}
		if got.Get("Soapaction") != `"urn:legacy/GetStock"` || got.Get("Content-Type") != "text/xml; charset=utf-8" {
			t.Errorf("the server saw %v", got)
		}
	})
	t.Run("a Fault in a 500 is a typed FaultException", func(t *testing.T) {
		url, ca := front(t, envelope(500, soapFault))
		a := Mono(t, wcfCall(url, ca))[0]
		if a.FaultType != "FaultException<XmlElement>" || a.FaultCode != "Client" || a.FaultReason != "no credential" {
			t.Errorf("got %+v", a)
		}
		if !strings.Contains(a.FaultDetail, "<Status>401</Status>") {
			t.Errorf("detail %q", a.FaultDetail)
		}
	})
	t.Run("a Fault without detail is a plain FaultException", func(t *testing.T) {
		url, ca := front(t, envelope(500, `<s:Fault><faultcode>s:Server</faultcode><faultstring>gone</faultstring></s:Fault>`))
		if a := Mono(t, wcfCall(url, ca))[0]; a.FaultType != "FaultException" || a.FaultCode != "Server" || a.FaultReason != "gone" {
			t.Errorf("got %+v", a)
		}
	})
	t.Run("a Fault in a 401 is lost: only the status remains", func(t *testing.T) {
		url, ca := front(t, envelope(401, soapFault))
		if a := Mono(t, wcfCall(url, ca))[0]; a.FaultType != "" || a.Status != 401 || a.WebStatus != "ProtocolError" {
			t.Errorf("got %+v", a)
		}
	})
	t.Run("several calls use one connection", func(t *testing.T) {
		url, ca := front(t, envelope(200, `<R/>`))
		c := wcfCall(url, ca)
		c.Calls = 3
		if a := Mono(t, c); a[2].Exception != "" || a[2].Handshakes != 1 {
			t.Errorf("got %+v", a[2])
		}
	})
}

// typedProgram has a contract of its own, as code generated from a WSDL has.
const typedProgram = `
using System;
using System.Runtime.Serialization;
using System.ServiceModel;

[DataContract(Name = "Refusal", Namespace = "urn:test:refusal")]
class Refusal {
    [DataMember] public string Code;
    [DataMember] public int Status;
}

[ServiceContract(Namespace = "urn:legacy", Name = "Stock")]
interface Stock {
    [OperationContract(Action = "urn:legacy/GetStock", ReplyAction = "*")]
    [FaultContract(typeof(Refusal), Name = "Refusal", Namespace = "urn:test:refusal")]
    int GetStock(string item);
}

static class Typed {
    static int Main(string[] args) {
        System.Net.ServicePointManager.ServerCertificateValidationCallback = (s, c, chain, e) => e == 0;
        var binding = new BasicHttpBinding(BasicHttpSecurityMode.Transport) { UseDefaultWebProxy = false };
        try {
            Console.WriteLine(new ChannelFactory<Stock>(binding, new EndpointAddress(args[0])).CreateChannel().GetStock("A1"));
        } catch (FaultException<Refusal> e) {
            Console.WriteLine("refused: " + e.Detail.Code + " " + e.Detail.Status + " " + e.Message);
        }
        return 0;
    }
}
`

func TestMonoCompile(t *testing.T) {
	program := MonoCompile(t, map[string]string{"typed.cs": typedProgram}, "System.ServiceModel", "System.Runtime.Serialization")
	if again := MonoCompile(t, map[string]string{"typed.cs": typedProgram}, "System.ServiceModel", "System.Runtime.Serialization"); again != program {
		t.Errorf("compiled twice: %s, %s", program, again)
	}
	url, ca := front(t, envelope(500, soapFault))
	r := MonoRun(t, 30*time.Second, ca, program, url)
	if r.ExitCode != 0 || r.Stdout != "refused: credential_missing 401 no credential\n" {
		t.Errorf("exit %d\n%s%s", r.ExitCode, r.Stdout, r.Stderr)
	}
}
