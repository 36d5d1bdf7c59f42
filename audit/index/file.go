package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// The file of an index:
//
//	8 bytes   magic, with the version of the format
//	4 bytes   length of the first part
//	4 bytes   length of the second part
//	4 bytes   CRC-32C of the first part
//	4 bytes   CRC-32C of the second part
//	4 bytes   CRC-32C of the 24 bytes before
//	          first part: all but the ids; numbers are varints
//	          second part: the ids, 4 bytes each, in the blocks' order
//
// A question that is not about an id needs the first part alone. Numbers of fixed length
// are little-endian. The same lines make the same file.
const (
	magic  = "2hopidx\x02"
	header = 28
)

// largest bounds what is read of a file that somebody may have put there.
const largest = 256 << 20

var crcTable = crc32.MakeTable(crc32.Castagnoli)

func crc(b []byte) uint32 { return crc32.Checksum(b, crcTable) }

// errBroken is returned for what is not the file of an index.
var errBroken = errors.New("the index is broken")

// encode returns the file of an index for a segment file of so many bytes.
func (x *Index) encode(stored int64) []byte {
	b := make([]byte, header, header+len(x.Blocks)*64+len(x.ids))
	n := func(v int64) { b = binary.AppendUvarint(b, uint64(v)) }
	text := func(s string) { n(int64(len(s))); b = append(b, s...) }
	calls := func(list []Call) {
		n(int64(len(list)))
		for _, c := range list {
			text(c.ID)
			n(c.Line - x.First)
		}
	}
	n(stored)
	n(x.First)
	for _, values := range x.values {
		n(int64(len(values)))
		for _, v := range values {
			text(v)
		}
	}
	calls(x.Open)
	calls(x.Ended)
	calls(x.Amended)
	n(int64(len(x.Blocks)))
	for _, k := range x.Blocks {
		n(k.Offset)
		n(k.Size)
		n(k.Lines)
		b = binary.AppendVarint(b, k.Min)
		b = binary.AppendVarint(b, k.Max-k.Min)
		flags := int64(k.more) << 1
		if k.unreadable {
			flags |= 1
		}
		n(flags)
		n(int64(k.n))
		for _, set := range k.sets {
			n(int64(len(set)))
			b = append(b, set...)
		}
	}
	b = binary.AppendVarint(b, x.Min)
	b = binary.AppendVarint(b, x.Max)
	n(x.Text)
	n(x.Opened)
	copy(b, magic)
	put := binary.LittleEndian.PutUint32
	put(b[8:], uint32(len(b)-header))
	put(b[12:], uint32(len(x.ids)))
	put(b[16:], crc(b[header:]))
	put(b[20:], crc(x.ids))
	put(b[24:], crc(b[:24]))
	return append(b, x.ids...)
}

// lengths reads a header: the parts' lengths and their checksums.
func lengths(b []byte) (first, second int64, sums [2]uint32, err error) {
	get := binary.LittleEndian.Uint32
	if len(b) < header || string(b[:8]) != magic || get(b[24:]) != crc(b[:24]) {
		return 0, 0, sums, errBroken
	}
	first, second, sums = int64(get(b[8:])), int64(get(b[12:])), [2]uint32{get(b[16:]), get(b[20:])}
	if first+second > largest || second%4 != 0 {
		return 0, 0, sums, errBroken
	}
	return first, second, sums, nil
}

// decode reads the first part. The index holds parts of b afterwards.
func decode(b []byte) (x *Index, stored, ids int64, err error) {
	d := decoder{b: b}
	x = &Index{}
	stored, x.First = d.number(), d.number()
	for f := range x.values {
		x.values[f] = make([]string, d.count(1))
		for i := range x.values[f] {
			x.values[f][i] = string(d.bytes())
		}
		if len(x.values[f]) > mostValues {
			return nil, 0, 0, errBroken
		}
	}
	x.Open, x.Ended, x.Amended = d.calls(x.First), d.calls(x.First), d.calls(x.First)
	x.Blocks = make([]Block, d.count(7+int(fields)))
	end := int64(0)
	for i := range x.Blocks {
		k := &x.Blocks[i]
		d.block(k, x, int(ids))
		ids += int64(k.n)
		if d.bad || k.Offset < end || k.Offset+k.Size > stored {
			return nil, 0, 0, fmt.Errorf("%w: block %d", errBroken, i)
		}
		end = k.Offset + k.Size
		x.Lines += k.Lines
	}
	x.Min, x.Max = d.signed(), d.signed()
	x.Text, x.Opened = d.number(), d.number()
	if d.bad || len(d.b) > 0 {
		return nil, 0, 0, errBroken
	}
	return x, stored, ids, nil
}

// block reads what is known of a block of x, whose ids begin after so many.
func (d *decoder) block(k *Block, x *Index, ids int) {
	k.First = x.First + x.Lines
	k.Offset, k.Size, k.Lines = d.number(), d.number(), d.number()
	k.Min = d.signed()
	k.Max = k.Min + d.signed()
	flags := d.number()
	k.unreadable, k.more = flags&1 == 1, uint16(flags>>1)
	k.ids, k.n = ids, int(d.number())
	d.bad = d.bad || k.n > largest
	for f := range k.sets {
		k.sets[f] = d.bytes()
		if len(k.sets[f]) > (len(x.values[f])+7)/8 {
			d.bad = true
		}
	}
}

// decoder reads varints; after a mistake it gives zeros.
type decoder struct {
	b   []byte
	bad bool
}

// bound is more than any number in an index, so that sums of some do not overflow.
const bound = 1 << 56

func (d *decoder) number() int64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 || v > bound {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return int64(v)
}

func (d *decoder) signed() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 || v > bound || v < -bound {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

// count reads how many things follow, each of so many bytes at least.
func (d *decoder) count(each int) int {
	n := d.number()
	if n > int64(len(d.b)/each) {
		d.bad, d.b = true, nil
		return 0
	}
	return int(n)
}

func (d *decoder) bytes() []byte {
	n := d.count(1)
	part := d.b[:n:n]
	d.b = d.b[n:]
	return part
}

func (d *decoder) calls(first int64) []Call {
	list := make([]Call, d.count(2))
	for i := range list {
		list[i] = Call{string(d.bytes()), first + d.number()}
	}
	return list
}
