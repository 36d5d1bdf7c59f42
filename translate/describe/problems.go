package describe

import (
	"twohop/translate/wsdl"
)

// response is a refusal that every operation shares.
type response struct {
	status      int
	name, about string
}

func shared(in *Input) []response {
	list := []response{{413, "TooLarge", "The request is larger than the route takes"}, {429, "TooMany", "Too many calls; Retry-After says how long to wait"},
		{502, "Unreachable", "The service cannot be reached, or its answer is not what the contract says"},
		{503, "Unavailable", "The broker or the route is not available now"}, {504, "TooLate", "The service did not answer in time"}}
	if in.APIKey {
		list = append(list, response{401, "Unknown", "The X-Api-Key header is missing or its key is not known"}, response{403, "NotAllowed", "The caller may not use this route or operation"})
	}
	return list
}

// responses are the shared ones as components.
func (d *document) responses() object {
	base := object{{"$ref", schemas + problemBase}}
	list := object{{"Problem", problem("Any other refusal", base, nil)}}
	for _, r := range shared(d.in) {
		list = append(list, member{r.name, problem(r.about, base, nil)})
	}
	return list
}

func problem(about string, schema object, examples object) object {
	media := object{{"schema", schema}}
	if examples != nil {
		media = append(media, member{"examples", examples})
	}
	return object{{"description", about}, {"headers", correlated}, {"content", object{{"application/problem+json", media}}}}
}

// fault is the response for a SOAP fault, or for a refusal of the broker with the same
// status. The declared detail stands under the name of its element.
func (d *document) fault(op *wsdl.Operation, status int) object {
	about, schema := "The service answered with a fault, or the broker failed", object{{"$ref", schemas + problemFault}}
	if status == 400 {
		about = "The request is not what the contract says: pointer, expected and example tell where and what. Or the service answered with a fault that blames the caller"
	}
	var props, examples object
	for _, e := range faults(op) {
		key := e.Name.Local
		if props.get(key) != nil {
			continue
		}
		about += map[bool]string{true: ". The fault's detail is ", false: " or "}[props == nil] + key
		props = append(props, member{key, d.element(e)})
		value := object{{"type", "urn:twohop:error:target_fault"}, {"title", "What the service says"}, {"status", status}, {"code", "Server"}, {"correlationId", "4bf92f3577b34da6a3ce929d0e0e4736"}, {key, d.sampler(true).element(e)}}
		examples = append(examples, member{plain(key), object{{"value", value}}})
	}
	if props != nil {
		schema = append(schema, member{"properties", props})
	}
	return problem(about, schema, examples)
}

// Names of our own components. A name of XML may hold a dot, too: naming knows them.
const (
	problemBase  = "twohop.Problem"
	problemFault = "twohop.Fault"
)

// problems are the schemas of RFC 9457 with the broker's members.
func problems() object {
	text := func(about string) object { return object{{"type", "string"}, {"description", about}} }
	base := object{{"type", text("urn:twohop:error: and the code")}, {"title", text("What is wrong, in one line")},
		{"status", object{{"type", "integer"}, {"minimum", 100}, {"maximum", 599}}}, {"detail", text("The cause")}, {"fix", text("What to do about it")},
		{"code", text("The broker's code, or the fault code of the service")}, {"hop", text("Where it failed: caller, broker or target")},
		{"route", text("The route's name")}, {"correlationId", text("As in X-Correlation-Id")},
		{"retryAfterSeconds", object{{"type", "integer"}, {"minimum", 0}}}}
	extra := object{{"actor", text("Who raised the fault")}, {"pointer", text("JSON pointer to what is wrong in the request (RFC 6901)")},
		{"expected", text("The type that the contract wants there")}, {"got", text("What is there")}, {"example", object{{"description", "A value that would do"}}}}
	return object{
		{problemBase, object{{"type", "object"}, {"description", "RFC 9457"}, {"properties", base}, {"required", []string{"title", "status"}}}},
		{problemFault, object{{"allOf", []any{object{{"$ref", schemas + problemBase}}}}, {"properties", extra}}},
	}
}
