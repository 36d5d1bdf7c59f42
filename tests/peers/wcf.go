//go:build linux

package peers

import (
	"context"
	"embed"
	"net"
	"testing"
	"time"
)

//go:embed wcf/*.cs
var wcfFiles embed.FS

var wcfAssemblies = []string{"System.ServiceModel", "System.Runtime.Serialization", "System.Xml"}

// WCFHost starts a ServiceHost of Mono's WCF over plain HTTP and returns its address,
// host:port. At /trial it is a BasicHttpBinding, at /ws a WSHttpBinding without
// security; both give back the record of Put and answer Find with the fault Missing. Its ?wsdl
// imports ?wsdl=wsdl0, which imports ?xsd=xsd0 and others. It lives in a network namespace
// of its own, because HttpListener binds every address.
func WCFHost(t testing.TB) string {
	t.Helper()
	program := MonoCompile(t, wcfSources(t, "Host.cs"), wcfAssemblies...)
	addr := freeAddr(t) // inside and outside, since it writes its address into its contract
	cmd := command(t, "mono", program, "http://"+addr+"/trial")

	ns := newNamespace(t)
	var p *process
	var err error
	ns.do(func() { p, err = launch(cmd) })
	if err != nil {
		t.Fatalf("peers: %v", err)
	}
	t.Cleanup(func() { p.stop(t) })
	p.reachable(t, func(ctx context.Context) (net.Conn, error) { return ns.dial(ctx, addr) })
	return ns.relay(t, addr, addr)
}

// WCFClient runs a program that has a client of WCFHost: ITrial, Record and Missing are
// there.
func WCFClient(t testing.TB, ca, source string, args ...string) Result {
	t.Helper()
	sources := wcfSources(t)
	sources["Client.cs"] = source
	return MonoRun(t, time.Minute, ca, MonoCompile(t, sources, wcfAssemblies...), args...)
}

// wcfSources are the contract and more files of wcf.
func wcfSources(t testing.TB, names ...string) map[string]string {
	t.Helper()
	sources := map[string]string{}
	for _, name := range append(names, "Trial.cs") {
		text, err := wcfFiles.ReadFile("wcf/" + name)
		if err != nil {
			t.Fatalf("peers: %v", err)
		}
		sources[name] = string(text)
	}
	return sources
}
