package xsd

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twohop/translate/document"
)

// readFiles reads schemas: the first of files, given as NAME, TEXT and so on.
func readFiles(t *testing.T, files ...string) (*Schema, []string, error) {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var warned []string
	opened := &document.Files{}
	r := NewReader(opened, func(file string, line int, what string) {
		warned = append(warned, fmt.Sprintf("%s:%d: %s", filepath.Base(file), line, what))
	})
	f, err := opened.Open(filepath.Join(dir, files[0]))
	if err != nil {
		return nil, nil, err
	}
	if err := r.Add(f.Path, f.Root); err != nil {
		return nil, warned, err
	}
	s, err := r.Schema()
	return s, warned, err
}

const head = `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t" xmlns="urn:t" xmlns:t="urn:t" `

// schema reads one that must be without a mistake.
func schema(t *testing.T, body string) *Schema {
	t.Helper()
	s, warned, err := readFiles(t, "a.xsd", head+`elementFormDefault="qualified">`+body+`</xs:schema>`)
	if err != nil || len(warned) > 0 {
		t.Fatalf("error %v, warnings %v", err, warned)
	}
	return s
}

// model writes a particle: a b? (c | d)* {a, b} for all, <any>.
func model(p *Particle) string {
	if p == nil {
		return "-"
	}
	var parts []string
	for _, c := range p.Children {
		parts = append(parts, model(c))
	}
	s := map[Kind]string{Sequence: "(" + strings.Join(parts, " ") + ")", Choice: "(" + strings.Join(parts, " | ") + ")", All: "{" + strings.Join(parts, " ") + "}"}[p.Kind]
	switch p.Kind {
	case One:
		s = p.Element.Name.Local
		if p.Element.Name.Space == "" {
			s = "." + s
		}
	case Any:
		s = "<" + strings.Join(p.Wildcard.Namespaces, ",") + ">"
	}
	switch {
	case p.Min == 1 && p.Max == 1:
	case p.Min == 0 && p.Max == 1:
		s += "?"
	case p.Min == 0 && p.Max == Unbounded:
		s += "*"
	case p.Max == Unbounded:
		s += strconv.Itoa(p.Min) + "+"
	default:
		s += fmt.Sprintf("[%d,%d]", p.Min, p.Max)
	}
	return s
}

func uses(t *Type) string {
	var out []string
	for _, u := range t.Attributes {
		s := u.Name.String()
		if u.Required {
			s += "!"
		}
		if u.Fixed != nil {
			s += "=" + *u.Fixed
		}
		if u.Default != nil {
			s += "~" + *u.Default
		}
		out = append(out, s)
	}
	if t.AnyAttr != nil {
		out = append(out, "<"+strings.Join(t.AnyAttr.Namespaces, ",")+">")
	}
	return strings.Join(out, " ")
}

