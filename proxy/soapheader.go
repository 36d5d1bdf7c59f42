package proxy

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"twohop/internal/fault"
	"twohop/routes"
	"twohop/translate"
)

// headerSource says where a SOAP header, or a part of one, comes from.
type headerSource struct {
	part string // of the contract's soap:header
	slot        // below the header; no members for the whole
	json string // member of the request's JSON
	name string // HTTP header field
	text string // constant
}

// sources compiles those of the SOAP headers that an operation has, and notes them in
// used. An error joins *fault.Field values.
func sources(t *translation, op *translate.Operation, list map[string]routes.SOAPHeader, used map[string]bool) ([]headerSource, error) {
	var out []headerSource
	var wrong []error
	for _, name := range slices.Sorted(maps.Keys(list)) {
		top, below, parted := strings.Cut(name, ".")
		for _, h := range op.Input.Headers {
			if h.Element.Name.Local != top && h.Part != top {
				continue
			}
			used[name] = true
			from := list[name]
			s := headerSource{part: h.Part, json: from.JSON, name: http.CanonicalHeaderKey(from.Header), text: from.Constant.Reveal()}
			sh := t.service.Shapes.Of(h.Element.Type)
			var err error
			switch {
			case parted && from.JSON == "":
				s.slot, err = t.find(sh, strings.Split(below, "."), "header "+top)
			case parted:
				s.members = strings.Split(below, ".")
			case from.JSON == "" && !sh.Scalar:
				err = &fault.Field{What: "the header has members", Fix: "write " + top + ".MEMBER for each" + listed(keys(sh))}
			}
			fix := "write a header and its member as the contract names them"
			if err == nil && !fitting(op, s) {
				// Found by a call, its caller would read the value, which may be a secret.
				err, fix = errors.New("the constant is no value that the contract allows there"), "write one that it allows"
			}
			if err != nil {
				f := &fault.Field{Path: "headers." + name, What: err.Error(), Fix: fix}
				if own := (*fault.Field)(nil); errors.As(err, &own) {
					f.What, f.Fix = own.What, own.Fix
				}
				wrong = append(wrong, f)
			}
			out = append(out, s)
			break
		}
	}
	return out, errors.Join(wrong...)
}

// fitting reports whether a constant, which is the same in every call, can be translated.
func fitting(op *translate.Operation, s headerSource) bool {
	if s.json != "" || s.name != "" {
		return true
	}
	headers, err := blocks([]headerSource{s}, nil, nil)
	if err != nil {
		return false
	}
	try := op.Request(strings.NewReader("{}"), headers)
	defer try.Close()
	var invalid *translate.Invalid
	_, _, err = try.First()
	return !errors.As(err, &invalid) || !strings.HasPrefix(invalid.Pointer, "/"+s.part)
}

// blocks returns the SOAP headers of a call; given are the members that were taken out of
// its JSON.
func blocks(list []headerSource, h http.Header, given map[string]json.RawMessage) ([]translate.HeaderValue, error) {
	var out []translate.HeaderValue
	parts := map[string]*object{}
	for _, s := range list {
		var value json.RawMessage
		single := object{}
		switch {
		case s.json != "":
			value = given[s.json]
		case s.name == "":
			single.put(slot{members: []string{"v"}, boolean: s.boolean, array: s.array}, []string{s.text})
		case len(h[s.name]) > 1 || len(h[s.name]) == 1 && !utf8.ValidString(h[s.name][0]):
			return nil, fault.New(fault.InvalidRequest, "the header field %s is there more than once, or is not UTF-8", s.name)
		case len(h[s.name]) > 0:
			single.put(slot{members: []string{"v"}, boolean: s.boolean, array: s.array}, h[s.name][:1])
		}
		if len(single.values) == 1 {
			value = single.values[0].(json.RawMessage)
		}
		switch {
		case value == nil:
		case len(s.members) == 0:
			out = append(out, translate.HeaderValue{Part: s.part, JSON: value})
		default:
			if parts[s.part] == nil {
				parts[s.part] = &object{}
			}
			parts[s.part].set(s.members, value)
		}
	}
	for _, part := range slices.Sorted(maps.Keys(parts)) {
		out = append(out, translate.HeaderValue{Part: part, JSON: append(parts[part].open(nil), '}')})
	}
	return out, nil
}

// splitHeaders takes the members that become SOAP headers out of a body, which must be whole
// within the bound for that.
func splitHeaders(list []headerSource, body io.Reader, most int64) (io.Reader, map[string]json.RawMessage, error) {
	if !slices.ContainsFunc(list, func(s headerSource) bool { return s.json != "" }) {
		return body, nil, nil
	}
	data, err := io.ReadAll(io.LimitReader(body, most+1))
	switch {
	case err != nil:
		return nil, nil, err
	case int64(len(data)) > most:
		return nil, nil, fault.New(fault.BodyTooLarge, "the body holds SOAP headers for this operation and so must be at hand whole, and it is longer than the %d bytes of the route's buffer", most)
	}
	given := map[string]json.RawMessage{}
	rest := &object{}
	d := json.NewDecoder(bytes.NewReader(data))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return bytes.NewReader(data), nil, nil // the codec says what is wrong
	}
	for d.More() {
		key, err := d.Token()
		var value json.RawMessage
		name, isText := key.(string)
		if err != nil || !isText || d.Decode(&value) != nil {
			return bytes.NewReader(data), nil, nil
		}
		if !slices.ContainsFunc(list, func(s headerSource) bool { return s.json == name }) {
			rest.names, rest.values = append(rest.names, name), append(rest.values, value)
			continue
		}
		if given[name] != nil {
			return nil, nil, fault.New(fault.InvalidRequest, "the member %q is there twice", name)
		}
		given[name] = value
	}
	if end, err := d.Token(); err != nil || end != json.Delim('}') {
		return bytes.NewReader(data), nil, nil
	}
	return io.MultiReader(bytes.NewReader(append(rest.open(nil), '}')), bytes.NewReader(data[d.InputOffset():])), given, nil
}
