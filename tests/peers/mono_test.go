//go:build linux

package peers

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// seen is what the server saw of a request; echo answers with it.
type seen struct {
	Method, Proto, Remote string
	Header                http.Header
	ContentLength         int64
	Chunked               bool
	Read                  int64
}

func echo(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("X-Answer", "yes")
	_ = json.NewEncoder(w).Encode(seen{r.Method, r.Proto, r.RemoteAddr, r.Header, r.ContentLength, r.TransferEncoding != nil, n})
}

func saw(t *testing.T, a MonoAnswer) (s seen) {
	t.Helper()
	if a.Exception != "" || a.Status != http.StatusOK {
		t.Fatalf("status %d, trust %q, exception %s", a.Status, a.TrustErrors, a.Exception)
	}
	if err := json.Unmarshal([]byte(a.Body), &s); err != nil {
		t.Fatalf("%v in %q", err, a.Body)
	}
	return s
}

func TestMonoRequests(t *testing.T) {
	url, ca := front(t, http.HandlerFunc(echo))
	for _, kind := range []string{HTTPWebRequest, HTTPClient} {
		t.Run(kind+" GET", func(t *testing.T) {
			a := Mono(t, MonoCall{Client: kind, URL: url, CA: ca, Header: []string{"X-Api-Key: k1"}})[0]
			s := saw(t, a)
			if s.Method != "GET" || s.Proto != "HTTP/1.1" || s.Header.Get("X-Api-Key") != "k1" || s.Header.Get("User-Agent") != "" {
				t.Errorf("the server saw %+v", s)
			}
			if a.HeaderValue("x-answer") != "yes" || a.Certificates != 1 || a.Handshakes != 1 {
				t.Errorf("the caller saw %+v", a)
			}
		})
		t.Run(kind+" POST expects 100-continue", func(t *testing.T) {
			s := saw(t, Mono(t, MonoCall{
				Client: kind, URL: url, CA: ca, ContentType: "text/xml; charset=utf-8", SOAPAction: "urn:legacy/GetStock", Body: "<a/>",
			})[0])
			if s.Header.Get("Expect") != "100-continue" || s.ContentLength != 4 || s.Read != 4 {
				t.Errorf("the server saw %+v", s)
			}
			if s.Header.Get("Soapaction") != `"urn:legacy/GetStock"` || s.Header.Get("Content-Type") != "text/xml; charset=utf-8" {
				t.Errorf("the server saw %+v", s)
			}
		})
		t.Run(kind+" POST without Expect", func(t *testing.T) {
			s := saw(t, Mono(t, MonoCall{Client: kind, URL: url, CA: ca, BodySize: 100_000, NoExpect: true})[0])
			if s.Header.Get("Expect") != "" || s.Read != 100_000 {
				t.Errorf("the server saw %+v", s)
			}
		})
		t.Run(kind+" POST in chunks", func(t *testing.T) {
			s := saw(t, Mono(t, MonoCall{Client: kind, URL: url, CA: ca, BodySize: 100_000, Chunked: true})[0])
			if !s.Chunked || s.Read != 100_000 {
				t.Errorf("the server saw %+v", s)
			}
		})
	}
}

func TestMonoConnections(t *testing.T) {
	url, ca := front(t, http.HandlerFunc(echo))
	for _, kind := range []string{HTTPWebRequest, HTTPClient} {
		for _, c := range []struct {
			name  string
			close bool
			want  int
		}{{"keeps its connection", false, 1}, {"opens one for each call when told so", true, 3}} {
			t.Run(kind+" "+c.name, func(t *testing.T) {
				used := map[string]bool{}
				answers := Mono(t, MonoCall{Client: kind, URL: url, CA: ca, Body: "x", Calls: 3, NoKeepAlive: c.close})
				for _, a := range answers {
					used[saw(t, a).Remote] = true
				}
				if len(used) != c.want || answers[2].Handshakes != c.want {
					t.Errorf("%d connections and %d handshakes, want %d", len(used), answers[2].Handshakes, c.want)
				}
			})
		}
	}
}

func TestMonoRedirects(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/", echo)
	mux.Handle("/old", http.RedirectHandler("/new", http.StatusFound))
	url, ca := front(t, mux)
	for _, kind := range []string{HTTPWebRequest, HTTPClient} {
		if a := Mono(t, MonoCall{Client: kind, URL: url + "/old", CA: ca})[0]; a.Status != http.StatusOK {
			t.Errorf("%s did not follow: %+v", kind, a)
		}
		if a := Mono(t, MonoCall{Client: kind, URL: url + "/old", CA: ca, NoRedirects: true})[0]; a.Status != http.StatusFound || a.HeaderValue("Location") != "/new" {
			t.Errorf("%s followed: %+v", kind, a)
		}
	}
}

func TestMonoReadsWhatARefusalSays(t *testing.T) {
	const long = 20_000
	url, ca := front(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		fmt.Fprint(w, strings.Repeat("é", long/2))
	}))
	a := Mono(t, MonoCall{URL: url, CA: ca})[0]
	if a.Status != 502 || a.WebStatus != "ProtocolError" || a.ExceptionType != "System.Net.WebException" {
		t.Errorf("got %+v", a)
	}
	if a.Length != long || a.Body != strings.Repeat("é", 4096) {
		t.Errorf("%d bytes, of which %d kept", a.Length, len(a.Body))
	}
	if a := Mono(t, MonoCall{Client: HTTPClient, URL: url, CA: ca})[0]; a.Status != 502 || a.Exception != "" || a.Length != long {
		t.Errorf("HttpClient: %+v", a)
	}
}
