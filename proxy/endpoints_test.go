package proxy

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"twohop/audit"
)

// TestEachEndpointIsCalledUnderItsOwnName has two endpoints that redirect to themselves:
// the Host header is each one's own, and both places come back to the front door.
func TestEachEndpointIsCalledUnderItsOwnName(t *testing.T) {
	redirects := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Host", r.Host)
		http.Redirect(w, r, "http://"+r.Host+"/ws/there", http.StatusFound)
	}
	one, two := httptest.NewServer(http.HandlerFunc(redirects)), httptest.NewServer(http.HandlerFunc(redirects))
	defer one.Close()
	defer two.Close()
	names := []string{strings.TrimPrefix(one.URL, "http://"), strings.Replace(two.Listener.Addr().String(), "127.0.0.1", "localhost", 1)}
	g := newRig(t, nil, fmt.Sprintf("routes: [{name: a, path: /a/*, callers: [fno], target: {urls: [\"http://%s/ws\", \"http://%s/ws\"]}}]\n", names[0], names[1]))
	for i := range 4 {
		resp, _ := g.do("GET", "/a/here", nil)
		if got := resp.Header.Get("X-Host"); got != names[i%2] {
			t.Errorf("the endpoint was called as %q, want %q", got, names[i%2])
		}
		if got := resp.Header.Get("Location"); !strings.HasPrefix(got, "https://") || !strings.HasSuffix(got, "/a/there") || strings.Contains(got, names[i%2]) {
			t.Errorf("Location: %s", got)
		}
		if r := g.audit.last(t, audit.End); r.Hop2.Endpoint != names[i%2] {
			t.Errorf("the record names %q", r.Hop2.Endpoint)
		}
	}
	live := g.broker.Router().Live()
	if len(live) != 1 || len(live[0].Targets) != 1 || len(live[0].Targets[0].Endpoints) != 2 || live[0].Targets[0].Endpoints[1].Calls != 2 {
		t.Errorf("%+v", live)
	}
}

// A retry is in the record, with the endpoint that answered.
func TestARetryIsRecorded(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	g := newRig(t, http.HandlerFunc(seen), fmt.Sprintf("routes: [{name: a, path: /a, callers: [fno], target: {urls: [%q, \"TARGET\"], balance: primary_standby}}]\n", gone.URL))
	if resp, body := g.do("POST", "/a", strings.NewReader("text")); resp.StatusCode != 200 || !strings.Contains(body, `"bytes":4`) {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if r := g.audit.last(t, audit.End); r.Hop2.Retries != 1 || "http://"+r.Hop2.Endpoint != g.target || r.Outcome != audit.Answered {
		t.Errorf("the record says %+v", r.Hop2)
	}
}

// What is wrong with the keys of a check is found when the file is compiled.
func TestAChecksSettingsReachTheTarget(t *testing.T) {
	g := newRig(t, http.HandlerFunc(seen), `targets:
  t:
    url: TARGET/ws?x=1
    headers: {set: {X-Tenant: a}}
    health: {active: {kind: soap}}
routes: [{name: a, path: /a, callers: [fno], target: t}]
`)
	active := g.broker.Router().held[0].group.Active
	if active.Path != "/ws?wsdl" || active.Header.Get("X-Tenant") != "a" || active.UnhealthyAfter != 3 {
		t.Errorf("%+v", active)
	}
}
