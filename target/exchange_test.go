package target

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"twohop/internal/fault"
	"twohop/internal/legacy"
)

// answers reads one request, its body included, and then says text and hangs up.
func answers(t testing.TB, text string) string {
	return listen(t, func(c net.Conn) {
		if r, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			io.Copy(io.Discard, r.Body)
			io.WriteString(c, text)
		}
	})
}

// holds reads a request's head, says text and then neither reads nor writes.
func holds(t testing.TB, text string) string {
	held := make(chan struct{})
	t.Cleanup(func() { close(held) })
	return listen(t, func(c net.Conn) {
		http.ReadRequest(bufio.NewReaderSize(c, 16))
		io.WriteString(c, text)
		<-held
	})
}

const short = 150 * time.Millisecond

func TestACallThatFailsBeforeItsAnswer(t *testing.T) {
	quick := Limits{FirstByte: short, Idle: short}
	large := strings.Repeat("x", 32<<20)
	for name, c := range map[string]struct {
		addr, method, body string
		limits             Limits
		code               fault.Code
		cause              string
	}{
		"no answer to a GET":                            {holds(t, ""), "GET", "", quick, fault.TargetFirstByte, "did not answer within 150ms"},
		"no answer to a PUT":                            {holds(t, ""), "PUT", "x", quick, fault.TargetFirstByte, "did not answer within 150ms"},
		"no answer to a POST":                           {holds(t, ""), "POST", "x", quick, fault.OutcomeUnknown, "the request was sent, and then the target did not answer within 150ms"},
		"no answer to a POST without a body":            {holds(t, ""), "POST", "", quick, fault.OutcomeUnknown, "did not answer"},
		"a GET takes too long in all":                   {holds(t, ""), "GET", "", Limits{FirstByte: time.Minute, Idle: time.Minute, Total: short}, fault.TotalTime, "not finished within 150ms"},
		"a POST takes too long in all":                  {holds(t, ""), "POST", "x", Limits{FirstByte: time.Minute, Idle: time.Minute, Total: short}, fault.OutcomeUnknown, "not finished within 150ms"},
		"the target reads no more of a PUT":             {holds(t, ""), "PUT", large, quick, fault.TargetIdle, "took no byte of the request for 150ms"},
		"the target reads no more of a POST":            {holds(t, ""), "POST", large, quick, fault.OutcomeUnknown, "took no byte"},
		"it hangs up on a GET":                          {answers(t, ""), "GET", "", patient, fault.TargetClosed, "without an answer"},
		"it hangs up on a POST":                         {answers(t, ""), "POST", "x", patient, fault.OutcomeUnknown, "closed the connection without an answer"},
		"it hangs up in the head":                       {answers(t, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"), "GET", "", patient, fault.TargetClosed, "in the head of its answer"},
		"it hangs up in the head for a POST":            {answers(t, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"), "POST", "x", patient, fault.OutcomeUnknown, "in the head of its answer"},
		"its answer is not HTTP":                        {answers(t, "SSH-2.0-OpenSSH_4.3\r\n\r\n"), "GET", "", patient, fault.TargetBadAnswer, "breaks HTTP's rules"},
		"its answer to a POST is not HTTP":              {answers(t, "garbage\r\n\r\n"), "POST", "x", patient, fault.OutcomeUnknown, "breaks HTTP's rules"},
		"it hangs up in a line of the head":             {answers(t, "HTTP/1.1 200 OK\r\nContent-"), "GET", "", patient, fault.TargetBadAnswer, "breaks off"},
		"its answer has two lengths":                    {answers(t, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"), "GET", "", patient, fault.TargetBadAnswer, "breaks HTTP's rules"},
		"its head is too long":                          {answers(t, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("y", 300<<10)+"\r\n\r\n"), "GET", "", patient, fault.TargetBadAnswer, "longer than 256 KiB"},
		"the head of an answer comes in drops":          {holds(t, "HTTP/1.1 200"), "GET", "", quick, fault.TargetFirstByte, "did not answer within"},
		"only a 100 comes":                              {holds(t, "HTTP/1.1 100 Continue\r\n\r\n"), "POST", "x", quick, fault.OutcomeUnknown, "did not answer within"},
		"it says 100, which is no answer, and hangs up": {answers(t, "HTTP/1.1 100 Continue\r\n\r\n"), "GET", "", patient, fault.TargetClosed, "closed the connection"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTarget(t, plain(c.addr))
			req := request(t, x, c.method, "/", strings.NewReader(c.body))
			req.GetBody = nil
			_, h, err := call(x, req, c.limits)
			isFault(t, err, c.code, c.cause)
			if h.Address != c.addr || h.Retries != 0 || h.Status != 0 || h.Total == 0 || (c.body == "x") != (h.Sent == 1) {
				t.Errorf("the hop says %+v", h)
			}
		})
	}
}

func TestAnAnswerThatFailsInItsBody(t *testing.T) {
	quick := Limits{FirstByte: 5 * time.Second, Idle: short}
	for name, c := range map[string]struct {
		addr   string
		limits Limits
		code   fault.Code
		cause  string
		body   string
	}{
		"it falls silent":            {holds(t, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart"), quick, fault.TargetIdle, "no byte of its answer for 150ms", "part"},
		"it takes too long in all":   {holds(t, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart"), Limits{Total: short}, fault.TotalTime, "not finished within 150ms", "part"},
		"it is shorter than said":    {answers(t, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart"), patient, fault.TargetTruncated, "announced 9 bytes and broke off after 4", "part"},
		"its chunks have no end":     {answers(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n"), patient, fault.TargetTruncated, "broke off after 4 bytes, before the end", "part"},
		"a chunk is shorter":         {answers(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\npart"), patient, fault.TargetTruncated, "broke off after 4 bytes", "part"},
		"its chunks are none":        {answers(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\nxyz\r\n"), patient, fault.TargetBadAnswer, "breaks HTTP's rules after 4 bytes", "part"},
		"it is reset":                {resets(t, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart"), patient, fault.TargetTruncated, "broke off after", ""},
		"HTTP/1.0 ends when closed":  {answers(t, "HTTP/1.0 200 OK\r\n\r\nwhole"), patient, "", "", "whole"},
		"HTTP/1.0 with a length":     {answers(t, "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nwhole"), patient, "", "", "whole"},
		"HTTP/1.1 ends when closed":  {answers(t, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nwhole"), patient, "", "", "whole"},
		"a 100 comes first":          {answers(t, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole"), patient, "", "", "whole"},
		"no limits at all are given": {answers(t, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole"), Limits{}, "", "", "whole"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTarget(t, plain(c.addr))
			body, h, err := call(x, request(t, x, "POST", "/", nil), c.limits)
			if c.code == "" {
				if err != nil {
					t.Error(err)
				}
			} else {
				isFault(t, err, c.code, c.cause)
			}
			if c.body != "" && body != c.body || h.Received != int64(len(body)) || h.Status != 200 || h.FirstByte == 0 || h.Total < h.FirstByte {
				t.Errorf("got %q, the hop says %+v", body, h)
			}
		})
	}
}

// resets says text and then resets the connection.
func resets(t *testing.T, text string) string {
	return listen(t, func(c net.Conn) {
		http.ReadRequest(bufio.NewReader(c))
		io.WriteString(c, text)
		time.Sleep(short) // or the reset overtakes the text
		c.(*net.TCPConn).SetLinger(0)
	})
}

func TestTheCallerHangsUp(t *testing.T) {
	for name, addr := range map[string]string{"before the answer": holds(t, ""), "in the answer": holds(t, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart")} {
		t.Run(name, func(t *testing.T) {
			x := newTarget(t, plain(addr))
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(short, cancel)
			_, _, err := call(x, request(t, x, "GET", "/", nil).WithContext(ctx), patient)
			isFault(t, err, fault.CallerGone, "hung up")
		})
	}
}

func TestACallThatIsCancelledForAReason(t *testing.T) {
	for name, c := range map[string]struct {
		addr, method string
		code         fault.Code
	}{
		"before the answer to a GET":  {holds(t, ""), "GET", fault.ShuttingDown},
		"before the answer to a POST": {holds(t, ""), "POST", fault.OutcomeUnknown},
		"in the answer":               {holds(t, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart"), "POST", fault.ShuttingDown},
	} {
		t.Run(name, func(t *testing.T) {
			x := newTarget(t, plain(c.addr))
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(short, func() { cancel(fault.New(fault.ShuttingDown, "the broker stops")) })
			_, _, err := call(x, request(t, x, c.method, "/", nil).WithContext(ctx), patient)
			isFault(t, err, c.code, "the broker stops")
		})
	}
}

// TestASlowCallerIsNotTheTargetsFault reads an answer more slowly than the idle limit.
func TestASlowCallerIsNotTheTargetsFault(t *testing.T) {
	x := newTarget(t, plain(serve(t, nil, hello)))
	resp, err := x.Do(&Call{Request: request(t, x, "GET", "/", nil), Limits: Limits{FirstByte: 5 * time.Second, Idle: short}}, &Hop{})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for range 2 {
		time.Sleep(2 * short)
		if n, err := resp.Body.Read(make([]byte, 2)); n != 2 || err != nil {
			t.Errorf("got %d bytes, %v", n, err)
		}
	}
}

// TestTheHopIsFinal looks at it after Close while the transport may still report.
func TestTheHopIsFinal(t *testing.T) {
	s := legacyServer(t, legacy.Options{})
	x := newTarget(t, plain(s.Addr()))
	for range 50 {
		h := &Hop{}
		ctx, cancel := context.WithCancel(t.Context())
		go cancel()
		resp, err := x.Do(&Call{Request: request(t, x, "GET", "/stock/A1001", nil).WithContext(ctx), Limits: patient}, h)
		if err == nil {
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			resp.Body.Close()
		}
		before := *h
		time.Sleep(time.Millisecond)
		if *h != before { // the race detector looks too
			t.Fatalf("the hop changed from %+v to %+v", before, *h)
		}
		cancel()
	}
}

func TestNoCompressionIsAskedFor(t *testing.T) {
	addr := serve(t, nil, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, strings.Join(r.Header["Accept-Encoding"], ","))
	})
	if got, _, err := get(t, newTarget(t, plain(addr))); err != nil || got != "" {
		t.Errorf("the target was asked for %q, %v", got, err)
	}
}
