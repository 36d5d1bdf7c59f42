//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// load makes all kinds of calls for a while, beside reloads and a target that dies.
func load(ctx context.Context, b *broker, t *targets, length time.Duration, into *tally) error {
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	var running sync.WaitGroup
	for _, k := range kinds {
		for range k.callers {
			running.Go(func() { k.repeat(ctx, b, into) })
		}
	}
	var errs [3]error
	for i, chore := range []func(context.Context) error{b.reload, b.watch, t.die} {
		running.Go(func() {
			if errs[i] = chore(ctx); errs[i] != nil {
				cancel()
			}
		})
	}
	running.Wait()
	return errors.Join(errs[:]...)
}

// repeat makes calls until ctx is done. A call that has begun goes on to its end.
func (k kind) repeat(ctx context.Context, b *broker, into *tally) {
	c := b.client(k.http2)
	defer c.CloseIdleConnections()
	one := k.make(b, c)
	for ctx.Err() == nil {
		begun := time.Now()
		outcome, err := one(context.WithoutCancel(ctx))
		into.add(k.name, outcome, err, time.Since(begun))
		pause(ctx, k.rest)
	}
}

// tally is what came of the calls. It is safe for concurrent use.
type tally struct {
	mu       sync.Mutex
	outcomes map[string]map[string]int // by kind and outcome
	times    map[string]*times         // by kind
	wrong    []string                  // the first of the calls that should not have failed
	failed   int
}

func newTally() *tally {
	return &tally{outcomes: map[string]map[string]int{}, times: map[string]*times{}}
}

// mostShown is how many failures are told in words.
const mostShown = 20

func (t *tally) add(kind, outcome string, err error, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.outcomes[kind] == nil {
		t.outcomes[kind], t.times[kind] = map[string]int{}, &times{}
	}
	if err != nil {
		t.failed++
		outcome = "FAILED"
		if len(t.wrong) < mostShown {
			t.wrong = append(t.wrong, fmt.Sprintf("%s %s: %v", time.Now().Format(time.TimeOnly), kind, err))
		}
	}
	t.outcomes[kind][outcome]++
	t.times[kind].add(took)
}

// answered counts the calls of which the caller has a whole answer.
func (t *tally) answered() (n int64) {
	for _, outcomes := range t.outcomes {
		for outcome, count := range outcomes {
			switch outcome {
			case "hung up", "handshake refused", "cut as the target did", "FAILED":
			default:
				n += int64(count)
			}
		}
	}
	return n
}
