package routes

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const sealedFile = `
listen: [{address: ":8443", hosts: [localhost]}]
certificates: {local: true}
callers:
  fno: {api_key: {sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}}
exceptions:
  OLD: {allows: [tls1.0], targets: ["old.example:443"], owner: o, approved_by: a, ticket: t, reason: r, expires: 2027-01-01}
routes:
  - {name: a, path: /a, callers: [fno], target: {url: "https://a.example/", via: "http://u:${env:SEALED_PROXY}@proxy.example:3128"},
     headers: {set: {Authorization: "${env:SEALED_SECRET}"}}, limit: {rate: 5/s}}
  - {name: old, path: /old, callers: [fno], target: {url: "https://new.example/"}}
`

// loaded reads a file whose secrets are those given.
func loaded(t *testing.T, text, secret, proxy string) *Table {
	t.Helper()
	t.Setenv("SEALED_SECRET", secret)
	t.Setenv("SEALED_PROXY", proxy)
	name := filepath.Join(t.TempDir(), "routes.yaml")
	table, err := Load(name, []byte(text), today)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestWhatWasSealedIsComparedWithLater(t *testing.T) {
	before := loaded(t, sealedFile, "hunter1", "hunter2")
	data, err := before.Seal()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, now, secret, proxy, want string }{
		{"nothing", "", "", "hunter1", "hunter2", ""},
		{"weaker", `url: "https://new.example/"`, `url: "https://old.example/", exception: OLD, tls: {version: 1.0}`, "hunter1", "hunter2",
			"route old sends calls to https://old.example/ instead of https://new.example/\nroute old newly allows TLS 1.0"},
		{"another secret", "", "", "hunter3", "hunter2", "route a sets another value of Authorization on the way to the target"},
		{"another credential of the proxy", "", "", "hunter1", "hunter4", "route a shows its proxy another credential"},
		{"another proxy", "proxy.example", "other.example", "hunter1", "hunter2", "route a goes through another proxy"},
		{"a rate", "5/s", "6/s", "hunter1", "hunter2", "route a"},
		{"a day", "2027-01-01", "2027-01-02", "hunter1", "hunter2", "exception OLD ends 2027-01-02 instead of 2027-01-01"},
	} {
		after := loaded(t, strings.Replace(sealedFile, c.old, c.now, 1), c.secret, c.proxy)
		last, now, err := after.Beside(data)
		if err != nil {
			t.Fatal(err)
		}
		var got, want []string
		for _, x := range Diff(last, now) {
			got = append(got, x.String())
		}
		for _, x := range Diff(before, after) { // what a reload would say
			want = append(want, x.String())
		}
		if d := cmp.Diff(want, got); d != "" || !strings.HasPrefix(strings.Join(got, "\n"), c.want) || (c.want == "") != (got == nil) {
			t.Errorf("%s: got %q\n%s", c.name, got, d)
		}
		if last.Hash() != before.Hash() || now.Hash() != after.Hash() {
			t.Errorf("%s: the hashes are %s, %s", c.name, last.Hash(), now.Hash())
		}
		if after.Routes[0].Target.Inline.Via.Reveal() == now.Routes[0].Target.Inline.Via.Reveal() || after.Routes[0].Headers.Set["Authorization"].Reveal() != c.secret {
			t.Errorf("%s: the table itself was masked", c.name)
		}
	}
}

func TestNoSecretIsSealed(t *testing.T) {
	src, err := os.ReadFile("testdata/valid/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, table := range map[string]*Table{"small": loaded(t, sealedFile, "hunter1", "hunter2"), "full": loadedFull(t, src)} {
		data, err := table.Seal()
		if err != nil {
			t.Fatal(name, err)
		}
		if bytes.Contains(data, []byte("hunter")) {
			t.Errorf("%s: a secret is sealed in clear", name)
		}
		if again, err := table.Seal(); err != nil || bytes.Equal(again, data) {
			t.Errorf("%s: two seals have the same key", name)
		}
		last, now, err := table.Beside(data)
		if err != nil {
			t.Fatal(name, err)
		}
		if changes := Diff(last, now); len(changes) > 0 {
			t.Errorf("%s: nothing has changed, and yet %v", name, changes)
		}
	}
	if _, err := (Secret{value: new("hunter1")}).GobEncode(); err == nil {
		t.Error("a secret is written")
	}
}

func loadedFull(t *testing.T, src []byte) *Table {
	t.Helper()
	table, err := Load("testdata/valid/full.yaml", src, today)
	if table == nil {
		t.Fatal(err)
	}
	return table
}

func FuzzBeside(f *testing.F) {
	table, err := Load("x.yaml", []byte(strings.NewReplacer("${env:SEALED_SECRET}", "x", "u:${env:SEALED_PROXY}@", "").Replace(sealedFile)), time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	if table == nil {
		f.Fatal(err)
	}
	data, err := table.Seal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if last, now, err := table.Beside(data); err == nil {
			Diff(last, now) // must not panic
		}
	})
}
