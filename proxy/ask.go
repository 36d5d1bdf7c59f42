package proxy

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"twohop/internal/fault"
	"twohop/target"
	"twohop/translate"
)

// ask builds the call to the target of a JSON route. A request that fits into the route's
// buffer is translated whole, so that what is wrong with it is found before the target
// hears of the call.
func (c *call) ask() (*target.Call, error) {
	in, op := c.r, c.errand.operation
	body := &jsonBody{c: c}
	source, err := c.compose(body)
	if err != nil {
		return nil, c.wrong(err)
	}
	source, given, err := splitHeaders(op.headers, source, c.route.translation.hold)
	if err != nil {
		return nil, c.wrong(err)
	}
	headers, err := blocks(op.headers, in.Header, given)
	if err != nil {
		return nil, err
	}
	out := &target.Call{Limits: c.route.limits, Repeatable: c.route.idempotent}
	out.Request = (&http.Request{Method: http.MethodPost, URL: c.address(), Host: c.host(), Header: c.requestHeader()}).WithContext(in.Context())
	c.envelope = &envelope{c: c, stream: op.Request(source, headers)}
	data, whole, err := c.envelope.stream.First()
	if err == nil {
		err = c.route.translation.validRequest(data, whole)
	}
	if err == nil && !whole && c.way.bufferRequest > 0 {
		data, err = io.ReadAll(io.LimitReader(c.envelope.stream, c.way.bufferRequest+1))
		if whole = true; err == nil && int64(len(data)) > c.way.bufferRequest {
			err = tooLarge(c.way.bufferRequest)
		}
	}
	c.rc.SetReadDeadline(time.Time{})
	switch {
	case err != nil:
		return nil, c.wrong(err)
	case whole:
		out.Data = data
		return out, nil
	}
	body.streamed = true
	out.Request.Body, out.Request.ContentLength = c.envelope, -1
	if in.ProtoMajor == 1 {
		c.rc.EnableFullDuplex()
	}
	return out, nil
}

// compose returns the operation's JSON: the body with what a binding adds.
func (c *call) compose(body io.Reader) (io.Reader, error) {
	b := c.errand.binding
	if b == nil {
		return body, nil
	}
	add, err := b.members(c.errand.values, c.r.URL.RawQuery)
	switch {
	case err != nil:
		return nil, err
	case b.body == "":
		return &merged{head: add.open(nil), src: body}, nil
	}
	return add.around(b.body, &inner{src: body}), nil
}

// jsonBody is the caller's JSON. Until the target is called it has to come in time; after
// that the call's own limits hold.
type jsonBody struct {
	c        *call
	streamed bool
}

func (b *jsonBody) Read(p []byte) (int, error) {
	if b.c.r.ContentLength == 0 {
		return 0, io.EOF
	}
	if b.streamed {
		return b.c.body.Read(p)
	}
	return punctual{b.c}.Read(p)
}

// envelope is a request that is translated while it is sent.
type envelope struct {
	c      *call
	stream *translate.Stream

	mu      sync.Mutex
	reading bool
	closed  bool
}

// Read is called by the transport alone. An error makes it cut the connection before the
// request is complete.
func (e *envelope) Read(p []byte) (int, error) {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return 0, io.ErrClosedPipe
	}
	e.reading = true
	e.mu.Unlock()
	n, err := e.stream.Read(p)
	e.mu.Lock()
	if e.reading = false; e.closed {
		e.stream.Close()
	}
	e.mu.Unlock()
	if err != nil && err != io.EOF {
		err = half(e.c.wrong(err))
	}
	return n, err
}

// Close does nothing: the transport closes what it did not send, and may be reading.
func (e *envelope) Close() error { return nil }

// end stops the translation, after the Read that may be running.
func (e *envelope) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed = true; !e.reading {
		e.stream.Close()
	}
}

// half adds that a part of the request went out.
func half(err error) error {
	var f *fault.Fault
	if !errors.As(err, &f) || f.Code != fault.InvalidRequest && f.Code != fault.BodyTooLarge {
		return err
	}
	const gone = "; a part of the request had gone to the target, which was cut off and never had the whole"
	g := *f
	g.Cause += gone
	if f.Told != nil {
		told := *f.Told
		told.Detail += gone
		g.Told = &told
	}
	return &g
}

// wrong makes a fault of what failed in the caller's message.
func (c *call) wrong(err error) error {
	var known *fault.Fault
	var invalid *translate.Invalid
	var large *translate.TooLarge
	var panicked *translate.Panicked
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &panicked):
		return fault.New(fault.Internal, "the broker failed").Because(err)
	case errors.As(err, &invalid):
		return c.misread(invalid)
	case errors.As(err, &large):
		f := fault.New(fault.BodyTooLarge, "%s", large.Error())
		f.Fix = "Send the members in the order of the schema, or less in one call; an admin can raise the route's `soap.buffer`."
		return f
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fault.New(fault.BodyTimeout, "the request body did not come within the route's idle and total limits").Because(fault.Unquoted(err))
	}
	return fault.New(fault.BodyBroken, "the request body broke off on its way from the caller").Because(fault.Unquoted(err))
}

// misread tells the caller where its JSON is wrong. The log and the record have the place
// alone: the rest may quote the body.
func (c *call) misread(x *translate.Invalid) *fault.Fault {
	where := clip(x.Pointer, 256)
	if where == "" {
		where = "the body"
	}
	f := fault.New(fault.InvalidRequest, "%s is not what the operation takes", where)
	what, say := x.What, []string(nil)
	if by := c.setBy(x); by != "" {
		what = "the member is in the body, and " + by + " gives it already"
		f.Fix = "Leave it out of the body."
	}
	f.Told = &fault.Told{Detail: where + ": " + what, More: []fault.Member{{Name: "pointer", Text: x.Pointer}}}
	if x.Expected != "" {
		f.Told.Detail += "; expected " + x.Expected
		f.Told.More, say = append(f.Told.More, fault.Member{Name: "expected", Text: x.Expected}), append(say, "`expected`")
	}
	if json.Valid([]byte(x.Example)) {
		f.Told.More, say = append(f.Told.More, fault.Member{Name: "example", Raw: []byte(x.Example)}), append(say, "`example`")
	}
	if len(say) > 0 {
		f.Fix = "Send what " + strings.Join(say, " and ") + " " + map[bool]string{true: "says", false: "say"}[len(say) == 1] + "; the route's openapi.json has every type."
	}
	return f
}

// setBy names what else gives a member that is there twice, when that is the binding.
func (c *call) setBy(x *translate.Invalid) string {
	b := c.errand.binding
	if b == nil || b.body != "" || x.What != translate.Twice {
		return ""
	}
	gives := func(s slot) bool { return x.Pointer == "/"+pointerEscapes.Replace(s.members[0]) }
	if slices.ContainsFunc(b.vars, gives) {
		return "the path"
	}
	for name := range c.r.URL.Query() {
		if s, ok := b.query[name]; ok && gives(s) {
			return "the query parameter " + strconv.Quote(name)
		}
	}
	if slices.ContainsFunc(b.constants, func(k constant) bool { return gives(k.slot) }) {
		return "a constant of the route"
	}
	return ""
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1") // RFC 6901, section 3
