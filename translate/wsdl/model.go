// Package wsdl holds a WSDL 1.1 contract: which operations a service has, and what their
// messages look like. It is read once, when routes.yaml is loaded, and is immutable and
// safe for concurrent use afterwards.
package wsdl

import (
	"strconv"

	"twohop/translate/xsd"
)

// Contract is a WSDL document with everything that it imports.
type Contract struct {
	Name     xsd.Name
	Services []*Service // one without a name and an address for bindings that no service names
	Schema   *xsd.Schema
	Files    []string // that it was read from, the main one first
	Warnings []Warning
}

// Warning is something wrong in a file that was read all the same.
type Warning struct {
	File string
	Line int
	What string
}

// String is file:line: what.
func (w Warning) String() string { return w.File + ":" + strconv.Itoa(w.Line) + ": " + w.What }

// Service is a wsdl:service.
type Service struct {
	Name  string
	Doc   string
	Ports []*Port
}

// Port is an address at which a service speaks one protocol.
type Port struct {
	Name       string
	Address    string // as written; "" for none
	Binding    xsd.Name
	Protocol   Protocol
	Operations []*Operation // in the order of the file
}

// Protocol is how messages travel.
type Protocol uint8

// The bindings of WSDL 1.1 and of "WSDL 1.1 Binding Extension for SOAP 1.2".
const (
	SOAP11 Protocol = iota
	SOAP12
	HTTPGet
	HTTPPost
)

// String is the protocol's name for people.
func (p Protocol) String() string {
	return [...]string{"SOAP 1.1", "SOAP 1.2", "HTTP GET", "HTTP POST"}[p]
}

// Operation is one operation of a port.
type Operation struct {
	Name    string
	Doc     string
	RPC     bool
	Action  string // SOAPAction, "" for none or an empty one
	Input   *Message
	Output  *Message // nil for one-way
	Faults  []*Fault
	Unusual string // why it cannot be called as JSON ("" when it can): a notification, say
}

// Message is one message of an operation as the binding puts it on the wire.
type Message struct {
	Name        xsd.Name
	Action      string         // WS-Addressing action (wsaw:Action, wsam:Action, or the default)
	Body        []*xsd.Element // children of soap:Body, in order; rpc has one, made by the loader from its parts
	Encoded     bool           // use="encoded": SOAP 1.1 section 5
	Namespace   string         // of the rpc wrapper: soap:body's, "" for none
	Headers     []*Header
	Multipart   bool     // mime:multipartRelated: attachments beside the envelope
	Attachments []string // names of the parts that are attachments
}

// Header is a soap:header of a message.
type Header struct {
	Element  *xsd.Element // for a part with a type: an element of the part's name and the header's namespace
	Part     string
	Encoded  bool
	Required bool
}

// Fault is a declared fault.
type Fault struct {
	Name    string
	Element *xsd.Element // child of soap:detail; nil when the contract does not say
}
