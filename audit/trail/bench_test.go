package trail

import (
	"bytes"
	"fmt"
	"testing"
)

// BenchmarkVerify reads compressed segments of records as long as those of calls:
// records/s on one core (with -cpu 1).
func BenchmarkVerify(b *testing.B) {
	root := b.TempDir() + "/audit"
	c := newClock()
	keys, err := Init(root, "twohop/bench", c.t)
	if err != nil {
		b.Fatal(err)
	}
	w, err := Acquire(root, Options{Now: c.now})
	if err != nil {
		b.Fatal(err)
	}
	var batch bytes.Buffer
	n := 0
	for range 4000 {
		batch.Reset()
		for range 50 {
			n++
			fmt.Fprintf(&batch, `{"class_uid":4002,"n":%d,"text":"%s","id":"%016x"}`+"\n", n, bytes.Repeat([]byte("audit record "), 80), uint64(n)*0x9e3779b97f4a7c15)
		}
		c.t = c.t.Add(1e7)
		if err := w.Append(batch.Bytes()); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	sealed, err := w.Sealed()
	if err != nil {
		b.Fatal(err)
	}
	for _, s := range sealed {
		if _, err := s.Compress(nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	for range b.N {
		if r, err := Verify(w.Log, keys, nil); err != nil || len(r.Problems) > 0 {
			b.Fatal(r, err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
