//go:build linux

package tests

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twohop/tests/peers"
)

// guardedAdmin is a broker whose admin address asks for what credential says.
func guardedAdmin(t *testing.T, credential string) *Broker {
	t.Helper()
	return New(t, fill(`
admin: {address: "127.0.0.1:0", socket: admin.sock, CREDENTIAL}
health: {address: "127.0.0.1:0"}
routes:
  - {name: stock, path: /stock/*, callers: [erp], target: {url: "http://127.0.0.1:1/"}}
`, "CREDENTIAL", credential))
}

// TestPrometheusAtTheAdminAddress scrapes as Prometheus does, with a token and a client
// certificate, both of which it must show.
func TestPrometheusAtTheAdminAddress(t *testing.T) {
	t.Parallel()
	const token = "token-of-the-scraper" // its SHA-256 stands below
	own := newChain(t, "localhost")
	b := guardedAdmin(t, `token: {sha256: "152a0245e2452e6add45cf0e71b0455b4d6b64fa5e01836eab0de48e659a3f34"}, client_certificate: {ca: clients.pem, subject: "CN=prometheus"}`)
	b.Secret(token)
	b.WriteFile("clients.pem", own.root)
	header := b.WriteFile("header", "Authorization: Bearer "+token)
	b.Start()
	addr := strings.TrimPrefix(b.Admin, "http://")
	url := "https://localhost" + addr[strings.LastIndex(addr, ":"):]
	curl := func(name string, args ...string) peers.CurlResult {
		t.Helper()
		args = append(args, "--cacert", b.CA, "--include")
		if name != "" {
			cert, key := own.client(t, name, "Contoso")
			args = append(args, "--cert", b.WriteFile(name+".pem", cert+own.between), "--key", b.WriteFile(name+".key", key))
		}
		return peers.Curl(t, args...)
	}
	for _, c := range []struct {
		name, cert string
		header     string
		path       string
		status     int
		part       string
	}{
		{"a scrape", "prometheus", "@" + header, "/metrics", 200, "twohop_connections"},
		{"health is there too", "prometheus", "@" + header, "/readyz", 200, "ready"},
		{"no command is", "prometheus", "@" + header, "/reload", 404, ""},
		{"without the certificate", "", "@" + header, "/metrics", 401, `Bearer realm="twohop admin"`},
		{"with that of another", "grafana", "@" + header, "/metrics", 401, `Bearer realm="twohop admin"`},
		{"without the token", "prometheus", "X-None: x", "/metrics", 401, "a bearer token and a client certificate"},
		{"with an API key", "prometheus", "X-Api-Key: " + b.Key, "/metrics", 401, `Bearer realm="twohop admin"`},
		{"without anything", "", "X-None: x", "/healthz", 401, `Bearer realm="twohop admin"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := curl(c.cert, "--header", c.header, url+c.path)
			if r.ExitCode != 0 || r.Transfers[0].Status != c.status || !strings.Contains(r.Stdout, c.part) || strings.Contains(r.Stdout, "twohop_connections") != (c.status == 200 && c.path == "/metrics") {
				t.Errorf("got %+v", r)
			}
			if r.Transfers[0].Version != "1.1" {
				t.Errorf("it speaks HTTP/%s", r.Transfers[0].Version)
			}
		})
	}
	t.Run("TLS 1.1 is refused", func(t *testing.T) {
		if r := peers.SClient(t, "", "-connect", addr, "-tls1_1"); r.ExitCode == 0 || !strings.Contains(r.Stdout+r.Stderr, "protocol version") {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("plain HTTP is refused", func(t *testing.T) {
		if r := peers.Curl(t, "--header", "@"+header, b.Admin+"/metrics"); r.Transfers[0].Status != 400 {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("the log has one line of it, and a sum to come", func(t *testing.T) {
		if n := strings.Count(b.Log(), `msg="refused at the admin address"`); n != 1 {
			t.Errorf("%d lines", n)
		}
	})
}

// TestACrowdAtTheHealthAddress opens more connections than are held, and sends nothing on
// them; a probe is answered all the same.
func TestACrowdAtTheHealthAddress(t *testing.T) {
	t.Parallel()
	b := guardedAdmin(t, "")
	b.Start()
	const crowd, held = 500, 64
	closed := 0
	conns := make([]net.Conn, crowd)
	for i := range conns {
		c, err := net.Dial("tcp", b.Probe)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, "GET /readyz HTTP/1.1\r\n"); err != nil {
			closed++
		}
		conns[i] = c
	}
	// Another machine, as far as the broker can tell.
	other := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	probe := &http.Client{Transport: &http.Transport{DialContext: other.DialContext, DisableKeepAlives: true}, Timeout: 10 * time.Second}
	for range 20 {
		resp, err := probe.Get("http://" + b.Probe + "/readyz")
		if err != nil {
			t.Fatalf("a probe among %d connections: %v", crowd, err)
		}
		if body := readAll(t, resp); resp.StatusCode != 200 || body != "ready\n" {
			t.Fatalf("got %s %s", resp.Status, body)
		}
	}
	if n := socketsOf(t, b); n > held+20 {
		t.Errorf("the broker holds %d sockets", n)
	}
	for i, c := range conns[:crowd-2*held] {
		c.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := c.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
			t.Fatalf("connection %d is still held", i)
		}
	}
	for _, c := range conns {
		c.Close()
	}

	t.Run("a header that is too large", func(t *testing.T) {
		header := b.WriteFile("header", "X-Large: "+strings.Repeat("x", 32<<10))
		if r := peers.Curl(t, "--header", "@"+header, "http://"+b.Probe+"/readyz"); r.ExitCode != 0 || r.Transfers[0].Status != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("nothing but health is there", func(t *testing.T) {
		for _, path := range []string{"/metrics", "/reload", "/exceptions/X/extend", "/", "/debug/pprof/", "/stock/A1001"} {
			for _, method := range []string{"GET", "POST"} {
				if r := peers.Curl(t, "--request", method, "http://"+b.Probe+path); r.Transfers[0].Status != 404 {
					t.Errorf("%s %s: got %+v", method, path, r)
				}
			}
		}
	})
}

// socketsOf counts the sockets that the broker's process holds.
func socketsOf(t *testing.T, b *Broker) (n int) {
	t.Helper()
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", b.cmd.Process.Pid))
	if err != nil || len(fds) == 0 {
		t.Fatal(len(fds), err)
	}
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err == nil && strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}

// TestWhoGaveACommand looks for the OS user in the log and in the audit record, of what
// was refused too.
func TestWhoGaveACommand(t *testing.T) {
	t.Parallel()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	soon := time.Now().UTC().AddDate(0, 0, 3)
	routes := exceptionUntil(soon, "http", "10.0.0.1:80") + `
routes:
  - {name: old, path: /old, callers: [erp], target: {url: "http://10.0.0.1/", exception: OLD}}
`
	b := Start(t, routes)
	b.Write(strings.Replace(routes, "/old,", "/older,", 1))
	b.MustReload()
	if code, _, errs := b.Run("exception", "extend", "OLD", b.File, "--days", "9"); code != 1 || !strings.Contains(errs, "1 to 7 days") {
		t.Errorf("9 days: exit %d, %s", code, errs)
	}
	if code, _, errs := b.Run("exception", "extend", "OLD", b.File, "--days", "2"); code != 0 {
		t.Errorf("2 days: exit %d, %s", code, errs)
	}
	socket := filepath.Join(b.Dir, "admin.sock")
	if r := peers.Curl(t, "--unix-socket", socket, "--request", "DELETE", "http://twohop/exceptions/OLD"); r.Transfers[0].Status != 404 {
		t.Errorf("no command: got %+v", r)
	}
	if r := peers.Curl(t, "--unix-socket", socket, "--request", "POST", "http://twohop/exceptions/OLD/extend?days=x"); r.Transfers[0].Status != 409 {
		t.Errorf("no number: got %+v", r)
	}
	b.Write("routes: [")
	if code, _, _ := b.Run("reload", "--socket", socket); code != 1 {
		t.Errorf("a broken file: exit %d", code)
	}
	for _, line := range []string{
		`msg=reloaded user=ME `,
		`msg="exception extension refused" exception=OLD days=9 user=ME `,
		`msg="exception extended" exception=OLD last_day=` + soon.AddDate(0, 0, 2).Format(time.DateOnly) + " user=ME",
		`msg="no such command" user=ME method=DELETE path=/exceptions/OLD`,
		`msg="exception extension refused" exception=OLD days=0 user=ME `,
		`msg="reload refused; the old configuration serves on" user=ME `,
	} {
		if line = strings.ReplaceAll(line, "ME", me.Username); !strings.Contains(b.Log(), line) {
			t.Errorf("the log lacks %s", line)
		}
	}
	var by []string
	for _, r := range b.Records() {
		if r.Unmapped.Stage == "" && r.Actor.User.Name == me.Username {
			by = append(by, fmt.Sprint(r.Unmapped.Kind, " ", r.StatusID))
		}
	}
	// Its start, the reload, the extension, and the reload that was refused.
	if d := cmp.Diff([]string{"configuration 1", "broker 1", "configuration 1", "exception 1", "configuration 2"}, by); d != "" {
		t.Error(d)
	}
}
