package sink

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"twohop/audit/trail"
)

// some are n lines of about size bytes from an index on.
func some(from, n int64, size int) (lines []trail.Line) {
	for i := range n {
		lines = append(lines, trail.Line{Index: from + i, Text: fmt.Appendf(nil, `{"n":%d,"text":%q}`, from+i, strings.Repeat("x", size))})
	}
	return lines
}

// syslogServer takes one connection and hands it to serve.
func syslogServer(t *testing.T, config *tls.Config, serve func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if config != nil {
			secure := tls.Server(conn, config)
			defer secure.Close()
			serve(secure)
			return
		}
		serve(conn)
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

// connect is Connect for a test; broken is what the link has told.
func connect(t *testing.T, s *Syslog) (l *syslogLink, broken context.Context) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	t.Cleanup(func() { cancel(nil) })
	link, err := s.Connect(ctx, "twohop/test/log-1", cancel)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(link.Close)
	return link.(*syslogLink), ctx
}

// age lets everything that was sent have been sent long ago.
func (l *syslogLink) age() {
	for i := range l.marks {
		l.marks[i].at = l.marks[i].at.Add(-settle)
	}
}

// eventually waits for what the other end does.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestSyslogOverTLS(t *testing.T) {
	a := newAuthority(t)
	got := make(chan []byte, 1)
	s := &Syslog{Address: syslogServer(t, a.server("127.0.0.1"), func(c net.Conn) {
		data, err := io.ReadAll(c)
		if err != nil {
			t.Error(err)
		}
		got <- data
	}), TLS: TLS{CA: a.CA}, Facility: 13, Enterprise: 32473}
	l, _ := connect(t, s)
	for i := range int64(3) {
		if refusal, err := l.Send(t.Context(), some(10*i, 10, 2000)); refusal != nil || err != nil {
			t.Fatal(refusal, err)
		}
	}
	if n := l.Delivered(); n != 0 {
		t.Errorf("%d lines count as delivered at once", n)
	}
	l.age()
	eventually(t, "30 lines to be delivered", func() bool { return l.Delivered() == 30 })
	if err := l.Finish(t.Context()); err != nil {
		t.Error(err)
	}
	messages := unframe(t, <-got)
	if len(messages) != 30 {
		t.Fatalf("%d messages came", len(messages))
	}
	for i, m := range messages {
		if want := string(some(int64(i), 1, 2000)[0].Text); !strings.HasSuffix(m, "] "+want) || !strings.Contains(m, fmt.Sprintf(`log="twohop/test/log-1" index="%d"`, i)) {
			t.Errorf("message %d is %.200s", i, m)
		}
	}
}

