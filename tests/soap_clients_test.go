//go:build linux

package tests

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"twohop/tests/peers"
)

// soapBroker is a broker before a service of JAX-WS, whose contract it rewrites.
func soapBroker(t *testing.T) *Broker {
	t.Helper()
	// Mono's TLS knows no name constraints on addresses, which the local CA has.
	b := NewWithChain(t, fmt.Sprintf(`
routes:
  - {name: stock, path: /erp/stock, callers: [anyone], target: {url: "http://%s/app/stock"}, soap: {operations: {count: {}}}}
`, peers.JAXWS(t)))
	b.Start()
	return b
}

// TestClientsOfASOAPService makes clients of several stacks from the contract that a target
// serves through the broker, and calls: once well, once for a typed fault, once for an
// operation that the route does not allow.
func TestClientsOfASOAPService(t *testing.T) {
	t.Parallel()
	b := soapBroker(t)
	url := b.URL + "/erp/stock"
	for _, path := range []string{"/erp/stock?wsdl", "/erp/stock?xsd=1", "/erp/stock?singleWsdl"} {
		if text := b.Call("GET", path, "").Body; strings.Contains(text, "/app/stock") || strings.Contains(text, "http://127.0.0.1") || path == "/erp/stock?wsdl" && !strings.Contains(text, `location="`+url+`"`) {
			t.Errorf("%s tells the target's address:\n%s", path, text)
		}
	}
	const want = "5\nfault: no such item: B1 404\nrefused: operation_not_allowed\n"
	check := func(t *testing.T, r peers.Result) {
		t.Helper()
		if r.ExitCode != 0 || r.Stdout != want {
			t.Errorf("exit %d\n%s%s", r.ExitCode, r.Stdout, r.Stderr)
		}
	}
	t.Run("zeep", func(t *testing.T) {
		check(t, peers.Script(t, "python", "import zeep", "python3-zeep", zeepClient, url+"?wsdl", b.CA))
	})
	t.Run("php-soap", func(t *testing.T) {
		check(t, peers.Script(t, "php", `exit(class_exists("SoapClient") ? 0 : 1);`, "php-soap", phpClient, url+"?wsdl", b.CA))
	})
	t.Run("node-soap", func(t *testing.T) {
		for _, query := range []string{"?wsdl", "?singleWsdl"} {
			check(t, peers.NodeSOAP(t, b.CA, nodeClient, url+query))
		}
	})
	t.Run("wsimport", func(t *testing.T) {
		for _, query := range []string{"?wsdl", "?singleWsdl"} {
			dir := t.TempDir()
			r := peers.WSImport(t, url+query, b.CA, dir)
			if _, err := os.Stat(filepath.Join(dir, "client", "StockService.class")); r.ExitCode != 0 || err != nil {
				t.Errorf("%s: exit %d, %v\n%s%s", query, r.ExitCode, err, r.Stdout, r.Stderr)
			}
		}
	})
	for _, query := range []string{"?wsdl", "?singleWsdl"} {
		t.Run("wsdl.exe "+query, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "proxy.cs")
			if r := peers.MonoTool(t, b.CA, "wsdl.exe", "-out:"+out, url+query); r.ExitCode != 0 {
				t.Fatalf("exit %d\n%s%s", r.ExitCode, r.Stdout, r.Stderr)
			}
			program := peers.MonoCompile(t, map[string]string{"proxy.cs": generated(t, out), "client.cs": asmxClient}, "System.Web.Services", "System.Xml")
			check(t, peers.MonoRun(t, time.Minute, b.CA, program, url))
		})
	}
}

// generated reads generated code, whose warnings are not ours.
func generated(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return "#pragma warning disable\n" + string(text)
}

const zeepClient = `
import sys, requests, zeep
session = requests.Session()
session.trust_env = False
session.verify = sys.argv[2]
service = zeep.Client(sys.argv[1], transport=zeep.transports.Transport(session=session)).service
print(service.count("A1001"))
try:
    service.count("B1")
except zeep.exceptions.Fault as e:
    print("fault:", e.message, e.detail.find(".//status").text)
try:
    service.clear("A1")
except zeep.exceptions.Fault as e:
    print("refused:", e.detail.find(".//{urn:twohop:fault}code").text)
`

const phpClient = `<?php
$context = stream_context_create(["ssl" => ["cafile" => $argv[2]]]);
$client = new SoapClient($argv[1], ["stream_context" => $context, "cache_wsdl" => WSDL_CACHE_NONE]);
echo $client->count(["item" => "A1001"])->return, "\n";
try {
    $client->count(["item" => "B1"]);
} catch (SoapFault $f) {
    echo "fault: ", $f->getMessage(), " ", $f->detail->Refusal->status, "\n";
}
try {
    $client->clear(["item" => "A1"]);
} catch (SoapFault $f) {
    echo "refused: ", $f->detail->error->code, "\n";
}
`

