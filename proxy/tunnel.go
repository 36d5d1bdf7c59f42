package proxy

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"twohop/audit"
	"twohop/internal/fault"
)

// tunnel carries a WebSocket after both sides agreed to it. Its bytes pass as they are
// until one side ends; the end is recorded after that.
func (c *call) tunnel(resp *http.Response) error {
	if !c.upgrades() {
		return fault.New(fault.TargetBadAnswer, "the target answered 101, which nobody asked for")
	}
	target, ok := resp.Body.(io.ReadWriter)
	if !ok {
		return errors.New("no connection came with the answer 101")
	}
	c.status = resp.StatusCode
	c.answerHeader(resp.Header)
	header := c.w.Header().Clone()
	header["Connection"], header["Upgrade"] = []string{"Upgrade"}, []string{"websocket"}
	delete(header, "Content-Type")
	caller, buffered, err := c.rc.Hijack()
	if err != nil {
		return err
	}
	defer caller.Close()
	caller.SetDeadline(time.Time{})
	c.sent = true
	io.WriteString(buffered, "HTTP/1.1 101 Switching Protocols\r\n")
	header.Write(buffered)
	io.WriteString(buffered, "\r\n")
	if err := buffered.Flush(); err != nil {
		return callerHungUp(err)
	}
	if err := c.shuttle(caller, buffered.Reader, target); err != nil {
		return err
	}
	resp.Body.Close()
	return c.record(audit.End)
}

// shuttle copies both ways until one side ends. The error is why it did, nil when the
// connection was closed in order.
func (c *call) shuttle(caller net.Conn, in io.Reader, target io.ReadWriter) error {
	ends := make(chan error, 2)
	var out atomic.Int64
	var both sync.WaitGroup
	both.Go(func() {
		_, err := io.Copy(counting{target, &c.body.read}, in)
		ends <- err
	})
	both.Go(func() {
		_, err := io.Copy(counting{toCaller{caller, c.route.limits.Idle}, &out}, target)
		ends <- err
	})
	long := time.NewTimer(c.long)
	defer long.Stop()
	var err error
	select {
	case err = <-ends:
	case <-long.C:
		c.out = out.Load()
		if err = c.record(audit.Started); err == nil {
			err = <-ends
		}
	}
	c.hangUp()
	caller.Close()
	both.Wait()
	c.out = out.Load()
	var known *fault.Fault
	if err == nil || errors.As(err, &known) { // the target's side has faults
		return err
	}
	return callerHungUp(err)
}

// counting counts what is written.
type counting struct {
	io.Writer
	n *atomic.Int64
}

func (w counting) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.n.Add(int64(n))
	return n, err
}

// toCaller cuts a caller that stops reading.
type toCaller struct {
	net.Conn
	limit time.Duration
}

func (w toCaller) Write(p []byte) (int, error) {
	w.SetWriteDeadline(time.Now().Add(w.limit))
	return w.Conn.Write(p)
}

func callerHungUp(err error) *fault.Fault {
	return fault.New(fault.CallerGone, "the caller broke the connection off").Because(err)
}
