package routes

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestValidFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/valid/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range append(files, "../routes.yaml") {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		table, err := Load(file, src, today)
		if err != nil {
			t.Errorf("%v", err)
		}
		if table.Warnings() != nil {
			t.Errorf("warnings: %v", table.Warnings())
		}
	}
}

// full.yaml sets every key that there is, so that no key goes untested.
func TestTheFullFileSetsEveryKey(t *testing.T) {
	src, err := os.ReadFile("testdata/valid/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(src)
	seen := map[reflect.Type]bool{}
	var visit func(reflect.Type)
	visit = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] {
			return
		}
		seen[typ] = true
		for _, f := range fieldsOf(typ) {
			if !strings.Contains(text, f.key+":") {
				t.Errorf("%s: %s is not in full.yaml", typ.Name(), f.key)
			}
			visit(f.typ)
		}
	}
	visit(reflect.TypeFor[Table]())
	visit(reflect.TypeFor[Target]())
}

func TestDefaults(t *testing.T) {
	table := load(t, head+`
defaults:
  methods: [PUT]
  limit: {rate: 5/s, burst: 7}
  timeout: {idle: 30s}
routes:
  - {name: a, path: /a, callers: [fno], target: {url: "https://a.example"}}
  - {name: b, path: /b, callers: [fno], target: {url: "https://a.example"}, methods: [GET], limit: {burst: 1}, timeout: {total: 1m}}
`)
	a := Policy{Methods: []string{"PUT"}, Limit: Limit{Rate: Rate{5, time.Second}, Burst: 7, Per: "caller"},
		Timeout: Timeout{Connect: 10 * time.Second, Handshake: 10 * time.Second, FirstByte: 55 * time.Second, Idle: 30 * time.Second}, MaxBody: 100 << 20,
		Data: "internal", Audit: Level{Level: "metadata", Digests: true, Bodies: KeptBodies{Max: 64 << 10, Types: []string{"application/json", "text/xml", "application/soap+xml"}}}}
	b := a
	b.Methods, b.Limit.Burst, b.Timeout.Total = []string{"GET"}, 1, time.Minute
	if diff := cmp.Diff([]Policy{a, b}, []Policy{table.Routes[0].Policy, table.Routes[1].Policy}); diff != "" {
		t.Error(diff)
	}
	x := table.Routes[0].Target.Inline
	if x.Host != "target" || x.Connections.Idle != 4*time.Second || x.Connections.Age != 5*time.Minute {
		t.Errorf("%+v", x)
	}
	if table.Admin.Socket != "audit/admin.sock" || table.Admin.Address != "127.0.0.1:9443" || table.Listen[0].MaxHeader != 64<<10 {
		t.Errorf("%+v %+v", table.Admin, table.Listen)
	}
}