func TestASyslogReceiverThatCannotBeVerified(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	ignore := func(c net.Conn) { io.Copy(io.Discard, c) } // it ends with an error
	old := a.server("127.0.0.1")
	old.MaxVersion = tls.VersionTLS11
	for _, c := range []struct {
		name   string
		server *tls.Config
		client TLS
		want   string
	}{
		{"of another authority", a.server("127.0.0.1"), TLS{CA: other.CA}, "name its authority under ca"},
		{"by another name", a.server("siem.example"), TLS{CA: a.CA}, "name one of its names under server_name"},
		{"of an old TLS", old, TLS{CA: a.CA}, "protocol version"},
		{"without the authority's file", a.server("127.0.0.1"), TLS{CA: a.CA + ".gone"}, "ca: open"},
		{"with a key that is another's", a.server("127.0.0.1"), TLS{CA: a.CA, Cert: a.CA, Key: a.CA}, "certificate: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &Syslog{Address: syslogServer(t, c.server, ignore), TLS: c.client}
			l, err := s.Connect(t.Context(), "o", nil)
			if err == nil {
				l.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	t.Run("by the name that is given for it", func(t *testing.T) {
		connect(t, &Syslog{Address: syslogServer(t, a.server("siem.example"), ignore), TLS: TLS{CA: a.CA, ServerName: "siem.example"}})
	})
}

func TestClientCertificates(t *testing.T) {
	a := newAuthority(t)
	config := a.server("127.0.0.1")
	config.ClientAuth = tls.RequireAndVerifyClientCert
	cert, key := a.issue("broker")
	who := make(chan string, 1)
	serve := func(c net.Conn) {
		secure := c.(*tls.Conn)
		if secure.Handshake() == nil {
			who <- secure.ConnectionState().PeerCertificates[0].Subject.CommonName
			io.Copy(io.Discard, c) // until the test ends
		}
	}
	connect(t, &Syslog{Address: syslogServer(t, config, serve), TLS: TLS{CA: a.CA, Cert: cert, Key: key}})
	if name := <-who; name != "broker" {
		t.Errorf("it was shown the certificate of %q", name)
	}
	// In TLS 1.3 the refusal comes after the handshake, over which lines could be sent.
	_, broken := connect(t, &Syslog{Address: syslogServer(t, config, serve), TLS: TLS{CA: a.CA}})
	<-broken.Done()
	if err := context.Cause(broken); !strings.Contains(err.Error(), "certificate required") {
		t.Errorf("got %v", err)
	}
}

func TestAReceiverThatClosesIsNoticedWithoutAWrite(t *testing.T) {
	a := newAuthority(t)
	for name, server := range map[string]struct {
		plain bool
		serve func(net.Conn)
	}{
		"TLS":                      {false, func(c net.Conn) { c.(*tls.Conn).Handshake() }}, // judged by the client
		"TLS without close_notify": {false, func(c net.Conn) { c.(*tls.Conn).Handshake(); c.(*tls.Conn).NetConn().Close() }},
		"TCP":                      {true, func(net.Conn) {}},
		"reset":                    {true, func(c net.Conn) { time.Sleep(100 * time.Millisecond); c.(*net.TCPConn).SetLinger(0) }},
	} {
		t.Run(name, func(t *testing.T) {
			config := a.server("127.0.0.1")
			if server.plain {
				config = nil
			}
			_, broken := connect(t, &Syslog{Address: syslogServer(t, config, server.serve), TLS: TLS{CA: a.CA}, Plain: server.plain})
			select {
			case <-broken.Done():
			case <-time.After(10 * time.Second):
				t.Error("not noticed")
			}
		})
	}
}

// A receiver whose program hangs takes what its system has room for, and no more.
func TestWhatTheReceiversSystemHasNotTakenIsNotDelivered(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells what is acknowledged")
	}
	read := make(chan struct{})
	l, _ := connect(t, &Syslog{Plain: true, Address: syslogServer(t, nil, func(c net.Conn) {
		c.(*net.TCPConn).SetReadBuffer(16 << 10)
		<-read
		io.Copy(io.Discard, c)
	})})
	l.tcp.SetWriteBuffer(4 << 20)
	if _, err := l.Send(t.Context(), some(0, 1, 100)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * together) // a mark of its own
	if _, err := l.Send(t.Context(), some(1, 20, 10<<10)); err != nil {
		t.Fatal(err)
	}
	l.age()
	eventually(t, "the first line to be delivered", func() bool { return l.Delivered() == 1 })
	time.Sleep(300 * time.Millisecond)
	if n := l.Delivered(); n != 1 {
		t.Errorf("%d lines count as delivered and the receiver reads nothing", n)
	}
	close(read)
	eventually(t, "all lines to be delivered", func() bool { return l.Delivered() == 21 })
}

func TestASendEndsWithItsContext(t *testing.T) {
	release := make(chan struct{})
	l, _ := connect(t, &Syslog{Plain: true, Address: syslogServer(t, nil, func(net.Conn) { <-release })})
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	for range 100 { // 100 MiB, which no system takes for a program
		if _, err := l.Send(ctx, some(0, 1, 1<<20)); err != nil {
			return
		}
	}
	t.Error("all of it was sent")
}

func TestFinishTellsWhetherAllWasTaken(t *testing.T) {
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	for _, c := range []struct {
		name  string
		ctx   context.Context
		serve func(net.Conn)
		fine  bool
	}{
		{"a receiver that reads to the end", t.Context(), func(c net.Conn) { io.Copy(io.Discard, c) }, true},
		{"one that has read a part", t.Context(), func(c net.Conn) { c.Read(make([]byte, 10)); time.Sleep(100 * time.Millisecond) }, false},
		{"one that hangs", short, func(net.Conn) { time.Sleep(time.Second) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, broken := connect(t, &Syslog{Plain: true, Address: syslogServer(t, nil, c.serve)})
			ctx, cancel := context.WithCancel(c.ctx)
			defer cancel()
			defer context.AfterFunc(broken, cancel)()
			if _, err := l.Send(t.Context(), some(0, 50, 1000)); err != nil {
				t.Fatal(err)
			}
			if err := l.Finish(ctx); (err == nil) != c.fine {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, err = (&Syslog{Address: l.Addr().String()}).Connect(t.Context(), "o", nil)
	if err == nil || !strings.HasPrefix(err.Error(), "audit: ") || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v", err)
	}
	if errors.Is(err, io.EOF) || bytes.ContainsRune([]byte(err.Error()), '\n') {
		t.Errorf("got %v", err)
	}
}
