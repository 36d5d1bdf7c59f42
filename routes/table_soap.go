package routes

// SOAP says how a route reaches a SOAP service: its callers speak SOAP too and their
// messages pass through, or they post JSON and the contract says what it means.
type SOAP struct {
	Contract     File                     `key:"contract" doc:"WSDL 1.1 file of the service; what it imports is found beside it and never fetched. twohop import saves one with its imports."`
	Port         string                   `key:"port" doc:"Port of the contract whose binding the target speaks: StockSoap, or Service/StockSoap. Default: the first SOAP port."`
	CallersSpeak string                   `key:"callers_speak" enum:"json,soap" doc:"json: callers POST to path/Operation and the contract says what is sent; soap: messages pass through as they are. Default: json with a contract, soap without."`
	Operations   map[string]SOAPOperation `key:"operations" doc:"The only operations that may be called, by name. Default: all of the contract."`

	Validate       string                `key:"validate" enum:"none,request,response,both" default:"none" doc:"Which messages of a JSON route are checked against the whole schema, facets and patterns too, beside what the translation checks anyway: names, types, and what is required."`
	Missing        string                `key:"missing" enum:"refuse,pass" default:"refuse" doc:"What becomes of a JSON request without a member that the contract requires: refuse answers 400 and names it; pass sends the rest, for a service that needs less than its contract says."`
	Bindings       []Binding             `key:"bindings" doc:"REST-shaped ways to call an operation of a JSON route, beside POST path/Operation."`
	Headers        map[string]SOAPHeader `key:"headers" doc:"Values of the SOAP headers that the contract declares, by element name, or for a part of one by its members: CallContext.Company."`
	FaultStatus    map[string]int        `key:"fault_status" doc:"HTTP status for a SOAP Fault by its code: {Client: 400, \"app:NotFound\": 404}. A code is compared without its prefix unless one is written; Sender stands for Client and Receiver for Server. Default: 500."`
	Numbers        string                `key:"numbers" enum:"number,string" default:"number" doc:"How numbers are written to JSON. number keeps every digit, which a reader into floating point may lose beyond 2^53; string is safe with any reader."`
	RepeatedChoice string                `key:"repeated_choice" enum:"grouped,ordered" default:"grouped" doc:"How content is written in which elements repeat in any order: grouped, an array for each name; ordered, #content with one entry for each element."`
	Arrays         string                `key:"arrays" enum:"keep,collapse" default:"keep" doc:"keep writes ArrayOfX wrappers as objects; collapse writes the array in their place."`
	Buffer         Size                  `key:"buffer" default:"1MiB" doc:"Longest message that is translated whole: it gets a Content-Length, and its errors are found before the target is called. Longer ones are streamed in chunks. Also what may be held back where the order of members differs from the schema's; beyond it the caller gets 413."`
}

// SOAPOperation is what an allowed operation has of its own.
type SOAPOperation struct {
	Limit Limit `key:"limit" doc:"How much a caller may call this operation, beside the route's limit."`
}

// Binding is a REST-shaped way to call an operation.
type Binding struct {
	Method    string            `key:"method" default:"GET" doc:"HTTP method; the route's methods must have it."`
	Path      string            `key:"path" need:"yes" doc:"Path below the route's: /stock/{item}. {item} is one segment, and a member of the body."`
	Operation string            `key:"operation" need:"yes" doc:"The operation that is called."`
	Query     map[string]string `key:"query" doc:"Query parameters, each with the member of the body that it becomes: {site: filter.site}. Others are refused."`
	Constants map[string]string `key:"constants" doc:"Members of the body that always have one value. It is written as text; the contract says its type."`
	Body      string            `key:"body" doc:"Member that the request's JSON becomes. Default: the JSON is the whole body; a GET, HEAD or DELETE has none."`
}

// SOAPHeader says where the value of a SOAP header comes from.
type SOAPHeader struct {
	JSON     string `key:"json" doc:"Member of the request's JSON that holds the header; it is taken out of the body."`
	Header   string `key:"header" doc:"HTTP header field that holds the value."`
	Constant Secret `key:"constant" doc:"The value itself. Credentials come as ${file:PATH} or ${env:NAME}."`
}

// Translates reports whether callers of the route speak JSON and the target SOAP.
func (r *Route) Translates() bool { return r.SOAP != nil && r.SOAP.speaksJSON() }

func (s *SOAP) speaksJSON() bool {
	return s.CallersSpeak == "json" || s.CallersSpeak == "" && s.Contract != ""
}
