package proxy

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"twohop/routes"
	"twohop/target"
)

// Reach returns the first endpoint of a named target as calls reach it: with its TLS and
// the exception that permits it, which must not have ended. h are the header fields that the
// target gets, secrets among them. It is for tools that ask a target on an admin's behalf.
func Reach(t *routes.Table, name string, now func() time.Time) (to *target.Target, at *url.URL, h http.Header, err error) {
	x, ok := t.Targets[name]
	if !ok {
		return nil, nil, nil, fmt.Errorf("there is no target %q under targets", name)
	}
	p := t.ProtectionOf(&x)
	if x.Exception != "" && !now().Before(p.Expires.End()) {
		return nil, nil, nil, fmt.Errorf("exception %s of target %s ended on %v; renew it in routes.yaml after approval", x.Exception, name, p.Expires)
	}
	at = parsed(&x)[0]
	h = http.Header{}
	newHeaderEdit(x.Headers).apply(h)
	to, err = target.New(endpoint(&x, at, p, routes.Timeout{Connect: 10 * time.Second, Handshake: 10 * time.Second}), now)
	return to, at, h, err
}
