//go:build linux

package peers

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestCurl(t *testing.T) {
	url, ca := front(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, "%s %s %d\n", r.Method, r.Proto, len(body))
	}))
	t.Run("two calls on one connection", func(t *testing.T) {
		r := Curl(t, "--cacert", ca, "--http1.1", "--data", "abc", url, url)
		if r.ExitCode != 0 || r.Stdout != "POST HTTP/1.1 3\nPOST HTTP/1.1 3\n" || len(r.Transfers) != 2 {
			t.Fatalf("got %+v", r)
		}
		if r.Transfers[0].Status != 202 || r.Transfers[1].Connects != 0 {
			t.Errorf("got %+v", r.Transfers)
		}
	})
	t.Run("an untrusted certificate is curl's exit code 60", func(t *testing.T) {
		if r := Curl(t, url); r.ExitCode != 60 || r.Transfers[0].Status != 0 || r.Stderr == "" {
			t.Errorf("got %+v", r)
		}
	})
}

func TestSClient(t *testing.T) {
	s := Nginx(t, NginxOptions{})
	t.Run("sends what it was given", func(t *testing.T) {
		r := SClient(t, "GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "-connect", s.Addr, "-quiet")
		if !strings.Contains(r.Stdout, "HTTP/1.1 200 OK") || !strings.Contains(r.Stdout, "uri /hello") {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("shows a handshake", func(t *testing.T) {
		if r := SClient(t, "", "-connect", s.Addr); !strings.Contains(r.Stdout, "TLSv1.2") {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("a version that the server lacks fails", func(t *testing.T) {
		if r := SClient(t, "", "-connect", s.Addr, "-tls1_1"); r.ExitCode == 0 {
			t.Errorf("got %+v", r)
		}
	})
}

func TestSSLScan(t *testing.T) {
	s := Nginx(t, NginxOptions{Protocols: "TLSv1.1 TLSv1.2", Ciphers: "ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA:@SECLEVEL=0"})
	scan := SSLScan(t, s.Addr)
	if want := []string{"TLSv1.1", "TLSv1.2"}; !slices.Equal(scan.Versions, want) {
		t.Errorf("versions %v, want %v", scan.Versions, want)
	}
	var names []string
	for _, suite := range scan.Suites {
		names = append(names, suite.Version+" "+suite.Name)
	}
	slices.Sort(names)
	want := []string{"TLSv1.1 AES128-SHA", "TLSv1.2 AES128-SHA", "TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256"}
	if !slices.Equal(names, want) {
		t.Errorf("suites %v, want %v", names, want)
	}
}
