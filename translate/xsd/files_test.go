package xsd

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twohop/translate/document"
)

func TestDocumentsTogether(t *testing.T) {
	const none = `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified">`
	for _, c := range []struct {
		name  string
		files []string
		want  string // the content of {urn:t}T
	}{
		{"a chameleon takes the namespace of who includes it", []string{
			"a.xsd", head + `><xs:include schemaLocation="b.xsd"/></xs:schema>`,
			"b.xsd", none + `<xs:complexType name="T"><xs:sequence><xs:element name="x" type="U"/></xs:sequence></xs:complexType><xs:simpleType name="U"><xs:restriction base="xs:int"/></xs:simpleType></xs:schema>`}, "(x)"},
		{"includes in a ring", []string{
			"a.xsd", head + `><xs:include schemaLocation="b.xsd"/></xs:schema>`,
			"b.xsd", head + `><xs:include schemaLocation="a.xsd"/><xs:complexType name="T"><xs:choice><xs:element name="y"/></xs:choice></xs:complexType></xs:schema>`}, "(.y)"},
		{"imports in a ring", []string{
			"a.xsd", head + `xmlns:o="urn:o"><xs:import namespace="urn:o" schemaLocation="b.xsd"/><xs:complexType name="T"><xs:sequence><xs:element ref="o:e"/></xs:sequence></xs:complexType></xs:schema>`,
			"b.xsd", `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:o" xmlns:t="urn:t"><xs:import namespace="urn:t" schemaLocation="a.xsd"/><xs:element name="e" type="t:T"/></xs:schema>`}, "(e)"},
		{"redefine", []string{
			"a.xsd", head + `><xs:redefine schemaLocation="b.xsd"><xs:complexType name="T"><xs:complexContent><xs:extension base="t:T"><xs:group ref="t:G"/></xs:extension></xs:complexContent></xs:complexType>
				<xs:group name="G"><xs:sequence><xs:group ref="t:G"/><xs:element name="more"/></xs:sequence></xs:group></xs:redefine></xs:schema>`,
			"b.xsd", head + `><xs:complexType name="T"><xs:sequence><xs:element name="old"/></xs:sequence></xs:complexType><xs:group name="G"><xs:choice><xs:element name="g"/></xs:choice></xs:group></xs:schema>`}, "((.old) ((.g) .more))"},
		{"an import whose file is missing, of a schema that is built in", []string{
			"a.xsd", head + `xmlns:x="http://www.w3.org/2004/08/xop/include"><xs:import namespace="http://www.w3.org/2004/08/xop/include" schemaLocation="http://www.w3.org/2004/08/xop/include"/>
				<xs:complexType name="T"><xs:sequence><xs:element ref="x:Include"/></xs:sequence></xs:complexType></xs:schema>`}, "(Include)"},
		{"a schema in a DataSet", []string{
			"a.xsd", head + `><xs:complexType name="T"><xs:sequence><xs:element ref="xs:schema"/><xs:any/></xs:sequence></xs:complexType></xs:schema>`}, "(schema <##any>)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, warned, err := readFiles(t, c.files...)
			if err != nil || len(warned) > 0 {
				t.Fatalf("error %v, warnings %v", err, warned)
			}
			if got := model(s.Types[Name{"urn:t", "T"}].Particle); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestMistakesThatAreReadAllTheSame(t *testing.T) {
	for _, c := range []struct{ name, body, warning string }{
		{"a type that is not there", `<xs:element name="a" type="t:Gone"/>`, "a.xsd:2: type {urn:t}Gone is not declared; anyType is taken instead"},
		{"a base that is not there", `<xs:complexType name="a"><xs:complexContent><xs:extension base="t:Gone"/></xs:complexContent></xs:complexType>`, "a.xsd:2: type {urn:t}Gone is not declared; anyType is taken instead"},
		{"an element that is not there", `<xs:complexType name="a"><xs:sequence><xs:element ref="t:gone"/></xs:sequence></xs:complexType>`, "a.xsd:2: element {urn:t}gone is not declared; anyType is taken instead"},
		{"a group that is not there", `<xs:complexType name="a"><xs:group ref="t:gone"/></xs:complexType>`, "a.xsd:2: group t:gone is not declared; left out"},
		{"an attribute that is not there", `<xs:complexType name="a"><xs:attribute ref="t:gone"/></xs:complexType>`, "a.xsd:2: attribute {urn:t}gone is not declared; any text is taken"},
		{"attributes that are not there", `<xs:complexType name="a"><xs:attributeGroup ref="t:gone"/></xs:complexType>`, "a.xsd:2: attributeGroup t:gone is not declared; left out"},
		{"a prefix that is not declared", `<xs:element name="a" type="q:T"/><xs:complexType name="T"/>`, "a.xsd:2: the prefix of q:T is not declared; taken as the namespace of the schema"},
		{"a name without its namespace", `<xs:element name="a" type="T" xmlns=""/><xs:complexType name="T"/>`, "a.xsd:2: type T is not declared; {urn:t}T is taken instead"},
		{"declared twice", "<xs:element name='a'/>\n<xs:element name='a'/>", "a.xsd:3: element {urn:t}a is declared in DIR/a.xsd, line 2, already; the first counts"},
		{"derived from itself", `<xs:complexType name="a"><xs:complexContent><xs:extension base="t:a"/></xs:complexContent></xs:complexType>`, "a.xsd:2: type {urn:t}a derives from itself; anyType is taken instead"},
		{"a union of itself", `<xs:simpleType name="a"><xs:union memberTypes="t:a"/></xs:simpleType>`, "a.xsd:2: type {urn:t}a derives from itself; anyType is taken instead"},
		{"a group in itself", `<xs:group name="a"><xs:sequence><xs:group ref="t:a"/></xs:sequence></xs:group><xs:complexType name="b"><xs:group ref="t:a"/></xs:complexType>`, "a.xsd:2: group {urn:t}a contains itself; left out"},
		{"attributes in themselves", `<xs:attributeGroup name="a"><xs:attributeGroup ref="t:a"/></xs:attributeGroup><xs:complexType name="b"><xs:attributeGroup ref="t:a"/></xs:complexType>`, "a.xsd:2: attributeGroup {urn:t}a contains itself; left out"},
		{"occurrences", `<xs:complexType name="a"><xs:sequence maxOccurs="many"><xs:element name="b"/></xs:sequence></xs:complexType>`, `a.xsd:2: maxOccurs="many" is not a number; taken as 1`},
		{"a facet", `<xs:simpleType name="a"><xs:restriction base="xs:string"><xs:length value="-1"/></xs:restriction></xs:simpleType>`, `a.xsd:2: length="-1" is not a number; left out`},
		{"a nameless declaration", `<xs:element type="xs:int"/>`, "a.xsd:2: <element> without a name declares nothing; left out"},
		{"an import from nowhere", `<xs:import namespace="urn:gone"/>`, "a.xsd:2: import of the namespace urn:gone has no schemaLocation, and no other schema has the namespace"},
		{"a complex type as text", `<xs:simpleType name="a"><xs:restriction base="t:b"/></xs:simpleType><xs:complexType name="b"/>`, "a.xsd:2: {urn:t}b is no simple type; any text is taken"},
		{"a complex type of an attribute", `<xs:attribute name="a" type="t:b"/><xs:complexType name="b"/>`, "a.xsd:2: {urn:t}b is no simple type; any text is taken"},
		{"the head of a group that is not there", `<xs:element name="a" substitutionGroup="t:gone"/>`, "a.xsd:2: the head t:gone of a substitution group is not declared"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, warned, err := readFiles(t, "a.xsd", head+">\n"+c.body+`</xs:schema>`)
			if err != nil {
				t.Fatal(err)
			}
			if len(warned) != 1 || !alike(c.warning, warned[0]) {
				t.Errorf("warnings %q, want %q", warned, c.warning)
			}
			whole(t, s)
		})
	}
}

// alike compares with a text in which DIR/ stands for any directory.
func alike(want, got string) bool {
	before, after, has := strings.Cut(want, "DIR/")
	return want == got || has && strings.HasPrefix(got, before) && strings.HasSuffix(got, after)
}

// whole looks for what a reader of the model relies on.
func whole(t *testing.T, s *Schema) {
	t.Helper()
	seen := map[*Type]bool{}
	var typ func(x *Type)
	var part func(p *Particle)
	typ = func(x *Type) {
		if x == nil {
			t.Fatal("a reference leads nowhere")
		}
		if seen[x] {
			return
		}
		seen[x] = true
		if (x.Content == Simple) != (x.Value != nil) || x.Content == Elements && x.Particle == nil || x.Content == Empty && x.Particle != nil || x.Base == nil && !x.Any() {
			t.Fatalf("type %v contradicts itself: %+v", x.Name, x)
		}
		for _, u := range x.Attributes {
			typ(u.Type)
			if u.Type.Content != Simple {
				t.Fatalf("attribute %v of %v is no text", u.Name, x.Name)
			}
		}
		if x.Value != nil {
			for _, m := range x.Value.Union {
				typ(m)
			}
			if x.Value.List != nil {
				typ(x.Value.List)
			}
		}
		if x.Array != nil {
			typ(x.Array.Item)
		}
		if x.Base != nil {
			typ(x.Base)
		}
		part(x.Particle)
	}
	part = func(p *Particle) {
		if p == nil {
			return
		}
		if (p.Kind == One) != (p.Element != nil) || (p.Kind == Any) != (p.Wildcard != nil) || p.Max == 0 || p.Max != Unbounded && p.Min > p.Max {
			t.Fatalf("a particle contradicts itself: %+v", p)
		}
		if p.Element != nil {
			typ(p.Element.Type)
		}
		for _, c := range p.Children {
			part(c)
		}
	}
	for _, x := range s.Types {
		typ(x)
	}
	for _, e := range s.Elements {
		typ(e.Type)
	}
}

func TestMistakesThatAreErrors(t *testing.T) {
	doubling := `<xs:group name="g0"><xs:sequence><xs:element name="a"/></xs:sequence></xs:group>`
	for i := range 40 {
		doubling += fmt.Sprintf(`<xs:group name="g%d"><xs:sequence><xs:group ref="t:g%d"/><xs:group ref="t:g%d"/></xs:sequence></xs:group>`, i+1, i, i)
	}
	deep := `<xs:complexType name="d0"/>`
	for i := range 1000 {
		deep += fmt.Sprintf(`<xs:complexType name="d%d"><xs:complexContent><xs:extension base="t:d%d"/></xs:complexContent></xs:complexType>`, i+1, i)
	}
	for _, c := range []struct{ name, body, want string }{
		{"an include that is missing", `<xs:include schemaLocation="gone.xsd"/>`, "a.xsd:1: include of gone.xsd: there is no such file; twohop import saves"},
		{"an import that is missing", `<xs:import namespace="urn:x" schemaLocation="gone.xsd"/>`, "a.xsd:1: import of gone.xsd: there is no such file"},
		{"an import from the network", `<xs:import namespace="urn:x" schemaLocation="http://h/x.xsd"/>`, "a.xsd:1: import of http://h/x.xsd: not a file beside it"},
		{"an import of something else", `<xs:import namespace="urn:x" schemaLocation="b.xml"/>`, "b.xml has no schema"},
		{"groups that double", doubling + `<xs:complexType name="T"><xs:group ref="t:g40"/></xs:complexType>`, "more than 200000 particles"},
		{"types that derive without end", `<xs:element name="x" type="t:d1000"/>` + strings.Replace(deep, `<xs:complexType name="d0"/>`, "", 1), "500 deep"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := readFiles(t, "a.xsd", head+">"+c.body+`</xs:schema>`, "b.xml", "<b/>")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

func TestEverySchemaOfTheCatalog(t *testing.T) {
	for space, file := range catalog {
		var warned []string
		r := NewReader(&document.Files{}, func(file string, line int, what string) { warned = append(warned, fmt.Sprint(file, line, what)) })
		if !r.fromCatalog(space) {
			t.Errorf("%s is not read", file)
		}
		s, err := r.Schema()
		if err != nil || len(warned) > 0 {
			t.Errorf("%s: error %v, warnings %v", file, err, warned)
			continue
		}
		whole(t, s)
		found := 0
		for name := range s.Types {
			found += strings.Count(name.Space, space)
		}
		for name := range s.Elements {
			found += strings.Count(name.Space, space)
		}
		for name := range s.Attributes {
			found += strings.Count(name.Space, space)
		}
		if found == 0 {
			t.Errorf("%s declares nothing in %s", file, space)
		}
	}
}

func TestWhatTheCatalogAddsLater(t *testing.T) {
	r := NewReader(&document.Files{}, func(string, int, string) {})
	if _, err := r.Schema(); err != nil {
		t.Fatal(err)
	}
	array := r.Type(Name{soapEncoding, "Array"})
	if array == nil || array.Array == nil || array.Content != Elements {
		t.Errorf("soapenc:Array: %+v", array)
	}
	if x := r.Type(Name{soapEncoding, "int"}); x == nil || x.Value == nil || x.Value.Builtin != "int" {
		t.Errorf("soapenc:int: %+v", x)
	}
	if r.Element(Name{"urn:x", "y"}) != nil || r.Type(Name{soapEncoding, "none"}) != nil {
		t.Error("something is found that nobody declares")
	}
}

func FuzzSchema(f *testing.F) {
	f.Add(`<xs:element name="a" type="t:T"/><xs:complexType name="T"><xs:sequence><xs:element ref="t:a"/><xs:group ref="t:G"/></xs:sequence><xs:attribute name="x"/></xs:complexType><xs:group name="G"><xs:choice><xs:any/></xs:choice></xs:group>`)
	f.Add(`<xs:simpleType name="a"><xs:union memberTypes="t:b xs:int"/></xs:simpleType><xs:simpleType name="b"><xs:list itemType="t:a"/></xs:simpleType><xs:simpleType name="c"><xs:restriction base="t:b"><xs:length value="1"/></xs:restriction></xs:simpleType>`)
	f.Add(`<xs:complexType name="b"><xs:simpleContent><xs:extension base="xs:int"/></xs:simpleContent></xs:complexType><xs:complexType name="c"><xs:complexContent><xs:extension base="t:b"><xs:all><xs:element name="x"/></xs:all></xs:extension></xs:complexContent></xs:complexType>`)
	f.Add(`<xs:element name="h"/><xs:element name="a" substitutionGroup="t:b"/><xs:element name="b" substitutionGroup="t:a"/><xs:redefine schemaLocation="a.xsd"><xs:group name="G"/></xs:redefine><xs:include schemaLocation="a.xsd"/>`)
	f.Fuzz(func(t *testing.T, body string) {
		text := head + ">" + body + "</xs:schema>"
		if _, err := document.Parse(strings.NewReader(text)); err != nil {
			t.Skip()
		}
		s, warned, err := readFiles(t, "a.xsd", text)
		if err != nil {
			return
		}
		whole(t, s)
		again, more, err := readFiles(t, "a.xsd", text)
		if err != nil || len(more) != len(warned) || !cmp.Equal(len(again.Types), len(s.Types)) {
			t.Errorf("read again it differs: %v, %v, %v", err, warned, more)
		}
	})
}
