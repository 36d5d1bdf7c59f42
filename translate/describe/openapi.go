package describe

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"twohop/translate/wsdl"
)

// OpenAPI returns the OpenAPI 3.1 document of a route: a path for each operation and each
// binding, and a component for each type that they reach. It is a pure function of in; a
// contract of thousands of types takes a second and some megabytes, so keep what it returns.
func OpenAPI(in Input) ([]byte, error) {
	if _, err := in.operation(""); err != nil {
		return nil, err
	}
	m := newMaker(&in)
	d := &document{maker: m}
	for _, op := range in.offered() {
		d.add("/"+url.PathEscape(op.Name), "post", d.called(op))
		for i, b := range in.bindings(op) {
			d.add(b.Path, strings.ToLower(b.Method), d.bound(op, b, i))
		}
	}
	components := object{{"schemas", append(m.finish(), problems()...)}, {"responses", d.responses()}, {"headers", object{
		{"X-Correlation-Id", object{{"description", "The id of the call in the broker's log and audit records"}, {"schema", object{{"type", "string"}, {"pattern", "^[0-9a-f]{32}$"}}}}},
	}}}
	doc := object{{"openapi", "3.1.0"}, {"info", d.info()}, {"jsonSchemaDialect", "https://json-schema.org/draft/2020-12/schema"}}
	if in.URL != "" {
		doc = append(doc, member{"servers", []any{object{{"url", in.URL}}}})
	}
	if in.APIKey {
		components = append(components, member{"securitySchemes", object{{"apiKey", object{{"type", "apiKey"}, {"in", "header"}, {"name", "X-Api-Key"}}}}})
		doc = append(doc, member{"security", []any{object{{"apiKey", []any{}}}}})
	}
	return append(appendJSON(nil, append(doc, member{"paths", d.paths}, member{"components", components}), 0), '\n'), nil
}

type document struct {
	*maker
	paths object
}

func (d *document) add(path, method string, operation object) {
	item, _ := d.paths.get(path).(object)
	d.paths = d.paths.with(path, append(item, member{method, operation}))
}

func (d *document) info() object {
	c := d.in.Contract
	about := "Calls of the SOAP service " + c.Name.Local + " as JSON. Numbers may be sent as strings where a reader of JSON would lose digits; null is xsi:nil, a member that is absent is an element that is absent."
	for _, s := range c.Services {
		if slices.Contains(s.Ports, d.in.Port) && s.Doc != "" {
			about = strings.TrimSpace(s.Doc) + "\n\n" + about
		}
	}
	return object{{"title", d.in.Route}, {"description", about}, {"version", "1"}}
}

// called is an operation as POST of its JSON.
func (d *document) called(op *wsdl.Operation) object {
	o := d.head(op, op.Name)
	if params := d.headers(op); params != nil {
		o = append(o, member{"parameters", params})
	}
	o = append(o, member{"requestBody", object{{"required", true}, {"content", object{{"application/json", object{{"schema", d.message(op.Input)}, {"examples", d.examples(func(x *sampler) any { return x.request(op) })}}}}}}})
	return append(o, member{"responses", d.answers(op)})
}

func (d *document) head(op *wsdl.Operation, id string) object {
	o := object{{"operationId", id}}
	if s := summary(op.Doc); s != "" {
		o = append(o, member{"summary", s})
		if doc := strings.TrimSpace(op.Doc); doc != s {
			o = append(o, member{"description", doc})
		}
	}
	return o
}

// bound is an operation in its REST-shaped form.
func (d *document) bound(op *wsdl.Operation, b Binding, n int) object {
	o := d.head(op, op.Name+"."+strings.ToLower(b.Method)+strings.Repeat("_", n))
	params := d.headers(op)
	given := []string{}
	for _, part := range strings.Split(b.Path, "{")[1:] {
		name, _, _ := strings.Cut(part, "}")
		s, _ := d.part(op.Input, name)
		params, given = append(params, object{{"name", name}, {"in", "path"}, {"required", true}, {"schema", s}}), append(given, name)
	}
	for _, name := range slices.Sorted(keysOf(b.Query)) {
		s, required := d.part(op.Input, b.Query[name])
		params, given = append(params, object{{"name", name}, {"in", "query"}, {"required", required}, {"schema", s}}), append(given, b.Query[name])
	}
	if params != nil {
		o = append(o, member{"parameters", params})
	}
	if body := d.boundBody(op, b, given); body != nil {
		o = append(o, member{"requestBody", object{{"required", true}, {"content", object{{"application/json", object{{"schema", body}}}}}}})
	}
	return append(o, member{"responses", d.answers(op)})
}

