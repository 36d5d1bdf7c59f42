package legacy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Server is a running server. Its methods are safe for concurrent use.
type Server struct {
	addr    net.Addr
	scheme  string
	leafPEM []byte
	pin     string

	http    *http.Server
	stop    context.CancelFunc
	slots   chan struct{} // one per connection held
	serving sync.WaitGroup
	conns   sync.WaitGroup
	closing sync.Once
	err     error // of Close
}

// New starts a server. It is reachable when New returns; the caller closes it.
func New(o Options) (*Server, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{scheme: "http", slots: make(chan struct{}, o.MaxConns)}

	var config *tls.Config
	if o.MinVersion != 0 {
		pair := o.KeyPair
		if pair == nil {
			if pair, err = o.Certificate.issue(time.Now()); err != nil {
				return nil, err
			}
		}
		if s.leafPEM, s.pin, err = describe(pair); err != nil {
			return nil, err
		}
		s.scheme = "https"
		config = &tls.Config{
			Certificates: []tls.Certificate{*pair},
			MinVersion:   o.MinVersion,
			MaxVersion:   o.MaxVersion,
			CipherSuites: o.CipherSuites,
			// Old servers know neither tickets nor records sized by the state of the connection.
			SessionTicketsDisabled:      true,
			DynamicRecordSizingDisabled: true,
		}
	}

	listener, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("legacy: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s.addr, s.stop = listener.Addr(), stop
	listener = &slotListener{Listener: listener, slots: s.slots, done: ctx.Done()}
	if o.ResetAbove != 0 {
		listener = &resetListener{Listener: listener, above: o.ResetAbove}
	}
	if config != nil {
		listener = tls.NewListener(listener, config)
	}

	s.http = &http.Server{
		Handler:           o.Handler,
		ReadHeaderTimeout: 10 * time.Second, // the TLS handshake's limit as well
		IdleTimeout:       3 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // failed handshakes are what these servers are for
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnState:         s.count,
	}
	s.serving.Go(func() { s.http.Serve(listener) })
	return s, nil
}

// URL is the server's base URL, without a slash at the end: "https://127.0.0.1:40123".
func (s *Server) URL() string { return s.scheme + "://" + s.Addr() }

// Addr is the address listened on, "127.0.0.1:40123".
func (s *Server) Addr() string { return s.addr.String() }

// CertificatePEM is a copy of the server's certificate, or nil where it speaks plain HTTP.
func (s *Server) CertificatePEM() []byte { return slices.Clone(s.leafPEM) }

// SPKIPin is "sha256/" and, in base64, the SHA-256 of the certificate's public key (its SubjectPublicKeyInfo);
// empty where the server speaks plain HTTP.
func (s *Server) SPKIPin() string { return s.pin }

// Close stops listening, cuts every connection and returns when the last goroutine of the server has ended. Answers
// under way are broken off. Connections that a handler has hijacked are that handler's to close. Close may be called
// more than once.
func (s *Server) Close() error {
	s.closing.Do(func() {
		s.stop()
		s.err = s.http.Close()
		s.serving.Wait()
		// A connection accepted while the first Close ran may have been missed by it.
		s.err = errors.Join(s.err, s.http.Close())
		s.conns.Wait()
	})
	return s.err
}

// count follows net/http's connections: each is new once, before its goroutine starts, and closed or hijacked once.
func (s *Server) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.conns.Add(1)
	case http.StateClosed, http.StateHijacked:
		<-s.slots
		s.conns.Done()
	}
}

// slotListener takes a slot before it accepts a connection.
type slotListener struct {
	net.Listener
	slots chan struct{}
	done  <-chan struct{}
}

func (l *slotListener) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.done:
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
	}
	return conn, err
}
