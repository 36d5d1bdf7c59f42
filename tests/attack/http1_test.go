//go:build linux

package attack

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// follow is asked for on the same connection after the case: its answer tells that the
// connection is open, and that the front and the caller still agree on where they are.
const (
	follow     = followLine + "\r\nHost: localhost\r\n\r\n"
	followLine = "GET /open/follow HTTP/1.1"
)

// responses reads answers from a connection.
type responses struct {
	in *bufio.Reader
}

func newResponses(c *tls.Conn) *responses { return &responses{bufio.NewReader(c)} }

type response struct {
	status int
	body   string
	close  bool
}

var errNoStatusLine = errors.New("an answer without a status line")

// next reads one answer; the interim ones before it are left out.
func (r *responses) next(method string) (response, error) {
	for {
		if _, err := r.in.Peek(1); err != nil {
			return response{}, err
		}
		resp, err := http.ReadResponse(r.in, &http.Request{Method: method})
		if err != nil {
			return response{}, errNoStatusLine
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return response{}, err
		}
		if resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			return response{resp.StatusCode, string(body), resp.Close}, nil
		}
	}
}

// silence is how long a front that says nothing is waited for. A case for which twohop
// must wait says half.
const silence = 8 * time.Second

// http1 sends bytes and reads until the front closes, or answers follow, or says nothing.
func (f *front) http1(a attack) (o outcome) {
	c, err := f.dial("http/1.1")
	if err != nil {
		return outcome{trouble: err.Error()}
	}
	sent := make(chan struct{})
	defer func() { c.Close(); <-sent }()
	go func() {
		defer close(sent)
		io.WriteString(c, a.send) // a front that refuses may close before it has everything
		if a.half {
			c.CloseWrite()
		}
	}()
	method, _, _ := strings.Cut(a.send, " ")
	var statuses []string
	asked := a.half // nothing can be asked after the end
	in := newResponses(c)
	for {
		c.SetReadDeadline(time.Now().Add(silence))
		if a.half || asked || len(statuses) > 0 {
			c.SetReadDeadline(time.Now().Add(patience))
		}
		got, err := in.next(method)
		if err != nil {
			o.closed = !timedOut(err)
			if err == errNoStatusLine {
				statuses = append(statuses, "(bytes)")
			}
			break
		}
		if asked && got.status == 200 && got.body+" HTTP/1.1" == followLine {
			o.followed = true
			break
		}
		statuses = append(statuses, strconv.Itoa(got.status))
		method = "GET" // of what may follow
		switch {
		case got.status == http.StatusSwitchingProtocols:
			o.answers = strings.Join(statuses, " ")
			return o
		case got.close:
			<-sent
			c.CloseWrite() // a front that drains what may still come need not wait
			asked = true
		case !asked:
			<-sent
			io.WriteString(c, follow) // a failure shows in the reading
			asked = true
		}
	}
	o.answers = strings.Join(statuses, " ")
	if o.answers == "" {
		o.answers = "-"
	}
	return o
}
