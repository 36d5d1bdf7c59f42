package proxy

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twohop/routes"
)

func testTree(t testing.TB, lines ...string) *tree {
	tr := newTree()
	for _, line := range lines { // name path [host] [method] [action]
		f := append(strings.Fields(line), "", "", "", "")
		p, err := routes.ParsePattern(f[1])
		if err != nil {
			t.Fatal(line, err)
		}
		r := &route{name: f[0], pattern: p, path: f[1], methods: []string{"GET", "POST"}}
		if f[3] != "" && f[3] != "-" {
			r.methods = []string{f[3]}
		}
		if f[4] != "" {
			r.actions = []string{f[4]}
		}
		var hosts []string
		if f[2] != "" && f[2] != "-" {
			hosts = []string{f[2]}
		}
		tr.add(r, hosts)
	}
	return tr
}

func TestTheMostSpecificRouteWins(t *testing.T) {
	tr := testTree(t,
		"all /*",
		"a /a",
		"a-below /a/*",
		"a-x /a/x",
		"a-var /a/{v}",
		"a-var-c /a/{v}/c",
		"slash /a/b/",
		"hosted /a/x h.example",
		"hosted-post /p h.example POST",
		"p /p",
		"soap /soap - POST urn:get",
		"soap-any /soap - POST",
		"root-host / r.example",
	)
	for _, c := range []struct{ host, method, path, action, want, vars string }{
		{"", "GET", "/a", "", "a", ""},
		{"", "GET", "/a/", "", "a-below", ""},
		{"", "GET", "/a/x", "", "a-x", ""},
		{"", "GET", "/a/y", "", "a-var", "y"},
		{"", "GET", "/a/x/c", "", "a-var-c", "x"},
		{"", "GET", "/a/x/d", "", "a-below", ""},
		{"", "GET", "/a/b/", "", "slash", ""},
		{"", "GET", "/a/b/c/d", "", "a-below", ""},
		{"", "GET", "/", "", "all", ""},
		{"", "GET", "/b", "", "all", ""},
		{"", "PUT", "/a/x", "", "", ""},
		{"h.example", "GET", "/a/x", "", "hosted", ""},
		{"h.example", "GET", "/a/y", "", "a-var", "y"},
		{"h.example", "POST", "/p", "", "hosted-post", ""},
		{"h.example", "GET", "/p", "", "p", ""},
		{"r.example", "GET", "/", "", "root-host", ""},
		{"", "POST", "/soap", "urn:get", "soap", ""},
		{"", "POST", "/soap", "urn:other", "soap-any", ""},
	} {
		m := match{method: c.method, action: c.action}
		got := ""
		if r := tr.find(c.host, c.path, &m); r != nil {
			got = r.name
		}
		if got != c.want || got != "" && strings.Join(m.vars, ",") != c.vars {
			t.Errorf("%s %s%s %s: got %q %v, want %q %q", c.method, c.host, c.path, c.action, got, m.vars, c.want, c.vars)
		}
	}
}

func TestMethodsOfMatchingPathsAreKept(t *testing.T) {
	tr := testTree(t, "get /x - GET", "post /{v} - POST")
	m := match{method: "PUT"}
	if r := tr.find("", "/x", &m); r != nil {
		t.Fatal(r.name)
	}
	if diff := cmp.Diff([]string{"GET", "POST"}, m.methods); diff != "" {
		t.Error(diff)
	}
}

func TestCanonical(t *testing.T) {
	for uri, ok := range map[string]bool{
		"/": true, "/a/b": true, "/a/b/": true, "/a.b/.c/..d": true, "/a%20b": true, "/a;v=1": true, "/K%C3%9CHL": true,
		"/Entities(k='a',l='b')/ns.action": true,
		"//":                               false, "/a//b": false, "/./a": false, "/a/..": false, "/a/%2e%2e/b": false, "/a/%2E": false, "/a%2fb": false, "/a%2Fb": false,
		"/a%5cb": false, "/a%00": false, "/a%0d%0a": false, "/a%7f": false,
	} {
		u, err := url.ParseRequestURI(uri)
		if err != nil {
			t.Fatal(uri, err)
		}
		if f := canonical(u); (f == nil) != ok {
			t.Errorf("%s: %v, want ok=%v", uri, f, ok)
		}
	}
}

func TestSplitAndSplice(t *testing.T) {
	for _, c := range []struct {
		path        string
		depth       int
		base, wants string
	}{
		{"/carrier/x/y", 1, "/api/", "/api/x/y"},
		{"/carrier/x/y", 1, "/api", "/api/x/y"},
		{"/carrier", 1, "/api/", "/api/"},
		{"/carrier", 1, "/api", "/api"},
		{"/carrier/", 1, "/api", "/api/"},
		{"/carrier/", 1, "/api/", "/api/"},
		{"/x", 0, "/", "/x"},
		{"/a/b%20c/d", 2, "/t", "/t/d"},
	} {
		_, rest := split(c.path, c.depth)
		if got := splice(c.base, rest); got != c.wants {
			t.Errorf("%s depth %d onto %s: %s, want %s", c.path, c.depth, c.base, got, c.wants)
		}
	}
}

// Whatever the caller sends, the path that reaches the target is one that the broker
// read in the same way.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"/a/b", "/a%2fb", "/a/../b", "/p/%41/x;y", "/p//x", "/p/\\x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		u, err := url.ParseRequestURI(uri)
		if err != nil || u.Host != "" || canonical(u) != nil {
			return
		}
		_, rest := split(u.EscapedPath(), 1)
		path := splice("/base/", rest)
		if !strings.HasPrefix(path, "/base") {
			t.Fatalf("%q left the base: %q", uri, path)
		}
		decoded, err := url.PathUnescape(path)
		if err != nil {
			t.Fatalf("%q became %q: %v", uri, path, err)
		}
		if strings.Contains(decoded, "/../") || strings.HasSuffix(decoded, "/..") || strings.Contains(decoded, "//") {
			t.Fatalf("%q became %q", uri, decoded)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{10, 10_000} {
		var lines []string
		for i := range n {
			lines = append(lines, fmt.Sprintf("r%d /svc%d/{id}/items/*", i, i))
		}
		tr := testTree(b, lines...)
		path := fmt.Sprintf("/svc%d/42/items/7", n/2)
		b.Run(fmt.Sprint(n, "-routes"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m := match{method: http.MethodGet}
				if tr.find("", path, &m) == nil {
					b.Fatal("no match")
				}
			}
		})
	}
}
