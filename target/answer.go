package target

import (
	"io"
	"net/http"
)

// answer is the body of the target's answer on its way to the caller.
type answer struct {
	io.ReadCloser
	x      *exchange
	want   int64 // announced length, -1 for none
	last   bool  // the target ends the connection after it
	whole  bool
	closed bool
}

func (a *answer) Read(p []byte) (int, error) {
	a.x.watch.enter(answering)
	n, err := a.ReadCloser.Read(p)
	a.x.watch.enter(resting)
	a.x.h.Received += int64(n)
	a.whole = err == io.EOF || a.x.h.Received == a.want
	if err != nil && err != io.EOF {
		err = a.explain(err)
	}
	return n, err
}

// Close ends the exchange; the Hop is final when it returns. The body below is not
// closed: it would read on to its end.
func (a *answer) Close() error {
	if !a.closed {
		a.closed = true
		a.x.end(a.whole || a.ReadCloser == http.NoBody)
	}
	return nil
}

// tunnel is the connection after a change of protocol. One goroutine may read while
// another writes; both must have come back before Close. Cancelling the call's context
// makes them.
type tunnel struct {
	answer
	c *conn
}

func (t *tunnel) Read(p []byte) (int, error) {
	t.x.watch.enter(upgraded)
	n, err := t.c.in.Read(p)
	t.x.watch.enter(upgraded)
	t.x.mu.Lock()
	t.x.h.Received += int64(n)
	t.x.mu.Unlock()
	if err != nil && err != io.EOF {
		err = t.explain(err)
	}
	return n, err
}

func (t *tunnel) Write(p []byte) (int, error) {
	n, err := t.c.Write(p)
	t.x.watch.enter(upgraded)
	t.x.mu.Lock()
	t.x.sent += int64(n)
	t.x.mu.Unlock()
	if err != nil {
		err = t.explain(err)
	}
	return n, err
}
