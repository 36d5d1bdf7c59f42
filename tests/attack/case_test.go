//go:build linux

package attack

import (
	"slices"
	"strings"
)

// attack is one case of the table.
type attack struct {
	name string

	// What is sent: bytes over http/1.1, or a header list ("name=value") with an optional
	// body, or frames, over h2. says describes frames for the page.
	send   string
	fields []string
	data   string
	frames func(*h2)
	says   string

	half bool // the caller closes its side after sending: what it sent has no end

	want want
	// race says that chance decides what comes, here or at a peer: peers are not compared.
	race bool
	// Why the outcome differs from ours; "" where it does not.
	nginx, haproxy string
}

// family is the cases of one file.
type family struct {
	name, about string
	cases       []attack
}

// want is how a case must end at twohop.
type want struct {
	answers []string // each acceptable: statuses in order, "-" for none
	closed  bool     // the connection must be closed
	reached []reached
	maybe   bool // nothing may have reached the target as well
}

// reached is a request that must have reached the target, and nothing else.
type reached struct {
	line   string // method and request target
	body   string
	with   []string // "Name: value" that must be there, and be the only one with the name
	absent []string // names that must not
}

// refused is a case whose answer is one of answers ("400 or 404"), after which the
// connection is closed; nothing reaches the target.
func refused(answers string) want {
	return want{answers: strings.Split(answers, " or "), closed: true}
}

// turnedAway is refused, but for a request whose end is beyond doubt: the connection may
// stay.
func turnedAway(answers string) want { return want{answers: strings.Split(answers, " or ")} }

// passed is a case that reaches the target as one request and is answered.
func passed(line string) want {
	return want{answers: []string{"200"}, reached: []reached{{line: line}}}
}

// cutAt is a case whose request reaches the target, if at all, without its end, by which
// the target knows that it is none.
func cutAt(answers, line string) want {
	return want{answers: strings.Split(answers, " or "), closed: true, reached: []reached{{line: "cut: " + line}}, maybe: true}
}

func (w want) last() *reached { return &w.reached[len(w.reached)-1] }

func (w want) copied() want { w.reached = slices.Clone(w.reached); return w }

// body, with and without say more of the last request.
func (w want) body(text string) want { w = w.copied(); w.last().body = text; return w }

func (w want) with(fields ...string) want { w = w.copied(); w.last().with = fields; return w }

func (w want) without(names ...string) want { w = w.copied(); w.last().absent = names; return w }

// then is a second request that the caller has sent, too.
func (w want) then(line string) want {
	w = w.copied()
	w.answers = []string{w.answers[0] + " 200"}
	w.reached = append(w.reached, reached{line: line})
	return w
}

// close says that the connection must be closed after the answer.
func (w want) close() want { w.closed = true; return w }

// watched are the names of the fields that the case looks at.
func (w want) watched() (names []string) {
	for _, r := range w.reached {
		for _, f := range r.with {
			name, _, _ := strings.Cut(f, ":")
			names = append(names, name)
		}
		names = append(names, r.absent...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