func TestIncludedFilesKeepTheirPlacesAndPaths(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"main.yaml": head + "include: [\"routes.d/*.yaml\"]\nroutes: [{name: a, path: /a, callers: [fno], target: shared}]\n",
		"routes.d/1.yaml": `targets:
  shared:
    url: https://shared.example
    tls: {ca: ca.pem}
`,
		"routes.d/2.yaml": `routes:
  - {name: b, path: /b, callers: [fno], target: shared}
  - name: c
    path: /c
    callers: [fno]
    target: {url: "https://c.example"}
`,
		"routes.d/ca.pem": "pem",
	})
	name := filepath.Join(dir, "main.yaml")
	src, _ := os.ReadFile(name)
	table, err := Load(name, src, today)
	if err != nil {
		t.Fatal(err)
	}
	if got := table.Targets["shared"].TLS.CA; string(got) != filepath.Join(dir, "routes.d/ca.pem") {
		t.Error(got)
	}
	one, two := filepath.Join(dir, "routes.d/1.yaml"), filepath.Join(dir, "routes.d/2.yaml")
	for path, want := range map[string]Position{
		"routes[0].name":         {name, 7, 17},
		"targets.shared":         {one, 2, 3},
		"targets.shared.url":     {one, 3, 10},
		"targets.shared.tls.ca":  {one, 4, 15},
		"targets.shared.none":    {one, 2, 3},
		"routes[1].path":         {two, 2, 21},
		"routes[2].callers[0]":   {two, 5, 15},
		"routes[2].target.url":   {two, 6, 19},
		"routes[9].target.url":   {name, 7, 9},
		"callers.fno.api_key":    {name, 4, 18},
		"callers.nobody.api_key": {name, 3, 1},
		"routes[-1]":             {name, 7, 9},
		"nonsense":               {name, 1, 1},
		"":                       {name, 1, 1},
	} {
		if got := table.Position(path); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	if e := table.Error("routes[2].target.url", "is wrong", "mend it"); e.Error() != two+":6:19: routes[1].target.url: is wrong; mend it" {
		t.Error(e)
	}

	if now := table.HashNow(); now != table.Hash() || now == "" {
		t.Errorf("the hash differs without a change: %s, %s", now, table.Hash())
	}
	if err := os.WriteFile(two, []byte("routes: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if table.HashNow() == table.Hash() {
		t.Error("a changed include goes unseen")
	}
	if os.Remove(name); table.HashNow() != "" {
		t.Error("a file that is gone has a hash")
	}
}

func TestPathsWithOddKeysFindTheirPlace(t *testing.T) {
	for _, key := range []string{"a.b", "a[0]", `a"b`, "a\nb", "a]b", "ä", ".", "]", `\`} {
		path := join(join(index("x", 3), key), "z")
		if got := splitPath(path); !reflect.DeepEqual(got, []string{"x", "3", key, "z"}) {
			t.Errorf("%q: %q", path, got)
		}
	}
	table := load(t, head+`
routes:
  - name: a
    path: /a
    callers: [fno]
    target: {url: "https://a.example"}
    headers: {set: {X.Y: "1"}}
`)
	if p := table.Position(join("routes[0].headers.set", "X.Y")); p.Line != 12 || p.Column != 26 {
		t.Error(p)
	}
}

func TestAMistakeThatOnlyRunTimeShowsIsolatesItsRoutesAndCallers(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"main.yaml": head + `
  cert: {client_certificate: {ca: none.pem, dns: a.example}}
include: [more.yaml]
targets:
  gone: {url: "https://a.example", tls: {ca: none.pem}}
  fine: {url: "https://b.example"}
routes:
  - {name: fine, path: /fine, callers: [fno], target: fine}
  - {name: shared, path: /shared, callers: [fno], target: gone}
  - {name: mapped, path: /mapped, callers: {fno: fine, uat: gone}}
  - {name: lost, path: /lost, callers: [cert], target: fine}
`,
		"more.yaml": `routes:
  - {name: other, path: /other, callers: [fno], target: fine}
  - {name: own, path: /own, callers: [fno], target: {url: "https://c.example", via: "${env:TWOHOP_TEST_UNSET}"}}
`})
	name := filepath.Join(dir, "main.yaml")
	src, _ := os.ReadFile(name)
	table, err := Load(name, src, today)
	list, ok := err.(ErrorList)
	if !ok || list.Fatal() || len(list) != 3 {
		t.Fatal(err)
	}
	off, lost := table.Affected(list)
	got := map[string]string{}
	for i, e := range off {
		got[table.Routes[i].Name] = e.Path
	}
	for name, e := range lost {
		got["caller "+name] = e.Path
	}
	want := map[string]string{"shared": "targets.gone.tls.ca", "mapped": "targets.gone.tls.ca", "own": "routes[1].target.via",
		"caller cert": "callers.cert.client_certificate.ca"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAMissingFileOfTheFrontDoorIsFatal(t *testing.T) {
	list := mistakes(t, strings.Replace(head, "{local: true}", "{files: [{cert: none.pem, key: none.pem}]}", 1)+
		`routes: [{name: a, path: /a, callers: [fno], target: {url: "https://a.example"}}]`)
	if len(list) != 2 || !list.Fatal() || list[0].Unavailable {
		t.Error(list)
	}
}

func TestATableComesBesideTheMistakes(t *testing.T) {
	for _, src := range []string{"", "{", "- a", "audit: {dir: /x}\nlisten: 5"} {
		table, err := Load("dir/routes.yaml", []byte(src), today)
		if err == nil || table.Admin.Socket == "" || table.Callers == nil {
			t.Errorf("%q: %v %+v", src, err, table)
		}
		table.Order()
		table.Position("routes[0].name")
	}
}

func TestDefaultSocket(t *testing.T) {
	if got := defaultSocket("linux", "/var/lib/twohop/audit"); got != "/var/lib/twohop/audit/admin.sock" {
		t.Error(got)
	}
	one, same, other := defaultSocket("windows", "/audit"), defaultSocket("windows", "/x/../AUDIT"), defaultSocket("windows", "/audit2")
	if !strings.HasPrefix(string(one), `\\.\pipe\twohop-`) || one != same || one == other {
		t.Errorf("pipes: %s %s %s", one, same, other)
	}
}
