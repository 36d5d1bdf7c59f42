//go:build linux

package peers

import (
	"os"
	"os/exec"
	"testing"
)

// packageOf names the Debian 12 package of each program that this package starts.
func packageOf(program string) string {
	switch program {
	case "cc":
		return "gcc libc6-dev"
	case "gnutls-serv":
		return "gnutls-bin"
	case "java", "javac", "keytool":
		return "openjdk-17-jdk-headless"
	case "mcs":
		return "mono-mcs"
	case "mono":
		return "mono-runtime"
	case "nginx":
		return "nginx-light"
	case "php":
		return "php-cli"
	case "/usr/bin/python3":
		return "python3-spyne"
	case "rsyslogd":
		return "rsyslog"
	case "soapcpp2", "wsdl2h":
		return "gsoap"
	case "systemd-socket-activate":
		return "systemd"
	case "wsgen":
		return "jaxws"
	case "timeout":
		return "coreutils"
	}
	return program // openssl, curl, sslscan, haproxy and slowhttptest are called like their packages
}

// need returns the path of program, or ends the test as absent does.
func need(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		absent(t, "%s is not installed; apt-get install %s (see tests/peers/packages.txt)", program, packageOf(program))
	}
	return path
}

// Need is need for tests that drive a program themselves.
func Need(t testing.TB, program string) string {
	t.Helper()
	return need(t, program)
}

// absent skips the test, or fails it when CI=true: a build machine that lacks a peer
// must not call the tests passed.
func absent(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("peers: "+format, args...)
	}
	t.Skipf("SKIPPED, NOT TESTED: peers: "+format, args...)
}
