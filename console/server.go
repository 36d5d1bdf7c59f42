package console

import (
	"log"
	"net/http"
	"time"
)

// Limits of the operator's side. Its requests are small and its answers quick, so
// nobody who reaches an address may hold more than this, or longer.
const (
	maxConnections = 64
	headerTimeout  = 5 * time.Second // for a TLS handshake too
	readTimeout    = 10 * time.Second
	writeTimeout   = 90 * time.Second // above clientTimeout: a reload takes what it takes
	idleTimeout    = 2 * time.Minute  // above Prometheus's usual interval of a minute
	maxHeader      = 8 << 10
)

// Server returns a server for the operator's side, which speaks HTTP/1.1, bounds what it
// takes and writes its errors to errors. Who has a ConnState of their own calls this one too.
func Server(h http.Handler, errors *log.Logger) *http.Server {
	s := &http.Server{Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: errors, Protocols: new(http.Protocols)}
	s.ConnState = (&room{most: maxConnections}).state
	s.Protocols.SetHTTP1(true)
	return s
}
