//go:build linux

package tests

import (
	"strings"
	"testing"

	"twohop/tests/peers"
)

// stockRoute is the smallest configuration that serves.
func stockRoute(target string) string {
	return fill(`
routes:
  - {name: stock, path: /stock/*, methods: [GET, POST, HEAD], callers: [erp], target: {url: "http://ADDR/"}}
`, "ADDR", target)
}

func TestCurlAtTheFrontDoor(t *testing.T) {
	t.Parallel()
	s := peers.Nginx(t, peers.NginxOptions{})
	b := Start(t, stockRoute(s.PlainAddr))
	curl := func(args ...string) peers.CurlResult {
		t.Helper()
		return peers.Curl(t, append([]string{"--cacert", b.CA, "-H", "X-Api-Key: " + b.Key}, args...)...)
	}
	url := b.URL + "/stock/a"

	for _, c := range []struct{ http, tls, version, recorded string }{
		{"--http1.1", "1.2", "1.1", "TLS 1.2"},
		{"--http1.1", "1.3", "1.1", "TLS 1.3"},
		{"--http2", "1.2", "2", "TLS 1.2"},
		{"--http2", "1.3", "2", "TLS 1.3"},
	} {
		t.Run("HTTP/"+c.version+" on TLS "+c.tls, func(t *testing.T) {
			r := curl(c.http, "--tlsv"+c.tls, "--tls-max", c.tls, "--include", "--data-binary", "hello", url, url)
			if r.ExitCode != 0 || len(r.Transfers) != 2 || strings.Count(r.Stdout, "content-length 5\n") != 2 {
				t.Fatalf("got %+v", r)
			}
			if first, second := r.Transfers[0], r.Transfers[1]; first.Status != 200 || first.Version != c.version || second.Connects != 0 {
				t.Errorf("got %+v", r.Transfers)
			}
			id := correlationIn(r.Stdout)
			if rec := b.End(id); rec.TLS.Version != c.recorded || rec.Actor.User.Name != "erp" {
				t.Errorf("the record says %+v by %+v", rec.TLS, rec.Actor)
			}
		})
	}
	t.Run("a refusal reaches a caller that is still sending 5 MB", func(t *testing.T) {
		big := filepathOf(t, make([]byte, 5<<20))
		for _, protocol := range []string{"--http1.1", "--http2"} {
			for _, expect := range []string{"Expect: 100-continue", "Expect:"} {
				r := peers.Curl(t, "--cacert", b.CA, protocol, "-H", expect, "--data-binary", "@"+big, url)
				if r.ExitCode != 0 || r.Transfers[0].Status != 401 || !strings.Contains(r.Stdout, `"credential_missing"`) {
					t.Errorf("%s, %s: got %+v", protocol, expect, r)
				}
			}
		}
	})
	t.Run("TLS 1.1 is refused", func(t *testing.T) {
		r := peers.SClient(t, "", "-connect", b.Addr, "-tls1_1")
		if r.ExitCode == 0 || !strings.Contains(r.Stdout+r.Stderr, "protocol version") {
			t.Errorf("got %+v", r)
		}
		b.wait(5e9, "the refusal in the metrics", func() bool {
			return b.Metric(`twohop_handshake_failures_total{cause="version",hop="caller"}`) > 0
		})
	})
	t.Run("a caller that does not trust the CA ends the handshake itself", func(t *testing.T) {
		if r := peers.Curl(t, url); r.ExitCode != 60 {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("plain HTTP on the TLS port is refused in words", func(t *testing.T) {
		r := peers.Curl(t, "http://"+b.Addr+"/stock/a")
		if r.Transfers[0].Status != 400 {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("nothing is compressed, asked or not", func(t *testing.T) {
		for _, args := range [][]string{{}, {"-H", "Accept-Encoding: gzip, deflate"}} {
			r := curl(append(args, "--http1.1", "--include", url)...)
			if r.ExitCode != 0 || strings.Contains(strings.ToLower(r.Stdout), "content-encoding") || !strings.Contains(r.Stdout, "uri /a\n") {
				t.Errorf("%q: got %+v", args, r)
			}
		}
	})
}

// correlationIn finds the first correlation id in heads that curl printed.
func correlationIn(text string) string {
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(name, "X-Correlation-Id") {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
