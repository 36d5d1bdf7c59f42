//go:build linux

package tests

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"twohop/internal/legacy"
	"twohop/tests/peers"
)

// TestRefusalsReachDotNet: .NET sends its whole body before it reads. A refusal that
// closes the connection under it is lost, and the developer sees "forcibly closed".
// Mono encrypts the whole body before it sends a byte of it, and the broker waits for
// some seconds only: these callers run one after the other.
func TestRefusalsReachDotNet(t *testing.T) {
	t.Parallel()
	b := startForDotNet(t)
	const calls, size = 10, 5 << 20
	for _, client := range dotnet[:2] {
		for _, expect := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, 401 to 5 MB, Expect %v", client, expect), func(t *testing.T) {
				arrived := 0
				for _, a := range peers.Mono(t, peers.MonoCall{Client: client, URL: b.URL + "/json/echo", CA: b.CA, BodySize: size, NoExpect: !expect, Calls: calls}) {
					if a.Status == 401 && strings.Contains(a.Body, `"credential_missing"`) && strings.HasPrefix(a.HeaderValue("WWW-Authenticate"), "ApiKey ") {
						arrived++
					} else {
						t.Log("lost:", said(a))
					}
				}
				if arrived != calls {
					t.Errorf("%d of %d refusals arrived", arrived, calls)
				}
			})
		}
		t.Run(client+", 413 to 5 MB", func(t *testing.T) {
			for _, a := range peers.Mono(t, peers.MonoCall{Client: client, URL: b.URL + "/small/echo", CA: b.CA, BodySize: size, Header: []string{"X-Api-Key: " + b.Key}, Calls: 3}) {
				if a.Status != 413 || !strings.Contains(a.Body, `"body_too_large"`) {
					t.Error("got", said(a))
				}
			}
		})
		t.Run(client+", 413 to 5 MB in chunks", func(t *testing.T) {
			a := peers.Mono(t, peers.MonoCall{Client: client, URL: b.URL + "/small/orders", CA: b.CA, BodySize: size, Header: []string{"X-Api-Key: " + b.Key}, Chunked: true})[0]
			if a.Status != 413 || !strings.Contains(a.Body, `"body_too_large"`) {
				t.Error("got", said(a))
			}
		})
	}
	t.Run("WCF, 5 MB, gets a Fault", func(t *testing.T) {
		body := "<GetStock xmlns=\"urn:legacy\"><item>" + strings.Repeat("x", size) + "</item></GetStock>"
		for _, a := range peers.Mono(t, peers.MonoCall{Client: peers.WCF, URL: b.URL + "/ws/stock", CA: b.CA, SOAPAction: legacy.GetStockAction, Body: body, Calls: 3}) {
			if a.FaultType != "FaultException<XmlElement>" || !strings.Contains(a.FaultDetail, "<status>401</status>") || !strings.Contains(a.FaultReason, "credential") {
				t.Error("got", said(a))
			}
		}
	})
	t.Run("403 on another caller's route", func(t *testing.T) {
		a := peers.Mono(t, peers.MonoCall{URL: b.URL + "/others/x", CA: b.CA, Header: []string{"X-Api-Key: " + b.Key}})[0]
		if a.Status != 403 || !strings.Contains(a.Body, `"caller_not_allowed"`) || strings.Contains(a.Body, b.Key) {
			t.Error("got", said(a))
		}
	})
}

// typed is a caller with a contract of its own, as made from a WSDL, that knows the
// broker's refusals by their type.
const typed = `
using System;
using System.Runtime.InteropServices;
using System.Runtime.Serialization;
using System.ServiceModel;

[DataContract(Name = "error", Namespace = "urn:twohop:fault")]
class Refusal {
    [DataMember(Order = 0)] public string code;
    [DataMember(Order = 1)] public int status;
    [DataMember(Order = 2)] public string hop;
    [DataMember(Order = 3)] public string cause;
    [DataMember(Order = 4)] public string fix;
    [DataMember(Order = 5)] public string correlationId;
}

[ServiceContract(Namespace = "urn:legacy", Name = "Stock")]
interface Stock {
    [OperationContract(Action = "urn:legacy/GetStock", ReplyAction = "*")]
    [FaultContract(typeof(Refusal), Name = "error", Namespace = "urn:twohop:fault")]
    string GetStock(string item);
}

static class Typed {
    [DllImport("libc", EntryPoint = "_exit")]
    static extern void ExitNow(int code); // Mono's own end hangs now and then

    static int Main(string[] args) {
        System.Net.ServicePointManager.ServerCertificateValidationCallback = (s, c, chain, e) => e == 0;
        var binding = new BasicHttpBinding(BasicHttpSecurityMode.Transport) { UseDefaultWebProxy = false };
        try {
            new ChannelFactory<Stock>(binding, new EndpointAddress(args[0])).CreateChannel().GetStock("A1001");
        } catch (FaultException<Refusal> e) {
            var d = e.Detail;
            Console.WriteLine(d.code + "|" + d.status + "|" + d.hop + "|" + d.cause + "|" + d.fix + "|" + d.correlationId + "|" + e.Message);
        }
        Console.Out.Flush();
        ExitNow(0);
        return 0;
    }
}
`

func TestARefusedSOAPCallIsATypedFaultException(t *testing.T) {
	t.Parallel()
	b := startForDotNet(t)
	program := peers.MonoCompile(t, map[string]string{"typed.cs": typed}, "System.ServiceModel", "System.Runtime.Serialization")
	r := peers.MonoRun(t, 30*time.Second, b.CA, program, b.URL+"/ws/stock")
	part := strings.Split(strings.TrimSpace(r.Stdout), "|")
	if r.ExitCode != 0 || len(part) != 7 {
		t.Fatalf("exit %d\n%s%s", r.ExitCode, r.Stdout, r.Stderr)
	}
	if part[0] != "credential_missing" || part[1] != "401" || part[2] != "caller" || part[3] == "" || part[4] == "" {
		t.Errorf("the caller caught %q", part)
	}
	if rec := b.End(part[5]); rec.StatusCode != "credential_missing" || rec.Response.Code != http.StatusInternalServerError {
		t.Errorf("the record says %+v", rec)
	}
	if !strings.Contains(part[6], part[3]) {
		t.Errorf("the exception's message %q does not hold the cause %q", part[6], part[3])
	}
}
