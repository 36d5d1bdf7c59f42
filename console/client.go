package console

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// clientTimeout is for a command and its answer.
const clientTimeout = time.Minute

// Client returns an HTTP client that reaches the broker whose socket is at path,
// whatever the host in the URL.
func Client(path string) *http.Client {
	return &http.Client{Timeout: clientTimeout, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, path) },
	}}
}

type userKey struct{}

// WithUser is an http.Server.ConnContext for User.
func WithUser(ctx context.Context, c net.Conn) context.Context {
	// Asked for when it is needed: Windows tells it only after something was read.
	return context.WithValue(ctx, userKey{}, sync.OnceValue(func() string { return peerUser(c) }))
}

// User returns the OS user at the other end of a socket that Listen opened, or
// "unknown". It is for use while the request is being answered.
func User(r *http.Request) string {
	if ask, ok := r.Context().Value(userKey{}).(func() string); ok {
		if name := ask(); name != "" {
			return name
		}
	}
	return "unknown"
}
