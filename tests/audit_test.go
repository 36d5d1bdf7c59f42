//go:build linux

package tests

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestTheBeginRecordComesBeforeTheDial looks into the audit log from within the target.
func TestTheBeginRecordComesBeforeTheDial(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var broker *Broker
	var atDial []string // stages recorded when the connection came
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	target := &http.Server{
		Handler: http.NotFoundHandler(),
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			mu.Lock()
			defer mu.Unlock()
			for _, r := range broker.Records() {
				if r.Unmapped.Stage != "" { // and not the broker's own start
					atDial = append(atDial, r.Unmapped.Stage+" "+r.Unmapped.Route)
				}
			}
			return ctx
		},
	}
	go target.Serve(l)
	t.Cleanup(func() { target.Close() })
	b := Start(t, stockRoute(l.Addr().String()))
	mu.Lock()
	broker = b
	mu.Unlock()
	b.Call("GET", "/stock/x", "")
	mu.Lock()
	defer mu.Unlock()
	if got := strings.Join(atDial, ", "); got != "begin stock" {
		t.Errorf("when the target was dialled the log had %q", got)
	}
}

func TestEveryRefusalIsRecorded(t *testing.T) {
	t.Parallel()
	s := plainTarget(t)
	b := Start(t, fill(`
routes:
  - {name: stock, path: "/stock/{item}", callers: [erp], target: {url: "http://ADDR/"}, rewrite: "/stock/{item}"}
  - {name: once, path: /once, callers: [erp], limit: {rate: 1/h}, target: {url: "http://ADDR/stock/A1001"}}
`, "ADDR", s.Addr()))
	b.Secret("query-4711", "token-4711", "item-4711", "wrong-key-4711", "cookie-4711", "body-4711")
	private := []string{"Authorization: Bearer token-4711", "Cookie: s=cookie-4711"}
	b.Call("GET", "/once", "")

	for _, c := range []struct {
		name, path, key, code, route, label, caller string
		status                                      int
	}{
		{"no credential", "/stock/item-4711?q=query-4711", "X-Api-Key:", "credential_missing", "stock", "/stock/{item}", "", 401},
		{"a wrong credential", "/stock/item-4711?q=query-4711", "X-Api-Key: wrong-key-4711", "credential_unknown", "stock", "/stock/{item}", "", 401},
		{"another caller", "/stock/item-4711", "X-Api-Key: " + b.OtherKey, "caller_not_allowed", "stock", "/stock/{item}", "other", 403},
		{"no such route", "/nothing?q=query-4711", "X-Api-Key: " + b.Key, "no_such_route", "", "/{1}", "erp", 404},
		{"a path of two readings", "/stock//x", "X-Api-Key: " + b.Key, "path_not_canonical", "", "/stock//{3}", "erp", 400},
		{"too many", "/once", "X-Api-Key: " + b.Key, "rate_limited", "once", "/once", "erp", 429},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := b.Call("POST", c.path, "body-4711", append(private, c.key)...)
			if p := a.Problem(t); p.Code != c.code || p.Status != c.status || p.Route != c.route {
				t.Errorf("got %+v", p)
			}
			if challenge := a.Header.Get("WWW-Authenticate"); (c.status == 401) != (challenge != "") {
				t.Errorf("WWW-Authenticate %q", challenge)
			}
			stages := b.Stages(a.Correlation())
			if len(stages) != 1 {
				t.Fatalf("%d records of a call that was not made", len(stages))
			}
			r := stages[0]
			if r.Unmapped.Stage != "end" || r.Unmapped.Outcome != "refused" || r.ActionID != 2 || r.StatusID != 2 || r.StatusCode != c.code {
				t.Errorf("the record says %+v", r)
			}
			if r.Response.Code != c.status || r.Unmapped.Route != c.route || r.Request.URL.Path != c.label || r.Actor.User.Name != c.caller || r.Src.IP != "127.0.0.1" {
				t.Errorf("the record says %+v", r)
			}
		})
	}
	t.Run("a call that was made has two records and no secret", func(t *testing.T) {
		a := b.Call("GET", "/stock/A1001?q=query-4711", "", private...)
		stages := b.Stages(a.Correlation())
		if len(stages) != 2 || stages[0].Unmapped.Stage != "begin" || stages[1].Unmapped.Stage != "end" || stages[0].Unmapped.Call != stages[1].Unmapped.Call || stages[0].Metadata.UID == stages[1].Metadata.UID {
			t.Fatalf("got %+v", stages)
		}
		if r := stages[1]; r.Unmapped.Outcome != "answered" || r.StatusID != 1 || r.Traffic.Out != int64(len(a.Body)) || r.ProxyResponse.Code != 200 {
			t.Errorf("the record says %+v", r)
		}
	})
	t.Run("nobody else can read the log", func(t *testing.T) {
		log := filepath.Join(b.Audit, "log-1")
		for name, want := range map[string]os.FileMode{b.Audit: 0o700, log: 0o700, filepath.Join(log, "000000000000.jsonl"): 0o600, filepath.Join(log, "key"): 0o600} {
			if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %v, %v", name, info.Mode(), err)
			}
		}
	})
}

