package sink

import (
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

func TestWhatAProcessLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := newLog(t), &receiver{}
		w.add(200)
		left, any, err := Left(w.Log, "test")
		if err != nil || !any || !left.Ended || left.End() != w.Durable() {
			t.Fatalf("%+v, %v, %v", left, any, err)
		}
		s := run(t, r, w.log())
		synctest.Wait()
		if _, any, err := Left(w.Log, "test"); err != nil || any {
			t.Errorf("while it is shipped: %v, %v", any, err)
		}
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
		if _, any, err := Left(w.Log, "test"); err != nil || any {
			t.Errorf("when all is delivered: %v, %v", any, err)
		}
		shipped := w.Durable()
		w.add(3)
		left, any, err = Left(w.Log, "test")
		if err != nil || !any {
			t.Fatal(any, err)
		}
		r2 := &receiver{}
		if err := New("test", r2, left, nil).Run(t.Context()); err != nil {
			t.Error(err)
		}
		if d := cmp.Diff(upTo(w.Durable())[shipped:], r2.received()); d != "" {
			t.Error(d)
		}
	})
}

func TestNothingIsLeftOfALogThatNobodyWrote(t *testing.T) {
	w := newLog(t)
	other := w.Log
	other.Dir = w.Dir[:len(w.Dir)-1] + "2" // Init makes two
	if _, any, err := Left(other, "test"); err != nil || any {
		t.Errorf("%v, %v", any, err)
	}
}
