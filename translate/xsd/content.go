package xsd

import (
	"strconv"
	"strings"

	"twohop/translate/document"
)

// content returns the model of a type, an extension, a restriction or a group.
func (r *Reader) content(n *document.Node, w within) *Particle {
	for _, c := range n.Children {
		if c.Name.Space != Namespace {
			continue
		}
		switch c.Name.Local {
		case "sequence", "choice", "all", "group":
			return r.particle(c, w)
		}
	}
	return nil
}

// particle returns what n allows, nil for nothing at all.
func (r *Reader) particle(n *document.Node, w within) *Particle {
	p := &Particle{}
	p.Min, p.Max = r.occurs(n, w)
	if p.Max == 0 || n.Name.Space != Namespace {
		return nil
	}
	switch n.Name.Local {
	case "element":
		p.Kind, p.Element = One, r.localElement(n, w)
	case "any":
		p.Kind, p.Wildcard = Any, wildcard(n, w)
	case "group":
		of := r.group(n, w)
		if of == nil {
			return nil
		}
		p.Kind, p.Children = of.Kind, of.Children
	case "sequence", "choice", "all":
		p.Kind = map[string]Kind{"sequence": Sequence, "choice": Choice, "all": All}[n.Name.Local]
		for _, c := range n.Children {
			if child := r.particle(c, w); child != nil {
				p.Children = append(p.Children, child)
			}
		}
		if len(p.Children) == 0 {
			return nil
		}
	default:
		if n.Name.Local != "annotation" {
			w.line(r, n, "<%s> has no place in a content model; left out", n.Name.Local)
		}
		return nil
	}
	return p
}

// group returns the model that a reference names, nil for none.
func (r *Reader) group(n *document.Node, w within) *Particle {
	d := r.find(groups, n, r.name(n, n.Attr("ref"), w), w)
	if d == nil {
		w.line(r, n, "group %s is not declared; left out", n.Attr("ref"))
		return nil
	}
	switch d.state {
	case reading:
		w.line(r, n, "group %v contains itself; left out", d.name)
		return nil
	case unread:
		if r.building >= maxDerived {
			r.fail(d.in, d.node, "groups contain each other more than 500 deep")
			return nil
		}
		d.state = reading
		r.building++
		d.particle = r.content(d.node, within{d.in, d})
		r.building--
		d.state = read
	}
	return d.particle
}

// occurs reads minOccurs and maxOccurs.
func (r *Reader) occurs(n *document.Node, w within) (least, most int) {
	least = r.count(n, "minOccurs", w)
	most = r.count(n, "maxOccurs", w)
	if most != Unbounded && least > most {
		if n.Attr("minOccurs") != "" {
			w.line(r, n, "minOccurs is more than maxOccurs")
		}
		least = most
	}
	return least, most
}

func (r *Reader) count(n *document.Node, attr string, w within) int {
	text := n.Attr(attr)
	switch {
	case text == "":
		return 1
	case text == "unbounded" && attr == "maxOccurs":
		return Unbounded
	}
	v, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		w.line(r, n, "%s=%q is not a number; taken as 1", attr, text)
		return 1
	}
	return int(v)
}

// wildcard reads any and anyAttribute.
func wildcard(n *document.Node, w within) *Wildcard {
	out := &Wildcard{Target: w.in.target, Process: n.Attr("processContents"), Namespaces: strings.Fields(n.Attr("namespace"))}
	if out.Process == "" {
		out.Process = "strict"
	}
	if len(out.Namespaces) == 0 {
		out.Namespaces = []string{"##any"}
	}
	for i, space := range out.Namespaces {
		switch space {
		case "##local":
			out.Namespaces[i] = ""
		case "##targetNamespace":
			out.Namespaces[i] = w.in.target
		}
	}
	return out
}

// union joins the wildcards of a base and its extension.
func union(a, b *Wildcard) *Wildcard {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	joined := &Wildcard{Target: b.Target, Process: b.Process}
	for _, w := range []*Wildcard{a, b} {
		if w.Namespaces[0] == "##any" {
			joined.Namespaces = []string{"##any"}
			return joined
		}
	}
	if (a.Namespaces[0] == "##other") != (b.Namespaces[0] == "##other") || a.Namespaces[0] == "##other" && a.Target != b.Target {
		joined.Namespaces = []string{"##any"} // nearly: what it excludes is not worth a notation
		return joined
	}
	if a.Namespaces[0] == "##other" {
		return b
	}
	joined.Namespaces = append(append(joined.Namespaces, a.Namespaces...), b.Namespaces...)
	return joined
}
