package sink

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"twohop/audit/trail"
)

func TestEveryLineArrivesInOrderAndTheCursorFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := newLog(t), &receiver{}
		s := run(t, r, w.log())
		for range 300 { // over several segments
			w.add(3)
			pass(10 * time.Millisecond)
		}
		pass(2 * time.Second)
		if d := cmp.Diff(upTo(w.Durable()), r.received()); d != "" {
			t.Error(d)
		}
		if c, err := readCursor(w.Dir, "test"); err != nil || c.Next != w.Durable() || c.Origin != "twohop/test/log-1" {
			t.Errorf("the cursor is %+v, %v", c, err)
		}
		if got, want := s.Status(), (Status{Up: true, Shipped: w.Durable()}); got != want {
			t.Errorf("the status is %+v", got)
		}
		if len(s.told()) > 0 {
			t.Errorf("told of %v", s.told())
		}
	})
}

// The cursor costs an fsync; the calls must not wait for the disk because of a sink.
func TestTheCursorIsWrittenOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newLog(t)
		run(t, &receiver{}, w.log())
		writes := map[int64]bool{}
		for range 1000 {
			w.add(1)
			pass(10 * time.Millisecond)
			if c, err := readCursor(w.Dir, "test"); err == nil {
				writes[c.Next] = true
			}
		}
		if n := len(writes); n < 8 || n > 12 {
			t.Errorf("written %d times in 10 s", n)
		}
	})
}

func TestAnHourWithoutTheSinkLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newLog(t)
		w.add(10)
		away := true
		r := &receiver{connect: func() error {
			if away {
				return errors.New("nobody there")
			}
			return nil
		}}
		began := time.Now()
		s := run(t, r, w.log())
		for range 3600 {
			pass(time.Second)
			w.add(1)
		}
		r.mu.Lock()
		tries := r.connects
		away = false
		r.mu.Unlock()
		if tries < 60 || tries > 150 { // one to two a minute
			t.Errorf("tried %d times in an hour", tries)
		}
		if got := s.Status(); got.Up || got.Lag != w.Durable() || got.Age.Round(time.Minute) != time.Hour || got.Failures != int64(tries) {
			t.Errorf("meanwhile the status is %+v", got)
		}
		pass(2 * time.Minute)
		if err := whole(r.received(), w.Durable()); err != nil {
			t.Error(err)
		}
		if d := cmp.Diff([]State{Down, StillDown, Up}, s.told()); d != "" {
			t.Error(d)
		}
		for _, c := range s.changes {
			if !c.Since.Equal(began) || c.State != Up && c.Why != "nobody there" {
				t.Errorf("told %+v", c)
			}
		}
		if got := s.Status(); !got.Up || got.Lag != 0 || got.Age != 0 {
			t.Errorf("afterwards the status is %+v", got)
		}
	})
}

func TestAShortOutageIsNotToldOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := newLog(t), &receiver{}
		s := run(t, r, w.log())
		pass(10 * time.Second)
		r.broken(io.EOF)
		pass(50 * time.Millisecond) // before the next try
		if s.Status().Up {
			t.Error("a link that broke while nothing was sent was not noticed")
		}
		pass(2 * time.Second)
		if got := s.Status(); !got.Up || got.Failures != 1 || len(s.told()) > 0 {
			t.Errorf("the status is %+v, told of %v", got, s.told())
		}
		w.add(1)
		pass(2 * time.Second)
		if err := whole(r.received(), w.Durable()); err != nil {
			t.Error(err)
		}
	})
}

// A crash is played by an end that confirms nothing.
func TestWhatWasOnItsWayInACrashIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newLog(t)
		r := &receiver{settle: 5 * time.Second, finish: func(context.Context) error { return errors.New("no time for that") }}
		s := run(t, r, w.log())
		w.add(50)
		pass(10 * time.Second)
		settled := w.Durable()
		w.add(50)
		pass(4 * time.Second)
		if got := r.received(); int64(len(got)) != w.Durable() {
			t.Fatalf("%d of %d lines were sent", len(got), w.Durable())
		}
		if got := s.Status(); got.Lag != w.Durable()-settled || got.Age.Round(time.Second) != 4*time.Second {
			t.Errorf("sent and not yet delivered: %+v", got)
		}
		if s.stop() == nil {
			t.Error("the shipper says that all was delivered")
		}
		r2 := &receiver{}
		run(t, r2, w.log())
		pass(2 * time.Second)
		if want := upTo(w.Durable())[settled:]; !slices.Equal(want, r2.received()) {
			t.Errorf("after the crash %v came, want %v", r2.received(), want)
		}
	})
}

func TestTheLastLinesAreShippedBeforeTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := newLog(t), &receiver{settle: time.Hour}
		s := run(t, r, w.log())
		pass(time.Minute)
		w.add(2000)
		began := time.Now()
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		if err := whole(r.received(), w.Durable()); err != nil {
			t.Error(err)
		}
		if c, err := readCursor(w.Dir, "test"); err != nil || c.Next != w.Durable() {
			t.Errorf("the cursor is %+v, %v, and the log has %d lines", c, err, w.Durable())
		}
		if took := time.Since(began); took >= patience {
			t.Errorf("took %v", took)
		}
		if r.open != 0 {
			t.Errorf("%d links are left open", r.open)
		}
	})
}

func TestTheEndDoesNotWaitForAReceiverThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newLog(t)
		r := &receiver{settle: time.Hour, finish: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
		s := run(t, r, w.log())
		pass(time.Minute)
		began := time.Now()
		if s.stop() == nil {
			t.Error("what hangs was taken as delivered")
		}
		if took := time.Since(began); took != patience {
			t.Errorf("took %v", took)
		}
		if c, err := readCursor(w.Dir, "test"); err == nil && c.Next > 0 {
			t.Errorf("the cursor is %+v", c)
		}
	})
}

func TestALogThatHasEndedIsShippedToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := newLog(t), &receiver{settle: time.Hour}
		w.add(500)
		log := w.log()
		log.Ended = true
		if err := New("test", r, log, nil).Run(t.Context()); err != nil {
			t.Error(err)
		}
		if d := cmp.Diff(upTo(w.Durable()), r.received()); d != "" {
			t.Error(d)
		}
	})
}

func TestWhatAReceiverRefusesForGoodDoesNotHoldUpTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newLog(t)
		r := &receiver{send: func([]trail.Line) (*Refusal, error) { return &Refusal{2, "too large"}, nil }}
		s := run(t, r, w.log())
		pass(2 * time.Second)
		if got := s.Status(); got.Refused != 2 || got.Lag != 0 || !got.Up {
			t.Errorf("the status is %+v", got)
		}
		if len(s.changes) != 1 || s.changes[0].State != Refused || s.changes[0].Records != 2 || s.changes[0].Why != "too large" {
			t.Errorf("told %+v", s.changes)
		}
	})
}

func TestAReceiverThatSaysWhenToComeAgainIsHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newLog(t)
		var at []time.Duration
		began := time.Now()
		r := &receiver{send: func([]trail.Line) (*Refusal, error) {
			if at = append(at, time.Since(began)); len(at) == 1 {
				return nil, &delayed{errors.New("busy"), 5 * time.Minute}
			}
			return nil, nil
		}}
		run(t, r, w.log())
		pass(10 * time.Minute)
		if want := []time.Duration{0, 5 * time.Minute}; !slices.Equal(at, want) {
			t.Errorf("sent after %v, want %v", at, want)
		}
	})
}

func TestACursorThatDoesNotFitMeansAllOverAgain(t *testing.T) {
	for name, content := range map[string]string{
		"of another log": `{"origin":"twohop/other/log-1","next":2}`, "beyond the end": `{"origin":"twohop/test/log-1","next":99999}`,
		"damaged": `{"origin":`, "negative": `{"origin":"twohop/test/log-1","next":-1}`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, r := newLog(t), &receiver{}
				w.add(10)
				if err := os.WriteFile(cursorFile(w.Dir, "test"), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
				s := run(t, r, w.log())
				pass(2 * time.Second)
				if d := cmp.Diff(upTo(w.Durable()), r.received()); d != "" {
					t.Error(d)
				}
				if !slices.Equal(s.told(), []State{Restarted}) {
					t.Errorf("told %+v", s.changes)
				}
			})
		})
	}
}

