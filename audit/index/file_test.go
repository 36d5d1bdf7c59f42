package index

import (
	"testing"

	"twohop/audit/trail"
)

// FuzzDecode feeds the reader what anybody may have put beside a segment.
func FuzzDecode(f *testing.F) {
	b := NewBuilder(7)
	b.Add(trail.Block{Size: 99}, []byte(`{"class_uid":4002,"time":5,"metadata":{"correlation_uid":"c"},"unmapped":{"call":"c-1","stage":"begin","route":"r"}}`+"\n"))
	b.Add(trail.Block{Offset: 99, Size: 1}, []byte("x\n"))
	f.Add(b.Index().encode(100)[header:])
	f.Add([]byte{100, 0, 255, 255, 255, 255, 255, 255, 255, 255, 127})
	f.Fuzz(func(t *testing.T, data []byte) {
		x, stored, n, err := decode(data)
		if err != nil {
			return
		}
		if n < 0 || n > largest { // the reader compares it with the file before it takes memory
			return
		}
		end := int64(0)
		for _, k := range x.Blocks {
			if k.Offset < end || k.Size < 0 || k.Offset+k.Size > stored || k.First < x.First || k.Lines < 0 {
				t.Fatalf("block %+v of %d bytes", k, stored)
			}
			end = k.Offset + k.Size
		}
		if n < 1<<16 {
			x.ids = make([]byte, n*4)
			w := Want{Until: 1 << 60, IDs: []uint32{0, 1}}
			for f := range w.Fields {
				w.Fields[f] = func(string) bool { return true }
			}
			x.Find(&w)
			x.Seen(&w, Route, map[string]bool{})
		}
	})
}
