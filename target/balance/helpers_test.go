package balance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"twohop/internal/fault"
	"twohop/target"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// defaults are those of routes.yaml.
func defaults(policy Policy, addrs ...string) Config {
	c := Config{Name: "wms", Policy: policy, MaxEjected: 50,
		Passive: Passive{Failures: 5, MinCalls: 20, Window: 30 * time.Second, Statuses: []int{502, 503, 504}, Ejection: 10 * time.Second, MaxEjection: 5 * time.Minute},
		Circuit: Circuit{Failures: 5, MinCalls: 20, Window: 30 * time.Second, Open: 2 * time.Second, Probes: 1}}
	for _, a := range addrs {
		c.Endpoints = append(c.Endpoints, Endpoint{URLHost: a, Config: target.Config{Scheme: "http", Host: a, Connect: 2 * time.Second, Handshake: 2 * time.Second, Idle: time.Minute}})
	}
	return c
}

// several names n endpoints that nobody dials.
func several(n int) (addrs []string) {
	for i := range n {
		addrs = append(addrs, fmt.Sprintf("10.0.0.%d:80", i+1))
	}
	return addrs
}

func group(t testing.TB, p *Pool, c Config) *Group {
	t.Helper()
	g, err := p.Get(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Release(g) })
	return g
}

// server is an HTTP server that goes away with the test, or when it is closed.
type server struct {
	*http.Server
	addr string
}

func serve(t testing.TB, addr string, h http.HandlerFunc) *server {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{&http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}, l.Addr().String()}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return s
}

// says answers with a word.
func says(word string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s", word, r.Host, body)
	}
}

// nowhere is an address at which nothing listens.
func nowhere(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

var patient = target.Limits{FirstByte: 5 * time.Second, Idle: 5 * time.Second}

// call makes one call and returns the body.
func call(ctx context.Context, g *Group, method, body string) (string, *target.Hop, error) {
	h := &target.Hop{}
	req, err := http.NewRequestWithContext(ctx, method, "http://first/", strings.NewReader(body))
	if err != nil {
		return "", h, err
	}
	req.Host = "" // the endpoint's
	resp, err := g.Do(&target.Call{Request: req, Limits: patient}, h)
	if err != nil {
		return "", h, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), h, err
}

func isFault(t testing.TB, err error, code fault.Code) *fault.Fault {
	t.Helper()
	var f *fault.Fault
	if !errors.As(err, &f) || f.Code != code {
		t.Fatalf("got %v, want the fault %s", err, code)
	}
	return f
}

// states are the endpoints' states in order, and the circuit's.
func states(g *Group) string {
	s := g.Status()
	var list []string
	for _, e := range s.Endpoints {
		list = append(list, string(e.State))
	}
	return strings.Join(list, " ") + ", " + string(s.Circuit.State)
}

// until waits for the states.
func until(t testing.TB, g *Group, want string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); states(g) != want; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the states are %q, want %q; %+v", states(g), want, g.Status())
		}
	}
}

// broken is a failed call.
var broken = fault.New(fault.TargetRefused, "nothing accepts connections")
