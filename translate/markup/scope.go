package markup

const (
	xmlSpace   = "http://www.w3.org/XML/1998/namespace"
	xmlnsSpace = "http://www.w3.org/2000/xmlns/"
)

// binding is a prefix ("" for the default) and the namespace it stands for.
type binding struct{ prefix, space string }

// Lookup returns the namespace of a prefix, or for an empty one the default namespace,
// where the token at hand stands. An undeclared default is "", true.
func (r *Reader) Lookup(prefix []byte) (space string, ok bool) {
	for i := len(r.scope) - 1; i >= 0; i-- {
		if b := &r.scope[i]; b.prefix == string(prefix) {
			return b.space, true
		}
	}
	return "", len(prefix) == 0
}

// intern returns s as a string, the same for each occurrence. A document with ever new
// namespaces does not make the table grow without end.
func (r *Reader) intern(s []byte) string {
	const entries, long = 256, 1 << 10
	if t, ok := r.strings[string(s)]; ok {
		return t
	}
	t := string(s)
	if len(r.strings) < entries && len(t) <= long {
		r.strings[t] = t
	}
	return t
}

// declare puts the declarations of the tag at hand into scope (Namespaces in XML, section 3).
func (r *Reader) declare() error {
	outside := len(r.scope)
	for i := range r.xmlns {
		d := &r.xmlns[i]
		prefix, uri := d.Local, d.Value
		if len(d.Prefix) == 0 {
			prefix = nil // xmlns="..."
		}
		what := ""
		switch {
		case string(prefix) == "xmlns":
			what = `the prefix "xmlns" cannot be declared`
		case string(prefix) == "xml" && string(uri) != xmlSpace:
			what = `the prefix "xml" cannot stand for another namespace`
		case string(prefix) != "xml" && string(uri) == xmlSpace:
			what = `only the prefix "xml" can stand for ` + xmlSpace
		case string(uri) == xmlnsSpace:
			what = "no prefix can stand for " + xmlnsSpace
		case len(prefix) > 0 && len(uri) == 0:
			what = `the prefix "` + brief(prefix) + `" stands for no namespace; only the default can be taken back`
		case len(r.scope) > r.limits.Namespaces:
			return r.wrong(r.pos, "more than %d declarations of namespaces are in scope", r.limits.Namespaces)
		}
		if what != "" {
			return r.wrong(r.pos, "%s", what)
		}
		for _, b := range r.scope[outside:] {
			if b.prefix == string(prefix) {
				return r.wrong(r.pos, "the tag declares %s twice", written(d))
			}
		}
		r.scope = append(r.scope, binding{r.intern(prefix), r.intern(uri)})
	}
	return nil
}

// written is the name of an attribute as it stands in the tag.
func written(a *Attr) string {
	if len(a.Prefix) == 0 {
		return brief(a.Local)
	}
	return brief(a.Prefix) + ":" + brief(a.Local)
}

// resolve finds the namespaces of the attributes, of which no two may have one name.
func (r *Reader) resolve() error {
	for i := range r.attrs {
		a := &r.attrs[i]
		a.Space = ""
		if len(a.Prefix) > 0 {
			space, ok := r.Lookup(a.Prefix)
			if !ok {
				return r.unbound(a.Prefix)
			}
			a.Space = space
		}
		for j := range i {
			if b := &r.attrs[j]; string(a.Local) == string(b.Local) && a.Space == b.Space {
				return r.wrong(r.pos, "the attribute %s stands twice in a tag", written(a))
			}
		}
	}
	return nil
}

func (r *Reader) unbound(prefix []byte) error {
	return r.wrong(r.pos, "the prefix %q is not declared", brief(prefix))
}
