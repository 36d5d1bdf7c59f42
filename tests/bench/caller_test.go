//go:build linux

package main

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestAPostIsSentAsDotNETSendsIt looks at the bytes: nothing of the body before the 100.
func TestAPostIsSentAsDotNETSendsIt(t *testing.T) {
	for name, continues := range map[string]bool{"the server says 100": true, "the server keeps silent": false} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			seen := make(chan string, 1)
			go func() {
				c, err := l.Accept()
				if err != nil {
					return
				}
				defer c.Close()
				r := bufio.NewReader(c)
				req, err := http.ReadRequest(r)
				if err != nil {
					return
				}
				early := r.Buffered()
				if continues {
					io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\n")
				}
				body, _ := io.ReadAll(req.Body)
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
				if early == 0 {
					seen <- req.Header.Get("Expect") + " " + string(body)
				} else {
					seen <- "the body came with the head"
				}
			}()
			c, err := dial(l.Addr().String(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			waited, err := c.postAsDotNET("/", []byte("body"))
			if err != nil || waited == continues {
				t.Errorf("waited in vain: %v, error: %v", waited, err)
			}
			if got := <-seen; got != "100-continue body" {
				t.Errorf("the server saw %q", got)
			}
		})
	}
}

// server answers a GET of any path over TLS.
func server(t *testing.T) endpoint {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") }))
	t.Cleanup(s.Close)
	return endpoint{s.Listener.Addr().String(), "https", ""}
}

func TestHandshakesResumeOrNot(t *testing.T) {
	e := server(t)
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		for _, resume := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				c := doorTLS(version)
				c.CipherSuites = append(c.CipherSuites, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256) // httptest's key
				r, err := handshakes(e, c, "/", resume, 50*time.Millisecond)
				if err != nil || r.count == 0 {
					t.Errorf("%d handshakes, error: %v", r.count, err)
				}
			})
		}
	}
}

func TestIdleConnectionsStayUntilClosed(t *testing.T) {
	r, err := idle(server(t), "/", 20)
	if err != nil || r.count != 20 {
		t.Fatalf("%d connections, error: %v", r.count, err)
	}
	r.close()
}

func TestThePacedLoadKeepsItsRate(t *testing.T) {
	r, err := paced(server(t), "/", 4, 100, 200*time.Millisecond)
	if err != nil || r.count != 20 {
		t.Errorf("%d calls, error: %v; 20 were due", r.count, err)
	}
}

func TestARefusedCallFailsTheLoad(t *testing.T) {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	_, err := paced(endpoint{s.Listener.Addr().String(), "https", ""}, "/", 1, 100, 50*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("error: %v", err)
	}
}
