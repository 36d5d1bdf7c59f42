package legacy

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"testing"
	"time"
)

func TestCloseEndsEverything(t *testing.T) {
	for name, o := range map[string]Options{
		"plain": {},
		"TLS":   {MinVersion: tls.VersionTLS10, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}, ResetAbove: tls.VersionTLS10},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			c := pinned(t, s, tls.VersionTLS10, tls.TLS_RSA_WITH_AES_128_CBC_SHA)

			idle, err := net.Dial("tcp", s.Addr()) // never speaks
			if err != nil {
				t.Fatal(err)
			}
			defer idle.Close()
			stream, err := c.Get(s.URL() + "/stream?bytes=8589934592") // never read further
			if err != nil {
				t.Fatal(err)
			}
			defer stream.Body.Close()
			slow := make(chan error, 1)
			go func() {
				resp, err := c.Get(s.URL() + "/slow?ms=60000")
				if err == nil {
					resp.Body.Close()
				}
				slow <- err
			}()
			time.Sleep(50 * time.Millisecond)

			begun := time.Now()
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Errorf("the second time: %v", err)
			}
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("Close took %s", took)
			}
			if err := <-slow; err == nil {
				t.Error("a request under way was answered")
			}
			if conn, err := net.Dial("tcp", s.Addr()); err == nil {
				conn.Close()
				t.Error("still listening")
			}
		})
	}
}

func TestCloseWaitsForHandlers(t *testing.T) {
	entered, left := make(chan struct{}), false
	s, err := New(Options{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
		time.Sleep(20 * time.Millisecond)
		left = true
	})})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if resp, err := modern(t).Get(s.URL()); err == nil {
			resp.Body.Close()
		}
	}()
	<-entered
	s.Close()
	if !left {
		t.Error("Close returned before the handler")
	}
	<-done
}

func TestConnectionsAreBounded(t *testing.T) {
	s, err := New(Options{MaxConns: 1})
	started(t, s, err)
	first, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", s.URL()+"/stock/A1001", nil)
	c := modern(t)
	if resp, err := c.Do(req); err == nil {
		resp.Body.Close()
		t.Fatal("a second connection was served beside the first")
	}
	first.Close()
	if resp, body := get(t, c, s.URL()+"/stock/A1001"); resp.StatusCode != 200 {
		t.Errorf("after the first has gone: %s: %s", resp.Status, body)
	}
}
