//go:build linux

package faults

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"twohop/internal/legacy"
)

// service is the target of a lane: the JSON service of internal/legacy and a sink for
// uploads, over plain HTTP or TLS 1.0.
type service struct {
	*legacy.Server
	reached chan struct{} // holds one when a call to think, or the first part of an upload, came
	orders  atomic.Int64  // POSTs to /orders
}

func startService(t testing.TB, kind string) *service {
	t.Helper()
	s := &service{reached: make(chan struct{}, 1)}
	o := legacy.Options{Handler: s.handler()}
	if kind == tls10 {
		o.MinVersion, o.CipherSuites = tls.VersionTLS10, []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}
		o.Certificate = legacy.Certificate{KeyBits: 1024, SHA1: true}
	}
	var err error
	if s.Server, err = legacy.New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func (s *service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", legacy.JSON())
	mux.HandleFunc("/sink", s.sink)
	mux.HandleFunc("/think", s.think)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/orders") {
			s.orders.Add(1)
		}
		mux.ServeHTTP(w, r)
	})
}

// sink reads a body and answers how long it was.
func (s *service) sink(w http.ResponseWriter, r *http.Request) {
	total, buf := 0, make([]byte, 32<<10)
	for {
		n, err := r.Body.Read(buf)
		if total += n; total >= firstPart {
			s.reach()
		}
		if err == io.EOF {
			fmt.Fprintf(w, "got %d", total)
			return
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
	}
}

// think answers after a while.
func (s *service) think(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	s.reach()
	select {
	case <-time.After(thinking):
		io.WriteString(w, "thought")
	case <-r.Context().Done():
		panic(http.ErrAbortHandler)
	}
}

func (s *service) reach() {
	select {
	case s.reached <- struct{}{}:
	default:
	}
}

// awaitReached waits until a call has reached the service.
func (s *service) awaitReached(ctx context.Context) error {
	select {
	case <-s.reached:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
