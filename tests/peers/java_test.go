//go:build linux

package peers

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func javaAnswer(t *testing.T, body string) JavaAnswer {
	t.Helper()
	var a JavaAnswer
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatalf("%v in %q", err, body)
	}
	return a
}

func TestJava(t *testing.T) {
	s := Java(t, JavaOptions{})
	for _, suite := range []uint16{tls.TLS_RSA_WITH_RC4_128_SHA, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA} {
		t.Run("TLS 1.0 with "+tls.CipherSuiteName(suite), func(t *testing.T) {
			c := client(t, s.SPKIPin, tls.VersionTLS10, suite)
			resp, body := fetch(t, c, request(t, "GET", "https://"+s.Addr+"/stock?item=1", ""))
			a := javaAnswer(t, body)
			if resp.TLS.CipherSuite != suite || a.Path != "/stock?item=1" || a.Served != 1 {
				t.Errorf("got %s, %+v", tls.CipherSuiteName(resp.TLS.CipherSuite), a)
			}

			sent := strings.Repeat("x", 300_000)
			_, body = fetch(t, c, request(t, "POST", "https://"+s.Addr+"/", sent))
			a = javaAnswer(t, body)
			if want := fmt.Sprintf("%x", sha256.Sum256([]byte(sent))); a.Length != 300_000 || a.SHA256 != want {
				t.Errorf("length %d, digest %s", a.Length, a.SHA256)
			}
			if a.Served != 2 {
				t.Errorf("the connection was not kept: request %d on it", a.Served)
			}
		})
	}
	t.Run("reads a chunked request", func(t *testing.T) {
		_, body := fetch(t, client(t, s.SPKIPin, tls.VersionTLS10), chunked(t, s, "hello"))
		if a := javaAnswer(t, body); a.Length != 5 {
			t.Errorf("got %+v", a)
		}
	})
}

func TestJavaModes(t *testing.T) {
	t.Run("HTTP/1.0 closes and gives no length", func(t *testing.T) {
		s := Java(t, JavaOptions{Mode: JavaHTTP10})
		c := client(t, s.SPKIPin, tls.VersionTLS10)
		for range 2 {
			resp, body := fetch(t, c, request(t, "GET", "https://"+s.Addr+"/", ""))
			if a := javaAnswer(t, body); resp.Proto != "HTTP/1.0" || resp.ContentLength != -1 || a.Served != 1 {
				t.Errorf("got %s, length %d, %+v", resp.Proto, resp.ContentLength, a)
			}
		}
	})
	t.Run("411 to a chunked request, 200 to one with a length", func(t *testing.T) {
		s := Java(t, JavaOptions{Mode: JavaRefuseChunked})
		c := client(t, s.SPKIPin, tls.VersionTLS10)
		if resp, _ := fetch(t, c, chunked(t, s, "hello")); resp.StatusCode != http.StatusLengthRequired {
			t.Errorf("chunked: %s", resp.Status)
		}
		if resp, _ := fetch(t, c, request(t, "POST", "https://"+s.Addr+"/", "hello")); resp.StatusCode != http.StatusOK {
			t.Errorf("with a length: %s", resp.Status)
		}
	})
}

// chunked is a POST whose length the client does not know.
func chunked(t *testing.T, s Server, body string) *http.Request {
	t.Helper()
	req := request(t, "POST", "https://"+s.Addr+"/", "")
	req.ContentLength = -1
	req.Body = io.NopCloser(io.MultiReader(strings.NewReader(body)))
	return req
}
