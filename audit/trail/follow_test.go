package trail

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestAFollowerReadsEachLineOnce follows a log that is written, rotated and compressed
// meanwhile.
func TestAFollowerReadsEachLineOnce(t *testing.T) {
	f := newFixture(t)
	w := f.open()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	done := make(chan []string)
	const n = 2000
	go func() {
		var got []string
		follower := Follow(w.Log, 0, w.Durable)
		defer follower.Close()
		for next := int64(0); ; {
			batch, err := follower.Next(ctx, 4<<10)
			if err != nil {
				t.Error(err)
				break
			}
			for _, line := range batch {
				if line.Index != next {
					t.Errorf("line %d comes after line %d", line.Index, next-1)
				}
				next = line.Index + 1
				if i := strings.Index(string(line.Text), `"n":`); i > 0 {
					text, _, _ := strings.Cut(string(line.Text[i+4:]), ",")
					got = append(got, text)
				}
			}
			if len(got) >= n {
				break
			}
		}
		done <- got
	}()
	for range n / 100 {
		f.write(w, 100)
		f.compress()
	}
	got := <-done
	for i, text := range got {
		if text != strconv.Itoa(i%100) {
			t.Fatalf("line %d is %s", i, text)
		}
	}
	if len(got) != n {
		t.Errorf("%d lines of %d", len(got), n)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

func TestAFollowerStartsAnywhere(t *testing.T) {
	f := filled(t, 300, true)
	size := f.verify().Size
	for from := int64(0); from < size; from += 37 {
		follower := Follow(f.log(), from, nil)
		for next := from; next < size; {
			batch, err := follower.Next(context.Background(), 1<<10)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range batch {
				if line.Index != next {
					t.Fatalf("from %d: line %d after %d", from, line.Index, next-1)
				}
				next++
			}
		}
		follower.Close()
	}
}

func TestAFollowerOfPrunedLines(t *testing.T) {
	f := filled(t, 300, true)
	s := f.segments()
	if err := f.log().Remove(s[:2]); err != nil {
		t.Fatal(err)
	}
	follower := Follow(f.log(), 3, nil)
	defer follower.Close()
	if _, err := follower.Next(context.Background(), 100); !errors.Is(err, ErrPruned) {
		t.Fatalf("got %v", err)
	}
	if err := follower.Skip(); err != nil {
		t.Fatal(err)
	}
	batch, err := follower.Next(context.Background(), 100)
	if err != nil || batch[0].Index != s[2].first {
		t.Errorf("got %v, %v", batch, err)
	}
}

// TestAFollowerWaitsForTheDisk: what is not on stable storage may be gone after a crash.
func TestAFollowerWaitsForTheDisk(t *testing.T) {
	f := filled(t, 30, false)
	follower := Follow(f.log(), 0, func() int64 { return 5 })
	defer follower.Close()
	batch, err := follower.Next(context.Background(), 1<<20)
	if err != nil || len(batch) != 5 {
		t.Errorf("got %d lines, %v", len(batch), err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*followPause)
	defer cancel()
	if batch, err := follower.Next(ctx, 1<<20); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %d lines, %v", len(batch), err)
	}
}