// TestTheEndRecordIsThereBeforeTheLastByte reads answers of every form to their last
// byte and then looks into the log, without waiting.
func TestTheEndRecordIsThereBeforeTheLastByte(t *testing.T) {
	t.Parallel()
	b := Start(t, fill(`
defaults: {methods: [GET, POST, HEAD]}
routes:
  - {name: all, path: /all/*, callers: [erp], target: {url: "http://ADDR/"}}
`, "ADDR", plainTarget(t).Addr()))
	c := b.Client()
	for _, call := range [][2]string{
		{"GET", "/all/stock/A1001"}, {"GET", "/all/stream?bytes=100000"}, {"GET", "/all/stream?bytes=100000&length=1"}, {"GET", "/all/stream?bytes=0"},
		{"HEAD", "/all/stock/A1001"}, {"GET", "/all/status/204"}, {"GET", "/all/status/304"}, {"GET", "/all/drip?n=3&ms=1"}, {"GET", "/nothing"}, {"HEAD", "/nothing"},
	} {
		for range 15 {
			a := b.Do(c, b.Request(call[0], call[1], nil))
			stages := b.Stages(a.Correlation())
			if len(stages) == 0 || stages[len(stages)-1].Unmapped.Stage != "end" {
				t.Fatalf("%v: the caller has it all and the log has %+v", call, stages)
			}
			if got := stages[len(stages)-1].Response.Code; got != a.StatusCode {
				t.Errorf("%v: status %d, recorded %d", call, a.StatusCode, got)
			}
		}
	}
}

// TestKillLosesNoRecordOfAnAnsweredCall pulls the plug while calls are running.
func TestKillLosesNoRecordOfAnAnsweredCall(t *testing.T) {
	t.Parallel()
	b := Start(t, stockRoute(plainTarget(t).Addr()))
	var mu sync.Mutex
	var answered []string
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			c := b.Client()
			for {
				resp, err := c.Do(b.Request("GET", "/stock/stock/A1001", nil))
				if err != nil {
					return
				}
				_, err = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if err != nil {
					return
				}
				mu.Lock()
				answered = append(answered, resp.Header.Get("X-Correlation-Id"))
				mu.Unlock()
			}
		})
	}
	b.wait(20*time.Second, "200 answers", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(answered) >= 200
	})
	b.Signal(syscall.SIGKILL)
	b.Ended(10 * time.Second)
	callers.Wait()
	ended := map[string]bool{}
	for _, r := range b.Records() {
		if r.Unmapped.Stage == "end" {
			ended[r.Metadata.Correlation] = true
		}
	}
	for _, id := range answered {
		if !ended[id] {
			t.Errorf("call %s was answered and has no end record", id)
		}
	}
	if strings.Contains(b.Log(), "stopping") {
		t.Error("the broker had time to stop in order: the test shows nothing")
	}
}