// boundBody is what the path, the query and constants leave for the request's body.
func (d *document) boundBody(op *wsdl.Operation, b Binding, given []string) object {
	if b.Body != "" {
		s, _ := d.part(op.Input, b.Body)
		return s
	}
	if slices.Contains([]string{"GET", "HEAD", "DELETE"}, b.Method) {
		return nil
	}
	given = slices.AppendSeq(given, keysOf(b.Constants))
	if len(op.Input.Body) != 1 || len(given) == 0 {
		return d.message(op.Input)
	}
	var props object
	var required []string
	s := d.shapes.Of(op.Input.Body[0].Type)
	for _, f := range s.Fields {
		if slices.Contains(given, f.Key) {
			continue
		}
		props = append(props, member{f.Key, d.field(s, f)})
		if f.Required {
			required = append(required, f.Key)
		}
	}
	if props == nil {
		return nil
	}
	o := object{{"type", "object"}, {"properties", props}, {"additionalProperties", false}}
	if required != nil {
		o = append(o, member{"required", required})
	}
	return o
}

func keysOf(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// headers are the SOAP headers that a caller gives in the request's header.
func (d *document) headers(op *wsdl.Operation) []any {
	var list []any
	for _, h := range d.in.Headers {
		e, required := d.header(op.Input, h.Name)
		if h.HTTP == "" || e == nil {
			continue
		}
		list = append(list, object{{"name", h.HTTP}, {"in", "header"}, {"required", required && h.JSON == ""}, {"description", "The SOAP header " + h.Name}, {"schema", object{{"type", "string"}}}})
	}
	return list
}

// examples are a message with all that must be there, and with what may be there too.
func (d *document) examples(of func(*sampler) any) object {
	minimal, full := of(d.sampler(false)), of(d.sampler(true))
	list := object{{"full", object{{"summary", "with what may be there"}, {"value", full}}}}
	if string(appendJSON(nil, minimal, -1)) == string(appendJSON(nil, full, -1)) {
		return object{{"example", object{{"value", full}}}}
	}
	return append(list, member{"minimal", object{{"summary", "with what must be there"}, {"value", minimal}}})
}

var correlated = object{{"X-Correlation-Id", object{{"$ref", "#/components/headers/X-Correlation-Id"}}}}

// answers are the responses of an operation.
func (d *document) answers(op *wsdl.Operation) object {
	var list object
	if op.Output == nil {
		list = object{{"202", object{{"description", "The service has taken the message; it does not answer"}, {"headers", correlated}}}}
	} else {
		list = object{{"200", object{{"description", "The answer"}, {"headers", correlated}, {"content", object{
			{"application/json", object{{"schema", d.message(op.Output)}, {"examples", d.examples(func(x *sampler) any { return x.message(op.Output) })}}},
			{"application/xml", object{{"schema", object{{"type", "string"}, {"description", "The answer's XML, for Accept: application/xml"}}}}},
		}}}}}
	}
	for _, r := range shared(d.in) {
		list = append(list, member{strconv.Itoa(r.status), object{{"$ref", "#/components/responses/" + r.name}}})
	}
	for _, status := range d.faultStatuses() {
		list = list.with(strconv.Itoa(status), d.fault(op, status))
	}
	list = append(list, member{"default", object{{"$ref", "#/components/responses/Problem"}}})
	slices.SortStableFunc(list, func(a, b member) int { return strings.Compare(a.key, b.key) })
	return list
}

// faultStatuses are the statuses that a SOAP fault may have: 400 for a fault of the caller
// and 500 for others, where the route does not say.
func (d *document) faultStatuses() []int {
	list := []int{400, 500}
	for _, s := range d.in.Statuses {
		list = append(list, s)
	}
	slices.Sort(list)
	return slices.Compact(list)
}
