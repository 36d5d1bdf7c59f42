//go:build linux

package tests

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestAListenerServesItsHosts: the hosts in the file are enforced, a reload takes new
// ones, and what the server below refuses is counted by reason.
func TestAListenerServesItsHosts(t *testing.T) {
	t.Parallel()
	const route = `
routes:
  - {name: stock, path: /stock/*, callers: [erp], target: {url: "http://ADDR/stock/"}}
`
	addr := plainTarget(t).Addr()
	b := Start(t, fill(route, "ADDR", addr))
	status := func(host string) int {
		c := b.Dial()
		c.SetDeadline(time.Now().Add(10 * time.Second))
		fmt.Fprintf(c, "GET /stock/A1001 HTTP/1.1\r\nHost: %s\r\nX-Api-Key: %s\r\n\r\n", host, b.Key)
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		body := readAll(t, resp)
		if resp.StatusCode == http.StatusMisdirectedRequest && !strings.Contains(body, `"misdirected_request"`) {
			t.Errorf("%s", body)
		}
		return resp.StatusCode
	}
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST:443": 200, "127.0.0.1:8443": 200, b.Addr: 200,
		"localhost.evil.example": 421, "127.0.0.2": 421, "[::1]": 421, "": 421,
	} {
		if got := status(host); got != want {
			t.Errorf("Host %q: %d, want %d", host, got, want)
		}
	}

	b.Write(`listen: [{address: "127.0.0.1:0", hosts: [localhost, broker.example]}]` + fill(route, "ADDR", addr))
	b.MustReload()
	if got := status("broker.example"); got != 200 {
		t.Errorf("a host added by a reload: %d", got)
	}
	if got := status("127.0.0.1"); got != 421 {
		t.Errorf("a host removed by a reload: %d", got)
	}
	for _, wrong := range []string{"HELLO\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 80<<10) + "\r\n\r\n"} {
		c := b.Dial()
		fmt.Fprint(c, wrong)
		c.SetDeadline(time.Now().Add(10 * time.Second))
		bufio.NewReader(c).ReadString('\n') // the answer, or a reset while it was sent
		c.Close()
	}
	b.wait(10*time.Second, "the counts", func() bool {
		return b.Metric(`twohop_unparsed_requests_total{reason="malformed"}`) == 1 && b.Metric(`twohop_unparsed_requests_total{reason="too_large"}`) == 1
	})
}
