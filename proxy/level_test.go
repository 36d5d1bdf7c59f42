package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"twohop/audit"
	"twohop/routes"
)

func TestHeaderFieldsThatTheLevelNames(t *testing.T) {
	t.Setenv("TWOHOP_TEST_SECRET", "c0nfigured")
	g := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Trace", "t-1")
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Set-Cookie", "c=S3CRET")
	}), `
defaults: {audit: {headers: [Content-Type, X-Request-Id, X-Trace, X-Static]}}
routes:
  - {name: shown, path: /shown, callers: [fno], audit: {level: headers}, response_headers: {set: {X-Static: "${env:TWOHOP_TEST_SECRET}"}}, target: {url: "TARGET"}}
  - {name: plain, path: /plain, callers: [fno], target: {url: "TARGET"}}
`)
	header := []string{"X-Request-Id", "Bearer S3CRET", "Content-Type", "text/xml", "Authorization", "Bearer S3CRET"}
	g.do("POST", "/shown?q=S3CRET", nil, header...)
	rec := g.audit.last(t, audit.End)
	if want := audit.Fields("").With("Content-Type", "text/xml").With("X-Request-Id", "hmac:"+g.deps.Secret.Of(audit.Value, "Bearer S3CRET")); rec.RequestFields != want {
		t.Errorf("of the request: %s", rec.RequestFields)
	}
	if want := audit.Fields("").With("Content-Type", "text/plain").With("X-Trace", "t-1"); rec.ResponseFields != want {
		t.Errorf("of the answer: %s", rec.ResponseFields)
	}
	g.audit.forget()
	g.do("POST", "/shown", nil, append(header, "X-Api-Key", "wrong")...)
	if rec := g.audit.last(t, audit.End); rec.RequestFields != "" || rec.ResponseFields != "" {
		t.Errorf("of somebody who is not let in: %+v", rec)
	}
	g.audit.forget()
	g.do("POST", "/plain", nil, header...)
	if rec := g.audit.last(t, audit.End); rec.RequestFields != "" || rec.ResponseFields != "" {
		t.Errorf("at the level metadata: %+v", rec)
	}
}

const keptRoutes = `
audit: {reviewers: [REVIEWER]}
routes:
  - {name: kept, path: /kept/*, callers: [fno], audit: {level: bodies, bodies: {max: 1KiB, redact: [$.pin]}}, target: {url: "TARGET"}}
  - {name: plain, path: /plain, callers: [fno], target: {url: "TARGET"}}
`

// keeping is a rig with keptRoutes, and the reviewer's identity.
func keeping(t *testing.T, h http.Handler) (*rig, *age.X25519Identity) {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return newRig(t, h, strings.ReplaceAll(keptRoutes, "REVIEWER", id.Recipient().String())), id
}

func (g *rig) open(file string, id age.Identity) string {
	g.t.Helper()
	data, err := os.ReadFile(filepath.Join(g.dir, file))
	if err != nil {
		g.t.Fatal(err)
	}
	r, err := age.Decrypt(bytes.NewReader(data), id)
	if err != nil {
		g.t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		g.t.Fatal(err)
	}
	return string(text)
}

func TestBodiesThatTheLevelKeeps(t *testing.T) {
	g, id := keeping(t, http.HandlerFunc(echo))
	for _, c := range []struct{ kind, body, want, leftOut string }{
		{"application/json", `{"pin":"S3CRET","a":1}`, `{"pin":"[redacted]","a":1}`, ""},
		{"application/json", `{"a":"` + strings.Repeat("x", 500) + `","pin":"` + strings.Repeat("S3CRET", 1000) + `"}`, `{"a":"` + strings.Repeat("x", 500) + `","pin"`, ""},
		{"application/json", `pin=S3CRET`, "", "malformed"},
		{"text/plain", `S3CRET`, "", "media_type"},
		{"application/json", ``, "", ""},
	} {
		g.audit.forget()
		g.do("POST", "/kept/x", strings.NewReader(c.body), "Content-Type", c.kind)
		rec := g.audit.last(t, audit.End)
		for part, kept := range map[string]audit.Kept{"request": rec.RequestKept, "response": rec.ResponseKept} {
			if kept.LeftOut != c.leftOut || (kept.File != "") != (c.want != "") || kept.Cut != (len(c.body) > 1<<10) {
				t.Errorf("%.30s: %s: %+v", c.body, part, kept)
			}
			if kept.File == "" {
				continue
			}
			if kept.File != "bodies/"+rec.Logged.UTC().Format(time.DateOnly)+"/"+rec.ID+"-"+part+".age" {
				t.Errorf("%s: %s", part, kept.File)
			}
			if text := g.open(kept.File, id); text != c.want {
				t.Errorf("%.30s: %s: %s", c.body, part, text)
			}
		}
	}
	g.audit.forget()
	g.do("POST", "/plain", strings.NewReader("{}"), "Content-Type", "application/json")
	if rec := g.audit.last(t, audit.End); rec.RequestKept != (audit.Kept{}) || rec.ResponseKept != (audit.Kept{}) {
		t.Errorf("on a route of the level metadata: %+v", rec)
	}
}

