package routes

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOrder(t *testing.T) {
	table := load(t, head+`
routes:
  - {name: any-prefix, path: /*, callers: [fno], target: {url: "https://a.example"}}
  - {name: any-exact, path: /a/b, callers: [fno], target: {url: "https://a.example"}}
  - {name: any-variable, path: "/a/{x}", rewrite: "/{x}", callers: [fno], target: {url: "https://a.example"}}
  - {name: below, path: /a/*, callers: [fno], target: {url: "https://a.example"}}
  - {name: root, path: /, callers: [fno], target: {url: "https://a.example"}}
  - {name: two-hosts, path: /a/*, hosts: [a.example, b.example], callers: [fno], target: {url: "https://a.example"}}
  - {name: one-host, path: /a/b, hosts: [b.example], callers: [fno], target: {url: "https://a.example"}}
  - {name: any-action, path: /soap, callers: [fno], target: {url: "https://a.example"}}
  - {name: action, path: /soap, soap_actions: ["urn:a"], callers: [fno], target: {url: "https://a.example"}}
  - {name: variable-below, path: "/{x}/b", rewrite: "/{x}", callers: [fno], target: {url: "https://a.example"}}
`)
	var got []string
	for _, i := range table.Order() {
		got = append(got, table.Routes[i].Name)
	}
	want := []string{"one-host", "two-hosts", "root", "any-exact", "any-variable", "below", "action", "any-action", "variable-below", "any-prefix"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPatternsThatMatchTheSameHaveOneShape(t *testing.T) {
	for _, c := range [][3]string{{"/a/{x}", "/a/{y}", "same"}, {"/a/*", "/a", ""}, {"/a/{x}/*", "/a/{y}/*", "same"}, {"/", "/*", ""}, {"/a/", "/a", ""}} {
		p, err1 := ParsePattern(c[0])
		q, err2 := ParsePattern(c[1])
		if err1 != nil || err2 != nil || (p.shape() == q.shape()) != (c[2] == "same") || (p.compare(q) == 0) != (c[2] == "same") {
			t.Error(c, err1, err2)
		}
	}
	if p, _ := ParsePattern("/a/{x}/b/{y}"); fmt.Sprint(p.Vars()) != "[x y]" {
		t.Error(p.Vars())
	}
	if _, err := ParsePattern("a"); err == nil || err.Error() != "does not start with a slash; write /a" {
		t.Error(err)
	}
}

// matches is the plain meaning of a pattern.
func (p Pattern) matches(path string) bool {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if path == "/" {
		parts = nil
	}
	if len(parts) < len(p.Segments) || !p.Prefix && len(parts) > len(p.Segments) {
		return false
	}
	for i, s := range p.Segments {
		if s.Var != "" && parts[i] == "" || s.Var == "" && parts[i] != s.Literal {
			return false
		}
	}
	return true
}

func randomPattern(r *rand.Rand) Pattern {
	var p Pattern
	for range r.IntN(4) {
		switch r.IntN(4) {
		case 0:
			p.Segments = append(p.Segments, Segment{Var: "x"})
		default:
			p.Segments = append(p.Segments, Segment{Literal: string(rune('a' + r.IntN(2)))})
		}
	}
	p.Prefix = r.IntN(3) == 0
	return p
}

func somePaths() []string {
	paths, level := []string{"/"}, []string{""}
	for range 4 {
		var next []string
		for _, p := range level {
			for _, s := range []string{"a", "b", "c"} {
				next = append(next, p+"/"+s)
			}
		}
		paths, level = append(paths, next...), next
	}
	return paths
}

// covers, overlaps and the order say of patterns what matching says of paths.
func TestPatternsAgreeWithMatching(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	paths := somePaths()
	for range 3000 {
		p, q := randomPattern(r), randomPattern(r)
		covers, overlaps := true, false
		for _, path := range paths {
			if q.matches(path) {
				covers = covers && p.matches(path)
				overlaps = overlaps || p.matches(path)
			}
		}
		if p.covers(q) != covers || p.overlaps(q) != overlaps {
			t.Fatalf("%s and %s: covers %v, overlaps %v", p.shape(), q.shape(), p.covers(q), p.overlaps(q))
		}
		if p.compare(q) != -q.compare(p) && (p.compare(q) > 0) == (q.compare(p) > 0) {
			t.Fatalf("%s and %s: the order has no direction", p.shape(), q.shape())
		}
	}
}

// What behind finds is what a look at every route would find.
func TestRouteMapFindsWhatComesAfter(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	hosts := [][]string{nil, {"a"}, {"b"}, {"a", "b"}}
	random := func(name string) Route {
		p := randomPattern(r)
		path := strings.ReplaceAll(p.shape(), "{}", "{x}")
		for i := 0; strings.Contains(path, "{x}"); i++ {
			path = strings.Replace(path, "{x}", fmt.Sprintf("{v%d}", i), 1)
		}
		return Route{Name: name, Path: either(path, "/"), Hosts: hosts[r.IntN(len(hosts))], Policy: Policy{Methods: []string{"GET"}}}
	}
	for range 300 {
		table := &Table{}
		for i := range 12 {
			table.Routes = append(table.Routes, random(fmt.Sprint(i)))
		}
		one := random("one")
		e := newEntry(&one)
		got, want := map[string]bool{}, map[string]bool{}
		newMap(table).behind(e, func(f entry) bool {
			if e.precedes(f) && e.meets(f) {
				got[f.Name] = true
			}
			return true
		})
		for i := range table.Routes {
			f := newEntry(&table.Routes[i])
			if e.pattern.overlaps(f.pattern) && e.precedes(f) && e.meets(f) {
				want[f.Name] = true
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s %v: %s", one.Path, one.Hosts, diff)
		}
	}
}
