package routes

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// Two mistakes whose names begin alike do not hide each other.
func TestAMistakeHidesOnlyWhatFollowsFromIt(t *testing.T) {
	list := mistakes(t, head+`
targets:
  wms: 5
  wms2: {url: "http://a.example"}
routes:
  - {name: a, path: a, callers: [fno], target: wms, timout: 5s}
  - {name: b, path: /b, callers: [fno], target: wms2}
`)
	got := ""
	for _, e := range list {
		got += e.Path + "\n"
	}
	if want := "targets.wms\ntargets.wms2.url\nroutes[0].path\nroutes[0].timout\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// Every value of a valid file, replaced by one of another kind, is reported at its
// line or at that of its parent, and nothing panics.
func TestEveryValueIsChecked(t *testing.T) {
	t.Chdir("testdata/valid")
	src, err := os.ReadFile("full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(src, &doc); err != nil {
		t.Fatal(err)
	}
	n := 0
	var visit func(*yaml.Node, string)
	visit = func(node *yaml.Node, path string) {
		saved := *node
		for _, other := range []yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, {Kind: yaml.ScalarNode, Tag: "!!bool", Value: "maybe"}, {Kind: yaml.MappingNode, Tag: "!!map"}, {Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{{Kind: yaml.SequenceNode, Tag: "!!seq"}}}} {
			if other.Kind == saved.Kind && other.Kind == yaml.MappingNode {
				continue // an empty mapping may be right
			}
			*node = other
			text, err := yaml.Marshal(&doc)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Load("full.yaml", text, today)
			if list, ok := err.(ErrorList); path != "" && (!ok || !strings.Contains(list.Error(), path)) {
				t.Errorf("%s as %v: %v", path, other.Tag, err)
			}
			n++
		}
		*node = saved
		for i, c := range node.Content {
			switch {
			case node.Kind == yaml.SequenceNode:
				visit(c, index(path, i))
			case node.Kind == yaml.MappingNode && i%2 == 1:
				visit(c, join(path, node.Content[i-1].Value))
			}
		}
	}
	visit(doc.Content[0], "")
	if n < 300 {
		t.Error(n)
	}
}

// 10,000 mistakes, names with thousands of candidates for a suggestion among them;
// quadratic work would show as a test that does not end.
func TestManyMistakesAreAllReported(t *testing.T) {
	var b strings.Builder
	b.WriteString(head + "targets:\n")
	for i := range 2000 {
		fmt.Fprintf(&b, "  target-%d: {url: \"http://a%d.example/\"}\n", i, i)
	}
	b.WriteString("routes:\n")
	for i := range 2000 {
		fmt.Fprintf(&b, "  - {name: r%d, path: r%d, callers: [fno%d], target: tagret-%d, timout: 5s}\n", i, i, i, i)
	}
	if list := mistakes(t, b.String()); len(list) != 10000 {
		t.Error(len(list))
	}
}
