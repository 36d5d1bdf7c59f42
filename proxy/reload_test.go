package proxy

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

func TestAReloadKeepsConnectionsTokensAndStreams(t *testing.T) {
	release := make(chan bool)
	var conns sync.Map
	g := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conns.Store(r.RemoteAddr, true)
		if r.URL.Path == "/base/stream" {
			io.WriteString(w, "first")
			http.NewResponseController(w).Flush()
			<-release
			io.WriteString(w, "last")
		}
	}), "")
	target := g.targetURL(t)
	config := func(path string) string {
		return "routes:\n" +
			"  - {name: r, path: /in/*, callers: [fno], target: {url: \"" + target + "/base/\"}}\n" +
			"  - {name: limited, path: /limited, callers: [fno], target: {url: \"" + target + "/base/\"}, limit: {rate: 1/h, burst: 2}}\n" +
			"  - {name: other, path: " + path + ", callers: [fno], target: {url: \"" + target + "/base/\"}}\n"
	}
	g.broker.Swap(g.compile(config("/other0")))
	g.do("GET", "/in/x", nil)
	g.do("GET", "/limited", nil)

	req, _ := http.NewRequest("GET", g.URL+"/in/stream", nil)
	req.Header.Set("X-Api-Key", g.key)
	resp, err := g.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	io.ReadFull(resp.Body, make([]byte, 5))
	for range 50 {
		g.broker.Swap(g.compile(config("/other1")))
		g.do("GET", "/in/x", nil)
	}
	close(release)
	if rest, err := io.ReadAll(resp.Body); err != nil || string(rest) != "last" {
		t.Errorf("the stream: %q, %v", rest, err)
	}
	n := 0
	conns.Range(func(any, any) bool { n++; return true })
	if n > 2 {
		t.Errorf("50 reloads opened %d connections; one for the stream and one for the calls will do", n)
	}
	if resp, _ := g.do("GET", "/limited", nil); resp.StatusCode != 200 {
		t.Errorf("the second of two tokens: %d", resp.StatusCode)
	}
	if resp, _ := g.do("GET", "/limited", nil); resp.StatusCode != 429 {
		t.Errorf("after reloads the tokens were fresh: %d", resp.StatusCode)
	}
	if resp, _ := g.do("GET", "/other0", nil); resp.StatusCode != 404 {
		t.Errorf("a removed route answers %d", resp.StatusCode)
	}
	if n := g.deps.Targets.Len(); n != 1 {
		t.Errorf("%d targets are held, want the one that all routes share", n)
	}
}

// Calls while routers are swapped: none fails. Run with -race.
func TestReloadsUnderLoad(t *testing.T) {
	g := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }), openRoute)
	g.broker.Swap(g.compile("routes:\n  - {name: r, path: /in/*, callers: [fno], target: {url: \"" + g.targetURL(t) + "/\"}}\n"))
	stop := make(chan bool)
	var calls atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if resp, _ := g.do("GET", "/in/x", nil); resp.StatusCode != 200 {
					t.Errorf("status %d", resp.StatusCode)
				}
				calls.Add(1)
			}
		})
	}
	text := "routes:\n  - {name: r, path: /in/*, callers: [fno], target: {url: \"" + g.targetURL(t) + "/\"}}\n"
	for range 100 {
		g.broker.Swap(g.compile(text))
	}
	close(stop)
	wg.Wait()
	if calls.Load() == 0 {
		t.Error("no call was made meanwhile")
	}
}

func TestWhatIsMissingAtStartSwitchesOffItsRouteAlone(t *testing.T) {
	g := newRig(t, http.HandlerFunc(seen), openRoute)
	off, table := g.loadBroken(`
routes:
  - {name: whole, path: /whole, callers: [fno], target: {url: "http://127.0.0.1:1/"}}
  - {name: broken, path: /broken, callers: [fno], target: {url: "http://127.0.0.1:1/", headers: {set: {X-Key: "${env:TWOHOP_TEST_UNSET}"}}}}
`)
	r, err := Compile(table, State{Off: off}, g.deps)
	if err != nil {
		t.Fatal(err)
	}
	g.broker.Swap(r)
	if resp, body := g.do("GET", "/broken", nil); resp.StatusCode != 503 || code(t, body) != "route_unavailable" {
		t.Errorf("broken: %d %s", resp.StatusCode, body)
	}
	if resp, body := g.do("GET", "/whole", nil); code(t, body) != "target_refused" {
		t.Errorf("whole: %d %s", resp.StatusCode, body)
	}
}
