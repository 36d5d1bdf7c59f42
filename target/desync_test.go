package target

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"twohop/internal/fault"
)

// corked lets several TLS records go as one piece.
type corked struct {
	net.Conn
	on   bool
	kept bytes.Buffer
}

func (c *corked) Write(p []byte) (int, error) {
	if c.on {
		return c.kept.Write(p)
	}
	return c.Conn.Write(p)
}

const evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"

// What a target sends unasked over TLS is never the next caller's answer, wherever it
// waits: in the record of the answer, in one behind it, or in a part of one.
func TestWhatComesUnaskedOverTLSIsNoAnswer(t *testing.T) {
	big := "HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n" + strings.Repeat("x", 40000)
	for name, c := range map[string]struct {
		records []string
		held    int // bytes of the last record that come later
	}{
		"in a record of its own":     {[]string{okay, evil}, 0},
		"behind an answer of 204":    {[]string{"HTTP/1.1 204 No Content\r\n\r\n", evil}, 0},
		"in the answer's record":     {[]string{okay + evil}, 0},
		"in the last of many":        {[]string{big + evil}, 0},
		"in a record that is torn":   {[]string{okay, evil}, 20},
		"in a header that is torn":   {[]string{okay, ""}, -2},
		"a chunk more":               {[]string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n"}, 0},
		"far more than was expected": {[]string{okay, strings.Repeat(evil, 2000)}, 0},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(tls.VersionName(version)+", "+name, func(t *testing.T) {
				ca := newAuthority(t, nil)
				config := &tls.Config{Certificates: []tls.Certificate{*issue(t, ca, nil)}, MaxVersion: version}
				cfg := secure(listen(t, func(raw net.Conn) {
					wire := &corked{Conn: raw}
					s := tls.Server(wire, config)
					in := bufio.NewReader(s)
					for {
						r, err := http.ReadRequest(in)
						if err != nil {
							return
						}
						if r.URL.Path != "/first" {
							io.WriteString(s, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhonest")
							continue
						}
						wire.on = true
						for _, text := range c.records {
							if text != "" {
								io.WriteString(s, text)
							}
						}
						all := wire.kept.Bytes()
						switch {
						case c.held > 0:
							all = all[:len(all)-c.held]
						case c.held < 0: // the beginning of a record's header
							all = append(all, 23, 3)
						}
						raw.Write(all)
						wire.on = false
					}
				}))
				cfg.CA = trusting(t, ca.cert)
				x := newTarget(t, cfg)
				if _, _, err := call(x, request(t, x, "GET", "/first", nil), patient); err != nil {
					t.Fatal(err)
				}
				time.Sleep(20 * time.Millisecond) // until it is here
				got, h, err := call(x, request(t, x, "GET", "/second", nil), patient)
				if err != nil || got != "honest" || h.Reused {
					t.Errorf("%q, %v, reused %v", got, err, h.Reused)
				}
			})
		}
	}
}

// A connection over TLS is used again for all that.
func TestAKeptConnectionOverTLSServesAgain(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		c := trusted(t, &tls.Config{MaxVersion: version})
		x := newTarget(t, c)
		for n := range 5 {
			if _, h, err := get(t, x); err != nil || h.Reused != (n > 0) {
				t.Errorf("%s, call %d: %v, %+v", tls.VersionName(version), n, err, h)
			}
		}
	}
}

// A body at hand does not keep an early answer from being read, and has the limits of one
// that is streamed.
func TestDataIsAnsweredEarlyAndMayBeSlow(t *testing.T) {
	t.Run("early", func(t *testing.T) {
		x := newTarget(t, plain(listen(t, func(c net.Conn) {
			http.ReadRequest(bufio.NewReader(c))
			io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nlarge")
			<-t.Context().Done()
		})))
		got, _, err := send(x, &Call{Request: request(t, x, "POST", "/", nil), Data: make([]byte, 32<<20), Limits: patient})
		if err != nil || got != "large" {
			t.Errorf("%q, %v", got, err)
		}
	})
	t.Run("slow", func(t *testing.T) {
		x := newTarget(t, plain(listen(t, func(c net.Conn) {
			c.(*net.TCPConn).SetReadBuffer(64 << 10) // or megabytes wait in it after the body is sent, and FirstByte runs
			r, err := http.ReadRequest(bufio.NewReader(c))
			if err != nil {
				return
			}
			part := make([]byte, 1<<20)
			for {
				if _, err := io.ReadFull(r.Body, part); err != nil {
					break
				}
				time.Sleep(short / 2)
			}
			io.WriteString(c, okay)
		})))
		l := Limits{FirstByte: 4 * short, Idle: 20 * short}
		if got, h, err := send(x, &Call{Request: request(t, x, "POST", "/", nil), Data: make([]byte, 24<<20), Limits: l}); err != nil || got != "hello" || h.Sent != 24<<20 {
			t.Errorf("%q, %v, %+v", got, err, h)
		}
	})
}

func TestAnAnswerWithoutAStatus(t *testing.T) {
	for _, status := range []string{"099", "000", "+12"} {
		x := newTarget(t, plain(saying(t, "HTTP/1.1 "+status+" X\r\nContent-Length: 2\r\n\r\nhi")))
		_, _, err := get(t, x)
		isFault(t, err, fault.TargetBadAnswer)
	}
}

func TestAMethodThatIsNone(t *testing.T) {
	x := newTarget(t, plain("127.0.0.1:1"))
	req := request(t, x, "GET", "/real", nil)
	req.Method = "GET /admin HTTP/1.1"
	_, _, err := call(x, req, patient)
	isFault(t, err, fault.BadRequest)
}

// TestATunnelThatIsResetFromBothSides is for the race detector.
func TestATunnelThatIsResetFromBothSides(t *testing.T) {
	x := newTarget(t, plain(listen(t, func(c net.Conn) {
		http.ReadRequest(bufio.NewReader(c))
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
		for range 20 {
			io.WriteString(c, "x")
			time.Sleep(time.Millisecond)
		}
		c.(*net.TCPConn).SetLinger(0)
	})))
	for range 10 {
		resp, err := x.Do(&Call{Request: request(t, x, "GET", "/", nil), Limits: patient}, &Hop{})
		if err != nil {
			t.Fatal(err)
		}
		both := resp.Body.(io.ReadWriteCloser)
		done := make(chan struct{})
		go func() {
			io.Copy(io.Discard, both)
			close(done)
		}()
		for err == nil {
			_, err = io.WriteString(both, "y")
		}
		<-done
		both.Close()
	}
}
