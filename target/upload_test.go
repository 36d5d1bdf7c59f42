package target

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"twohop/internal/fault"
)

// body is a request body in the hands of a test.
type body struct {
	io.Reader
	closed chan struct{}
}

func (b *body) Close() error {
	select {
	case <-b.closed:
	default:
		close(b.closed)
	}
	return nil
}

func TestABodyThatStopsComing(t *testing.T) {
	for _, target := range []struct{ name, addr string }{
		{"a target that waits", holds(t, "")},
		{"a target that reads", serve(t, nil, hello)},
	} {
		for name, c := range map[string]struct {
			limits Limits
			hangUp time.Duration
			fail   error
			code   fault.Code
			cause  string
		}{
			"it pauses":                   {Limits{FirstByte: 5 * time.Second, Idle: 3 * short}, 0, nil, fault.BodyTimeout, "no byte of the request body came for 450ms"},
			"the call's time is over":     {Limits{Total: 5 * short}, 0, nil, fault.OutcomeUnknown, "not finished within 750ms"},
			"the caller hangs up":         {patient, 3 * short, nil, fault.CallerGone, "hung up"},
			"it breaks off":               {patient, 0, io.ErrUnexpectedEOF, fault.BodyBroken, "broke off on its way from the caller"},
			"it breaks a rule of the way": {patient, 0, fault.New(fault.BodyTooLarge, "too long"), fault.BodyTooLarge, "too long"},
		} {
			t.Run(target.name+", "+name, func(t *testing.T) {
				t.Parallel()
				r, w := io.Pipe()
				defer w.Close()
				go func() {
					io.WriteString(w, "first part")
					if c.fail != nil {
						w.CloseWithError(c.fail)
					}
				}()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if c.hangUp > 0 {
					time.AfterFunc(c.hangUp, cancel)
				}
				x := newTarget(t, plain(target.addr))
				req := request(t, x, "POST", "/", nil).WithContext(ctx)
				req.Body, req.ContentLength = &body{r, make(chan struct{})}, 1000
				begun := time.Now()
				_, h, err := call(x, req, c.limits)
				isFault(t, err, c.code, c.cause)
				if took := time.Since(begun); took > 3*time.Second {
					t.Errorf("it took %v", took)
				}
				if h.Sent != int64(len("first part")) || h.Address == "" {
					t.Errorf("the hop says %+v", h)
				}
			})
		}
	}
}

// TestAnUploadThatGoesOnKeepsItsAnswerAlive has a target that answers at once, and then
// says no more until the request is whole.
func TestAnUploadThatGoesOnKeepsItsAnswerAlive(t *testing.T) {
	addr := serve(t, nil, func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		w.WriteHeader(200)
		http.NewResponseController(w).Flush()
		hello(w, r)
	})
	x := newTarget(t, plain(addr))
	r, w := io.Pipe()
	go func() {
		for range 8 {
			io.WriteString(w, "part")
			time.Sleep(short)
		}
		w.Close()
	}()
	got, h, err := call(x, request(t, x, "POST", "/", r), Limits{FirstByte: 5 * time.Second, Idle: 5 * short})
	if err != nil || got != "hello" || h.Sent != 32 {
		t.Errorf("got %q, %v, %+v", got, err, h)
	}
}

func TestABodyThatBreaksOffWhileTheTargetAnswersIsTheCallersFault(t *testing.T) {
	x := newTarget(t, plain(holds(t, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart")))
	r, w := io.Pipe()
	resp, err := x.Do(&Call{Request: request(t, x, "POST", "/", r), Limits: patient}, &Hop{})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	w.CloseWithError(errors.New("reset by peer"))
	_, err = io.ReadAll(resp.Body)
	isFault(t, err, fault.BodyBroken)
}
