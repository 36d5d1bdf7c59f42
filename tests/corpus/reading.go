package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// decode reads JSON with its numbers as written.
func decode(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// A stack's reading says less than ours: which of these differences it cannot express.
type dialect struct {
	flat bool // no @, #text as _ and no types (PHP)
	null bool // absent, nil and an empty element are one
	one  bool // a value may stand for an array of it: the samples know no repeated choice
}

// unlike names the first place where two readings differ, "" for none.
func (d dialect) unlike(path string, ours, theirs any) string {
	ours, theirs = d.plain(ours), d.plain(theirs)
	if list, ok := ours.([]any); ok && d.one && len(list) == 1 {
		if _, ok := theirs.([]any); !ok {
			ours = d.plain(list[0])
		}
	}
	switch a := ours.(type) {
	case map[string]any:
		b, ok := theirs.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s: an object, want %.60s", path, show(theirs))
		}
		keys := maps.Clone(a)
		maps.Copy(keys, b)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			x, mine := a[key]
			y, yours := b[key]
			if !mine || !yours {
				return fmt.Sprintf("%s/%s: %.60s, want %.60s", path, key, there(x, mine), there(y, yours))
			}
			if key == "@xsi:type" && sameType(scalar(x), scalar(y)) {
				continue
			}
			if at := d.unlike(path+"/"+key, x, y); at != "" {
				return at
			}
		}
		return ""
	case []any:
		b, ok := theirs.([]any)
		if !ok || len(a) != len(b) {
			return fmt.Sprintf("%s: %.60s, want %.60s", path, show(ours), show(theirs))
		}
		for i := range a {
			if at := d.unlike(fmt.Sprintf("%s/%d", path, i), a[i], b[i]); at != "" {
				return at
			}
		}
		return ""
	}
	if !sameScalar(ours, theirs) {
		return fmt.Sprintf("%s: %.60s, want %.60s", path, show(ours), show(theirs))
	}
	return ""
}

// sameType compares names of types, of which ours is short where that is enough.
func sameType(ours, theirs string) bool {
	return ours == theirs || strings.HasSuffix(theirs, "}"+ours)
}

func there(v any, is bool) string {
	if !is {
		return "nothing"
	}
	return show(v)
}

func show(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

func sameScalar(a, b any) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, y := scalar(a), scalar(b)
	return sameValue(x, y) || sameXML(x, y)
}

func scalar(v any) string {
	switch v := v.(type) {
	case json.Number:
		return v.String()
	case string:
		return v
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	return show(v)
}

// sameXML compares the texts of a wildcard's elements by what they say.
func sameXML(a, b string) bool {
	if !strings.HasPrefix(a, "<") || !strings.HasPrefix(b, "<") {
		return false
	}
	x, err := parse(strings.NewReader(a))
	if err != nil {
		return false
	}
	y, err := parse(strings.NewReader(b))
	return err == nil && differs(x, y, false) == ""
}

// plain takes out of a value what the dialect cannot say.
func (d dialect) plain(v any) any {
	if list, ok := v.([]any); ok && d.null && !slices.ContainsFunc(list, func(x any) bool { return d.plain(x) != nil }) {
		return nil
	}
	o, ok := v.(map[string]any)
	if !ok {
		if d.null && v == "" {
			return nil
		}
		return v
	}
	if list, ok := o["#content"].([]any); ok {
		o = grouped(o, list)
	}
	p := map[string]any{}
	for key, x := range o {
		if d.flat || d.null {
			if key == "@xsi:type" || key == "@xsi:nil" {
				continue
			}
		}
		if d.flat {
			key = strings.TrimPrefix(strings.TrimPrefix(key, "@"), "#")
			if key == "_" {
				key = "text"
			}
			if list, ok := x.([]any); key == "any" && ok {
				x = joined(list)
			}
		}
		if list, ok := x.([]any); ok && len(list) == 0 && key == "#content" {
			continue
		}
		if x = d.plain(x); d.null && x == nil {
			continue
		}
		p[key] = x
	}
	if text, ok := p["text"]; d.flat && ok && len(p) == 1 {
		return text
	}
	if text, ok := p["#text"]; d.null && ok && len(p) == 1 {
		return text
	}
	if d.null && len(p) == 0 {
		return nil
	}
	return p
}

// grouped is an object with ordered content as the other stacks have it: by name.
func grouped(o map[string]any, content []any) map[string]any {
	g := maps.Clone(o)
	delete(g, "#content")
	for _, item := range content {
		switch item := item.(type) {
		case string:
			if before, _ := g["#text"].(string); strings.TrimSpace(item) != "" {
				g["#text"] = before + item
			}
		case map[string]any:
			for name, x := range item {
				list, _ := g[name].([]any)
				g[name] = append(list, x)
			}
		}
	}
	return g
}

func joined(list []any) any {
	var s strings.Builder
	for _, x := range list {
		s.WriteString(scalar(x))
	}
	return s.String()
}
