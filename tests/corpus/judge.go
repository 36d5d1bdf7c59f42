package main

import (
	"fmt"
	"strings"
)

// stacks are the oracles, in the order in which one is named first.
var stacks = []string{"zeep", "php", "node"}

// testimony is what the oracles made of one sample.
type testimony struct {
	body    map[string]*node  // soap:Body of each stack that answered
	verdict map[string]string // valid, invalid or unknown, by XSD; that of "ours" too
	parts   int               // elements that the binding puts into the body
	encoded bool              // rpc/encoded, where php-soap alone writes types
}

// reference picks the tree that a body has to equal, and says by which rule: two of three;
// failing that the only one that is valid by the schema. For rpc/encoded it is PHP's. It is
// nil when the oracles leave it open.
func (t testimony) reference() (*node, string) {
	if t.encoded && t.body["php"] != nil {
		return t.body["php"], "php-soap, the only one of them that knows rpc/encoded"
	}
	for i, a := range stacks {
		for _, b := range stacks[i+1:] {
			if x, y := t.body[a], t.body[b]; x != nil && y != nil && differs(x, y, false) == "" {
				return x, a + " and " + b
			}
		}
	}
	var valid, there []string
	for _, s := range stacks {
		if t.body[s] == nil {
			continue
		}
		there = append(there, s)
		if t.verdict[s] == "valid" {
			valid = append(valid, s)
		}
	}
	switch {
	case len(valid) == 1:
		return t.body[valid[0]], valid[0] + ", the only one that is valid"
	case len(there) == 0:
		return nil, "no oracle wrote it"
	}
	return nil, fmt.Sprintf("of %v no two agree and not just one is valid", there)
}

// guessed reports whether every type that theirs tells otherwise is xsd:string, which PHP
// writes for what it cannot place.
func guessed(ours, theirs *node) bool {
	for _, name := range []string{"{" + spaceXSI + "}type", "{" + spaceSOAPEnc + "}arrayType"} {
		x, y := ours.attr(name), theirs.attr(name)
		if x != y && !strings.HasPrefix(y, "{"+spaceXSD+"}string") && !sameArray(ours.attrs, theirs.attrs) {
			return false
		}
	}
	for i := range ours.kids {
		if !guessed(ours.kids[i], theirs.kids[i]) {
			return false
		}
	}
	return true
}

// any reports whether some oracle made the same tree.
func (t testimony) any(ours *node) (string, bool) {
	for _, s := range stacks {
		if b := t.body[s]; b != nil && differs(ours, b, t.encoded) == "" {
			return s, true
		}
	}
	return "", false
}

// ruling is the outcome of one comparison.
type ruling struct {
	same   bool
	right  bool   // same, or different by a rule that clears us
	reason string // of a difference: a rule, the same words for all that fall under it
	detail string // where and what
}

// judge compares our body with what the oracles say.
func (t testimony) judge(ours *node) ruling {
	if t.encoded && t.body["php"] == nil {
		if who, found := t.any(ours); found {
			return ruling{same: true, right: true, reason: "but for types, as " + who}
		}
	}
	want, by := t.reference()
	if want == nil {
		who, found := t.any(ours)
		switch {
		case found:
			return ruling{same: true, right: true, reason: "as " + who}
		case t.verdict["ours"] == "valid":
			return ruling{right: true, reason: "no two oracles agree; ours is valid by the schema", detail: by}
		case t.verdict["ours"] == "unknown":
			return ruling{right: true, reason: "undecided: no two oracles agree, and there is no schema", detail: by}
		}
		return ruling{reason: "no two oracles agree; ours is invalid by the schema", detail: by}
	}
	at := differs(ours, want, false)
	if at == "" {
		return ruling{same: true, right: true}
	}
	if t.encoded && differs(ours, want, true) == "" {
		return ruling{right: guessed(ours, want), reason: "rpc/encoded: php-soap guesses types that it does not know from the values", detail: at}
	}
	if len(ours.kids) == t.parts && len(want.kids) != t.parts {
		return ruling{right: t.verdict["ours"] != "invalid", reason: "theirs has not the parts that soap:body names", detail: at + " (" + by + ")"}
	}
	detail := at + " (" + by + ")"
	validity := ""
	for _, s := range stacks {
		if t.body[s] == want {
			validity = t.verdict[s]
		}
	}
	who, found := t.any(ours)
	switch mine := t.verdict["ours"]; {
	case mine == "valid" && validity == "invalid":
		return ruling{right: true, reason: "theirs is invalid by the schema, ours is valid", detail: detail}
	case mine == "invalid" && validity == "valid":
		return ruling{reason: "ours is invalid by the schema", detail: detail}
	case found:
		return ruling{right: mine != "invalid", reason: "a minority of the oracles agrees with us", detail: detail + "; as " + who}
	case mine == "valid":
		return ruling{reason: "both are valid by the schema", detail: detail}
	}
	return ruling{reason: "no schema decides", detail: detail}
}
