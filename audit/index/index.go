// Package index tells in which blocks of a segment of the audit log a line can be that is
// looked for. An index lies beside its segment and can be made again from it at any time;
// nothing in it is believed that the lines do not say too.
package index

import (
	"encoding/binary"
	"slices"

	"twohop/audit/entry"
	"twohop/audit/trail"
)

// Field is one of the fields of a line that are indexed.
type Field int

const (
	Kind Field = iota
	Caller
	Route
	Target
	Outcome
	Code
	Exception
	Hop1
	Hop2
	Status // 2xx and so on
	Event
	User // the OS user of an event, or of a line of the log
	fields

	Fields = int(fields) // how many there are
)

// Value returns what e says in a field, nothing when it says nothing. Of the Code of a line
// that sums up refusals, e.Codes has the values.
func (f Field) Value(e *entry.Entry) []byte {
	switch f {
	case Kind:
		return kinds[e.What()]
	case Caller, User:
		if (f == Caller) == (e.What() == entry.Call) {
			return e.User
		}
		return nil
	case Route:
		return e.Route
	case Target:
		return e.Target
	case Outcome:
		return e.Outcome
	case Code:
		return e.Code
	case Exception:
		return e.Exception
	case Hop1:
		return e.Hop1()
	case Hop2:
		return e.Hop2()
	case Status:
		return class(e.Status)
	}
	return e.EventName()
}

var kinds = map[string][]byte{entry.Call: []byte(entry.Call), entry.Event: []byte(entry.Event), entry.Log: []byte(entry.Log)}

var classes = [...][]byte{nil, []byte("1xx"), []byte("2xx"), []byte("3xx"), []byte("4xx"), []byte("5xx")}

func class(status int64) []byte {
	if n := status / 100; n >= 0 && n < int64(len(classes)) {
		return classes[n]
	}
	return nil
}

// Index is what is known of a segment.
type Index struct {
	First, Lines int64
	Text         int64 // bytes of its lines
	Min, Max     int64 // of the lines' times: milliseconds since 1970
	Blocks       []Block

	// Calls that the segment does not hold whole: begun and not ended in it; ended, and not
	// refused, without having begun in it; and those that have an amendment in it.
	Open, Ended, Amended []Call

	Opened int64 // the last line in it with which a process began to write the log, else 0

	values [fields][]string
	ids    []byte // 4 bytes each, sorted within a block
}

// Call is a stage of a call and the line where it is.
type Call struct {
	ID   string
	Line int64
}

// Block is what is known of a block.
type Block struct {
	trail.Block
	First, Lines int64
	Min, Max     int64

	unreadable bool           // it has a line that is not JSON
	more       uint16         // fields with values that are not listed
	sets       [fields][]byte // bit n: the field's value n is there
	ids, n     int            // where the block's ids are, and how many
}

// Want is what is looked for. A line fits when each field that has a test passes it.
type Want struct {
	Since, Until int64 // milliseconds since 1970; Since counts, Until does not
	Fields       [fields]func(value string) bool
	IDs          []uint32 // hashes of ids, one of which must be there; nil for any
}

// Unreadable reports whether the block has a line that is not JSON. Nobody knows of what
// time that is, or what it says.
func (b *Block) Unreadable() bool { return b.unreadable }

// outside reports whether no block can have a line of the time that w asks for.
func (x *Index) outside(w *Want) bool {
	return (x.Max < w.Since || x.Min >= w.Until) && !slices.ContainsFunc(x.Blocks, func(b Block) bool { return b.unreadable })
}

// Find returns the numbers of the blocks in which a line can fit w, and of those with
// unreadable lines. The index must hold ids when w asks for some.
func (x *Index) Find(w *Want) (list []int) {
	if x.outside(w) {
		return nil
	}
	var sets [fields][]byte
	for f, test := range w.Fields {
		if test == nil {
			continue
		}
		sets[f] = make([]byte, (len(x.values[f])+7)/8)
		for i, v := range x.values[f] {
			if test(v) {
				sets[f][i/8] |= 1 << (i % 8)
			}
		}
	}
	for i := range x.Blocks {
		if b := &x.Blocks[i]; b.unreadable || b.within(w) && b.has(w, &sets) && x.hasID(b, w.IDs) { // an unreadable line is told of
			list = append(list, i)
		}
	}
	return list
}

func (b *Block) within(w *Want) bool { return b.Max >= w.Since && b.Min < w.Until }

func (b *Block) has(w *Want, sets *[fields][]byte) bool {
	for f, test := range w.Fields {
		if test != nil && b.more>>f&1 == 0 && !meet(b.sets[f], sets[f]) {
			return false
		}
	}
	return true
}

func meet(a, b []byte) bool {
	for i, x := range a {
		if x&b[i] != 0 {
			return true
		}
	}
	return false
}

func (x *Index) hasID(b *Block, hashes []uint32) bool {
	if hashes == nil {
		return true
	}
	ids := x.ids[b.ids*4 : (b.ids+b.n)*4]
	for _, h := range hashes {
		lo, hi := 0, b.n
		for lo < hi {
			if mid := (lo + hi) / 2; binary.LittleEndian.Uint32(ids[mid*4:]) < h {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		if lo < b.n && binary.LittleEndian.Uint32(ids[lo*4:]) == h {
			return true
		}
	}
	return false
}

// Seen adds the values of a field in the blocks of the time that w asks for. It reports
// whether those are all.
func (x *Index) Seen(w *Want, f Field, into map[string]bool) (all bool) {
	if x.Max < w.Since || x.Min >= w.Until {
		return true
	}
	all = true
	union := make([]byte, (len(x.values[f])+7)/8)
	for i := range x.Blocks {
		if b := &x.Blocks[i]; b.within(w) {
			all = all && !b.unreadable && b.more>>f&1 == 0
			for j, set := range b.sets[f] {
				union[j] |= set
			}
		}
	}
	for i, v := range x.values[f] {
		if union[i/8]>>(i%8)&1 == 1 {
			into[v] = true
		}
	}
	return all
}

// Hash returns the hash under which an id is indexed.
func Hash(id []byte) uint32 {
	h := uint64(14695981039346656037) // FNV-1a
	for _, c := range id {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return uint32(h>>32) ^ uint32(h)
}

// Hashes returns those under which a line can stand whose correlation or call id is id. A
// call's id begins with its correlation id and a dash, and then is not indexed itself.
func Hashes(id string) (list []uint32) {
	for i := range len(id) {
		if id[i] == '-' {
			list = append(list, Hash([]byte(id[:i])))
		}
	}
	list = append(list, Hash([]byte(id)))
	slices.Sort(list)
	return slices.Compact(list)
}
