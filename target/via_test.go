package target

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"twohop/internal/fault"
)

func TestAProxyThatFails(t *testing.T) {
	held := make(chan struct{})
	t.Cleanup(func() { close(held) })
	answers := func(text string) string {
		return listen(t, func(c net.Conn) {
			http.ReadRequest(bufio.NewReader(c))
			io.WriteString(c, text)
		})
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for name, c := range map[string]struct {
		via   string
		code  fault.Code
		cause string
	}{
		"nothing listens":          {closed.Addr().String(), fault.ViaRefused, "cannot be reached"},
		"it forbids the target":    {answers("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"), fault.ViaRefused, "answered 403"},
		"it wants a credential":    {answers("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"), fault.ViaRefused, "credential"},
		"it hangs up":              {answers(""), fault.ViaRefused, "no answer"},
		"it does not speak HTTP":   {answers("SSH-2.0-OpenSSH_4.3\r\n"), fault.ViaRefused, "HTTP"},
		"its answer has no end":    {listen(t, func(c net.Conn) { io.Copy(c, endless{}) }), fault.ViaRefused, "no answer"},
		"it falls silent":          {listen(t, func(net.Conn) { <-held }), fault.TargetConnectTime, "proxy"},
		"it is at a link-local ip": {"169.254.169.254:3128", fault.ViaRefused, "cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := plain("127.0.0.1:80")
			cfg.Via, cfg.Connect = "http://user:pa55@"+c.via, 500*time.Millisecond
			x := newTarget(t, cfg)
			_, h, err := call(x, request(t, x, "POST", "/", nil), patient)
			f := isFault(t, err, c.code, c.cause)
			if strings.Contains(f.Error(), "pa55") || h.Address != "" {
				t.Errorf("the log says %v, the hop %+v", f, h)
			}
		})
	}
}

// endless is the head of an answer without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	return copy(p, "HTTP/1.1 200 OK\r\nX: y\r\nX: y\r\n"), nil
}

func TestAForbiddenTargetIsRefusedBeforeTheProxyIsAsked(t *testing.T) {
	via := listen(t, func(net.Conn) { t.Error("the proxy was asked") })
	cfg := plain("169.254.169.254:80")
	cfg.Via = "http://" + via
	_, _, err := get(t, newTarget(t, cfg))
	isFault(t, err, fault.TargetForbidden, "metadata")
}

func TestThroughAProxyTheTargetIsVerifiedAllTheSame(t *testing.T) {
	cfg := trusted(t, &tls.Config{})
	var seen string
	via := listen(t, func(c net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return
		}
		seen = r.Header.Get("Proxy-Authorization")
		to, err := net.Dial("tcp", r.RequestURI)
		if err != nil {
			return
		}
		defer to.Close()
		io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n")
		go io.Copy(c, to)
		io.Copy(to, c)
	})
	cfg.Via = "http://user:pa55@" + via
	x := newTarget(t, cfg)
	body, h, err := get(t, x)
	if err != nil || body != "hello" || h.Version != tls.VersionTLS13 || h.Address != via {
		t.Errorf("got %q, %v, %+v", body, err, h)
	}
	if seen != "Basic "+base64.StdEncoding.EncodeToString([]byte("user:pa55")) {
		t.Errorf("the proxy saw %q", seen)
	}
	x.Close()
	cfg.CA = trusting(t, newAuthority(t, nil).cert)
	_, _, err = get(t, newTarget(t, cfg))
	isFault(t, err, fault.TargetUntrusted)
}

func TestProxiesOfTheEnvironmentAreIgnored(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"} {
		t.Setenv(name, "http://127.0.0.1:1")
	}
	if body, _, err := get(t, newTarget(t, plain(serve(t, nil, hello)))); err != nil || body != "hello" {
		t.Errorf("got %q, %v", body, err)
	}
}
