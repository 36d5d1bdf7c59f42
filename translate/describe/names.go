package describe

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"

	"twohop/translate/wsdl"
	"twohop/translate/xsd"
)

// naming gives every type of a contract the name of its component. It looks at the whole
// contract, so that the names stay when other operations are allowed: the local name; with
// a word of the namespace where local names collide. An anonymous type is named after the
// element that it is declared in: Order.Line.
type naming struct {
	names  map[*xsd.Type]string
	taken  map[string]bool
	anys   map[*xsd.Type]string // of the components for a type and what is derived from it
	locals map[string]int       // how many named types have a local name
}

func nameTypes(c *wsdl.Contract) *naming {
	n := &naming{names: map[*xsd.Type]string{}, taken: map[string]bool{anyName: true, problemBase: true, problemFault: true}, anys: map[*xsd.Type]string{}, locals: map[string]int{}}
	types := sorted(c.Schema.Types)
	for _, t := range types {
		n.locals[t.Name.Local]++
	}
	spaces := map[string]map[string]bool{} // local name and word to namespaces
	for _, t := range types {
		key := t.Name.Local + "." + word(t.Name.Space)
		if spaces[key] == nil {
			spaces[key] = map[string]bool{}
		}
		spaces[key][t.Name.Space] = true
	}
	for _, t := range types {
		name := t.Name.Local
		if n.locals[name] > 1 {
			name += "." + word(t.Name.Space)
			if len(spaces[name]) > 1 {
				sum := sha256.Sum256([]byte(t.Name.Space))
				name += "." + hex.EncodeToString(sum[:4])
			}
		}
		n.give(t, name)
	}
	for _, e := range sorted(c.Schema.Elements) {
		n.element(e, e.Name.Local)
	}
	for _, t := range types {
		n.inside(t)
	}
	for _, s := range c.Services {
		for _, p := range s.Ports {
			for _, op := range p.Operations {
				n.message(op.Input)
				n.message(op.Output)
				for _, f := range op.Faults {
					if f.Element != nil {
						n.element(f.Element, f.Element.Name.Local)
					}
				}
			}
		}
	}
	return n
}

// of returns the name of a type's component.
func (n *naming) of(t *xsd.Type) string {
	if n.names[t] == "" {
		n.give(t, "anonymous")
	}
	return n.names[t]
}

// any returns the name of the component for a type and what is derived from it.
func (n *naming) any(t *xsd.Type) string {
	if n.anys[t] == "" {
		n.anys[t] = n.unused(n.of(t) + ".any")
	}
	return n.anys[t]
}

// alone reports whether a type is the only one with its local name.
func (n *naming) alone(t *xsd.Type) bool { return n.locals[t.Name.Local] == 1 }

func (n *naming) message(m *wsdl.Message) {
	if m == nil {
		return
	}
	for _, e := range m.Body {
		n.element(e, e.Name.Local)
	}
	for _, h := range m.Headers {
		n.element(h.Element, h.Element.Name.Local)
	}
}

// element names the anonymous type of an element.
func (n *naming) element(e *xsd.Element, name string) {
	if !e.Type.Complex || e.Type.Name != (xsd.Name{}) || n.names[e.Type] != "" {
		return
	}
	n.give(e.Type, name)
	n.inside(e.Type)
}

// inside names the anonymous types of the elements that a type declares, those of its base first.
func (n *naming) inside(t *xsd.Type) {
	if t.Base != nil && t.Base.Complex && n.names[t.Base] == "" {
		n.give(t.Base, n.names[t]+".base")
		n.inside(t.Base)
	}
	if t.Base != nil && t.Base.Complex && t.Derivation == xsd.Extension {
		n.particle(t.Base.Particle, n.names[t.Base])
	}
	n.particle(t.Particle, n.names[t])
}

func (n *naming) particle(p *xsd.Particle, owner string) {
	if p == nil {
		return
	}
	if p.Kind == xsd.One && !p.Element.Global {
		n.element(p.Element, owner+"."+p.Element.Name.Local)
	}
	for _, c := range p.Children {
		n.particle(c, owner)
	}
}

// give takes the first name that is free: two element declarations of one name may have
// types of their own.
func (n *naming) give(t *xsd.Type, name string) {
	n.names[t] = n.unused(plain(name))
}

func (n *naming) unused(name string) string {
	free := name
	for i := 2; n.taken[free]; i++ {
		free = name + "." + strconv.Itoa(i)
	}
	n.taken[free] = true
	return free
}

// plain keeps what the key of a component may hold (OpenAPI 3.1, section 4.8.7.1).
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
			return r
		}
		return '_'
	}, name)
}

// word is the part of a namespace that tells most: the last one that is no number.
func word(space string) string {
	parts := strings.FieldsFunc(space, func(r rune) bool { return strings.ContainsRune("/:#?.", r) })
	for _, p := range slices.Backward(parts) {
		if strings.ContainsAny(strings.ToLower(p[:1]), "abcdefghijklmnopqrstuvwxyz") {
			return plain(p)
		}
	}
	return "none"
}

// sorted returns what a schema declares, by local name and namespace.
func sorted[T any](m map[xsd.Name]T) []T {
	keys := slices.SortedFunc(maps.Keys(m), func(a, b xsd.Name) int {
		return cmp.Or(cmp.Compare(a.Local, b.Local), cmp.Compare(a.Space, b.Space))
	})
	list := make([]T, len(keys))
	for i, k := range keys {
		list[i] = m[k]
	}
	return list
}
