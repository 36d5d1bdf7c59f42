package routes

import (
	"maps"
	"reflect"
	"slices"
)

// soap compares what a route offers of a SOAP service.
func (d *differ) soap(old, now *SOAP) {
	switch {
	case old == nil && now == nil:
		return
	case old == nil:
		old = &SOAP{}
	case now == nil:
		now = &SOAP{}
	}
	speaks := func(s *SOAP) string {
		return map[bool]string{true: "JSON", false: "what the target speaks"}[s.speaksJSON()]
	}
	replaced(d, true, "expects its callers to speak", speaks(old), speaks(now))
	if !d.sameFile(old.Contract, now.Contract) {
		d.add(true, "has another contract")
	}
	if old.Port != now.Port {
		d.add(true, "speaks as port %s of its contract instead of %s", either(now.Port, "the first"), either(old.Port, "the first"))
	}
	d.operations(old.Operations, now.Operations)
	d.bindings(old.Bindings, now.Bindings)
	for _, name := range sortedUnion(old.Headers, now.Headers) {
		if a, b := old.Headers[name], now.Headers[name]; !reflect.DeepEqual(a, b) {
			d.add(true, "takes the SOAP header %s from %s instead of %s", name, b.source(), a.source())
		}
	}
	for _, code := range sortedUnion(old.FaultStatus, now.FaultStatus) {
		replaced(d, false, "answers the fault "+code+" with status", old.FaultStatus[code], now.FaultStatus[code])
	}
	if now.speaksJSON() && old.speaksJSON() {
		checks := func(s *SOAP, what string) bool { return s.Validate == what || s.Validate == "both" }
		replaced(d, checks(old, "request") && !checks(now, "request") || checks(old, "response") && !checks(now, "response"), "validates", old.Validate, now.Validate)
		replaced(d, false, "writes numbers as", old.Numbers, now.Numbers)
		replaced(d, false, "treats missing members", old.Missing, now.Missing)
		replaced(d, false, "writes repeated choices", old.RepeatedChoice, now.RepeatedChoice)
		replaced(d, false, "has the wrappers of arrays", old.Arrays, now.Arrays)
		replaced(d, now.Buffer > old.Buffer, "holds messages in memory up to", old.Buffer, now.Buffer)
	}
}

// operations compares allow lists; an empty one stands for any operation.
func (d *differ) operations(old, now map[string]SOAPOperation) {
	a, b := slices.Sorted(maps.Keys(old)), slices.Sorted(maps.Keys(now))
	d.narrowing("operations", a, b)
	for _, name := range b {
		was, known := old[name]
		if x, y := was.Limit.meaning(), now[name].Limit.meaning(); known && x != y {
			d.add(y.looserThan(x), "has for operation %s the limit: %v instead of: %v", name, y, x)
		}
	}
}

// bindings compares REST-shaped ways in, by method and path.
func (d *differ) bindings(old, now []Binding) {
	byPlace := func(list []Binding) map[string]Binding {
		m := map[string]Binding{}
		for _, b := range list {
			p, _ := ParsePattern(b.Path)
			m[b.Method+" "+p.shape()] = b
		}
		return m
	}
	a, b := byPlace(old), byPlace(now)
	for _, place := range sortedUnion(a, b) {
		was, known := a[place]
		is, there := b[place]
		switch {
		case !there:
			d.add(false, "no longer binds %s", place)
		case !known:
			d.add(true, "newly binds %s to %s", place, is.Operation)
		case was.Operation != is.Operation:
			d.add(true, "binds %s to %s instead of %s", place, is.Operation, was.Operation)
		case !reflect.DeepEqual(was, is):
			d.add(true, "builds the body for %s in another way", place)
		}
	}
}

// source says where a header's value comes from, without the value.
func (h SOAPHeader) source() string {
	switch {
	case h.JSON != "":
		return "member " + h.JSON
	case h.Header != "":
		return "header field " + h.Header
	case h.Constant.Reveal() != "":
		return "a constant"
	}
	return "nowhere"
}
