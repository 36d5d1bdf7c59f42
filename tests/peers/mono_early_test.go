//go:build linux

package peers

import (
	"io"
	"net/http"
	"testing"
)

// refuse answers 401 without a look at the body.
func refuse(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("WWW-Authenticate", "Bearer")
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = io.WriteString(w, "no credential")
}

// drained is refuse by a server that knows .NET: the answer goes out at once, then the
// body is read to its end before the connection is touched.
func drained(w http.ResponseWriter, r *http.Request) {
	stream := http.NewResponseController(w)
	_ = stream.EnableFullDuplex()
	w.Header().Set("Content-Length", "13")
	refuse(w, r)
	_ = stream.Flush()
	_, _ = io.Copy(io.Discard, r.Body)
}

const fiveMB = 5 << 20

// TestEarlyRefusal shows why a broker must drain. Mono's HttpWebRequest sends the whole
// body whatever has been answered, and a server that closes first takes the answer away:
// what the developer gets is an IOException out of the request stream.
func TestEarlyRefusal(t *testing.T) {
	const calls = 3
	post := func(t *testing.T, kind string, h http.HandlerFunc, noExpect bool) (answered, broken int) {
		t.Helper()
		url, ca := front(t, h)
		for range calls { // a process each, since a broken connection changes the next call
			a := Mono(t, MonoCall{Client: kind, URL: url, CA: ca, BodySize: fiveMB, NoExpect: noExpect})[0]
			switch {
			case a.Status == http.StatusUnauthorized && a.Body == "no credential" && a.HeaderValue("WWW-Authenticate") == "Bearer":
				answered++
				if kind == HTTPWebRequest && (a.ExceptionType != "System.Net.WebException" || a.WebStatus != "ProtocolError") {
					t.Errorf("a 401 as %s, %s", a.ExceptionType, a.WebStatus)
				}
			case a.Status == 0 && a.Exception != "":
				broken++
			default:
				t.Errorf("neither answered nor broken: %+v", a)
			}
		}
		return answered, broken
	}
	for _, kind := range []string{HTTPWebRequest, HTTPClient} {
		for name, noExpect := range map[string]bool{"with Expect": false, "without Expect": true} {
			t.Run(kind+" "+name+", drained: every answer arrives", func(t *testing.T) {
				t.Parallel()
				if answered, _ := post(t, kind, drained, noExpect); answered != calls {
					t.Errorf("%d of %d answers arrived", answered, calls)
				}
			})
			t.Run(kind+" "+name+", naive", func(t *testing.T) {
				t.Parallel()
				answered, broken := post(t, kind, refuse, noExpect)
				t.Logf("naive server: %d answers, %d broken connections", answered, broken)
				// HttpClient alone takes a final status in place of the 100.
				if patient := kind == HTTPClient && !noExpect; !patient && broken == 0 {
					t.Error("the naive server lost no answer: the test no longer shows the failure")
				}
			})
		}
	}
}