const nodeClient = `
const soap = require("soap");
(async () => {
    const client = await soap.createClientAsync(process.argv[2]);
    const say = (line) => process.stdout.write(line + "\n");
    const detail = (e) => e.root.Envelope.Body.Fault.detail;
    say((await client.countAsync({item: "A1001"}))[0].return);
    await client.countAsync({item: "B1"}).catch((e) => say("fault: " + e.root.Envelope.Body.Fault.faultstring + " " + detail(e).Refusal.status));
    await client.clearAsync({item: "A1"}).catch((e) => say("refused: " + detail(e).error.code));
})();
`

const asmxClient = `
using System;
using System.Web.Services.Protocols;

static class Client {
    static int Main(string[] args) {
        var service = new StockService();
        Console.Write(service.count("A1001") + "\n");
        try {
            service.count("B1");
        } catch (SoapException e) {
            Console.Write("fault: " + e.Message + " " + e.Detail.SelectSingleNode("//status").InnerText + "\n");
        }
        try {
            service.clear("A1");
        } catch (SoapException e) {
            Console.Write("refused: " + e.Detail.FirstChild.FirstChild.InnerText + "\n");
        }
        return 0;
    }
}
`

// wcfService is a target that answers as WCF does.
func wcfService(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	answer := `<CountResponse xmlns="http://tempuri.org/"><CountResult>5</CountResult></CountResponse>`
	if strings.Contains(string(body), "B1") {
		w.WriteHeader(http.StatusInternalServerError)
		answer = `<s:Fault><faultcode>s:Client</faultcode><faultstring xml:lang="en">no such item: B1</faultstring><detail>` +
			`<Refusal xmlns="urn:test:types"><Item>B1</Item><Status>404</Status></Refusal></detail></s:Fault>`
	}
	fmt.Fprintf(w, `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>%s</s:Body></s:Envelope>`, answer)
}

// TestClientsOfASavedContract makes WCF and ASMX clients from a contract that the broker
// keeps, and calls the service.
func TestClientsOfASavedContract(t *testing.T) {
	t.Parallel()
	target := httptest.NewServer(http.HandlerFunc(wcfService))
	t.Cleanup(target.Close)
	contract, err := filepath.Abs("testdata/wcf/stock.wsdl")
	if err != nil {
		t.Fatal(err)
	}
	b := NewWithChain(t, fmt.Sprintf(`
routes:
  - name: stock
    path: /erp/stock
    callers: [anyone]
    target: {url: "%s/Stock.svc"}
    soap: {contract: %q, callers_speak: soap, operations: {Count: {}}}
`, target.URL, contract))
	b.Start()
	url := b.URL + "/erp/stock"
	out := filepath.Join(t.TempDir(), "proxy.cs")
	r := peers.MonoTool(t, b.CA, "svcutil.exe", "-out:"+out, "-noConfig", url+"?singleWsdl")
	if r.ExitCode != 0 {
		t.Fatalf("exit %d\n%s%s", r.ExitCode, r.Stdout, r.Stderr)
	}
	program := peers.MonoCompile(t, map[string]string{"proxy.cs": generated(t, out), "client.cs": wcfClient}, "System.ServiceModel", "System.Runtime.Serialization", "System.Xml")
	if r := peers.MonoRun(t, time.Minute, b.CA, program, url); r.ExitCode != 0 || r.Stdout != "5\nfault: no such item: B1 404\nrefused: operation_not_allowed\n" {
		t.Errorf("exit %d\n%s%s", r.ExitCode, r.Stdout, r.Stderr)
	}
}

// wcfClient has the fault's types itself, since Mono's svcutil writes no
// FaultContract.
const wcfClient = `
using System;
using System.Runtime.Serialization;
using System.ServiceModel;

[DataContract(Name = "Refusal", Namespace = "urn:test:types")]
public class Refusal {
    [DataMember] public string Item;
    [DataMember] public int Status;
}

[DataContract(Name = "error", Namespace = "urn:twohop:fault")]
public class BrokerError {
    [DataMember(Name = "code")] public string Code;
}

[ServiceContract(Name = "Stock")]
interface StockWithFault {
    [OperationContract, FaultContract(typeof(Refusal), Name = "Refusal", Namespace = "urn:test:types")]
    int Count(string item);
    [OperationContract, FaultContract(typeof(BrokerError), Name = "error", Namespace = "urn:twohop:fault")]
    int Clear(string item);
}

static class Client {
    static int Main(string[] args) {
        var binding = new BasicHttpBinding(BasicHttpSecurityMode.Transport) { UseDefaultWebProxy = false };
        var address = new EndpointAddress(args[0]);
        var service = new StockClient(binding, address);
        Console.Write(service.Count("A1001") + "\n");
        var typed = new ChannelFactory<StockWithFault>(binding, address).CreateChannel();
        try {
            typed.Count("B1");
        } catch (FaultException<Refusal> e) {
            Console.Write("fault: " + e.Message + " " + e.Detail.Status + "\n");
        }
        try {
            typed.Clear("A1");
        } catch (FaultException<BrokerError> e) {
            Console.Write("refused: " + e.Detail.Code + "\n");
        }
        return 0;
    }
}
`
