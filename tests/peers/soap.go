//go:build linux

package peers

import (
	"crypto/tls"
	"embed"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

//go:embed soap
var soapFiles embed.FS

// SOAPServer is a SOAP service that speaks TLS 1.0 with RSA key exchange and nothing
// newer: a stack that we did not write, behind a terminator.
type SOAPServer struct {
	Server
	Contract string // path of its WSDL
}

// PHPSOAP starts php-soap. It serves trial.wsdl (document/literal) at /, and at /encoded
// the contract whose path it returns too: rpc/encoded, with references in its answers.
func PHPSOAP(t testing.TB) (s SOAPServer, encoded string) {
	t.Helper()
	dir := soapDir(t)
	if r := run(t, readyWithin, "", nil, "php", "-r", "exit(class_exists('SoapServer') ? 0 : 1);"); r.ExitCode != 0 {
		absent(t, "php has no SOAP; apt-get install php-soap (see tests/peers/packages.txt)")
	}
	addr := freeAddr(t)
	p := start(t, command(t, "php", "-S", addr, filepath.Join(dir, "service.php")))
	p.reachable(t, dialTo(addr))
	return SOAPServer{TLS10(t, addr), filepath.Join(dir, "trial.wsdl")}, filepath.Join(dir, "encoded.wsdl")
}

// Spyne starts a service of spyne's, document/literal, with the contract that it writes.
func Spyne(t testing.TB) SOAPServer {
	t.Helper()
	dir := soapDir(t)
	const python = "/usr/bin/python3" // Debian's own has the modules of Debian's packages
	if r := run(t, readyWithin, "", nil, python, "-c", "import spyne"); r.ExitCode != 0 {
		absent(t, "spyne is not installed; apt-get install python3-spyne (see tests/peers/packages.txt)")
	}
	p := start(t, command(t, python, filepath.Join(dir, "service.py")))
	addr := p.announced(t, regexp.MustCompile(`LISTEN (\S+)`))
	return SOAPServer{TLS10(t, addr), contractOf(t, dir, "http://"+addr+"/?wsdl")}
}

// jaxwsJars are what Debian's jaxws needs at run time.
var jaxwsJars = strings.Fields("jaxws-api jaxws-rt jaxb-api jaxb-core jaxb-runtime jws-api saaj-impl stax-ex streambuffer mimepull metro-policy gmbal txw2 FastInfoset istack-commons-runtime javax.activation woodstox-core stax2-api geronimo-annotation-1.3-spec")

// jarPath is the end of a class path, with these of Debian's jars.
func jarPath(t testing.TB, jars []string) (path string) {
	t.Helper()
	for _, jar := range jars {
		file := "/usr/share/java/" + jar + ".jar"
		if _, err := os.Stat(file); err != nil {
			absent(t, "%v; make packages (see tests/peers/packages.txt)", err)
		}
		path += ":" + file
	}
	return path
}

// JAXWSTrial starts a service of the JAX-WS reference implementation, document/literal wrapped,
// at /trial, with the contract that wsgen writes. At /mtom is the same service, which
// answers in MTOM those who accept application/xop+xml.
func JAXWSTrial(t testing.TB) SOAPServer {
	t.Helper()
	dir, classes := soapDir(t), t.TempDir()
	path := classes + jarPath(t, jaxwsJars)
	need(t, "wsgen")
	for _, step := range [][]string{
		{"javac", "-cp", path, "-d", classes, filepath.Join(dir, "jaxws", "Trial.java")},
		{"wsgen", "-keep", "-wsdl", "-inlineSchemas", "-cp", path, "-d", classes, "-r", classes, "trial.Trial"},
	} {
		if r := run(t, 2*readyWithin, "", nil, step[0], step[1:]...); r.ExitCode != 0 {
			t.Fatalf("peers: %v: exit %d\n%s%s", step, r.ExitCode, r.Stdout, r.Stderr)
		}
	}
	p := start(t, command(t, "java", append(fastJVM(), "-cp", path, "trial.Trial")...))
	addr := p.announced(t, regexp.MustCompile(`LISTEN (\S+)`))
	return SOAPServer{TLS10(t, addr), filepath.Join(classes, "Trial.wsdl")}
}

// GSOAP makes a service of gSOAP from trial.wsdl (document/literal), compiles it and starts it.
func GSOAP(t testing.TB) SOAPServer {
	t.Helper()
	dir := soapDir(t)
	in := func(name string) string { return filepath.Join(dir, name) }
	need(t, "soapcpp2")
	if _, err := os.Stat("/usr/include/stdsoap2.h"); err != nil {
		absent(t, "%v; apt-get install libgsoap-dev (see tests/peers/packages.txt)", err)
	}
	for _, step := range [][]string{
		{"wsdl2h", "-c", "-o", in("trial.h"), in("trial.wsdl")},
		{"soapcpp2", "-c", "-S", "-x", "-L", "-I/usr/share/gsoap/import", "-d", dir, in("trial.h")},
		{"cc", "-o", in("service"), in("service.c"), in("soapC.c"), in("soapServer.c"), "-lgsoap"},
	} {
		if r := run(t, 2*readyWithin, "", nil, step[0], step[1:]...); r.ExitCode != 0 {
			t.Fatalf("peers: %v: exit %d\n%s%s", step, r.ExitCode, r.Stdout, r.Stderr)
		}
	}
	p := start(t, command(t, in("service")))
	return SOAPServer{TLS10(t, p.announced(t, regexp.MustCompile(`LISTEN (\S+)`))), in("trial.wsdl")}
}

// contractOf saves the contract that a service writes about itself.
func contractOf(t testing.TB, dir, address string) string {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Fatalf("peers: %v", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("peers: %s: %s, %v\n%s", address, resp.Status, err, text)
	}
	path := filepath.Join(dir, "service.wsdl")
	writeFile(t, path, string(text))
	return path
}

// soapDir is a directory with the files of soap.
func soapDir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	files, err := fs.Sub(soapFiles, "soap")
	if err != nil {
		t.Fatalf("peers: %v", err)
	}
	if err := os.CopyFS(dir, files); err != nil {
		t.Fatalf("peers: %v", err)
	}
	return dir
}

// TLS10 puts TLS 1.0 with RSA key exchange and a LegacyIdentity in front of a plain server.
func TLS10(t testing.TB, plain string) Server {
	t.Helper()
	id := LegacyIdentity(t)
	cert, err := tls.LoadX509KeyPair(id.CertPEM, id.KeyPEM)
	if err != nil {
		t.Fatalf("peers: %v", err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10,
		CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA},
	})
	if err != nil {
		t.Fatalf("peers: %v", err)
	}
	transport := &http.Transport{DisableCompression: true}
	server := &http.Server{
		Handler: &httputil.ReverseProxy{
			Transport: transport,
			ErrorLog:  log.New(os.Stderr, "peers: ", 0),
			Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: plain}) },
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Serve(l) // ends when it is closed
	}()
	t.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
		<-done
	})
	return id.server(l.Addr().(*net.TCPAddr).String())
}
