package proxy

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestAPathWithoutARouteIsNotRecordedInClear calls paths that hold what must not be
// recorded and that no route takes.
func TestAPathWithoutARouteIsNotRecordedInClear(t *testing.T) {
	g := newRig(t, http.HandlerFunc(seen), `
routes:
  - {name: r, path: "/customers/{ssn}", methods: [GET], callers: [fno], target: {url: "TARGET"}, rewrite: "/{ssn}"}
  - {name: orders, path: "/customers/{id}/orders/*", methods: [GET], callers: [fno], target: {url: "TARGET"}, rewrite: "/{id}/{*}"}
  - {name: long, path: "/a/b/c", callers: [fno], hosts: [localhost], target: {url: "TARGET"}}
`)
	inner := g.Config.Handler
	const ssn = "123-45-6789"
	for _, c := range []struct {
		name, method, path, want string
		names, values            []string
	}{
		{"another method", "POST", "/customers/" + ssn, "/customers/{ssn}", []string{"ssn"}, []string{ssn}},
		{"another method, below a prefix", "POST", "/customers/7/orders/" + ssn + "/x", "/customers/{id}/orders/{4}/{5}", []string{"id", "4", "5"}, []string{"7", ssn, "x"}},
		{"a parameter", "POST", "/customers;" + ssn + "/7", "/customers/{ssn}", []string{"ssn"}, []string{"7"}},
		{"a trailing slash", "GET", "/customers/" + ssn + "/", "/customers/{2}/", []string{"2"}, []string{ssn}},
		{"a control character", "GET", "/customers/%00" + ssn, "/customers/{2}", []string{"2"}, []string{"\x00" + ssn}},
		{"an encoded slash", "GET", "/customers/a%2F" + ssn, "/customers/{2}", []string{"2"}, []string{"a/" + ssn}},
		{"an encoded literal", "GET", "/%63ustomers/" + ssn + "/z", "/customers/{2}/{3}", []string{"2", "3"}, []string{ssn, "z"}},
		{"a parameter at nothing", "GET", "/customers;" + ssn, "/{1}", []string{"1"}, []string{"customers;" + ssn}},
		{"an empty segment", "GET", "/customers//" + ssn, "/customers//{3}", []string{"3"}, []string{ssn}},
		{"a dot segment", "GET", "/customers/%2e%2e/" + ssn, "/customers/../{3}", []string{"3"}, []string{ssn}},
		{"a literal after an unknown segment", "GET", "/x/customers", "/{1}/{2}", []string{"1", "2"}, []string{"x", "customers"}},
		{"another host's literals", "GET", "/a/b/" + ssn, "/a/b/{3}", []string{"3"}, []string{ssn}},
		{"a credential", "GET", "/" + g.key, "/{1}", []string{"1"}, []string{g.key}},
		{"the root", "GET", "/", "/", nil, nil},
		{"many segments", "GET", "/a" + strings.Repeat("/"+ssn, 20_000), "/a/{2}/{3}/{4}/{5}/{6}/{7}/{8}/{9}/…", strings.Split("23456789", ""), strings.Split(strings.Repeat(ssn+" ", 7)+ssn, " ")},
	} {
		for _, stranger := range []bool{false, true} {
			key := g.key
			if stranger {
				key = "none"
			}
			g.audit.forget()
			if resp, _ := g.do(c.method, c.path, nil, "X-Api-Key", key); resp.StatusCode < 400 {
				t.Fatalf("%s: %s", c.name, resp.Status)
			}
			var want []string
			for i, name := range c.names {
				want = append(want, fmt.Sprintf("%q:%q", name, g.deps.Secret.Of("variable", c.values[i])))
			}
			rec := g.audit.last(t, "end")
			if rec.Path != c.want || string(rec.Variables) != strings.Join(want, ",") || rec.Route != "" {
				t.Errorf("%s: %s %s, want %s %s", c.name, rec.Path, rec.Variables, c.want, strings.Join(want, ","))
			}
			if text := fmt.Sprint(rec); strings.Contains(text, ssn) || strings.Contains(text, g.key) {
				t.Errorf("%s: the record holds it: %s", c.name, text)
			}
		}
	}
	t.Run("another host", func(t *testing.T) {
		g.audit.forget()
		g.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			inner.ServeHTTP(w, r.WithContext(At(r.Context(), Listener{Address: "127.0.0.1:0"})))
		})
		req, _ := http.NewRequest("GET", g.URL+"/customers/"+ssn, nil)
		req.Host = "nowhere.example"
		resp, err := g.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if rec := g.audit.last(t, "end"); rec.Status != 421 || rec.Path != "/customers/{2}" || string(rec.Variables) != fmt.Sprintf(`"2":%q`, g.deps.Secret.Of("variable", ssn)) {
			t.Errorf("%s %s", rec.Path, rec.Variables)
		}
	})
	if log := g.log.String(); strings.Contains(log, ssn) || strings.Contains(log, g.key) {
		t.Error("the operational log holds it: " + log)
	}
}
