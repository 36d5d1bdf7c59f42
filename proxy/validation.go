package proxy

import (
	"errors"
	"io"

	"twohop/internal/fault"
	"twohop/translate"
	"twohop/translate/validate"
	"twohop/translate/wsdl"
)

// validates compiles the whole schema for the messages that a route validates: request,
// response or both.
func (c *compiler) validates(t *translation, which string) error {
	for _, op := range t.service.Operations() {
		if t.operations[op.Name] != nil && !inSchema(op.Input, op.Output) {
			return &fault.Field{Path: "validate", What: "messages of operation " + op.Name + " cannot be validated: they are rpc, or have parts without an element, and no schema has those",
				Fix: "remove it (names, order and types are checked anyway), or list other operations under operations"}
		}
	}
	v, err := c.validator(t.service.Contract)
	if err != nil {
		return &fault.Field{Path: "validate", What: err.Error(), Fix: "mend the contract, or remove validate: names, order and types are checked anyway"}
	}
	if which != "response" {
		t.requests = v
	}
	if which != "request" {
		t.answers = v
	}
	return nil
}

// validator compiles the schemas of a contract once, however many routes have it.
func (c *compiler) validator(contract *wsdl.Contract) (*validate.Validator, error) {
	if v := c.validators[contract]; v != nil {
		return v, nil
	}
	v, err := validate.New(contract.Files...)
	if err != nil {
		return nil, err
	}
	if c.validators == nil {
		c.validators = map[*wsdl.Contract]*validate.Validator{}
	}
	c.validators[contract] = v
	return v, nil
}

// inSchema reports whether all that stands in the bodies of messages is declared in a schema.
func inSchema(messages ...*wsdl.Message) bool {
	for _, m := range messages {
		if m == nil {
			continue
		}
		for _, e := range m.Body {
			if !e.Global || m.Encoded {
				return false
			}
		}
	}
	return true
}

// validRequest checks an envelope for the target, if the route does. One that is not whole
// is too long for it.
func (t *translation) validRequest(envelope []byte, whole bool) error {
	switch {
	case t.requests == nil:
		return nil
	case !whole:
		f := fault.New(fault.BodyTooLarge, "the request is held whole to be validated, and is longer than %d bytes as an envelope", t.hold)
		f.Fix = "Send less in one call; an admin can raise the route's `soap.buffer`."
		return f
	}
	err := t.requests.Envelope(envelope, "")
	if err == nil {
		return nil
	}
	where, what := invalid(err)
	f := fault.New(fault.InvalidRequest, "the message is not valid by the contract's schema, at %s", where)
	f.Told = &fault.Told{Detail: "the message is not valid by the contract's schema, at " + where + ": " + what}
	return f
}

// wholeAnswer reads an answer whole if the route validates answers; data is nil if not.
func (t *translation) wholeAnswer(body io.Reader) (data []byte, err error) {
	if t.answers == nil {
		return nil, nil
	}
	data, err = io.ReadAll(io.LimitReader(body, t.hold+1))
	if err == nil && int64(len(data)) > t.hold {
		err = &translate.TooLarge{Cap: t.hold, What: "the answer is held whole to be validated"}
	}
	return data, err
}

// validAnswer checks an envelope of the target.
func (t *translation) validAnswer(envelope []byte, charset string) error {
	if err := t.answers.Envelope(envelope, charset); err != nil {
		where, what := invalid(err)
		return &translate.Broken{Path: where, What: what}
	}
	return nil
}

// invalid says where a message is not valid, and what is wrong, which may quote it.
func invalid(err error) (where, what string) {
	var x *validate.Invalid
	if errors.As(err, &x) && x.Path != "" {
		return clip(x.Path, 256), x.What
	}
	return "the body", err.Error()
}
