//go:build linux

package attack

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"twohop/tests/peers"
)

// front is what stands between the attacker and a target of its own.
type front struct {
	name   string
	addr   string
	roots  *x509.CertPool
	target *target
	probes int
}

// fronts starts twohop and, where they are installed, its peers.
func fronts(t *testing.T) (ours *front, others map[string]*front) {
	t.Helper()
	ours, b := startOurs(t, options{})
	id := b.identity
	others = map[string]*front{}
	for name, start := range map[string]func(testing.TB, peers.Reverse) string{"nginx": peers.ReverseNginx, "haproxy": peers.ReverseHAProxy} {
		if _, err := exec.LookPath(name); err != nil {
			t.Run("beside "+name, func(t *testing.T) { absent(t, "%s is not installed", name) })
			continue
		}
		f := &front{name: name, roots: ours.roots, target: newTarget(t)}
		f.addr = start(t, peers.Reverse{Target: f.target.Addr().String(), Key: key, Identity: id})
		others[name] = f
	}
	return ours, others
}

// startOurs starts twohop before a target.
func startOurs(t testing.TB, o options) (*front, *broker) {
	t.Helper()
	id := peers.ModernIdentity(t)
	pem, err := os.ReadFile(id.CertPEM)
	if err != nil {
		t.Fatal(err)
	}
	f := &front{name: "twohop", roots: x509.NewCertPool(), target: newTarget(t)}
	f.roots.AppendCertsFromPEM(pem)
	b := startBroker(t, id, f.target.Addr().String(), o)
	f.addr = b.addr
	return f, b
}

// patience is how long an answer may take. Nothing waits for it that goes as expected.
const patience = 20 * time.Second

// dial opens a TLS connection on which protocol is spoken.
func (f *front) dial(protocol string) (*tls.Conn, error) {
	d := &tls.Dialer{NetDialer: &net.Dialer{Timeout: patience}, Config: &tls.Config{RootCAs: f.roots, ServerName: "localhost", NextProtos: []string{protocol}}}
	c, err := d.Dial("tcp", f.addr)
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Now().Add(patience))
	return c.(*tls.Conn), nil
}

// outcome is what a case came to.
type outcome struct {
	answers  string    // statuses in order; "-" for none
	closed   bool      // by the front
	followed bool      // follow was answered on the same connection
	reached  []arrival // at the target
	trouble  string    // what went wrong beyond the case: an answer to another request, a leak
}

// run sends a case, waits for what comes of it, and then makes an honest call on a new
// connection.
func (f *front) run(a attack) outcome {
	early := f.target.take()
	var o outcome
	if a.send != "" {
		o = f.http1(a)
	} else {
		o = f.http2(a)
	}
	line, err := f.honest()
	o.reached = f.target.take()
	if o.followed {
		o.reached, _ = without(o.reached, followLine)
	}
	var once bool
	o.reached, once = without(o.reached, line)
	switch {
	case len(early) > 0:
		o.trouble = fmt.Sprintf("something of the case before came late: %q", early)
	case err != nil:
		o.trouble = fmt.Sprintf("the honest call after it failed: %v", err)
	case !once:
		o.trouble = "the honest call after it did not arrive"
	}
	return o
}

// without takes the last request with a line out of a list.
func without(list []arrival, line string) (rest []arrival, found bool) {
	for i, r := range slices.Backward(list) {
		if r.Line == line {
			return slices.Delete(list, i, i+1), true
		}
	}
	return list, false
}

// honest makes a call that must be answered, and returns its request line at the target.
func (f *front) honest() (line string, err error) {
	f.probes++
	path := fmt.Sprintf("/open/honest/%d", f.probes)
	c, err := f.dial("http/1.1")
	if err != nil {
		return "", err
	}
	defer c.Close()
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path)
	resp := newResponses(c)
	got, err := resp.next("GET")
	if err != nil {
		return "", err
	}
	if got.status != 200 || got.body != "GET "+path {
		return "", fmt.Errorf("%d %q", got.status, got.body)
	}
	return "GET " + path + " HTTP/1.1", nil
}

// timedOut tells a front that stays silent from one that closes.
func timedOut(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}
