package describe

import (
	"slices"
	"strconv"
	"strings"

	"twohop/translate/shape"
	"twohop/translate/wsdl"
	"twohop/translate/xsd"
)

// roomForClasses bounds the classes of a program. Members of further types are named in a
// comment: a contract may reach a thousand.
const roomForClasses = 40

// kind is what a member is in a program.
type kind uint8

const (
	isString kind = iota
	isBool
	isInt
	isLong
	isDecimal
	isDouble
	isClass
)

// value is the type of a member of a class, or of a message that is no object.
type valueType struct {
	kind  kind
	lists int // how many lists are around it
	class *class
}

// class is a type of the contract as a class of a program.
type class struct {
	name    string
	doc     string
	members []*classMember
	left    []string // members that are not shown
}

// classMember is a member of a class.
type classMember struct {
	key  string // in JSON
	name string // in the program
	doc  string
	valueType
	null bool // must be there, if only as null
}

// language is what a program's names must keep to.
type language struct {
	reserved map[string]bool
	fold     bool // names that differ in case alone are the same
	suffix   string
	class    string // what the names of classes end with
}

// program is what a sample is made of: the classes, and the request as a tree of examples.
type program struct {
	*maker
	lang    *language
	op      *wsdl.Operation
	classes []*class
	sent    int      // how many of classes the request has
	room    int      // for further classes, beside those that must be there
	queue   []func() // fill classes, those nearest to the message first
	known   map[*xsd.Type]*class
	names   map[string]bool
	input   valueType
	output  *valueType // nil for one-way
	example any
}

func newProgram(in *Input, op *wsdl.Operation, lang *language) *program {
	p := &program{maker: newMaker(in), lang: lang, op: op, known: map[*xsd.Type]*class{}, names: map[string]bool{}}
	p.input = p.message(op.Input, op.Name+"Request")
	p.sent = len(p.classes)
	if op.Output != nil {
		out := p.message(op.Output, op.Name+"Answer")
		p.output = &out
	}
	x := p.sampler(true)
	x.room, x.shallow = 12, 4
	p.example = x.request(op)
	return p
}

// message is the type of a message: that of its one element, or a class of their own for several.
func (p *program) message(msg *wsdl.Message, name string) valueType {
	p.room = roomForClasses
	of := p.root(msg, name)
	for len(p.queue) > 0 {
		next := p.queue[0]
		p.queue = p.queue[1:]
		next()
	}
	return of
}

func (p *program) root(msg *wsdl.Message, name string) valueType {
	extra := p.headerMembers(msg)
	if len(msg.Body) == 1 && len(extra) == 0 {
		return p.typed(msg.Body[0].Type, true)
	}
	c := p.add(name, "")
	taken := map[string]bool{p.same(c.name): true}
	if len(msg.Body) == 1 {
		p.fill(c, msg.Body[0].Type, taken)
	} else {
		extra = append(bodyMembers(msg), extra...)
	}
	for _, e := range extra {
		p.member(c, e.key, e.element.Doc, p.typed(e.element.Type, true), e.element.Nillable && e.required, taken)
	}
	return valueType{kind: isClass, class: c}
}

func (p *program) add(name, doc string) *class {
	c := &class{name: p.free(name+p.lang.class, p.names), doc: doc}
	p.classes = append(p.classes, c)
	return c
}

// typed is the type of a value of type t. Of a type with others derived from it, the class
// is that of the one in the example. There is none when there is no room, except for what
// must be there.
func (p *program) typed(t *xsd.Type, must bool) valueType {
	if t.Any() {
		return valueType{}
	}
	if t.Array != nil {
		of := p.typed(t.Array.Item, must)
		of.lists++
		return of
	}
	if only := p.shapes.Of(t).Only; only != nil {
		of := p.typed(only.Element.Type, must)
		of.lists++
		return of
	}
	if t.Abstract {
		d := p.sampler(false).cheapest(t)
		if d == nil {
			return valueType{}
		}
		t = d
	}
	if p.shapes.Of(t).Scalar {
		return scalarType(t.Value)
	}
	if c := p.known[t]; c != nil {
		return valueType{kind: isClass, class: c}
	}
	if p.room--; p.room < 0 && !must {
		return valueType{kind: isClass}
	}
	c := p.add(p.maker.names.of(t), t.Doc)
	p.known[t] = c
	p.queue = append(p.queue, func() { p.fill(c, t, map[string]bool{p.same(c.name): true}) })
	return valueType{kind: isClass, class: c}
}

