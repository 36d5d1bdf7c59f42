package routes

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

const hidden = "hunter2"

func TestASecretIsNeverShown(t *testing.T) {
	t.Setenv("TWOHOP_TEST_SECRET", hidden)
	dir := writeFiles(t, map[string]string{"password": hidden + "\r\n"})
	table := load(t, head+`
targets:
  t:
    url: https://a.example
    via: "http://u:${env:TWOHOP_TEST_SECRET}@proxy.example:3128"
    headers: {set: {Authorization: "Basic ${file:`+filepath.Join(dir, "password")+`}"}}
routes:
  - {name: a, path: /a, callers: [fno], target: t}
`)
	x := table.Targets["t"]
	if got := x.Headers.Set["Authorization"].Reveal(); got != "Basic "+hidden {
		t.Errorf("the secret is not read: %q", got)
	}
	if got := x.Via.Reveal(); got != "http://u:"+hidden+"@proxy.example:3128" || !x.Via.Referred() {
		t.Errorf("the secret is not read: %q", got)
	}
	var out bytes.Buffer
	for _, v := range []any{x.Via, &x.Via, x, &x, table, *table, x.Headers, map[string]any{"a": x.Via}, []Secret{x.Via}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%08.3f", "%U", "%p"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		text, err := json.Marshal(v)
		out.Write(text)
		if err != nil {
			t.Error(err)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", v)
	}
	for _, v := range []any{x.Via, x, x.Headers} {
		text, err := yaml.Marshal(v)
		out.Write(text)
		if err != nil {
			t.Error(err)
		}
	}
	text, _ := xml.Marshal(x.Via)
	out.Write(text)
	out.WriteString(x.Via.String() + fmt.Sprint(x.Via) + fmt.Errorf("%w %v", errors.New("e"), x.Via).Error())
	if strings.Contains(out.String(), hidden) || strings.Contains(out.String(), fmt.Sprintf("%x", hidden)) {
		at := max(strings.Index(out.String(), hidden), 100)
		t.Errorf("a secret is shown: %.200q", out.String()[at-100:])
	}
	if !strings.Contains(out.String(), secretMask) {
		t.Error("no mask")
	}
}

// A mistake in a secret is reported without it, and switches off only what needs it.
func TestAMistakeInASecretDoesNotShowIt(t *testing.T) {
	for _, via := range []string{hidden, "http://u:" + hidden + " @x:1", "http://[" + hidden, "http://" + hidden + ":port", "https://u:" + hidden + "@x:1", "http://u:" + hidden + "%zz@x:1"} {
		t.Setenv("TWOHOP_TEST_SECRET", via)
		list := mistakes(t, head+`routes: [{name: a, path: /a, callers: [fno], target: {url: "https://a.example", via: "${env:TWOHOP_TEST_SECRET}"}}]`)
		if len(list) != 1 || list.Fatal() || strings.Contains(list.Error(), hidden) {
			t.Errorf("%q: %v", via, list)
		}
	}
}

func TestReferences(t *testing.T) {
	lookup := func(kind, name string) (string, error) {
		if name == "none" {
			return "", &mistake{"is not there", "make it", true}
		}
		return "<" + kind + " " + name + ">", nil
	}
	for _, c := range []struct {
		text, want string
		errs       int
	}{
		{"plain", "plain", 0},
		{"", "", 0},
		{"a ${env:X} b ${file:/y z} c", "a <env X> b <file /y z> c", 0},
		{"${env:X}${env:X}", "<env X><env X>", 0},
		{"$env:X $${env:X}", "$env:X $<env X>", 0},
		{"${env:none}${file:none}", "", 2},
		{"${X}", "", 1},
		{"${}", "", 1},
		{"${env:}", "", 1},
		{"${other:X}", "", 1},
		{"${env:X", "", 1},
		{"${", "", 1},
		{"${ENV:X}", "", 1},
	} {
		got, errs := expand(c.text, lookup)
		if got.Reveal() != c.want || len(errs) != c.errs || got.Referred() != strings.Contains(c.text, "${") {
			t.Errorf("%q: %q %v", c.text, got.Reveal(), errs)
		}
	}
}

// What a file of a secret holds is not read for references again.
func TestASecretIsNotExpandedTwice(t *testing.T) {
	dir := writeFiles(t, map[string]string{"s": "${env:HOME}"})
	table := load(t, head+`routes: [{name: a, path: /a, callers: [fno], target: {url: "https://a.example", headers: {set: {X-A: "${file:`+filepath.Join(dir, "s")+`}"}}}}]`)
	if got := table.Routes[0].Target.Inline.Headers.Set["X-A"].Reveal(); got != "${env:HOME}" {
		t.Error(got)
	}
}

func TestAFileThatCannotBeReadIsReported(t *testing.T) {
	name := filepath.Join(writeFiles(t, map[string]string{"s": "x"}), "s")
	if err := os.Chmod(name, 0); err != nil {
		t.Fatal(err)
	}
	if f, err := os.Open(name); err == nil {
		f.Close()
		t.Skip("this user may read any file")
	}
	if _, err := readFile(name, 10); err == nil {
		t.Error("read without permission")
	}
}
