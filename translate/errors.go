package translate

import (
	"fmt"
	"strings"
)

// Invalid says what is wrong with the caller's JSON.
type Invalid struct {
	Pointer  string // JSON Pointer (RFC 6901) to the value
	What     string // what is wrong, for the caller
	Expected string // what should stand there, "" when What says it
	Example  string // JSON of a good value, "" for none
}

func (e *Invalid) Error() string {
	where := e.Pointer
	if where == "" {
		where = "the body"
	}
	text := where + ": " + e.What
	if e.Expected != "" {
		text += "; expected " + e.Expected
	}
	if e.Example != "" {
		text += ", for example " + e.Example
	}
	return text
}

// at puts a member's name or an item's index in front of the pointer.
func at(err error, segment string) error {
	if x, ok := err.(*Invalid); ok {
		x.Pointer = "/" + pointer.Replace(segment) + x.Pointer
	}
	return err
}

var pointer = strings.NewReplacer("~", "~0", "/", "~1")

// Broken says what in the target's answer is not what the contract says.
type Broken struct {
	Path string // names of the elements around it
	What string
	Cut  bool // it ends in the middle
}

func (e *Broken) Error() string {
	if e.Path == "" {
		return e.What
	}
	return e.Path + ": " + e.What
}

// TooLarge says that a message had to be held longer than its bound.
type TooLarge struct {
	Cap  int64  // bytes
	What string // why it had to be held
}

func (e *TooLarge) Error() string {
	return fmt.Sprintf("%s, and is longer than %d bytes", e.What, e.Cap)
}

// Fault is a SOAP Fault of the target.
type Fault struct {
	Code   string // local name for the codes of SOAP itself (Client, Server; Sender, Receiver), else as written
	Sub    string // subcode of SOAP 1.2, as written
	Reason string
	Actor  string // actor or role
	Name   string // the declared fault that Detail is, "" for none
	Detail []byte // JSON object, nil for none
}

func (f *Fault) Error() string { return "SOAP fault " + f.Code + ": " + f.Reason }
