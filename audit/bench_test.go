package audit

import (
	"fmt"
	"sync"
	"testing"
)

// BenchmarkAppend has a number of writers, each of which waits for its record to be on
// stable storage: records/s is what the log takes in all.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 64, 512} {
		b.Run(fmt.Sprintf("writers-%d", writers), func(b *testing.B) {
			l, err := Open(Config{Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			b.ReportAllocs()
			todo := make(chan struct{}, writers)
			var work sync.WaitGroup
			for range writers {
				work.Go(func() {
					r := sample()
					for range todo {
						if err := l.Append(r); err != nil {
							b.Error(err)
						}
					}
				})
			}
			b.ResetTimer()
			for range b.N {
				todo <- struct{}{}
			}
			close(todo)
			work.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkLine is a record's way into its line, with all that a level may keep.
func BenchmarkLine(b *testing.B) {
	r := sample()
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = r.line(buf[:0])
	}
	b.SetBytes(int64(len(buf)))
}

// BenchmarkDigest is the keyed digest of one body.
func BenchmarkDigest(b *testing.B) {
	for _, size := range []int{1 << 10, 64 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			body := make([]byte, size)
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				d := testSecret.Digest(Body)
				d.Write(body)
				d.Sum()
				d.Release()
			}
		})
	}
}

func BenchmarkVariables(b *testing.B) {
	names, values := []string{"item"}, []string{"A1001"}
	b.ReportAllocs()
	for b.Loop() {
		testSecret.Variables(names, values)
	}
}
