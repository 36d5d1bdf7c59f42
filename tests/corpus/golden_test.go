package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"twohop/translate/wsdl"
)

// Each folder of testdata holds a contract with one feature. OP-CASE.json and OP-CASE.xml
// are a request in both forms. At least one of zeep, php-soap and node-soap writes that
// XML, or, where all three fail on the feature, it is written by hand and libxml2 finds
// it valid.
func TestGolden(t *testing.T) {
	folders, err := filepath.Glob("testdata/*/contract.wsdl")
	if err != nil || len(folders) < 40 {
		t.Fatalf("%d contracts, %v", len(folders), err)
	}
	for _, file := range folders {
		name := filepath.Base(filepath.Dir(file))
		t.Run(name, func(t *testing.T) {
			c, err := wsdl.Load(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range c.Warnings {
				t.Errorf("a warning about a good contract: %s:%d: %s", w.File, w.Line, w.What)
			}
			k, err := newCodecs(c, "")
			if err != nil {
				t.Fatal(err)
			}
			cases, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*.json"))
			if err != nil || len(cases) == 0 {
				t.Fatalf("no cases, %v", err)
			}
			for _, file := range cases {
				golden(t, k, strings.TrimSuffix(file, ".json"))
			}
		})
	}
}

func golden(t *testing.T, k codecs, base string) {
	t.Helper()
	op, _, _ := strings.Cut(filepath.Base(base), "-")
	in, err := os.ReadFile(base + ".json")
	if err != nil {
		t.Fatal(err)
	}
	want, err := bodyFrom(base + ".xml")
	if err != nil {
		t.Fatalf("%s.xml: %v", base, err)
	}
	in = bytes.TrimSpace(in)
	written, err := envelope(k.straight, op, in)
	if err != nil {
		t.Errorf("%s: %v", base, err)
		return
	}
	top, err := parse(bytes.NewReader(written))
	if err != nil {
		t.Errorf("%s: %v\n%s", base, err, written)
		return
	}
	body, err := bodyOf(top)
	if err != nil {
		t.Errorf("%s: %v", base, err)
		return
	}
	if at := differs(body, want, false); at != "" {
		t.Errorf("%s: %s\n%s", base, at, written)
	}
	text, err := os.ReadFile(base + ".xml")
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string][]byte{"the golden XML": text, "our own XML": written} {
		read, err := answer(k.asAnswer, op, text)
		if err != nil {
			t.Errorf("%s: %s is not read: %v", base, what, err)
		} else if !bytes.Equal(read, in) {
			t.Errorf("%s: %s was read as\n%s, want\n%s", base, what, read, in)
		}
	}
}
