package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"twohop/translate"
	"twohop/translate/wsdl"
)

// codecs are our own translations of one port. The mirrors read a request as if it were
// an answer and write an answer as if it were a request, which a broker never does: they
// are how a round trip is closed.
type codecs struct {
	straight  *translate.Service
	asAnswer  *translate.Service // answers look like requests
	asRequest *translate.Service // requests look like answers
}

func newCodecs(c *wsdl.Contract, port string) (k codecs, err error) {
	if k.straight, err = translate.New(c, translate.Options{Port: port}); err != nil {
		return k, err
	}
	inputs := mirror(c, func(o *wsdl.Operation) { o.Output, o.Unusual = o.Input, "" })
	if k.asAnswer, err = translate.New(inputs, translate.Options{Port: port}); err != nil {
		return k, err
	}
	outputs := mirror(c, func(o *wsdl.Operation) {
		if o.Output != nil {
			o.Input, o.Unusual = o.Output, ""
		}
	})
	k.asRequest, err = translate.New(outputs, translate.Options{Port: port})
	return k, err
}

// input is the request of an operation, nil for none.
func (k codecs) input(operation string) *wsdl.Message {
	if op := k.straight.Operation(operation); op != nil {
		return op.Input
	}
	return nil
}

// mirror copies a contract as far as its operations and changes each of those.
func mirror(c *wsdl.Contract, change func(*wsdl.Operation)) *wsdl.Contract {
	copied := *c
	copied.Services = nil
	for _, s := range c.Services {
		service := *s
		service.Ports = nil
		for _, p := range s.Ports {
			port := *p
			port.Operations = nil
			for _, o := range p.Operations {
				operation := *o
				change(&operation)
				port.Operations = append(port.Operations, &operation)
			}
			service.Ports = append(service.Ports, &port)
		}
		copied.Services = append(copied.Services, &service)
	}
	return &copied
}

var errNoOperation = errors.New("no such operation")

// envelope translates JSON into an envelope.
func envelope(s *translate.Service, operation string, body []byte) ([]byte, error) {
	op := s.Operation(operation)
	if op == nil {
		return nil, errNoOperation
	}
	return all(op.Request(bytes.NewReader(body), nil))
}

// answer translates an envelope into JSON.
func answer(s *translate.Service, operation string, body []byte) ([]byte, error) {
	op := s.Operation(operation)
	if op == nil {
		return nil, errNoOperation
	}
	text, err := all(op.Answer(bytes.NewReader(body), "", translate.JSON))
	if err == nil && len(text) == 0 {
		err = errors.New("an empty answer")
	}
	return text, err
}

func all(s io.ReadCloser) (text []byte, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("panic: %v", broken)
		}
	}()
	defer s.Close()
	return io.ReadAll(s)
}