func TestLinesThatWereDeletedBeforeTheyWereShippedAreToldOf(t *testing.T) {
	for name, begun := range map[string]bool{"a sink that has some of the log": true, "a new sink": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, r := newLog(t), &receiver{}
				for range 30 {
					w.add(20)
				}
				segments, err := w.Segments()
				if err != nil || len(segments) < 3 {
					t.Fatal(len(segments), err)
				}
				next, told := int64(0), Begins
				if begun {
					next, told = 7, Missing
					if err := (cursor{"twohop/test/log-1", next, time.Now()}).write(w.Dir, "test"); err != nil {
						t.Fatal(err)
					}
				}
				for _, s := range segments[:2] {
					if err := os.Remove(s.Path()); err != nil {
						t.Fatal(err)
					}
				}
				s := run(t, r, w.log())
				pass(2 * time.Second)
				first := segments[2].First()
				if want := upTo(w.Durable())[first:]; !slices.Equal(want, r.received()) {
					t.Errorf("%v came, want %v", r.received(), want)
				}
				if len(s.changes) != 1 || s.changes[0].State != told || begun && s.changes[0].Records != first-next {
					t.Errorf("told %+v", s.changes)
				}
			})
		})
	}
}

// TestANewSinkIsToldOfOnce fails to deliver the first line that there is.
func TestANewSinkIsToldOfOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, tries := newLog(t), 0
		for range 30 {
			w.add(20)
		}
		segments, err := w.Segments()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(segments[0].Path()); err != nil {
			t.Fatal(err)
		}
		s := run(t, &receiver{send: func([]trail.Line) (*Refusal, error) {
			if tries++; tries < 4 {
				return nil, io.ErrUnexpectedEOF
			}
			return nil, nil
		}}, w.log())
		pass(4 * time.Second)
		if tries < 4 || !slices.Equal(s.told(), []State{Begins}) {
			t.Errorf("after %d tries told %+v", tries, s.changes)
		}
	})
}

func TestOnlyOneShipsALogForASink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := newLog(t), &receiver{}
		first := run(t, r, w.log())
		synctest.Wait()
		r2 := &receiver{}
		run(t, r2, w.log())
		pass(time.Minute)
		if n := len(r2.received()); n > 0 {
			t.Errorf("the second has shipped %d lines beside the first", n)
		}
		if err := first.stop(); err != nil {
			t.Error(err)
		}
		shipped := w.Durable()
		w.add(1)
		pass(time.Minute)
		if got := r2.received(); !slices.Equal(got, upTo(w.Durable())[shipped:]) {
			t.Errorf("the second has shipped %v", got)
		}
	})
}

// TestNoGapWhateverFails lets everything fail that can, at random, over many lives of the
// shipper.
func TestNoGapWhateverFails(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			w := newLog(t)
			dice, theirs := rand.New(rand.NewPCG(seed, 0)), rand.New(rand.NewPCG(seed, 1))
			fails := func() error {
				if theirs.IntN(3) == 0 {
					return io.ErrUnexpectedEOF
				}
				return nil
			}
			calm := false
			r := &receiver{settle: 500 * time.Millisecond, connect: fails}
			r.send = func([]trail.Line) (*Refusal, error) { // some of what it got is kept all the same
				if err := fails(); err != nil && !calm {
					r.got = r.got[:len(r.got)-theirs.IntN(2)]
					return nil, err
				}
				return nil, nil
			}
			r.finish = func(context.Context) error { return fails() }
			for range 15 {
				s := run(t, r, w.log())
				for range 5 {
					w.add(dice.IntN(100))
					pass(time.Duration(dice.IntN(3000)) * time.Millisecond)
				}
				s.stop() // it may fail
				c, err := readCursor(w.Dir, "test")
				if err != nil && !errors.Is(err, errNoCursor) {
					t.Fatal(err)
				}
				if err := whole(r.received(), max(c.Next, int64(slices.Max(append(r.received(), -1)))+1)); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				if got := slices.Max(append(r.received(), -1)); c.Next > got+1 {
					t.Fatalf("seed %d: the cursor is at %d and %d came", seed, c.Next, got)
				}
			}
			calm = true
			run(t, r, w.log())
			pass(20 * time.Minute)
			if err := whole(r.received(), w.Durable()); err != nil {
				t.Errorf("seed %d: %v", seed, err)
			}
		})
	}
}
