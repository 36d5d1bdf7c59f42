//go:build linux

package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"slices"
	"sync"
	"time"
)

// result is what a load came to. Its close, if not nil, ends what it left open.
type result struct {
	count    int // of the work's unit
	wall     time.Duration
	p50, p99 time.Duration
	close    func()
}

// together runs do for workers at once, each of which returns how long each of its steps
// took. It fails with the first error.
func together(workers int, do func(worker int) ([]time.Duration, error)) (result, error) {
	begun := time.Now()
	took := make([][]time.Duration, workers)
	failed := make([]error, workers)
	var running sync.WaitGroup
	for i := range workers {
		running.Go(func() { took[i], failed[i] = do(i) })
	}
	running.Wait()
	wall := time.Since(begun)
	for _, err := range failed {
		if err != nil {
			return result{}, err
		}
	}
	all := slices.Concat(took...)
	return result{count: len(all), wall: wall, p50: quantile(all, 0.5), p99: quantile(all, 0.99)}, nil
}

// paced calls path over connections, rate times a second in all, whether or not earlier
// answers are late: what a call waits for its turn counts. A timer that fires late does
// not.
func paced(e endpoint, path string, connections, rate int, d time.Duration) (result, error) {
	every := time.Duration(connections) * time.Second / time.Duration(rate)
	begun := time.Now()
	return together(connections, func(worker int) ([]time.Duration, error) {
		c, err := dial(e.address, e.tls())
		if err != nil {
			return nil, err
		}
		defer c.Close()
		var took []time.Duration
		due := begun.Add(every * time.Duration(worker) / time.Duration(connections))
		for ; due.Sub(begun) < d; due = due.Add(every) {
			from := due
			if wait := time.Until(due); wait > 0 {
				time.Sleep(wait)
				from = time.Now()
			}
			if _, err := c.get(path); err != nil {
				return nil, err
			}
			took = append(took, time.Since(from))
		}
		return took, nil
	})
}

// expecting posts bodies of size bytes as .NET does, over connections, one after the
// other.
func expecting(e endpoint, path string, connections, size int, d time.Duration) (result, error) {
	body := bytes.Repeat([]byte("x"), size)
	end := time.Now().Add(d)
	return together(connections, func(int) ([]time.Duration, error) {
		c, err := dial(e.address, e.tls())
		if err != nil {
			return nil, err
		}
		defer c.Close()
		var took []time.Duration
		for time.Now().Before(end) {
			from := time.Now()
			waited, err := c.postAsDotNET(path, body)
			if err == nil && waited {
				err = fmt.Errorf("no 100 Continue within 350 ms")
			}
			if err != nil {
				return nil, err
			}
			took = append(took, time.Since(from))
		}
		return took, nil
	})
}

// handshakes makes connections and closes them, a few at a time. With resume all but the
// first resume that one's session, which it gets by a GET of path.
func handshakes(e endpoint, c *tls.Config, path string, resume bool, d time.Duration) (result, error) {
	if resume {
		c.ClientSessionCache = &session{}
		first, err := dial(e.address, c)
		if err != nil {
			return result{}, err
		}
		defer first.Close()
		if _, err := first.get(path); err != nil { // tickets of TLS 1.3 come with the answer
			return result{}, err
		}
	}
	end := time.Now().Add(d)
	return together(8, func(int) ([]time.Duration, error) {
		var took []time.Duration
		for time.Now().Before(end) {
			from := time.Now()
			conn, err := dial(e.address, c)
			if err != nil {
				return nil, err
			}
			took = append(took, time.Since(from))
			resumed := conn.Conn.(*tls.Conn).ConnectionState().DidResume
			conn.Close()
			if resumed != resume {
				return nil, fmt.Errorf("a session was resumed: %v; wanted: %v", resumed, resume)
			}
		}
		return took, nil
	})
}

// stream reads one long answer and counts MiB.
func stream(e endpoint, path string) (result, error) {
	c, err := dial(e.address, e.tls())
	if err != nil {
		return result{}, err
	}
	defer c.Close()
	begun := time.Now()
	n, err := c.get(path)
	if err == nil && n != streamed {
		err = fmt.Errorf("%d bytes came of %d", n, streamed)
	}
	return result{count: streamed >> 20, wall: time.Since(begun)}, err
}

// idle makes n connections, calls path once on each, and leaves them open until close.
func idle(e endpoint, path string, n int) (result, error) {
	const workers = 16
	var mu sync.Mutex
	var open []*caller
	r, err := together(workers, func(worker int) ([]time.Duration, error) {
		var took []time.Duration
		for i := worker; i < n; i += workers {
			from := time.Now()
			c, err := dial(e.address, e.tls())
			if err != nil {
				return nil, err
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			if _, err := c.get(path); err != nil {
				return nil, err
			}
			c.r, c.buffer = nil, nil
			took = append(took, time.Since(from))
		}
		return took, nil
	})
	r.close = func() {
		for _, c := range open {
			c.Close()
		}
	}
	return r, err
}
