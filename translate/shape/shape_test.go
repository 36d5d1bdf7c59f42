package shape

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"twohop/translate/xsd"
)

var text = &xsd.Type{Name: xsd.Name{Space: xsd.Namespace, Local: "string"}, Content: xsd.Simple, Value: &xsd.Value{Builtin: "string"}}

func one(space, name string, least, most int) *xsd.Particle {
	return &xsd.Particle{Kind: xsd.One, Min: least, Max: most, Element: &xsd.Element{Name: xsd.Name{Space: space, Local: name}, Type: text}}
}

func group(kind xsd.Kind, least, most int, children ...*xsd.Particle) *xsd.Particle {
	return &xsd.Particle{Kind: kind, Min: least, Max: most, Children: children}
}

// seen is what a test looks at of a field.
type seen struct {
	Key             string
	Array, Required bool
}

func TestShapes(t *testing.T) {
	head := one("", "head", 1, 1)
	head.Element.Abstract = true
	head.Element.Substitutes = []*xsd.Element{{Name: xsd.Name{Local: "a"}, Type: text}, {Name: xsd.Name{Local: "b"}, Type: text}}
	for _, c := range []struct {
		name        string
		model       *xsd.Particle
		want        []seen
		plain, free bool
	}{
		{"a sequence", group(xsd.Sequence, 1, 1, one("", "a", 1, 1), one("", "b", 0, 1), one("", "c", 1, xsd.Unbounded)), []seen{{"a", false, true}, {"b", false, false}, {"c", true, true}}, true, false},
		{"one item at most is no array, two are", group(xsd.Sequence, 1, 1, one("", "a", 0, 2)), []seen{{"a", true, false}}, true, false},
		{"a choice requires none", group(xsd.Choice, 1, 1, one("", "a", 1, 1), one("", "b", 1, 1)), []seen{{"a", false, false}, {"b", false, false}}, true, false},
		{"a repeated choice", group(xsd.Choice, 0, xsd.Unbounded, one("", "a", 1, 1), one("", "b", 1, 1)), []seen{{"a", true, false}, {"b", true, false}}, false, true},
		{"a repeated sequence", group(xsd.Sequence, 1, 2, one("", "a", 1, 1), one("", "b", 1, 1)), []seen{{"a", true, true}, {"b", true, true}}, false, false},
		{"an optional group requires nothing", group(xsd.Sequence, 1, 1, group(xsd.Sequence, 0, 1, one("", "a", 1, 1))), []seen{{"a", false, false}}, true, false},
		{"one name in two branches", group(xsd.Choice, 1, 1, group(xsd.Sequence, 1, 1, one("", "a", 1, 1), one("", "b", 1, 1)), group(xsd.Sequence, 1, 1, one("", "a", 1, 1), one("", "c", 1, 1))),
			[]seen{{"a", false, false}, {"b", false, false}, {"c", false, false}}, false, false},
		{"one name twice in a sequence", group(xsd.Sequence, 1, 1, one("", "a", 1, 1), one("", "b", 1, 1), one("", "a", 1, 1)), []seen{{"a", true, true}, {"b", false, true}}, false, false},
		{"names that collide", group(xsd.Sequence, 1, 1, one("urn:x", "a", 1, 1), one("urn:y", "a", 1, 1), one("", "b", 1, 1)), []seen{{"{urn:x}a", false, true}, {"{urn:y}a", false, true}, {"b", false, true}}, true, false},
		{"what stands in place of an abstract element", group(xsd.Sequence, 1, 1, head), []seen{{"a", false, false}, {"b", false, false}}, true, false},
		{"what must not be there", group(xsd.Sequence, 1, 1, one("", "a", 0, 0)), nil, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := new(Shapes).Of(&xsd.Type{Complex: true, Content: xsd.Elements, Particle: c.model})
			var got []seen
			for i, f := range s.Fields {
				got = append(got, seen{f.Key, f.Array, f.Required})
				if f.Index != i || s.Member(f.Key) != f || s.At(f.Element.Name.Space, []byte(f.Element.Name.Local)) != f {
					t.Errorf("%s is not found", f.Key)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if s.Plain != c.plain || s.Free != c.free {
				t.Errorf("plain %v, free %v", s.Plain, s.Free)
			}
		})
	}
}

func TestASimpleContentWithAttributesIsAnObject(t *testing.T) {
	typ := &xsd.Type{Complex: true, Content: xsd.Simple, Value: text.Value}
	if s := new(Shapes).Of(typ); !s.Scalar || s.Text {
		t.Error("without attributes it is a scalar")
	}
	with := *typ
	with.Attributes = []*xsd.AttributeUse{{Attribute: &xsd.Attribute{Name: xsd.Name{Local: "unit"}, Type: text}, Required: true}}
	s := new(Shapes).Of(&with)
	if s.Scalar || !s.Text || s.Member("@unit") == nil || !s.Member("@unit").Required || s.AttributeAt("", []byte("unit")) == nil {
		t.Errorf("%+v", s)
	}
}

func TestCollapsedArrays(t *testing.T) {
	typ := &xsd.Type{Complex: true, Content: xsd.Elements, Particle: group(xsd.Sequence, 1, 1, one("", "item", 0, xsd.Unbounded))}
	if new(Shapes).Of(typ).Only != nil {
		t.Error("wrappers are kept unless asked")
	}
	if s := (&Shapes{Collapse: true}).Of(typ); s.Only == nil || s.Only.Key != "item" {
		t.Error("the array stands for the whole")
	}
}
