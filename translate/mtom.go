package translate

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/url"
	"strings"

	"twohop/translate/markup"
)

const nsXOP = "http://www.w3.org/2004/08/xop/include"

// Inline reads a multipart answer (RFC 2387: MTOM, SOAP with attachments) as a plain
// envelope in UTF-8, in which the base64 of a part stands where an xop:Include names it (XOP
// 1.0, section 3.2). Parts that nothing names are left out. contentType is that of the
// answer. The root passes on as it comes, up to the first xop:Include; what follows is held
// until the part is there, and so are parts that come before their turn, up to most bytes
// together. A part whose turn it is passes on as it comes, however long.
//
// Errors: *Broken for an answer that is no such message, or names a part that it does not
// have, or one twice; *TooLarge; those of body.
func Inline(body io.Reader, contentType string, most int64) *Stream {
	return newStream(most, func(yield func([]byte) bool) error {
		x := &inliner{most: most, have: map[string][]byte{}, named: map[string]bool{}, yield: yield}
		if err := x.open(body, contentType); err != nil {
			return err
		}
		return broken(x.run())
	})
}

// inliner puts the parts of one message into its root.
type inliner struct {
	parts
	most  int64
	held  int64             // bytes of names and of have
	have  map[string][]byte // parts that wait for their turn, by Content-ID
	named map[string]bool   // Content-IDs in the root

	out   []byte
	gone  int64 // bytes of the root that were given away before out
	gaps  []gap // where parts go, in order
	yield func([]byte) bool
}

// gap is a place in the root.
type gap struct {
	at int64
	id string
}

func (x *inliner) run() error {
	root, err := x.root()
	if err != nil {
		return err
	}
	if err := x.envelope(root); err != nil {
		return err
	}
	for {
		p, err := x.next()
		switch {
		case err == io.EOF:
			return x.end()
		case err != nil:
			return err
		case len(x.gaps) > 0 && x.gaps[0].id == p.id:
			err = x.inPlace(p)
		case x.named[p.id]:
			err = x.keep(p)
		default:
			_, err = io.Copy(io.Discard, p)
		}
		if err != nil {
			return err
		}
	}
}

// root returns the part that start names, else the first. Those before it are kept.
func (x *inliner) root() (*part, error) {
	for {
		p, err := x.next()
		switch {
		case err == io.EOF:
			return nil, &Broken{What: "the multipart answer has no root"}
		case err != nil || x.start == "" || p.id == x.start:
			return p, err
		}
		if err := x.keep(p); err != nil {
			return nil, err
		}
	}
}

// keep holds a part until its turn.
func (x *inliner) keep(p *part) error {
	data, err := io.ReadAll(io.LimitReader(p, x.most-x.held+1))
	if err != nil {
		return err
	}
	x.have[p.id] = data
	return x.hold(len(data))
}

// hold accounts for n more bytes that are held.
func (x *inliner) hold(n int) error {
	x.held += int64(n)
	waiting := int64(0)
	if len(x.gaps) > 0 {
		waiting = int64(len(x.out))
	}
	if x.held+waiting > x.most {
		return &TooLarge{x.most, "what follows an attachment's place is held until the attachment has come"}
	}
	return nil
}

// envelope reads the root.
func (x *inliner) envelope(root *part) error {
	charset, err := root.charset()
	if err != nil {
		return err
	}
	r := markup.NewReader(&giving{x, root}, charset, markup.Limits{})
	before := markup.End
	for {
		k, err := r.Next()
		switch {
		case err == io.EOF:
			return x.give()
		case err != nil:
			return err
		case k == markup.Start && r.Name().Space == nsXOP && string(r.Name().Local) == "Include":
			if before != markup.Start {
				return beside()
			}
			if err := x.include(r); err != nil {
				return err
			}
			continue
		}
		x.out = r.AppendToken(x.out, k)
		if len(x.out) >= chunk {
			err = x.give()
		}
		if err == nil {
			err = x.hold(0)
		}
		if err != nil {
			return err
		}
		before = k
	}
}

func beside() error { return &Broken{What: "an xop:Include stands beside other content"} }

// include takes an xop:Include for the place of its part.
func (x *inliner) include(r *markup.Reader) error {
	id := ""
	for _, a := range r.Attrs() {
		if a.Space == "" && string(a.Local) == "href" {
			id = string(a.Value)
		}
	}
	escaped, isCID := strings.CutPrefix(id, "cid:") // RFC 2392
	id, err := url.PathUnescape(escaped)
	switch {
	case !isCID || err != nil || id == "":
		return &Broken{What: "an xop:Include names no part of the answer"}
	case x.named[id]: // XOP has one for each; and a long part may not be had many times
		return &Broken{What: "two xop:Include name the part " + id}
	}
	x.named[id] = true
	x.gaps = append(x.gaps, gap{x.gone + int64(len(x.out)), id})
	if err := x.hold(len(id)); err != nil {
		return err
	}
	if err := r.Skip(); err != nil {
		return err
	}
	k, err := r.Next()
	if err == nil && k != markup.End {
		err = beside()
	}
	if err == nil {
		x.out = r.AppendToken(x.out, k)
	}
	return err
}

// giving gives away what is settled before it waits for more of the root.
type giving struct {
	x   *inliner
	src io.Reader
}

func (g *giving) Read(p []byte) (int, error) {
	if err := g.x.give(); err != nil {
		return 0, err
	}
	return g.src.Read(p)
}

// give gives away the root up to the first part that has not come.
func (x *inliner) give() error {
	for len(x.gaps) > 0 {
		if err := x.giveTo(x.gaps[0].at); err != nil {
			return err
		}
		id := x.gaps[0].id
		data, ok := x.have[id]
		if !ok {
			return nil
		}
		if err := x.encode(bytes.NewReader(data)); err != nil {
			return err
		}
		delete(x.have, id)
		x.held -= int64(len(data))
		x.gaps = x.gaps[1:]
	}
	return x.giveTo(x.gone + int64(len(x.out)))
}

func (x *inliner) giveTo(at int64) error {
	n := int(at - x.gone)
	if n == 0 {
		return nil
	}
	if !x.yield(x.out[:n]) {
		return errStopped
	}
	x.gone = at
	x.out = x.out[:copy(x.out, x.out[n:])]
	return nil
}

// inPlace passes the part on whose turn it is.
func (x *inliner) inPlace(p *part) error {
	if err := x.giveTo(x.gaps[0].at); err != nil {
		return err
	}
	if err := x.encode(p); err != nil {
		return err
	}
	x.gaps = x.gaps[1:]
	return x.give()
}

// encode gives base64 away.
func (x *inliner) encode(src io.Reader) error {
	plain, out := make([]byte, 3*chunk/4), make([]byte, chunk)
	for {
		n, err := io.ReadFull(src, plain)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return err
		}
		base64.StdEncoding.Encode(out, plain[:n])
		if n > 0 && !x.yield(out[:base64.StdEncoding.EncodedLen(n)]) {
			return errStopped
		}
		if err != nil {
			return nil
		}
	}
}

// end is when all parts have come.
func (x *inliner) end() error {
	if len(x.gaps) > 0 {
		return &Broken{What: "the answer lacks the part that an xop:Include names: " + x.gaps[0].id}
	}
	return nil
}
