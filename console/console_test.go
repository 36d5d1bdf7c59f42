package console

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"twohop/proxy"
)

func TestMain(m *testing.M) {
	// go-winio's, which waits for Windows as long as the process lives.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/Microsoft/go-winio.ioCompletionProcessor"))
}

func ask(h http.Handler, method, path string) (int, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w.Code, w.Body.String()
}

func TestWhatIsServedWhere(t *testing.T) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "twohop_test", Help: "A test."}, func() float64 { return 7 }))
	var broken error
	var reloadedBy, extended string
	var log bytes.Buffer
	c := Config{Log: slog.New(slog.NewTextHandler(&log, nil)), Ready: func() error { return broken }, Registry: registry,
		Reload: func(user string) (*Outcome, error) {
			reloadedBy = user
			return &Outcome{Changes: []string{"route a is new"}, Restart: []string{"listen"}}, broken
		},
		Routes: func() []proxy.LiveRoute {
			return []proxy.LiveRoute{{Name: "stock", Path: "/stock", Unavailable: "no secret"}}
		},
		Extend: func(user, name string, days int) (string, error) {
			if days == 0 {
				return "", errors.New("not 0 days")
			}
			extended = user + " " + name
			return "2027-04-07", broken
		}}
	user := func(*http.Request) string { return "root" }
	health, admin, commands := Health(c), Admin(c), Commands(c, user)
	for _, h := range []http.Handler{health, admin, commands} {
		for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n"} {
			if code, body := ask(h, "GET", path); code != 200 || body != want {
				t.Errorf("%s: %d %q", path, code, body)
			}
		}
	}
	for name, c := range map[string]struct {
		h            http.Handler
		method, path string
		status       int
		part         string
	}{
		"metrics at the admin address":          {admin, "GET", "/metrics", 200, "twohop_test 7"},
		"no metrics at the health address":      {health, "GET", "/metrics", 404, ""},
		"no commands at the admin address":      {admin, "POST", "/reload", 404, ""},
		"no commands at the health address":     {health, "POST", "/reload", 404, ""},
		"a reload is not a GET":                 {commands, "GET", "/reload", 404, ""},
		"a reload":                              {commands, "POST", "/reload", 200, `{"changes":["route a is new"],"restart":["listen"]}`},
		"an extension":                          {commands, "POST", "/exceptions/WMS%202019/extend?days=7", 200, `{"lastDay":"2027-04-07"}`},
		"an extension of nobody knows how long": {commands, "POST", "/exceptions/X/extend?days=many", 409, `{"error":"not 0 days"}`},
		"the routes as they are":                {commands, "POST", "/routes", 200, `{"routes":[{"name":"stock","path":"/stock","unavailable":"no secret","targets":null}]}`},
		"no routes at the admin address":        {admin, "POST", "/routes", 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if code, body := ask(c.h, c.method, c.path); code != c.status || !strings.Contains(body, c.part) {
				t.Errorf("got %d %s", code, body)
			}
		})
	}
	if reloadedBy != "root" || extended != "root WMS 2019" {
		t.Errorf("asked by %q, %q", reloadedBy, extended)
	}
	if !strings.Contains(log.String(), `msg="no such command" user=root method=GET path=/reload`) {
		t.Errorf("the log lacks an attempt at no command:\n%s", &log)
	}

	broken = errors.New("the disk is full")
	for _, h := range []http.Handler{health, admin, commands} {
		if code, body := ask(h, "GET", "/readyz"); code != 503 || body != "the disk is full\n" {
			t.Errorf("/readyz: %d %q", code, body)
		}
		if code, _ := ask(h, "GET", "/healthz"); code != 200 {
			t.Errorf("/healthz: %d, but the process runs", code)
		}
	}
	if code, body := ask(commands, "POST", "/reload"); code != 409 || body != `{"error":"the disk is full"}`+"\n" {
		t.Errorf("a reload that fails: %d %s", code, body)
	}
}

func TestCommandsOverTheSocket(t *testing.T) {
	path := socketPath(t)
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	s := Server(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, User(r)) }), nil)
	s.ConnContext = WithUser
	go s.Serve(l)
	defer s.Close()
	resp, err := Client(path).Get("http://any.host/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if d := cmp.Diff(me(t), string(body)); d != "" || err != nil {
		t.Error(d, err)
	}
}

func TestUserOfWhoeverIsNotKnown(t *testing.T) {
	if got := User(httptest.NewRequest("GET", "/", nil)); got != "unknown" {
		t.Errorf("got %q", got)
	}
}