func TestContentModels(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"sequence", `<xs:sequence><xs:element name="a"/><xs:element name="b" minOccurs="0"/><xs:element name="c" maxOccurs="unbounded"/><xs:element name="d" minOccurs="2" maxOccurs="5"/></xs:sequence>`, "(a b? c1+ d[2,5])"},
		{"choice that repeats", `<xs:choice minOccurs="0" maxOccurs="unbounded"><xs:element name="a"/><xs:sequence><xs:element name="b"/></xs:sequence></xs:choice>`, "(a | (b))*"},
		{"all", `<xs:all><xs:element name="a"/><xs:element name="b" minOccurs="0"/></xs:all>`, "{a b?}"},
		{"any", `<xs:sequence><xs:any namespace="##other" processContents="lax" minOccurs="0"/><xs:any namespace="##local ##targetNamespace urn:x"/></xs:sequence>`, "(<##other>? <,urn:t,urn:x>)"},
		{"form", `<xs:sequence><xs:element name="a" form="unqualified"/><xs:element ref="t:g"/></xs:sequence>`, "(.a g)"},
		{"groups", `<xs:sequence><xs:group ref="t:two" minOccurs="0"/><xs:group ref="t:one" maxOccurs="unbounded"/></xs:sequence>`, "((a b)? (a | c)1+)"},
		{"a group alone", `<xs:group ref="t:two"/>`, "(a b)"},
		{"none", `<xs:sequence><xs:element name="a" minOccurs="0" maxOccurs="0"/><xs:choice/></xs:sequence>`, "-"},
		{"extension", `<xs:complexContent><xs:extension base="t:base"><xs:sequence><xs:element name="y"/></xs:sequence></xs:extension></xs:complexContent>`, "((x) (y))"},
		{"extension of nothing", `<xs:complexContent><xs:extension base="t:nothing"><xs:choice><xs:element name="y"/></xs:choice></xs:extension></xs:complexContent>`, "(y)"},
		{"extension by nothing", `<xs:complexContent><xs:extension base="t:base"/></xs:complexContent>`, "(x)"},
		{"restriction", `<xs:complexContent><xs:restriction base="t:base"><xs:sequence><xs:element name="x" minOccurs="1" fixed="1"/></xs:sequence></xs:restriction></xs:complexContent>`, "(x)"},
		{"restriction to nothing", `<xs:complexContent><xs:restriction base="t:base"/></xs:complexContent>`, "-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := schema(t, `<xs:complexType name="T">`+c.body+`</xs:complexType><xs:element name="g"/>
				<xs:group name="two"><xs:sequence><xs:element name="a"/><xs:element name="b"/></xs:sequence></xs:group>
				<xs:group name="one"><xs:choice><xs:element name="a"/><xs:element name="c"/></xs:choice></xs:group>
				<xs:complexType name="base"><xs:sequence><xs:element name="x"/></xs:sequence></xs:complexType><xs:complexType name="nothing"/>`)
			if got := model(s.Types[Name{"urn:t", "T"}].Particle); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestAttributes(t *testing.T) {
	s := schema(t, `<xs:attribute name="g" type="xs:int" default="7"/>
		<xs:attributeGroup name="G"><xs:attribute name="c"/><xs:attributeGroup ref="t:H"/><xs:anyAttribute namespace="##other"/></xs:attributeGroup>
		<xs:attributeGroup name="H"><xs:attribute name="d" form="qualified"/></xs:attributeGroup>
		<xs:complexType name="B"><xs:attribute name="a" use="required"/><xs:attribute name="b" fixed="x"/><xs:attribute ref="t:g"/><xs:attributeGroup ref="t:G"/></xs:complexType>
		<xs:complexType name="E"><xs:complexContent><xs:extension base="t:B"><xs:attribute name="e"/><xs:attribute ref="xml:lang"/></xs:extension></xs:complexContent></xs:complexType>
		<xs:complexType name="R"><xs:complexContent><xs:restriction base="t:B"><xs:attribute name="a" use="prohibited"/><xs:attribute name="c" use="required"/></xs:restriction></xs:complexContent></xs:complexType>`)
	got := map[string]string{}
	for _, name := range []string{"B", "E", "R"} {
		got[name] = uses(s.Types[Name{"urn:t", name}])
	}
	want := map[string]string{
		"B": "a! b=x {urn:t}g~7 c {urn:t}d <##other>",
		"E": "a! b=x {urn:t}g~7 c {urn:t}d e {http://www.w3.org/XML/1998/namespace}lang <##other>",
		"R": "b=x {urn:t}g~7 c! {urn:t}d",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSimpleTypes(t *testing.T) {
	s := schema(t, `<xs:simpleType name="code"><xs:restriction base="xs:token"><xs:enumeration value="a"/><xs:enumeration value="b"/></xs:restriction></xs:simpleType>
		<xs:simpleType name="narrow"><xs:restriction base="t:code"><xs:enumeration value="a"/><xs:pattern value="x"/><xs:pattern value="y"/></xs:restriction></xs:simpleType>
		<xs:simpleType name="narrower"><xs:restriction base="t:narrow"><xs:pattern value="z"/><xs:maxLength value="3"/></xs:restriction></xs:simpleType>
		<xs:simpleType name="price"><xs:restriction base="xs:decimal"><xs:minExclusive value="0"/><xs:fractionDigits value="2"/></xs:restriction></xs:simpleType>
		<xs:simpleType name="many"><xs:list itemType="t:price"/></xs:simpleType>
		<xs:simpleType name="some"><xs:restriction base="t:many"><xs:length value="2"/></xs:restriction></xs:simpleType>
		<xs:simpleType name="either"><xs:union memberTypes="t:price xs:boolean"><xs:simpleType><xs:restriction base="xs:string"/></xs:simpleType></xs:union></xs:simpleType>
		<xs:complexType name="money"><xs:simpleContent><xs:extension base="t:price"><xs:attribute name="unit"/></xs:extension></xs:simpleContent></xs:complexType>
		<xs:complexType name="less"><xs:simpleContent><xs:restriction base="t:money"><xs:maxInclusive value="9"/></xs:restriction></xs:simpleContent></xs:complexType>
		<xs:simpleType name="inner"><xs:restriction><xs:simpleType><xs:restriction base="xs:int"/></xs:simpleType><xs:maxInclusive value="5"/></xs:restriction></xs:simpleType>`)
	v := func(name string) *Value { return s.Types[Name{"urn:t", name}].Value }
	if x := v("narrower"); x.Builtin != "token" || x.WhiteSpace != "collapse" || len(x.Enum) != 1 || *x.MaxLength != 3 || !cmp.Equal(x.Patterns, []string{"(x)|(y)", "z"}) {
		t.Errorf("narrower: %+v", x)
	}
	if x := v("narrow"); len(x.Patterns) != 1 || x.MaxLength != nil {
		t.Errorf("a derived type changed its base: %+v", x)
	}
	if x := v("price"); x.Primitive != Decimal || *x.MinExclusive != "0" || *x.FractionDigits != 2 {
		t.Errorf("price: %+v", x)
	}
	if x := v("some"); x.List != s.Types[Name{"urn:t", "price"}] || *x.Length != 2 || x.WhiteSpace != "collapse" {
		t.Errorf("some: %+v", x)
	}
	if x := v("either"); len(x.Union) != 3 || x.Union[1].Value.Primitive != Boolean || x.Union[2].Value.Builtin != "string" {
		t.Errorf("either: %+v", x)
	}
	if x := v("less"); *x.MinExclusive != "0" || *x.MaxInclusive != "9" || uses(s.Types[Name{"urn:t", "less"}]) != "unit" {
		t.Errorf("less: %+v", x)
	}
	if x := v("inner"); x.Builtin != "int" || *x.MaxInclusive != "5" || *x.MinInclusive != "-2147483648" {
		t.Errorf("inner: %+v", x)
	}
}

func TestSubstitutionIsTransitiveAndLeavesAbstractOnesOut(t *testing.T) {
	s := schema(t, `<xs:element name="head" type="t:T" abstract="true"/><xs:element name="a" substitutionGroup="t:head"/>
		<xs:element name="b" substitutionGroup="t:a" abstract="true"/><xs:element name="c" substitutionGroup="t:b"/>
		<xs:element name="closed" block="substitution"/><xs:element name="d" substitutionGroup="t:closed"/><xs:complexType name="T" abstract="true"/>
		<xs:complexType name="U"><xs:complexContent><xs:extension base="t:T"/></xs:complexContent></xs:complexType>
		<xs:complexType name="V"><xs:complexContent><xs:restriction base="t:T"/></xs:complexContent></xs:complexType>`)
	got := map[string]string{}
	for name, e := range s.Elements {
		for _, x := range e.Substitutes {
			got[name.Local] += x.Name.Local
		}
	}
	if diff := cmp.Diff(map[string]string{"head": "ac", "a": "c", "b": "c"}, got); diff != "" {
		t.Error(diff)
	}
	base := s.Types[Name{"urn:t", "T"}]
	if c := s.Elements[Name{"urn:t", "c"}]; c.Type != base {
		t.Errorf("a member of the group without a type has %v, not the head's", c.Type.Name)
	}
	if len(base.Derived) != 2 || base.Derived[0].Name.Local != "U" || base.Derived[0].Derivation != Extension || base.Derived[1].Derivation != Restriction || !base.Abstract {
		t.Errorf("derived from T: %+v", base.Derived)
	}
}

func TestContentKindsAndElements(t *testing.T) {
	s := schema(t, `<xs:element name="e" nillable="true" default="d"><xs:annotation><xs:documentation>What it  is.</xs:documentation></xs:annotation>
			<xs:complexType mixed="true"><xs:sequence><xs:element name="f" fixed="1" type="xs:int"/></xs:sequence></xs:complexType></xs:element>
		<xs:element name="plain"/><xs:complexType name="empty"/><xs:complexType name="loop"><xs:sequence><xs:element name="again" type="t:loop" minOccurs="0"/>
			<xs:element name="inner"><xs:complexType><xs:complexContent><xs:extension base="t:loop"/></xs:complexContent></xs:complexType></xs:element></xs:sequence></xs:complexType>`)
	e := s.Elements[Name{"urn:t", "e"}]
	if !e.Nillable || *e.Default != "d" || e.Doc != "What it is." || e.Type.Content != Mixed || *e.Type.Particle.Children[0].Element.Fixed != "1" {
		t.Errorf("e: %+v", e)
	}
	if !s.Elements[Name{"urn:t", "plain"}].Type.Any() || s.Types[Name{"urn:t", "empty"}].Content != Empty {
		t.Error("an element without a type, or a type without content")
	}
	loop := s.Types[Name{"urn:t", "loop"}]
	if loop.Particle.Children[0].Element.Type != loop || model(loop.Particle.Children[1].Element.Type.Particle) != "(again? inner)" {
		t.Errorf("loop: %s", model(loop.Particle))
	}
}

func TestArraysOfSOAPEncoding(t *testing.T) {
	const enc = `<xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/"/><xs:complexType name="T" xmlns:e="http://schemas.xmlsoap.org/soap/encoding/" xmlns:w="http://schemas.xmlsoap.org/wsdl/"><xs:complexContent><xs:restriction base="e:Array">`
	const end = `</xs:restriction></xs:complexContent></xs:complexType>`
	for _, c := range []struct{ name, body, item, dims, model string }{
		{"arrayType", `<xs:attribute ref="e:arrayType" w:arrayType="xs:int[]"/>`, "int", "[]", "(.item*)"},
		{"of arrays", `<xs:attribute ref="e:arrayType" w:arrayType="xs:int[,][]"/>`, "int[,]", "[]", "(.item*)"},
		{"only an element", `<xs:sequence><xs:element name="line" type="xs:date" maxOccurs="unbounded"/></xs:sequence>`, "date", "[]", "(line1+)"},
		{"both", `<xs:sequence><xs:element name="line" maxOccurs="unbounded"/></xs:sequence><xs:attribute ref="e:arrayType" w:arrayType="xs:int[4]"/>`, "int", "[4]", "(line1+)"},
		{"of anything", ``, "anyType", "[]", "(.item*)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := schema(t, enc+c.body+end).Types[Name{"urn:t", "T"}]
			if x.Array == nil || x.Array.Item.Name.Local != c.item || x.Array.Dims != c.dims || model(x.Particle) != c.model {
				t.Errorf("%+v, %s", x.Array, model(x.Particle))
			}
		})
	}
}
