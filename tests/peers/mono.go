//go:build linux

package peers

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The clients of .NET Framework that a MonoCall can use.
const (
	HTTPWebRequest = "webrequest" // System.Net.HttpWebRequest, as X++ uses it
	HTTPClient     = "httpclient" // System.Net.Http.HttpClient, one for all calls
	WCF            = "wcf"        // ChannelFactory with BasicHttpBinding; always POST
)

// MonoCall is one run of a caller. Mono speaks TLS 1.0 to 1.2, and checks names against
// DNS names only: reach a server as localhost, not as 127.0.0.1. Where it differs from
// .NET Framework on the wire: HttpWebRequest and WCF send Expect: 100-continue but wait
// for nothing (350 ms on .NET Framework), HttpClient waits a whole second for the 100.
type MonoCall struct {
	Client      string        // HTTPWebRequest (default), HTTPClient or WCF
	URL         string        //
	Method      string        // default GET, or POST when there is a body
	Header      []string      // "Name: value"
	ContentType string        //
	SOAPAction  string        // without quotes, which are added
	Body        string        // for WCF the content of soap:Body
	BodySize    int           // instead of Body: this many letters
	CA          string        // path of the one PEM certificate to trust; none: trust the machine's
	Calls       int           // calls made one after the other in one process; default 1
	NoExpect    bool          // no Expect: 100-continue
	NoRedirects bool          // leave redirects to the test
	NoKeepAlive bool          // Connection: close
	Chunked     bool          // a chunked request body (not WCF)
	Timeout     time.Duration // of each call, default 20 s
}

// MonoAnswer is what one call came to.
type MonoAnswer struct {
	Call          int         `json:"call"`           // from 0
	Status        int         `json:"status"`         // 0: no answer, or WCF, which hides it
	Header        [][2]string `json:"header"`         // in the order received; none for WCF
	Length        int64       `json:"length"`         // bytes of the whole body, -1: none was read
	Body          string      `json:"body"`           // its first 8 KiB
	Phase         string      `json:"phase"`          // where the exception came: "request" while sending the body, "response", "body"; "" without one
	ExceptionType string      `json:"exception_type"` // full name
	Exception     string      `json:"exception"`      // text with inner exceptions
	WebStatus     string      `json:"web_status"`     // WebExceptionStatus, such as ProtocolError
	Handshakes    int         `json:"handshakes"`     // TLS handshakes in which a certificate was judged, since the first call
	Certificates  int         `json:"certificates"`   // sent by the server in the latest
	TrustErrors   string      `json:"trust_errors"`   // SslPolicyErrors of the latest, "" for none
	FaultType     string      `json:"fault_type"`     // such as FaultException<XmlElement>
	FaultCode     string      `json:"fault_code"`     // local name
	FaultReason   string      `json:"fault_reason"`   //
	FaultDetail   string      `json:"fault_detail"`   // XML of the first element in detail
	ElapsedMS     int64       `json:"elapsed_ms"`     //
}

// HeaderValue returns the first value of a header, in any case of its name.
func (a MonoAnswer) HeaderValue(name string) string {
	for _, h := range a.Header {
		if strings.EqualFold(h[0], name) {
			return h[1]
		}
	}
	return ""
}

// Mono makes the calls and returns an answer for each. A call that fails is an answer
// with an exception; a caller that cannot run at all fails the test.
func Mono(t testing.TB, c MonoCall) []MonoAnswer {
	t.Helper()
	if c.Client == "" {
		c.Client = HTTPWebRequest
	}
	if c.Calls == 0 {
		c.Calls = 1
	}
	if c.Timeout == 0 {
		c.Timeout = 20 * time.Second
	}
	limit := time.Duration(c.Calls)*c.Timeout + 30*time.Second
	args := append([]string{c.Client}, c.flags(t)...)
	r := MonoRun(t, limit, c.CA, monoCaller(t), args...)
	if r.ExitCode != 0 {
		t.Fatalf("peers: mono %v: exit %d\n%s%s", args, r.ExitCode, r.Stdout, r.Stderr)
	}
	var answers []MonoAnswer
	for d := json.NewDecoder(bytes.NewBufferString(r.Stdout)); ; {
		var a MonoAnswer
		if err := d.Decode(&a); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("peers: mono %v: %v\n%s%s", args, err, r.Stdout, r.Stderr)
		}
		answers = append(answers, a)
	}
	if len(answers) != c.Calls {
		t.Fatalf("peers: mono %v: %d answers to %d calls\n%s%s", args, len(answers), c.Calls, r.Stdout, r.Stderr)
	}
	return answers
}

func (c MonoCall) flags(t testing.TB) []string {
	t.Helper()
	onOff := func(on bool) string { return map[bool]string{true: "on", false: "off"}[on] }
	f := []string{
		"--url", c.URL,
		"--calls", strconv.Itoa(c.Calls),
		"--timeout-ms", strconv.FormatInt(c.Timeout.Milliseconds(), 10),
		"--expect", onOff(!c.NoExpect),
		"--redirects", onOff(!c.NoRedirects),
		"--keep-alive", onOff(!c.NoKeepAlive),
		"--chunked", onOff(c.Chunked),
	}
	switch {
	case c.BodySize > 0:
		f = append(f, "--body-size", strconv.Itoa(c.BodySize))
	case c.Body != "":
		file := filepath.Join(t.TempDir(), "body")
		writeFile(t, file, c.Body)
		f = append(f, "--body-file", file)
	}
	if c.Method == "" && (c.Body != "" || c.BodySize > 0) {
		c.Method = "POST"
	}
	for flag, value := range map[string]string{"--method": c.Method, "--content-type": c.ContentType, "--soap-action": c.SOAPAction} {
		if value != "" {
			f = append(f, flag, value)
		}
	}
	for _, h := range c.Header {
		f = append(f, "--header", h)
	}
	return f
}

// MonoRun runs a program from MonoCompile. With ca, the path of a PEM certificate, the
// runtime's own trust store holds that certificate: whether a chain is accepted is then
// decided by Mono and not by code of ours.
func MonoRun(t testing.TB, limit time.Duration, ca, program string, args ...string) Result {
	t.Helper()
	home := t.TempDir()
	env := []string{"XDG_CONFIG_HOME=" + home, "MONO_TLS_PROVIDER=btls"}
	if ca != "" {
		trust(t, home, ca)
	}
	return run(t, limit, "", env, "mono", append([]string{program}, args...)...)
}
