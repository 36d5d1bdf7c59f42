package proxy

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"twohop/internal/fault"
	"twohop/routes"
	"twohop/translate"
	"twohop/translate/shape"
	"twohop/translate/xsd"
)

// binding is a compiled routes.Binding.
type binding struct {
	method    string
	pattern   routes.Pattern
	path      string // as written
	operation *operation
	vars      []slot // for the pattern's variables, from the left
	query     map[string]slot
	constants []constant
	body      string // member that the request's JSON becomes, "" for all of it
	bare      bool   // the request has no body
}

// slot is a place in an operation's JSON.
type slot struct {
	members []string
	boolean bool
	array   bool
}

type constant struct {
	slot
	value string
}

// bind compiles a binding. An error joins *fault.Field values.
func (t *translation) bind(b *routes.Binding) (*binding, error) {
	op := t.operations[b.Operation]
	if op == nil {
		return nil, unknownOperation(t.service, "operation", b.Operation)
	}
	pattern, _ := routes.ParsePattern(b.Path) // checked by Load
	out := &binding{method: b.Method, pattern: pattern, path: b.Path, operation: op, query: map[string]slot{}, body: b.Body, bare: !routes.TakesBody(b.Method)}
	taken := map[string]string{}
	var wrong []error
	place := func(key, member string) slot {
		s, err := t.slot(op.Operation, member)
		if err == nil {
			err = once(taken, key, s.members)
		}
		if err != nil {
			wrong = append(wrong, &fault.Field{Path: key, What: err.Error(), Fix: "write the names of members with dots between them, as the operation's JSON has them"})
		}
		return s
	}
	for _, name := range pattern.Vars() {
		out.vars = append(out.vars, place("path", name))
	}
	for _, name := range slices.Sorted(maps.Keys(b.Query)) {
		out.query[name] = place("query."+name, b.Query[name])
	}
	for _, name := range slices.Sorted(maps.Keys(b.Constants)) {
		out.constants = append(out.constants, constant{place("constants."+name, name), b.Constants[name]})
	}
	if b.Body != "" {
		if s := root(t.service, op.Operation); s == nil || s.Member(b.Body) == nil {
			wrong = append(wrong, &fault.Field{Path: "body", What: fmt.Sprintf("operation %s has no member %q", op.Name, b.Body), Fix: "name one of its members" + listed(keys(s))})
		} else if err := once(taken, "body", []string{b.Body}); err != nil {
			wrong = append(wrong, &fault.Field{Path: "body", What: err.Error(), Fix: "name another member"})
		}
	}
	return out, errors.Join(wrong...)
}

// once reports a member that something else gives already, whole or in part.
func once(taken map[string]string, key string, members []string) error {
	path := strings.Join(members, ".")
	for known, first := range taken {
		if known == path || strings.HasPrefix(known, path+".") || strings.HasPrefix(path, known+".") {
			return fmt.Errorf("the member %q is given by %s already", path, first)
		}
	}
	taken[path] = key
	return nil
}

// root returns the shape of an operation's JSON; nil when it is no object of one element.
func root(s *translate.Service, op *translate.Operation) *shape.Shape {
	if op.Input == nil || len(op.Input.Body) != 1 {
		return nil
	}
	return s.Shapes.Of(op.Input.Body[0].Type)
}

func keys(s *shape.Shape) (list []string) {
	if s != nil {
		for _, f := range s.Fields {
			list = append(list, f.Key)
		}
	}
	return list
}

// slot finds the single value that a path of members names.
func (t *translation) slot(op *translate.Operation, path string) (slot, error) {
	members := strings.Split(path, ".")
	return t.find(root(t.service, op), members, "operation "+op.Name)
}

func (t *translation) find(s *shape.Shape, members []string, where string) (slot, error) {
	out := slot{members: members}
	for i, name := range members {
		var f *shape.Field
		if s != nil {
			f = s.Member(name)
		}
		if f == nil {
			return out, fmt.Errorf("%s has no member %q%s", where, name, listed(keys(s)))
		}
		var typ *xsd.Type
		if f.Attr != nil {
			typ = f.Attr.Type
		} else {
			typ = f.Element.Type
		}
		s, where = t.service.Shapes.Of(typ), "member "+strings.Join(members[:i+1], ".")
		last := i == len(members)-1
		switch {
		case f.Array && !last:
			return out, fmt.Errorf("%s is an array, and nothing says which of its items is meant", where)
		case last && !s.Scalar:
			return out, fmt.Errorf("%s is no single value", where)
		case last:
			out.array = f.Array
			out.boolean = s.Type.Value != nil && s.Type.Value.Primitive == xsd.Boolean
		}
	}
	return out, nil
}

// matches reports whether the segments of a path are those of the binding, and returns
// the values of its variables.
func (b *binding) matches(segments []string) (values []string, ok bool) {
	if len(segments) != len(b.pattern.Segments) {
		return nil, false
	}
	for i, s := range b.pattern.Segments {
		switch {
		case s.Var != "" && segments[i] != "":
			values = append(values, segments[i])
		case s.Var != "" || s.Literal != segments[i]:
			return nil, false
		}
	}
	return values, true
}

// literals counts the segments before the first variable, to try the more specific first.
func (b *binding) literals() int {
	for i, s := range b.pattern.Segments {
		if s.Var != "" {
			return i
		}
	}
	return len(b.pattern.Segments)
}

// members puts together what the call says beside its body.
func (b *binding) members(values []string, rawQuery string) (*object, error) {
	out := &object{}
	for i, s := range b.vars {
		if !utf8.ValidString(values[i]) {
			return nil, fault.New(fault.InvalidRequest, "the path is not UTF-8")
		}
		out.put(s, values[i:i+1])
	}
	query, err := url.ParseQuery(rawQuery)
	if err != nil || slices.ContainsFunc(slices.Concat(slices.Collect(maps.Values(query))...), func(v string) bool { return !utf8.ValidString(v) }) {
		return nil, fault.New(fault.InvalidRequest, "the query cannot be read, or is not UTF-8")
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		s, known := b.query[name]
		switch {
		case !known:
			return nil, fault.New(fault.InvalidRequest, "the query parameter %q is not among those of this path%s; an admin adds one to the binding's `query`", clip(name, 64), listed(slices.Sorted(maps.Keys(b.query))))
		case len(query[name]) > 1 && !s.array:
			return nil, fault.New(fault.InvalidRequest, "the query parameter %q is there more than once", name)
		}
		out.put(s, query[name])
	}
	for _, c := range b.constants {
		out.put(c.slot, []string{c.value})
	}
	return out, nil
}
