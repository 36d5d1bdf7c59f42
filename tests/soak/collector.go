//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// collector is where the broker ships its audit log to: a syslog receiver (RFC 6587,
// octet-counted) that goes away and comes back.
type collector struct {
	addr string

	mu      sync.Mutex
	open    net.Listener // nil while it is away
	conns   map[net.Conn]bool
	reading sync.WaitGroup
	next    int64 // index of the line that is to come
	lines   int64 // with those that came again
	gap     error // the first line that never came
	outages int
}

func openCollector() (*collector, error) {
	c := &collector{addr: "127.0.0.1:0", conns: map[net.Conn]bool{}}
	return c, c.up()
}

// up listens at the collector's address.
func (c *collector) up() error {
	l, err := net.Listen("tcp", c.addr)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.addr, c.open = l.Addr().String(), l
	c.reading.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.mu.Lock()
			c.conns[conn] = true
			c.mu.Unlock()
			c.reading.Go(func() { c.read(conn) })
		}
	})
	return nil
}

// down hangs up, and waits until what came is read.
func (c *collector) down() {
	c.mu.Lock()
	c.open.Close()
	for conn := range c.conns {
		conn.Close()
	}
	c.outages++
	c.mu.Unlock()
	c.reading.Wait()
}

// flap goes away for a while again and again until ctx is done; then it is there.
func (c *collector) flap(ctx context.Context, there, away time.Duration) error {
	for pause(ctx, there) {
		c.down()
		pause(ctx, away)
		if err := c.up(); err != nil {
			return err
		}
	}
	return nil
}

func (c *collector) read(conn net.Conn) {
	defer func() {
		conn.Close()
		c.mu.Lock()
		delete(c.conns, conn)
		c.mu.Unlock()
	}()
	in := bufio.NewReader(conn)
	for {
		text, err := in.ReadString(' ')
		if err != nil {
			return
		}
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n > 1<<20 {
			c.broken(fmt.Errorf("a frame begins with %q", text))
			return
		}
		frame := make([]byte, n)
		if _, err := io.ReadFull(in, frame); err != nil {
			return
		}
		c.take(string(frame))
	}
}

func (c *collector) take(frame string) {
	_, rest, _ := strings.Cut(frame, ` index="`)
	text, _, _ := strings.Cut(rest, `"`)
	i, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		c.broken(fmt.Errorf("no index in %.200s", frame))
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines++
	if i > c.next && c.gap == nil {
		c.gap = fmt.Errorf("line %d came, line %d never did", i, c.next)
	}
	c.next = max(c.next, i+1)
}

func (c *collector) broken(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gap == nil {
		c.gap = err
	}
}

// has waits until the collector has so many lines of the log.
func (c *collector) has(ctx context.Context, size int64) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		c.mu.Lock()
		next, gap := c.next, c.gap
		c.mu.Unlock()
		if gap != nil || next >= size {
			return gap
		}
		if !pause(ctx, 100*time.Millisecond) {
			return fmt.Errorf("the collector got %d of %d lines of the audit log", next, size)
		}
	}
}

// totals are the outages so far, the lines that came, and those among them that came again.
func (c *collector) totals() (outages int, lines, again int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.outages, c.next, c.lines - c.next
}
