package target

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twohop/internal/fault"
)

const okay = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

// saying is a server that answers every request with text.
func saying(t testing.TB, text string) string {
	return listen(t, func(c net.Conn) {
		for in := bufio.NewReader(c); ; {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			io.Copy(io.Discard, r.Body)
			io.WriteString(c, text)
		}
	})
}

// TestATargetThatDiesWhileTheCallerIsSilent must not wait for the caller.
func TestATargetThatDiesWhileTheCallerIsSilent(t *testing.T) {
	for name, c := range map[string]struct {
		method string
		length int64
		code   fault.Code
	}{
		"a POST":           {"POST", 1 << 20, fault.OutcomeUnknown},
		"a POST in chunks": {"POST", -1, fault.OutcomeUnknown},
		"a PUT":            {"PUT", 1 << 20, fault.TargetClosed},
	} {
		t.Run(name, func(t *testing.T) {
			addr := listen(t, func(c net.Conn) { http.ReadRequest(bufio.NewReader(c)) })
			x := newTarget(t, plain(addr))
			r, w := io.Pipe()
			defer w.Close()
			go io.WriteString(w, "first part")
			req := request(t, x, c.method, "/", nil)
			req.Body, req.ContentLength = r, c.length
			begun := time.Now()
			_, _, err := call(x, req, Limits{FirstByte: time.Minute, Idle: time.Minute})
			isFault(t, err, c.code, "closed the connection without an answer")
			if time.Since(begun) > 20*time.Second {
				t.Error("it took the caller's time limit")
			}
		})
	}
}

// A connection over which something came that nobody asked for does not serve again.
func TestWhatComesUnaskedIsNoAnswer(t *testing.T) {
	const late = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
	for name, text := range map[string]string{
		"with the answer":        okay + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
		"one byte":               okay + "x",
		"instead of a body":      "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
		"after chunks":           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nevil",
		"a close after 5 chunks": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			x := newTarget(t, plain(saying(t, text)))
			for range 3 {
				if got, h, err := get(t, x); err != nil || got != "hello" && got != "" || h.Reused {
					t.Errorf("got %q, %v, %+v", got, err, h)
				}
			}
		})
	}
	t.Run("later", func(t *testing.T) {
		sent := make(chan struct{})
		x := newTarget(t, plain(listen(t, func(c net.Conn) {
			http.ReadRequest(bufio.NewReader(c))
			io.WriteString(c, okay)
			time.Sleep(short / 2)
			io.WriteString(c, late)
			close(sent)
			io.Copy(io.Discard, c)
		})))
		if _, _, err := get(t, x); err != nil {
			t.Fatal(err)
		}
		<-sent
		time.Sleep(10 * time.Millisecond) // until it is here
		if c := x.idle.take(); c != nil {
			t.Error("the connection is used again")
		}
	})
}

func TestAKeptConnectionServesAgain(t *testing.T) {
	for name, text := range map[string]string{
		"a length":          okay,
		"chunks":            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"chunks, a trailer": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
		"no body":           "HTTP/1.1 204 No Content\r\n\r\n",
		"1xx before":        "HTTP/1.1 102 Processing\r\n\r\n" + okay,
		"HTTP/1.0":          "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
	} {
		t.Run(name, func(t *testing.T) {
			x := newTarget(t, plain(saying(t, text)))
			for n := range 3 {
				if _, h, err := get(t, x); err != nil || h.Reused != (n > 0) {
					t.Errorf("call %d: %v, %+v", n, err, h)
				}
			}
		})
	}
}

func TestHeadsHaveAnEnd(t *testing.T) {
	for name, write := range map[string]func(io.Writer) error{
		"a long field": func(w io.Writer) error {
			_, err := io.WriteString(w, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 300<<10)+"\r\n\r\n")
			return err
		},
		"fields without end": func(w io.Writer) error {
			_, err := io.WriteString(w, "HTTP/1.1 200 OK\r\n")
			for err == nil {
				_, err = io.WriteString(w, "X: y\r\n")
			}
			return err
		},
		"1xx without end": func(w io.Writer) (err error) {
			for err == nil {
				_, err = io.WriteString(w, "HTTP/1.1 102 Processing\r\n\r\n")
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := newTarget(t, plain(listen(t, func(c net.Conn) {
				http.ReadRequest(bufio.NewReader(c))
				write(c)
			})))
			_, _, err := get(t, x)
			isFault(t, err, fault.TargetBadAnswer, "longer than 256 KiB")
		})
	}
}

func TestABodyThatIsNotAsLongAsAnnounced(t *testing.T) {
	var got atomic.Int64
	addr := listen(t, func(c net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return
		}
		n, _ := io.Copy(io.Discard, r.Body)
		got.Store(n)
	})
	for name, body := range map[string]string{"shorter": "123", "longer": "1234567"} {
		x := newTarget(t, plain(addr))
		req := request(t, x, "POST", "/", strings.NewReader(body))
		req.ContentLength = 5
		_, _, err := call(x, req, patient)
		isFault(t, err, fault.BodyBroken)
		if got.Load() >= 5 {
			t.Errorf("%s: the target took it for whole", name)
		}
	}
}

