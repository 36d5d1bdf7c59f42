package proxy

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"twohop/audit"
	"twohop/audit/capture"
	"twohop/callers"
	"twohop/internal/fault"
	"twohop/routes"
)

// evidence is what the audit log keeps of a route's calls beside the metadata.
type evidence struct {
	digests bool
	fields  *capture.Plan // nil for none
	bodies  *capture.Plan // nil for none
}

// evidence compiles a route's audit level. All of it is checked, whatever the level.
func (c *compiler) evidence(i int, r *routes.Route) evidence {
	out := evidence{digests: r.Audit.Digests}
	plan, err := capture.New(capture.Config{Headers: r.Audit.Headers, Types: r.Audit.Bodies.Types, Redact: r.Audit.Bodies.Redact, Max: int(r.Audit.Bodies.Max)})
	switch {
	case err == nil:
	case !reflect.DeepEqual(r.Audit, c.Defaults.Audit):
		c.fail(fmt.Sprintf("routes[%d].audit", i), err)
	case !c.defaultsTold:
		c.defaultsTold = true
		c.fail("defaults.audit", err)
	}
	if r.Audit.Level != "metadata" {
		out.fields = plan
	}
	if r.Audit.Level == "bodies" {
		out.bodies = plan
	}
	return out
}

// reviewers reads the keys that bodies are encrypted to.
func (c *compiler) reviewers() capture.Reviewers {
	to, err := capture.ParseReviewers(c.Audit.Reviewers)
	for _, f := range fault.Fields(err) {
		c.errs = append(c.errs, c.Error("audit.reviewers"+f.Path, f.What, f.Fix))
	}
	return to
}

// watched sees one body pass. The request's may still be read by the transport while the
// call is recorded.
type watched struct {
	mu     sync.Mutex
	digest *audit.Digest // nil for none
	copy   *capture.Body // nil for none
	n      int64         // bytes seen
}

func (w *watched) begin(digest *audit.Digest, copy *capture.Body) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.digest, w.copy, w.n = digest, copy, 0
}

func (w *watched) see(p []byte) {
	if len(p) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n += int64(len(p))
	if w.digest != nil {
		w.digest.Write(p)
	}
	if w.copy != nil {
		w.copy.Write(p)
	}
}

// sum returns the digest, none for a body without bytes.
func (w *watched) sum() audit.Sum {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.digest == nil || w.n == 0 {
		return audit.Sum{}
	}
	return w.digest.Sum()
}

// observe prepares to see the request pass.
func (c *call) observe() {
	if !c.body.done.Load() || len(c.body.ahead) > 0 {
		c.body.watch.begin(c.digest(), c.route.evidence.bodies.Body(c.r.Header))
		c.body.watch.see(c.body.ahead)
	}
}

func (c *call) digest() *audit.Digest {
	if !c.route.evidence.digests {
		return nil
	}
	return c.deps.Secret.Digest(audit.Body)
}

// forget gives back what nobody writes to any more.
func (c *call) forget() {
	if d := c.body.watch.digest; d != nil && c.body.done.Load() {
		d.Release()
	}
	if c.answer.digest != nil {
		c.answer.digest.Release()
	}
}

// wholeRequest reports whether every byte that the caller sent was passed on.
func (c *call) wholeRequest() bool {
	if !c.body.done.Load() {
		return false
	}
	c.body.watch.mu.Lock()
	defer c.body.watch.mu.Unlock()
	return c.body.watch.n == c.body.read.Load()
}

// testify adds to the record of the end what is known of the messages.
func (c *call) testify(rec *audit.Record) error {
	if !c.begun || rec.Stage != audit.End {
		return nil
	}
	answered := c.failed == nil
	if c.wholeRequest() {
		rec.RequestDigest = c.body.watch.sum()
	}
	if answered {
		rec.ResponseDigest = c.answer.sum()
	}
	e := c.route.evidence
	if e.fields != nil {
		key := c.r.Header.Get(callers.Header)
		rec.RequestFields = e.fields.Fields(c.r.Header, c.deps.Secret, key)
		if c.header != nil {
			rec.ResponseFields = e.fields.Fields(c.header, c.deps.Secret, key)
		}
	}
	if e.bodies == nil {
		return nil
	}
	err := c.keep(rec.ID)
	rec.RequestKept, rec.ResponseKept = c.kept[0], c.kept[1]
	return err
}

// keep stores the bodies, once: of a call whose bodies could not be stored the record says
// so when it is written after all.
func (c *call) keep(id string) (err error) {
	if c.stored {
		return nil
	}
	c.stored = true
	no := (*audit.NoRoom)(nil)
	full := errors.As(c.deps.Audit.Healthy(), &no) // what is left is for the records of running calls
	for i, b := range []struct {
		w     *watched
		name  string
		whole bool
	}{{&c.body.watch, id + "-request", c.wholeRequest()}, {&c.answer, id + "-response", c.failed == nil}} {
		b.w.mu.Lock()
		if kept := b.w.copy != nil && b.w.n > 0; kept && full {
			c.kept[i] = capture.Without()
		} else if kept && err == nil {
			c.kept[i], err = c.deps.Bodies.Keep(b.w.copy, b.whole, b.name, c.to, c.deps.Now())
		}
		b.w.mu.Unlock()
	}
	return err
}

// shown returns the fields of the answer that may be recorded: what the configuration
// sets may be a secret.
func (c *call) shown() {
	if c.route.evidence.fields == nil {
		return
	}
	c.header = c.w.Header().Clone()
	for _, f := range c.route.response.set {
		delete(c.header, f.name)
	}
}

// recordable returns why calls of the route cannot be recorded, nil when they can.
func (c *call) recordable() error {
	err := c.deps.Audit.Healthy()
	if err == nil && c.route.evidence.bodies != nil {
		err = c.deps.Bodies.Healthy()
	}
	if err != nil {
		return unrecorded(err)
	}
	return nil
}

// verified says how the caller's certificate was verified; "" when it showed none.
func (c *call) verified() string {
	switch {
	case c.r.TLS == nil || len(c.r.TLS.PeerCertificates) == 0:
		return ""
	case strings.Contains(c.who.By, "client_certificate"):
		return "ca"
	}
	return "none"
}
