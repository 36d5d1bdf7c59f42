package proxy

import (
	"errors"
	"io"
	"net"
	"net/http"
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
	go func() {
		n, err := io.Copy(target, in)
		c.body.read.Add(n)
		ends <- err
	}()
	go func() {
		n, err := io.Copy(toCaller{caller, c.route.limits.Idle}, target)
		c.out = n
		ends <- err
	}()
	err := <-ends
	c.hangUp()
	caller.Close()
	<-ends
	var known *fault.Fault
	if err == nil || errors.As(err, &known) { // the target's side has faults
		return err
	}
	return callerHungUp(err)
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
