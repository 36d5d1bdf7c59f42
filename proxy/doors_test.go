package proxy

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"twohop/audit"
	"twohop/internal/fault"
	"twohop/routes"
)

func TestDoorsTakeTheirHosts(t *testing.T) {
	d := newDoors([]routes.Listener{
		{Address: ":443", Hosts: []string{"Broker.example.com", "10.0.0.5", "2001:DB8::0:1", "dot.example."}},
		{Address: ":8443"},
		{Address: "127.0.0.1:0", Hosts: []string{"a.example"}}, {Address: "127.0.0.1:0", Hosts: []string{"b.example"}},
	})
	for _, c := range []struct {
		listener, host string
		want           bool
	}{
		{":443", "broker.example.com", true},
		{":443", "BROKER.example.com:443", true},
		{":443", "broker.example.com.:8443", true},
		{":443", "dot.example", true},
		{":443", "10.0.0.5:443", true},
		{":443", "[2001:db8::1]", true},
		{":443", "[2001:db8:0::1]:443", true},
		{":443", "evil.example.com", false},
		{":443", "broker.example.com.evil.example", false},
		{":443", "10.0.0.6", false},
		{":443", "[2001:db8::2]", false},
		{":443", "localhost", false},
		{":443", "", false},
		{":8443", "anything.example", true},
		{":8443", "", true},
		{"127.0.0.1:0", "a.example", true},
		{"127.0.0.1:0", "b.example", true},
		{"127.0.0.1:0", "c.example", false},
	} {
		if got := d.take(c.listener, hostname(c.host)); got != c.want {
			t.Errorf("%s, Host %q: %v", c.listener, c.host, got)
		}
	}
}

// A call for a host that is not the listener's is refused with 421 and recorded, over
// both protocols; and so is one that the door refused.
func TestACallForAnotherHostIsMisdirected(t *testing.T) {
	g := newRig(t, http.HandlerFunc(seen), openRoute)
	inner := g.Config.Handler
	g.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(At(r.Context(), Listener{Address: "127.0.0.1:0"}))
		if r.URL.Path == "/busy" {
			r = Refused(r, fault.New(fault.Busy, "too many"))
		}
		inner.ServeHTTP(w, r)
	})
	for _, c := range []struct {
		host, path string
		want       int
	}{
		{"localhost", "/in/x", http.StatusOK},
		{"LOCALHOST:8443", "/in/x", http.StatusOK},
		{"other.example", "/in/x", http.StatusMisdirectedRequest},
		{"localhost", "/busy", http.StatusServiceUnavailable},
	} {
		req, err := http.NewRequest(http.MethodGet, g.URL+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = c.host
		req.Header.Set("X-Api-Key", g.key)
		resp, err := g.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != c.want {
			t.Errorf("Host %s: %s %s", c.host, resp.Status, body)
		}
		rec := g.audit.last(t, audit.End)
		if rec.Status != c.want || rec.Host != c.host || (c.want != http.StatusOK) != (rec.Outcome == audit.Refused) {
			t.Errorf("Host %s: recorded %+v", c.host, rec)
		}
		if c.want == http.StatusMisdirectedRequest && !strings.Contains(string(body), `"code":"misdirected_request"`) {
			t.Errorf("%s", body)
		}
	}
}
