//go:build linux

package main

import (
	"context"
	"time"

	"twohop/internal/legacy"
)

// targets are the services behind the broker.
type targets struct {
	plain, old, soap *legacy.Server
	mortal           *legacy.Server // dies and comes back
}

func openTargets() (_ *targets, err error) {
	t := &targets{}
	defer func() {
		if err != nil {
			t.close()
		}
	}()
	if t.plain, err = legacy.PlainJSON(""); err != nil {
		return nil, err
	}
	if t.old, err = legacy.ResetsModern(""); err != nil {
		return nil, err
	}
	if t.soap, err = legacy.SOAPOverTLS10(""); err != nil {
		return nil, err
	}
	t.mortal, err = legacy.PlainJSON("")
	return t, err
}

func (t *targets) close() {
	for _, s := range []*legacy.Server{t.plain, t.old, t.soap, t.mortal} {
		if s != nil {
			s.Close()
		}
	}
}

// die cuts every call of the mortal target and lets it be away for a second, over and
// over, until ctx is done; it is there when die returns.
func (t *targets) die(ctx context.Context) error {
	for pause(ctx, 3*time.Second) {
		addr := t.mortal.Addr()
		t.mortal.Close()
		pause(ctx, time.Second)
		var err error
		if t.mortal, err = legacy.PlainJSON(addr); err != nil {
			return err
		}
	}
	return nil
}

// pause waits and reports whether ctx is not done yet.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