func TestTheTrailerFollowsTheBody(t *testing.T) {
	var got http.Header
	addr := serve(t, nil, func(w http.ResponseWriter, r *http.Request) {
		hello(w, r)
		got = r.Trailer
	})
	x := newTarget(t, plain(addr))
	req := request(t, x, "POST", "/", strings.NewReader("body"))
	req.ContentLength = -1
	req.Header.Set("Trailer", "X-Sum")
	trailer := func() http.Header { return http.Header{"X-Sum": {"1"}, "X-Bad": {"a\r\nb: c"}} }
	if _, _, err := send(x, &Call{Request: req, Trailer: trailer, Limits: patient}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(http.Header{"X-Sum": {"1"}}, got); d != "" {
		t.Error(d)
	}
}

// parse reads what appendHead wrote as a server would, strictly.
func parse(t testing.TB, head []byte) *http.Request {
	t.Helper()
	text := string(head)
	if !strings.HasSuffix(text, "\r\n\r\n") || strings.Count(text, "\r\n\r\n") != 1 || strings.Count(text, "\n") != strings.Count(text, "\r\n") {
		t.Fatalf("not one head: %q", text)
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
	if err != nil {
		t.Fatalf("%v: %q", err, text)
	}
	return r
}

// The framing comes from the call, whatever its header says.
func TestTheHeadIsFramedByTheCall(t *testing.T) {
	liar := http.Header{"Content-Length": {"7"}, "content-length": {"8"}, "Transfer-Encoding": {"chunked"}, "HOST": {"evil"}, "X-A": {"1", "2"},
		"Bad Name": {"x"}, "X-Bad": {"a\r\nContent-Length: 9"}, "": {"x"}}
	for name, c := range map[string]struct {
		call    Call
		length  int64
		chunked bool
	}{
		"no body":         {Call{Request: &http.Request{Method: "GET"}}, 0, false},
		"no body, a POST": {Call{Request: &http.Request{Method: "POST"}}, 0, false},
		"data":            {Call{Request: &http.Request{Method: "POST"}, Data: []byte("abc")}, 3, false},
		"a stream":        {Call{Request: &http.Request{Method: "POST", Body: io.NopCloser(strings.NewReader("abc")), ContentLength: 3}}, 3, false},
		"chunks":          {Call{Request: &http.Request{Method: "POST", Body: io.NopCloser(strings.NewReader("abc")), ContentLength: -1}}, -1, true},
	} {
		t.Run(name, func(t *testing.T) {
			c.call.Request.URL, c.call.Request.Header = &url.URL{Scheme: "http", Host: "wms.test:8080", Path: "/a b", RawQuery: "q=1"}, liar
			head := appendHead(nil, &c.call)
			r := parse(t, head)
			if r.Host != "wms.test:8080" || r.RequestURI != "/a%20b?q=1" || r.ContentLength != c.length || (len(r.TransferEncoding) > 0) != c.chunked {
				t.Errorf("got %q", head)
			}
			if d := cmp.Diff(http.Header{"X-A": {"1", "2"}}, without(r.Header, "Content-Length")); d != "" {
				t.Error(d)
			}
			if post := c.call.Request.Method == "POST" && !c.chunked; post != strings.Contains(string(head), "Content-Length: ") {
				t.Errorf("got %q", head)
			}
		})
	}
}

func without(h http.Header, name string) http.Header {
	h = h.Clone()
	h.Del(name)
	return h
}

func FuzzHead(f *testing.F) {
	f.Add("/a", "q", "X-A", "v", "host:1")
	f.Add("//", "", "Content-Length", "1\r\n\r\nGET /", "h")
	f.Fuzz(func(t *testing.T, path, query, name, value, host string) {
		u := &url.URL{Scheme: "http", Host: "t", Path: "/" + path, RawQuery: query}
		if strings.ContainsAny(query, " \r\n\t#\x7f") || strings.ContainsFunc(query, func(r rune) bool { return r < ' ' }) {
			return // the proxy refuses it
		}
		c := &Call{Request: &http.Request{Method: "POST", URL: u, Host: host, Header: http.Header{name: {value}}}, Data: []byte("x")}
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(appendHead(nil, c))))
		if err != nil {
			return // the target refuses it
		}
		if r.ContentLength != 1 || len(r.TransferEncoding) > 0 || len(r.Header) > 2 {
			t.Errorf("read as %+v", r)
		}
	})
}

func FuzzChunks(f *testing.F) {
	f.Add([]byte("some body"), 3)
	f.Fuzz(func(t *testing.T, body []byte, part int) {
		part = max(1, min(part, 32<<10))
		var wire []byte
		for rest := body; len(rest) > 0; {
			n := min(part, len(rest))
			buf := make([]byte, frameRoom+n+2)
			copy(buf[frameRoom:], rest[:n])
			wire = append(wire, frame(buf, n)...)
			rest = rest[n:]
		}
		in := "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + string(wire) + "0\r\n\r\n"
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(in)))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r.Body); err != nil || !bytes.Equal(got, body) {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

// A call that is given up while it waits for a slot, or dials, comes back at once.
func TestGivenUpBeforeAConnection(t *testing.T) {
	c := plain(holds(t, ""))
	c.MaxConnections = 1
	x := newTarget(t, c)
	x.slots <- struct{}{}
	_, h, err := call(x, request(t, x, "GET", "/", nil), Limits{Total: short})
	isFault(t, err, fault.TotalTime)
	if h.Address != "" || len(x.slots) != 1 {
		t.Errorf("the hop says %+v, %d slots are taken", h, len(x.slots))
	}
	<-x.slots
	if _, _, err := call(x, request(t, x, "GET", "/", nil), Limits{FirstByte: short}); len(x.slots) != 0 {
		t.Errorf("%v, and the slot is still taken", err)
	}
}

func TestABodyWhoseReaderFails(t *testing.T) {
	x := newTarget(t, plain(saying(t, okay)))
	req := request(t, x, "POST", "/", io.MultiReader(strings.NewReader("part"), failing{}))
	_, h, err := call(x, req, patient)
	isFault(t, err, fault.BodyBroken)
	if h.Sent != 4 {
		t.Errorf("the hop says %+v", h)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("broken") }
