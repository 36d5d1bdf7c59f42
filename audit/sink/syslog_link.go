package sink

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"twohop/audit/trail"
)

const (
	settle        = 5 * time.Second // how long a connection must live on after a line was sent over it
	together      = 100 * time.Millisecond
	connectWithin = 10 * time.Second
	writeWithin   = 30 * time.Second // a batch; a receiver that stands still for longer is gone
)

// syslogLink is a connection over which nothing ever comes back. What was sent counts as
// delivered when the receiver's system has acknowledged it and the connection is still up
// some seconds later; and when the receiver, told of the end, has ended it without a reset.
type syslogLink struct {
	conn   net.Conn
	tcp    *counted
	frames *frames
	buf    []byte

	marks     []mark
	delivered int64

	finishing atomic.Bool
	ended     chan struct{} // closed when the receiver has ended the connection in order
	reader    sync.WaitGroup
}

// mark is what was sent at a time.
type mark struct {
	made, at time.Time // of the first and the last of it
	next     int64     // index of the line after it
	written  int64     // bytes on the connection by then
}

// Connect dials and, unless Plain, makes TLS.
func (s *Syslog) Connect(ctx context.Context, origin string, broken context.CancelCauseFunc) (Link, error) {
	ctx, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	d := net.Dialer{Control: noticeLoss, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}}
	conn, err := d.DialContext(ctx, "tcp", s.Address)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	l := &syslogLink{frames: newFrames(s, origin), tcp: &counted{TCPConn: conn.(*net.TCPConn)}, ended: make(chan struct{})}
	l.conn = l.tcp
	if !s.Plain {
		if l.conn, err = s.secure(ctx, l.tcp); err != nil {
			conn.Close()
			return nil, err
		}
	}
	l.reader.Go(func() { l.listen(broken) })
	return l, nil
}

func (s *Syslog) secure(ctx context.Context, tcp net.Conn) (net.Conn, error) {
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	config, err := s.TLS.config(host)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	conn := tls.Client(tcp, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("audit: TLS with %s: %w", s.Address, explained(err))
	}
	return conn, nil
}

// listen notices that the receiver goes, without anything being written: that its system
// takes what is written says little. It takes up alerts too: in TLS 1.3 a receiver may
// refuse a client certificate after the handshake.
func (l *syslogLink) listen(broken context.CancelCauseFunc) {
	_, err := io.Copy(io.Discard, l.conn)
	ends := err == nil || errors.Is(err, io.ErrUnexpectedEOF) // without close_notify, as many do
	switch {
	case ends && l.finishing.Load():
		close(l.ended)
	case ends:
		broken(errors.New("audit: the receiver has closed the connection"))
	default:
		broken(fmt.Errorf("audit: %w", err))
	}
}

func (l *syslogLink) Send(ctx context.Context, lines []trail.Line) (*Refusal, error) {
	l.buf = l.buf[:0]
	for _, line := range lines {
		l.buf = l.frames.append(l.buf, line)
	}
	l.conn.SetWriteDeadline(time.Now().Add(writeWithin))
	defer context.AfterFunc(ctx, func() { l.conn.SetWriteDeadline(time.Unix(1, 0)) })()
	if _, err := l.conn.Write(l.buf); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	l.mark(time.Now(), lines[len(lines)-1].Index+1)
	return nil, nil
}

// mark notes that all lines before next were sent; a few batches share a mark.
func (l *syslogLink) mark(now time.Time, next int64) {
	m := mark{now, now, next, l.tcp.written.Load()}
	if n := len(l.marks); n > 0 && now.Sub(l.marks[n-1].made) < together {
		m.made = l.marks[n-1].made
		l.marks[n-1] = m
		return
	}
	l.marks = append(l.marks, m)
}

func (l *syslogLink) Delivered() int64 {
	n := 0
	for now := time.Now(); n < len(l.marks) && now.Sub(l.marks[n].at) >= settle; n++ {
		if l.tcp.written.Load()-l.tcp.unacknowledged() < l.marks[n].written {
			break
		}
		l.delivered = l.marks[n].next
	}
	l.marks = append(l.marks[:0], l.marks[n:]...)
	return l.delivered
}

// Finish tells the receiver that nothing follows, and waits until it ends the connection
// too. A system that still had something for its program would reset it then.
func (l *syslogLink) Finish(ctx context.Context) error {
	l.finishing.Store(true)
	if secure, ok := l.conn.(*tls.Conn); ok {
		secure.CloseWrite() // what fails here shows in the wait
	}
	l.tcp.CloseWrite()
	select {
	case <-l.ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("audit: the receiver has not confirmed the last lines: %w", context.Cause(ctx))
	}
}

func (l *syslogLink) Close() {
	l.tcp.Close() // TLS would wait for its close_notify to be sent
	l.reader.Wait()
}

// counted is a connection that counts what was written to it.
type counted struct {
	*net.TCPConn
	written atomic.Int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.TCPConn.Write(p)
	c.written.Add(int64(n))
	return n, err
}
