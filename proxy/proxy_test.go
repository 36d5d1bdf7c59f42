package proxy

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"twohop/audit"
	"twohop/audit/capture"
	"twohop/callers"
	"twohop/limit"
	"twohop/metrics"
	"twohop/routes"
	"twohop/target/balance"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder is an audit log in memory. fail, when set, decides which records fail.
type recorder struct {
	mu      sync.Mutex
	records []audit.Record
	fail    func(*audit.Record) error
	sick    error // what Healthy says
}

func (r *recorder) Append(rec *audit.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		if err := r.fail(rec); err != nil {
			return err
		}
	}
	r.records = append(r.records, *rec)
	return nil
}

func (r *recorder) Healthy() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sick
}

// forget drops what was recorded so far.
func (r *recorder) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records = nil
}

// stages returns the stages of all records, in order.
func (r *recorder) stages() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var s []string
	for _, rec := range r.records {
		s = append(s, rec.Stage)
	}
	return strings.Join(s, " ")
}

// last waits until the stage was recorded n times and returns the latest.
func (r *recorder) last(t *testing.T, stage string) audit.Record {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		r.mu.Lock()
		for i := len(r.records) - 1; i >= 0; i-- {
			if r.records[i].Stage == stage {
				defer r.mu.Unlock()
				return r.records[i]
			}
		}
		r.mu.Unlock()
	}
	t.Fatalf("no %s record", stage)
	return audit.Record{}
}

// rig is a broker behind a TLS front door, its caller, and what it recorded.
type rig struct {
	*httptest.Server
	t       *testing.T
	broker  *Broker
	deps    Deps
	audit   *recorder
	dir     string // of kept bodies
	client  *http.Client
	log     *bytes.Buffer
	key     string
	keyHash string
	target  string // its URL
}

const rigHead = `
listen: [{address: "127.0.0.1:0", hosts: [localhost]}]
certificates: {local: true}
callers:
  fno: {api_key: {sha256: "%s"}}
  other: {api_key: {sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}}
`

// newRig serves rest, the part of a routes.yaml after its callers. The target's URL is
// written as TARGET.
func newRig(t *testing.T, target_ http.Handler, rest string) *rig {
	t.Helper()
	g := &rig{t: t, audit: &recorder{}, log: &bytes.Buffer{}}
	if target_ != nil {
		ts := httptest.NewServer(target_)
		t.Cleanup(ts.Close)
		g.target = ts.URL
		rest = strings.ReplaceAll(rest, "TARGET", ts.URL)
	}
	g.key, g.keyHash = callers.NewKey()
	log := slog.New(slog.NewTextHandler(&lockedWriter{w: g.log}, nil))
	secret, err := audit.OpenSecret(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	g.dir = t.TempDir()
	g.deps = Deps{Secret: secret, Bodies: capture.NewStore(g.dir, func(*audit.Event) error { return nil }), Targets: balance.NewPool(time.Now), Limits: limit.NewStore(), Audit: g.audit, Metrics: metrics.New(), Log: log, Now: time.Now}
	if rest == "" {
		rest = strings.ReplaceAll(openRoute, "TARGET", g.target)
	}
	g.broker = NewBroker(g.compile(rest))
	g.Server = httptest.NewUnstartedServer(g.broker)
	g.EnableHTTP2 = true
	g.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	g.StartTLS()
	g.client = g.Client()
	g.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	t.Cleanup(func() {
		g.client.CloseIdleConnections()
		g.Close()
		g.broker.Router().Close()
	})
	return g
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (g *rig) compile(rest string) *Router {
	g.t.Helper()
	table, err := routes.Load("routes.yaml", fmt.Appendf(nil, rigHead+rest, g.keyHash), time.Now())
	if err != nil {
		g.t.Fatal(err)
	}
	r, err := Compile(table, State{}, g.deps)
	if err != nil {
		g.t.Fatal(err)
	}
	return r
}

// http1 makes the caller speak HTTP/1.1.
func (g *rig) http1() *rig {
	tr := g.client.Transport.(*http.Transport).Clone()
	tr.ForceAttemptHTTP2 = false
	tr.TLSClientConfig.NextProtos = []string{"http/1.1"}
	tr.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	g.client = &http.Client{Transport: tr, CheckRedirect: g.client.CheckRedirect}
	g.t.Cleanup(tr.CloseIdleConnections)
	return g
}

// do sends a call with the caller's key and returns the answer with its body read.
func (g *rig) do(method, path string, body io.Reader, header ...string) (*http.Response, string) {
	g.t.Helper()
	req, err := http.NewRequest(method, g.URL+path, body)
	if err != nil {
		g.t.Fatal(err)
	}
	req.Header.Set("X-Api-Key", g.key)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := g.client.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return resp, string(text)
}

// code returns the fault code of a problem+json answer.
func code(t *testing.T, body string) string {
	t.Helper()
	var p problem
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		t.Fatalf("not problem+json: %v: %s", err, body)
	}
	if p.Correlation == "" || p.Fix == "" || p.Detail == "" || p.Title == "" {
		t.Errorf("the problem leaves the caller without help: %s", body)
	}
	return p.Code
}

// seen is a target that tells what reached it.
func seen(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("X-Length", fmt.Sprint(r.ContentLength))
	json.NewEncoder(w).Encode(map[string]any{"method": r.Method, "uri": r.RequestURI, "host": r.Host, "header": r.Header, "bytes": len(body)})
}

var errDisk = errors.New("no space left on device")

// targetURL returns the URL of the rig's target.
func (g *rig) targetURL(t *testing.T) string {
	t.Helper()
	if g.target == "" {
		t.Fatal("the rig has no target")
	}
	return g.target
}

// loadBroken loads a routes.yaml that only lacks what the environment should have.
func (g *rig) loadBroken(rest string) (map[int]*routes.Error, *routes.Table) {
	g.t.Helper()
	table, err := routes.Load("routes.yaml", fmt.Appendf(nil, rigHead+rest, g.keyHash), time.Now())
	var list routes.ErrorList
	if !errors.As(err, &list) || list.Fatal() {
		g.t.Fatal(err)
	}
	off, _ := table.Affected(list)
	return off, table
}
