package proxy

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"twohop/internal/fault"
	"twohop/translate"
)

// tell turns the target's envelope into the caller's answer. One that fits into the
// route's buffer is read whole before anything of it is sent.
func (c *call) tell(resp *http.Response) error {
	op, good := c.errand.operation, resp.StatusCode/100 == 2
	media, charset := xmlType(resp.Header)
	switch {
	case op.oneWay() && good && (media == "" || resp.ContentLength == 0):
		return c.taken(resp)
	case resp.ContentLength == 0 || resp.StatusCode == http.StatusNoContent:
		return fault.New(fault.TargetAnswerInvalid, "the target answered with status %d and nothing else", resp.StatusCode)
	case media == "":
		return fault.New(fault.TargetAnswerInvalid, "the target answered with status %d and %s, which is no SOAP message", resp.StatusCode, declaredAs(resp.Header))
	}
	body, err := unpacked(resp)
	if err != nil {
		return err
	}
	form := c.errand.form
	source := &noting{Reader: body}
	envelope := io.Reader(source)
	if media == multipart {
		plain := translate.Inline(source, resp.Header.Get("Content-Type"), c.route.translation.hold)
		defer plain.Close()
		envelope, charset = plain, "utf-8"
	}
	held, err := c.route.translation.wholeAnswer(envelope)
	switch {
	case err != nil:
		return c.misanswered(err, source)
	case held != nil:
		envelope = bytes.NewReader(held)
	}
	answer := op.Answer(envelope, charset, form.Form)
	defer answer.Close()
	data, whole, err := answer.First()
	var told *translate.Fault
	switch {
	case op.oneWay() && good && !errors.As(err, &told):
		return c.taken(resp)
	case err != nil:
		return c.misanswered(err, source)
	case !good:
		return fault.New(fault.TargetAnswerInvalid, "the target answered with status %d, and its envelope holds no Fault", resp.StatusCode)
	case held != nil:
		if err := c.route.translation.validAnswer(held, charset); err != nil {
			return c.misanswered(err, source)
		}
	}
	c.status = http.StatusOK
	c.answerHeader(fieldsFor(form.contentType, resp.Header))
	c.shown()
	c.answer.begin(c.digest(), c.route.evidence.bodies.Body(c.w.Header()))
	if !whole {
		return c.pass(&http.Response{Body: &telling{answer, source, c, resp.Body}, ContentLength: -1})
	}
	resp.Body.Close()
	c.w.Header()["Content-Length"] = []string{strconv.Itoa(len(data))}
	return c.last(data)
}

// taken answers for a one-way operation.
func (c *call) taken(resp *http.Response) error {
	io.Copy(io.Discard, io.LimitReader(resp.Body, shortBody)) // so that the connection is kept
	resp.Body.Close()
	c.status = http.StatusAccepted
	c.answerHeader(fieldsFor("", resp.Header))
	c.w.Header()["Content-Length"] = []string{"0"}
	c.shown()
	return c.last(nil)
}

// telling is an answer that is translated while it is sent.
type telling struct {
	answer *translate.Stream
	source *noting
	c      *call
	body   io.Closer
}

func (t *telling) Read(p []byte) (int, error) {
	n, err := t.answer.Read(p)
	if err != nil && err != io.EOF {
		err = t.c.misanswered(err, t.source)
	}
	return n, err
}

func (t *telling) Close() error { return t.body.Close() }

// aboutBody are the fields of an answer that say something of its body, which becomes
// another.
var aboutBody = []string{"Content-Length", "Content-Encoding", "Content-Type", "Content-Disposition", "Content-Md5", "Content-Digest", "Repr-Digest", "Digest",
	"Content-Range", "Accept-Ranges", "Etag", "Last-Modified", "Mime-Version", "Trailer"}

func fieldsFor(contentType string, h http.Header) http.Header {
	for _, name := range aboutBody {
		delete(h, name)
	}
	if contentType != "" {
		h["Content-Type"] = []string{contentType}
	}
	return h
}

// xmlType returns the media type of an answer that may be an envelope, "" when it cannot,
// and the charset that it declares. Some servers declare the type of the other version,
// or XML alone. A multipart one has an envelope in it, or it turns out to have none.
func xmlType(h http.Header) (media, charset string) {
	media, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || !slices.Contains([]string{type11, type12, "application/xml", multipart}, media) {
		return "", ""
	}
	return media, params["charset"]
}

// multipart is the media type of MTOM and of SOAP with attachments.
const multipart = "multipart/related"

// declaredAs quotes the media type of an answer, and nothing else of it.
func declaredAs(h http.Header) string {
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return "no readable media type"
	}
	return clip(media, 64)
}

// unpacked returns the body of an answer without its coding. None was asked for, but some
// servers compress all the same.
func unpacked(resp *http.Response) (io.Reader, error) {
	switch coding := strings.ToLower(strings.TrimSpace(strings.Join(resp.Header["Content-Encoding"], ","))); coding {
	case "", "identity":
		return resp.Body, nil
	case "gzip", "x-gzip": // one name, RFC 9110, section 8.4.1.3
		r, err := gzip.NewReader(resp.Body)
		var known *fault.Fault
		if err != nil && !errors.As(err, &known) {
			err = fault.New(fault.TargetAnswerInvalid, "the target's answer is declared as gzip and is not").Because(err)
		}
		return r, err
	default:
		f := fault.New(fault.TargetAnswerInvalid, "the target's answer has the Content-Encoding %q, which nobody asked for", clip(coding, 64))
		f.Fix = "An admin lets the target answer without compression, or with gzip."
		return nil, f
	}
}

// noting remembers why an answer could not be read on: to the codec it merely ends too
// early.
type noting struct {
	io.Reader
	err error
}

func (n *noting) Read(p []byte) (int, error) {
	got, err := n.Reader.Read(p)
	if err != nil && err != io.EOF {
		n.err = err
	}
	return got, err
}

// misanswered makes a fault of what failed in the target's answer.
func (c *call) misanswered(err error, source *noting) error {
	var known *fault.Fault
	var told *translate.Fault
	var broken *translate.Broken
	var large *translate.TooLarge
	var panicked *translate.Panicked
	switch {
	case errors.As(err, &panicked):
		return fault.New(fault.Internal, "the broker failed").Because(err)
	case errors.As(source.err, &known), errors.As(err, &known):
		return known
	case errors.As(err, &told):
		return c.route.translation.told(told)
	case errors.As(err, &large):
		f := fault.New(fault.TargetAnswerInvalid, "the target's answer is too long: %s", large)
		f.Fix = "An admin raises the route's `soap.buffer`."
		return f
	case errors.As(err, &broken):
		f := fault.New(fault.TargetAnswerInvalid, "the target's answer is not what the contract says, at %s", clip(cmp.Or(broken.Path, "/"), 256))
		f.Told = &fault.Told{Detail: "the target's answer is not what the contract says: " + broken.Error()}
		return f
	}
	return fault.New(fault.TargetAnswerInvalid, "the target's answer cannot be read").Because(fault.Unquoted(err))
}
