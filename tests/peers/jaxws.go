//go:build linux

package peers

import (
	"embed"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

//go:embed jaxws/*.java
var jaxwsSources embed.FS

// jaxwsJar names all of JAX-WS in its manifest.
const jaxwsJar = "/usr/share/java/jaxws-tools.jar"

// needJAXWS ends the test as absent does when JAX-WS is not there.
func needJAXWS(t testing.TB) {
	t.Helper()
	if _, err := os.Stat(jaxwsJar); err != nil {
		absent(t, "%v; apt-get install jaxws (see tests/peers/packages.txt)", err)
	}
}

// JAXWS starts a SOAP 1.1 service of JAX-WS over plain HTTP and returns its address,
// host:port. It is at /app/stock: count answers the length of an item that begins with A,
// and for others the fault UnknownItem with the detail Refusal{item, status: 404}; clear
// answers -1. Its ?wsdl imports ?xsd=1.
func JAXWS(t testing.TB) string {
	t.Helper()
	needJAXWS(t)
	dir := t.TempDir()
	names, err := fs.Glob(jaxwsSources, "jaxws/*.java")
	if err != nil {
		t.Fatalf("peers: %v", err)
	}
	args := []string{"-cp", jaxwsJar, "-d", dir}
	for _, name := range names {
		text, err := jaxwsSources.ReadFile(name)
		if err != nil {
			t.Fatalf("peers: %v", err)
		}
		file := filepath.Join(dir, filepath.Base(name))
		writeFile(t, file, string(text))
		args = append(args, file)
	}
	if r := run(t, 60*time.Second, "", nil, "javac", args...); r.ExitCode != 0 {
		t.Fatalf("peers: javac: exit %d\n%s%s", r.ExitCode, r.Stdout, r.Stderr)
	}
	// Debian's runtime lacks what makes the classes of the wrappers as it runs.
	if r := run(t, 60*time.Second, "", nil, "java", append(fastJVM(), "-cp", jaxwsJar+":/usr/share/java/jaxb-jxc.jar", "com.sun.tools.ws.WsGen", "-keep", "-cp", dir, "-d", dir, "Stock")...); r.ExitCode != 0 {
		t.Fatalf("peers: wsgen: exit %d\n%s%s", r.ExitCode, r.Stdout, r.Stderr)
	}
	p := start(t, command(t, "java", append(fastJVM(), "-cp", dir+":"+jaxwsJar, "Stock")...))
	addr := p.announced(t, regexp.MustCompile(`ACCEPT (\S+)`))
	p.reachable(t, dialTo(addr))
	return addr
}

// WSImport generates a client from the contract at url, in dir, trusting ca, and compiles
// it.
func WSImport(t testing.TB, url, ca, dir string) Result {
	t.Helper()
	needJAXWS(t)
	store := filepath.Join(t.TempDir(), "trust.p12")
	keytool(t, "-importcert", "-noprompt", "-alias", "ca", "-file", ca, "-keystore", store, "-storetype", "PKCS12", "-storepass", "changeit")
	args := append(fastJVM(), "-Djavax.net.ssl.trustStore="+store, "-Djavax.net.ssl.trustStorePassword=changeit",
		"-cp", jaxwsJar, "com.sun.tools.ws.WsImport", "-keep", "-d", dir, "-p", "client", url)
	return run(t, 90*time.Second, "", nil, "java", args...)
}

// Script runs a script of Python or PHP that needs what probe, in its language, loads from a
// package.
func Script(t testing.TB, language, probe, pkg, text string, args ...string) Result {
	t.Helper()
	program, flag := "/usr/bin/python3", "-c" // Debian's modules are for Debian's Python
	if language == "php" {
		program, flag = need(t, "php"), "-r"
	}
	if r := run(t, 30*time.Second, "", nil, program, flag, probe); r.ExitCode != 0 {
		absent(t, "%s; apt-get install %s (see tests/peers/packages.txt)", r.Stderr+r.Stdout, pkg)
	}
	file := filepath.Join(t.TempDir(), "script")
	writeFile(t, file, text)
	return run(t, time.Minute, "", nil, program, append([]string{file}, args...)...)
}

// NodeSOAP runs a script that uses npm's soap, trusting ca. No Debian package has it: without
// it on NODE_PATH the test is skipped, with CI=true too.
func NodeSOAP(t testing.TB, ca, text string, args ...string) Result {
	t.Helper()
	node, err := exec.LookPath("node")
	if err == nil {
		err = exec.Command(node, "-e", `require("soap")`).Run()
	}
	if err != nil {
		t.Skipf("SKIPPED, NOT TESTED: peers: npm's soap: %v; npm install soap, and NODE_PATH=.../node_modules", err)
	}
	file := filepath.Join(t.TempDir(), "script.cjs")
	writeFile(t, file, text)
	return run(t, time.Minute, "", []string{"NODE_EXTRA_CA_CERTS=" + ca}, node, append([]string{file}, args...)...)
}

// MonoTool runs one of Mono's own tools, wsdl.exe or svcutil.exe, trusting ca.
func MonoTool(t testing.TB, ca, tool string, args ...string) Result {
	t.Helper()
	path := filepath.Join("/usr/lib/mono/4.5", tool)
	if _, err := os.Stat(path); err != nil {
		absent(t, "%v; apt-get install mono-devel (see tests/peers/packages.txt)", err)
	}
	return MonoRun(t, 90*time.Second, ca, path, args...)
}
