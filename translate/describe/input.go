// Package describe says what a JSON route offers: as an OpenAPI 3.1 document, as a page
// for people, and as programs that call it. All three come from the shapes that the codec
// reads and writes, so that they cannot promise anything else.
package describe

import (
	"twohop/translate/wsdl"
)

// Input is a JSON route as its description needs it. Nothing in it is changed. The same
// Input gives the same bytes.
type Input struct {
	Route      string         // its name
	URL        string         // where callers reach it, without a slash at the end: https://broker.example.com/stock
	Contract   *wsdl.Contract //
	Port       *wsdl.Port     // whose operations it offers; one of the contract's
	Operations []string       // of those, the allowed ones; nil for all that can be called as JSON
	Bindings   []Binding
	Headers    []Header
	APIKey     bool           // callers send X-Api-Key
	Statuses   map[string]int // HTTP statuses that the route gives to fault codes
	Strings    bool           // numbers are written as strings (numbers: string)
	Ordered    bool           // repeated choices are #content (repeated_choice: ordered)
	Collapse   bool           // arrays without their wrappers (arrays: collapse)
}

// Binding is a REST-shaped way to call an operation.
type Binding struct {
	Method    string            // GET, POST, ...
	Path      string            // below the route, with {name} for the member of that name: /stock/{item}
	Operation string            //
	Query     map[string]string // query parameter to member
	Constants map[string]string // member to the value it always has
	Body      string            // member that the request's body is; "" when the body is the whole object, or there is none
}

// Header is a SOAP header whose value comes from the caller. One with a constant value is
// not the caller's business.
type Header struct {
	Name string // of its element
	JSON string // member of the request that holds it; "" for none
	HTTP string // header field that holds it; "" for none
}
