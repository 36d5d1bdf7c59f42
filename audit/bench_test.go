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
					for range todo {
						if err := l.Append(sample()); err != nil {
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
