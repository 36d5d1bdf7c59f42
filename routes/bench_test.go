package routes

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const many = 10_000

func BenchmarkLoad10k(b *testing.B) {
	src := []byte(manyRoutes("api"))
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if _, err := Load("routes.yaml", src, today); err != nil {
			b.Fatal(err)
		}
	}
}

func manyRoutes(prefix string) string {
	var s strings.Builder
	s.WriteString(head + "targets:\n  shared: {url: \"https://shared.example\"}\nroutes:\n")
	for i := range many {
		fmt.Fprintf(&s, "  - {name: r%d, path: /%s/r%d/*, callers: [fno], target: shared}\n", i, prefix, i)
	}
	return s.String()
}

// Many files, each with targets written in place, lists and maps of callers, limits
// and an exception.
func BenchmarkLoad10kIncludes(b *testing.B) {
	files := map[string]string{"ca.pem": "pem"}
	const perFile = 100
	for f := range many / perFile {
		var s strings.Builder
		fmt.Fprintf(&s, "targets:\n  t%d: {url: \"https://t%d.example\", tls: {ca: ../ca.pem}}\nroutes:\n", f, f)
		for i := range perFile {
			fmt.Fprintf(&s, "  - name: f%d-r%d\n    path: /f%d/{id}/r%d\n    rewrite: /x/{id}\n    methods: [GET, POST]\n    limit: {rate: 5000/h, burst: 10}\n", f, i, f, i)
			if i%2 == 0 {
				fmt.Fprintf(&s, "    callers: [fno, uat]\n    target:\n      url: https://old.example/%d\n      exception: OLD\n      tls: {version: 1.0}\n      headers: {set: {X-A: a}, remove: [X-B]}\n", i)
			} else {
				fmt.Fprintf(&s, "    callers: {fno: t%d, uat: t%d}\n", f, f)
			}
		}
		files[fmt.Sprintf("routes.d/%03d.yaml", f)] = s.String()
	}
	name := filepath.Join(writeFiles(b, files), "routes.yaml")
	src := []byte(head + `
include: ["routes.d/*.yaml"]
exceptions:
  OLD: {allows: [tls1.0, 3des, rsa_key_exchange], targets: ["old.example:443"], owner: o, approved_by: a, ticket: t, reason: r, expires: 2027-01-01}
`)
	if err := os.WriteFile(name, src, 0o600); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if t, err := Load(name, src, today); err != nil || len(t.Routes) != many {
			b.Fatal(err)
		}
	}
}

func BenchmarkDiff10k(b *testing.B) {
	before := load(b, manyRoutes("api"))
	for name, after := range map[string]string{
		"same":    manyRoutes("api"),
		"moved":   manyRoutes("rest"),
		"changed": strings.ReplaceAll(manyRoutes("api"), "callers: [fno]", "callers: [uat]"),
		"renamed": strings.ReplaceAll(manyRoutes("api"), "name: r", "name: s"),
		"new":     strings.ReplaceAll(manyRoutes("rest"), "name: r", "name: s"),
		"wild":    manyRoutes("api") + "  - {name: all, path: /*, callers: [anyone], target: shared}\n",
	} {
		b.Run(name, func(b *testing.B) {
			after := load(b, after)
			for b.Loop() {
				Diff(before, after)
			}
		})
	}
}

// A file in which every route is wrong, and in several ways.
func BenchmarkLoad10kMistakes(b *testing.B) {
	src := []byte(strings.NewReplacer("[fno]", "[nof]", "target: shared", "target: share, timout: 5s").Replace(manyRoutes("api")))
	for b.Loop() {
		if _, err := Load("routes.yaml", src, today); err == nil || len(err.(ErrorList)) != 3*many {
			b.Fatal(err)
		}
	}
}