// TestACallWhoseBodiesCannotBeStoredFails, and further ones are not made.
func TestACallWhoseBodiesCannotBeStoredFails(t *testing.T) {
	calls := 0
	g, _ := keeping(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		echo(w, r)
	}))
	if err := os.WriteFile(filepath.Join(g.dir, "bodies"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		resp, body := g.do("POST", "/kept/x", strings.NewReader("{}"), "Content-Type", "application/json")
		if resp.StatusCode != 503 || code(t, body) != "audit_unavailable" {
			t.Errorf("%s: %s", resp.Status, body)
		}
	}
	if calls != 1 {
		t.Errorf("the target was called %d times", calls)
	}
	g.audit.mu.Lock()
	first := g.audit.records[1]
	g.audit.mu.Unlock()
	if s := g.audit.stages(); s != "begin end end" || first.RequestKept.LeftOut != "not_stored" || first.Outcome != audit.Failed {
		t.Errorf("%s: %+v", s, first)
	}
	if resp, _ := g.do("POST", "/plain", strings.NewReader("{}")); resp.StatusCode != 200 {
		t.Errorf("another route: %s", resp.Status)
	}
}

func TestMistakesInALevelHaveTheirPlace(t *testing.T) {
	g := newRig(t, nil, "routes: [{name: a, path: /a, callers: [fno], target: {url: \"http://127.0.0.1:1/\"}}]\n")
	table, err := routes.Load("routes.yaml", fmt.Appendf(nil, rigHead+`
audit: {reviewers: [age1nobody]}
defaults: {audit: {headers: [Cookie]}}
routes:
  - {name: a, path: /a, callers: [fno], target: {url: "http://127.0.0.1:1/"}}
  - {name: b, path: /b, callers: [fno], target: {url: "http://127.0.0.1:1/"}}
  - {name: c, path: /c, callers: [fno], audit: {headers: [Accept], bodies: {types: [text/plain], redact: ["$.a[0]"]}}, target: {url: "http://127.0.0.1:1/"}}
`, g.keyHash), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	_, err = Compile(table, State{}, g.deps)
	var list routes.ErrorList
	errors.As(err, &list)
	var got []string
	for _, e := range list {
		got = append(got, fmt.Sprintf("%d %s", e.Line, e.Path))
	}
	if want := "8 audit.reviewers[0]; 9 defaults.audit.headers[0]; 13 routes[2].audit.bodies.types[0]; 13 routes[2].audit.bodies.redact[0]"; strings.Join(got, "; ") != want {
		t.Errorf("got %s", strings.Join(got, "; "))
	}
}

// TestNoBodyIsStoredWithoutRoom fills the disk while a call is running.
func TestNoBodyIsStoredWithoutRoom(t *testing.T) {
	var g *rig
	g, _ = keeping(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.audit.mu.Lock()
		g.audit.sick = &audit.NoRoom{Free: 1, Stop: 2}
		g.audit.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		io.Copy(w, r.Body)
	}))
	if resp, text := g.do("POST", "/kept/x", strings.NewReader(`{"a":1}`), "Content-Type", "application/json"); resp.StatusCode != 200 || text != `{"a":1}` {
		t.Errorf("the running call got %s %s", resp.Status, text)
	}
	want := audit.Kept{LeftOut: "no_room"}
	if rec := g.audit.last(t, audit.End); rec.RequestKept != want || rec.ResponseKept != want || rec.Outcome != audit.Answered {
		t.Errorf("%+v %+v", rec.RequestKept, rec.ResponseKept)
	}
	if files, _ := os.ReadDir(filepath.Join(g.dir, "bodies")); len(files) != 0 {
		t.Errorf("%d directories of bodies", len(files))
	}
}