// fill adds the members of a type to its class.
func (p *program) fill(c *class, t *xsd.Type, taken map[string]bool) {
	s := p.shapes.Of(t)
	if derived(t) {
		p.member(c, shape.Type, "", valueType{}, false, taken)
	}
	for _, f := range s.Fields {
		if f.Attr != nil {
			p.member(c, f.Key, f.Attr.Doc, scalarType(f.Attr.Type.Value), false, taken)
			continue
		}
		of := p.typed(f.Element.Type, f.Required)
		if f.Array {
			of.lists++
		}
		if of.kind == isClass && of.class == nil {
			c.left = append(c.left, f.Key)
			continue
		}
		p.member(c, f.Key, f.Element.Doc, of, f.Required && f.Element.Nillable && of.lists == 0, taken)
	}
	if s.Text {
		p.member(c, shape.Text, "", scalarType(t.Value), false, taken)
	}
	if s.Any {
		p.member(c, shape.Any, "", valueType{lists: 1}, false, taken)
	}
}

func (p *program) member(c *class, key, doc string, of valueType, null bool, taken map[string]bool) {
	c.members = append(c.members, &classMember{key: key, name: p.free(key, taken), doc: summary(doc), valueType: of, null: null})
}

// of returns the member that a JSON name stands for, nil for none.
func (c *class) of(key string) *classMember {
	if i := slices.IndexFunc(c.members, func(m *classMember) bool { return m.key == key }); i >= 0 {
		return c.members[i]
	}
	return nil
}

func scalarType(v *xsd.Value) valueType {
	switch {
	case v == nil || v.Union != nil:
		return valueType{}
	case v.List != nil:
		of := scalarType(v.List.Value)
		of.lists++
		return of
	}
	switch v.Primitive {
	case xsd.Boolean:
		return valueType{kind: isBool}
	case xsd.Float:
		return valueType{kind: isDouble}
	case xsd.Decimal:
		switch v.Builtin {
		case "byte", "short", "int", "unsignedByte", "unsignedShort":
			return valueType{kind: isInt}
		case "long", "unsignedInt":
			return valueType{kind: isLong}
		}
		return valueType{kind: isDecimal}
	}
	return valueType{}
}

// free makes an identifier of an XML or JSON name that is not taken, and takes it. XML
// allows hyphens, dots and most letters; JSON has @ and # before the names of what is no
// element.
func (p *program) free(key string, taken map[string]bool) string {
	var b strings.Builder
	_, rest, clark := strings.Cut(key, "}")
	if !clark {
		rest = key
	}
	for _, r := range strings.TrimLeft(rest, "@#") {
		if r < 128 && (r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
			b.WriteRune(r)
		} else {
			b.WriteByte('_')
		}
	}
	name := b.String()
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "_" + name
	}
	if p.lang.fold && name[0] == '_' { // X++ names begin with a letter
		name = "x" + name
	}
	if key == shape.Text || p.lang.reserved[p.same(name)] {
		name += p.lang.suffix
	}
	free := name
	for i := 2; taken[p.same(free)]; i++ {
		free = name + "_" + strconv.Itoa(i)
	}
	taken[p.same(free)] = true
	return free
}

func (p *program) same(name string) string {
	if p.lang.fold {
		return strings.ToLower(name)
	}
	return name
}

// words makes a set of the words in a text.
func words(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}
