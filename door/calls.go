package door

import (
	"context"
	"net"
	"net/http"
	"time"
)

type connKey struct{}

// Remember is for http.Server.ConnContext.
func (d *Door) Remember(ctx context.Context, nc net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, of(nc))
}

// Handler lets next serve the calls that may run, and refuse the others in its own
// words. When as many are being refused as a quarter of those that may run, because
// nobody reads the refusals, further ones are cut.
func (d *Door) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _ := r.Context().Value(connKey{}).(*conn)
		c.handled.Add(1)
		switch d.begin(c) {
		case run:
			defer d.end(c)
		case refuse:
			defer d.refusedCall()
			r = d.Busy(r, false)
		case refuseNetwork:
			defer d.refusedCall()
			r = d.Busy(r, true)
		case cut:
			d.refused(c, tooBusy)
			if r.ProtoMajor == 1 { // or net/http waits for the rest of a short body
				http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0))
			}
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
	})
}

// verdict is what becomes of a call.
type verdict int

const (
	run verdict = iota
	refuse
	refuseNetwork // it has its share
	cut
)

func (d *Door) begin(c *conn) verdict {
	d.mu.Lock()
	defer d.mu.Unlock()
	room, share := d.calls.guests+d.calls.exempt < d.most(d.Calls, c.exempt), c.exempt || c.account.calls < d.Network.Calls
	if room && share {
		*d.calls.of(c.exempt)++
		if !c.exempt {
			c.account.calls++
		}
		return run
	}
	if d.refusals < max(1, d.Calls/4) {
		d.refusals++
		if !share {
			return refuseNetwork
		}
		return refuse
	}
	return cut
}

func (d *Door) end(c *conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	*d.calls.of(c.exempt)--
	if !c.exempt {
		c.account.calls--
		d.networks.settle(c.account)
	}
}

func (d *Door) refusedCall() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refusals--
}
