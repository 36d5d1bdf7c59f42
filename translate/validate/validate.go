// Package validate checks the body of a message against the schemas of its contract, in
// full: XML Schema 1.0 with facets, identity constraints and occurrence, beyond what the
// codec has to know. github.com/jacoelho/xsd does it (docs/adr/0023).
package validate

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/jacoelho/xsd"
)

// Validator holds the compiled schemas of a contract. It is safe for concurrent use.
type Validator struct{ engine *xsd.Engine }

// New compiles the schemas in files, which are those of a contract (wsdl.Contract.Files):
// WSDL and XSD documents, every one that an import names among them; nothing else is opened
// or fetched. It is stricter than reading a contract is: an error says why the schemas
// cannot be compiled, and then messages of this contract cannot be validated. An element
// whose type is in none of the files is not valid, whatever it holds.
func New(files ...string) (*Validator, error) {
	b := builder{chunks: map[string]*chunk{}, included: map[string]bool{}, spaces: map[string]bool{}}
	for _, f := range files {
		if err := b.addFile(f); err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
	}
	if len(b.chunks) == 0 {
		return nil, errors.New("the contract holds no schema: there is nothing to validate against")
	}
	sources, err := b.sources()
	if err != nil {
		return nil, err
	}
	engine, err := xsd.Compile(sources...)
	if err != nil {
		return nil, fmt.Errorf("the contract's schemas cannot be used to validate: %w", described(err))
	}
	return &Validator{engine}, nil
}

// Body validates the element in a message's body, as XML that stands alone: a global
// element of the contract. rpc wrappers are not in the schema, so that style="rpc" cannot be
// validated. The error of a body that is not valid is an *Invalid, the first one found.
func (v *Validator) Body(body []byte) error {
	err := v.engine.ValidateWithOptions(bytes.NewReader(body), xsd.ValidateOptions{MaxErrors: 1})
	var e *xsd.Error
	if errors.As(err, &e) {
		return &Invalid{Path: e.Path, What: e.Message, Line: e.Line}
	}
	return err
}

// Invalid says what is not as the schema has it. It quotes no more of the body than a
// value that has the wrong form.
type Invalid struct {
	Path string // of the element: /Order/Lines/Line
	What string
	Line int
}

func (e *Invalid) Error() string {
	if e.Path == "" {
		return e.What
	}
	return e.Path + ": " + e.What
}

// described is an error of compiling with the place in the schema.
func described(err error) error {
	var e *xsd.Error
	if !errors.As(err, &e) {
		return err
	}
	if e.Line == 0 {
		return errors.New(e.Message)
	}
	return fmt.Errorf("line %d: %s", e.Line, e.Message)
}
