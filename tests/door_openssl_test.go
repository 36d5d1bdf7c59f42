//go:build linux

package tests

import (
	"path/filepath"
	"strings"
	"testing"

	"twohop/tests/peers"
)

func TestOpenSSLAtTheFrontDoor(t *testing.T) {
	t.Parallel()
	b := NewWithChain(t, stockRoute(plainTarget(t).Addr()))
	b.Start()
	connect := func(stdin string, args ...string) peers.Result {
		t.Helper()
		return peers.SClient(t, stdin, append([]string{"-connect", b.Addr, "-servername", "localhost", "-CAfile", b.CA}, args...)...)
	}
	request := "GET /stock/stock/A1001 HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: " + b.Key + "\r\nConnection: close\r\n\r\n"

	t.Run("the whole chain is sent, and verifies against the root alone", func(t *testing.T) {
		r := connect("", "-showcerts", "-verify_return_error", "-verify_hostname", "localhost")
		if r.ExitCode != 0 || strings.Count(r.Stdout, "BEGIN CERTIFICATE") != 2 || !strings.Contains(r.Stdout, "Verify return code: 0 (ok)") {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("callers without SNI get it too", func(t *testing.T) {
		r := peers.SClient(t, "", "-connect", b.Addr, "-noservername", "-CAfile", b.CA, "-verify_return_error")
		if r.ExitCode != 0 || !strings.Contains(r.Stdout, "Verify return code: 0 (ok)") {
			t.Errorf("got %+v", r)
		}
	})
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		t.Run("a session is resumed with "+version, func(t *testing.T) {
			session := filepath.Join(t.TempDir(), "session.pem")
			first := connect(request, version, "-sess_out", session)
			if first.ExitCode != 0 || !strings.Contains(first.Stdout, "HTTP/1.1 200 OK") || !strings.Contains(first.Stdout, "New, TLSv1") {
				t.Fatalf("got %+v", first)
			}
			again := connect(request, version, "-sess_in", session)
			if again.ExitCode != 0 || !strings.Contains(again.Stdout, "HTTP/1.1 200 OK") || !strings.Contains(again.Stdout, "Reused, TLSv1") {
				t.Errorf("got %+v", again)
			}
		})
	}
	t.Run("a session survives a reload", func(t *testing.T) {
		session := filepath.Join(t.TempDir(), "session.pem")
		connect(request, "-tls1_2", "-sess_out", session)
		b.MustReload()
		if r := connect(request, "-tls1_2", "-sess_in", session); !strings.Contains(r.Stdout, "Reused, TLSv1") {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("a renegotiation is refused", func(t *testing.T) {
		// A line with R alone makes s_client begin one, unless it ignores the input's end.
		r := connect("R\n", "-tls1_2", "-no_ign_eof")
		if r.ExitCode == 0 || !strings.Contains(r.Stderr, "RENEGOTIATING") || !strings.Contains(r.Stderr, " alert ") {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("the protocol is chosen by ALPN", func(t *testing.T) {
		for offer, want := range map[string]string{"h2,http/1.1": "ALPN protocol: h2", "http/1.1": "ALPN protocol: http/1.1"} {
			if r := connect("", "-alpn", offer); !strings.Contains(r.Stdout, want) {
				t.Errorf("%s: no %q in %s", offer, want, r.Stdout)
			}
		}
	})
}

func TestSSLScanFindsNothingWeak(t *testing.T) {
	t.Parallel()
	b := Start(t, stockRoute(plainTarget(t).Addr()))
	scan := peers.SSLScan(t, b.Addr, "--sni-name=localhost")
	if got := strings.Join(scan.Versions, " "); got != "TLSv1.2 TLSv1.3" {
		t.Errorf("versions %s", got)
	}
	if len(scan.Suites) == 0 || scan.Compression {
		t.Errorf("got %+v", scan)
	}
	for _, s := range scan.Suites {
		aead := strings.Contains(s.Name, "GCM") || strings.Contains(s.Name, "CHACHA20")
		if forward := strings.HasPrefix(s.Name, "ECDHE-") || s.Version == "TLSv1.3"; !aead || !forward || s.Bits < 128 {
			t.Errorf("%s takes %s", s.Version, s.Name)
		}
	}
}
