package target

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"twohop/internal/fault"
	"twohop/internal/legacy"
)

// counted counts the connections that s gets.
func counted(t *testing.T, addr string) (string, *atomic.Int64) {
	var n atomic.Int64
	return listen(t, func(c net.Conn) {
		n.Add(1)
		to, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		go func() {
			io.Copy(to, c)
			to.(*net.TCPConn).CloseWrite()
		}()
		if _, err := io.Copy(c, to); err != nil {
			c.(*net.TCPConn).SetLinger(0) // pass a reset on
		}
		to.Close()
	}), &n
}

func TestAResetIsExplainedByWhatTheTargetSpeaks(t *testing.T) {
	s, err := legacy.ResetsModern("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	addr, connections := counted(t, s.Addr())
	x := newTarget(t, secure(addr))
	now := time.Now()
	x.verify.now = func() time.Time { return now }

	_, h, err := get(t, x)
	isFault(t, err, fault.TargetVersion, "the target speaks only TLS 1.0; the route allows TLS 1.2 to TLS 1.3")
	if h.Address != "" || h.Version != 0 {
		t.Errorf("a connection that was not made is recorded: %+v", h)
	}
	asked := connections.Load()
	if asked < 2 {
		t.Errorf("%d connections, so nothing was asked", asked)
	}
	for range 3 {
		_, _, err = get(t, x)
		isFault(t, err, fault.TargetVersion, "speaks only TLS 1.0")
	}
	if n := connections.Load() - asked; n != 3 {
		t.Errorf("3 calls within the minute made %d connections: the target is asked too often", n)
	}
	now = now.Add(diagnoseEvery)
	get(t, x)
	if n := connections.Load() - asked; n < 5 {
		t.Errorf("after a minute nothing was asked anew")
	}

	t.Run("and cured by offering nothing else", func(t *testing.T) {
		c := secure(s.Addr())
		c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS12
		c.Suites = []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}
		c.Pins = []string{s.SPKIPin()}
		_, _, err := get(t, newTarget(t, c))
		f := isFault(t, err, fault.TargetReset, "the target speaks TLS 1.0, and ends the handshake when the route offers more (TLS 1.0 to TLS 1.2)")
		if !strings.Contains(f.Advice(), "`tls.version` to 1.0") {
			t.Errorf("the advice is %q", f.Advice())
		}
		c.MaxVersion = tls.VersionTLS10
		if _, h, err := get(t, newTarget(t, c)); err != nil || h.Version != tls.VersionTLS10 {
			t.Errorf("got %v, %+v", err, h)
		}
	})
}

func TestAHandshakeThatFails(t *testing.T) {
	held := make(chan struct{})
	t.Cleanup(func() { close(held) })
	rsaOnly := legacyServer(t, legacy.Options{MinVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}})
	old := legacyServer(t, legacy.Options{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	gone := func(t *testing.T, answer string) string {
		return listen(t, func(c net.Conn) {
			c.Read(make([]byte, 4096))
			io.WriteString(c, answer)
		})
	}
	asks := func(t *testing.T, version uint16) string {
		return serve(t, &tls.Config{Certificates: []tls.Certificate{*issue(t, nil, nil)}, MinVersion: version, MaxVersion: version, ClientAuth: tls.RequireAnyClientCert}, hello)
	}
	const (
		warned    = "\x15\x03\x01\x00\x02\x01\x70" // unrecognized_name, a warning
		ssl3Hello = "\x16\x03\x00\x00\x2a\x02\x00\x00\x26\x03\x00"
		tls12     = "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03"
	)
	alert := func(code byte) string { return "\x15\x03\x01\x00\x02\x02" + string([]byte{code}) }
	for name, c := range map[string]struct {
		addr  string
		code  fault.Code
		cause string
	}{
		"it falls silent":                           {listen(t, func(net.Conn) { <-held }), fault.TargetHandshakeTime, "within 400ms; offered: TLS 1.2 to TLS 1.3"},
		"it hangs up on every hello":                {gone(t, ""), fault.TargetReset, "closed the connection during the handshake; offered: TLS 1.2 to TLS 1.3"},
		"it speaks older versions":                  {old.Addr(), fault.TargetVersion, "speaks only TLS 1.0, TLS 1.1; the route allows TLS 1.2 to TLS 1.3"},
		"it takes no suite":                         {rsaOnly.Addr(), fault.TargetSuite, "TLS 1.2 with TLS_RSA_WITH_AES_128_GCM_SHA256"},
		"it answers in SSL 3.0":                     {gone(t, ssl3Hello+strings.Repeat("\x00", 36)), fault.TargetVersion, "answered with SSLv3; the route allows TLS 1.2 to TLS 1.3"},
		"it breaks off after its hello":             {gone(t, tls12), fault.TargetHandshake, "began a TLS 1.2 handshake"},
		"it speaks plain HTTP":                      {serve(t, nil, hello), fault.TargetNotTLS, "not TLS"},
		"it is a mail server":                       {gone(t, "220 mail ESMTP\r\n"), fault.TargetNotTLS, "not TLS"},
		"it refuses the version in words":           {gone(t, alert(70)), fault.TargetVersion, "refused every version that the route allows (TLS 1.2 to TLS 1.3)"},
		"it refuses the suites in words":            {gone(t, alert(40)), fault.TargetSuite, "nothing acceptable in what the route offers (TLS 1.2 to TLS 1.3)"},
		"it has an alert of its own":                {gone(t, alert(80)), fault.TargetHandshake, "alert 80"},
		"a warning before a refusal is overlooked":  {gone(t, warned+alert(70)), fault.TargetVersion, "refused every version"},
		"a warning before hanging up is no refusal": {gone(t, warned), fault.TargetReset, "closed the connection"},
		"it wants a client certificate":             {gone(t, alert(116)), fault.TargetWantsCert, "client certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := secure(c.addr)
			cfg.Handshake = 10 * time.Second
			if c.code == fault.TargetHandshakeTime {
				cfg.Handshake = 400 * time.Millisecond
			}
			x := newTarget(t, cfg)
			_, h, err := call(x, request(t, x, "POST", "/", strings.NewReader("{}")), patient)
			isFault(t, err, c.code, c.cause)
			if h.Sent != 0 || h.Version != 0 {
				t.Errorf("the hop says %+v", h)
			}
		})
	}
	for _, v := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, method := range []string{"GET", "POST"} {
			t.Run("it asks for a client certificate in "+tls.VersionName(v)+" and refuses a "+method, func(t *testing.T) {
				cfg := secure(asks(t, v))
				cfg.CA = ""
				cfg.Pins = []string{"sha256/" + strings.Repeat("A", 43) + "="}
				x := newTarget(t, cfg)
				x.tls.VerifyConnection = nil // what it shows is not the point here
				_, _, err := call(x, request(t, x, method, "/", nil), patient)
				isFault(t, err, fault.TargetWantsCert, "client certificate")
			})
		}
	}
}

func TestATargetThatMerelyAsksForAClientCertificateIsServed(t *testing.T) {
	for _, v := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		cfg := trusted(t, &tls.Config{MinVersion: v, MaxVersion: v, ClientAuth: tls.RequestClientCert})
		if body, h, err := get(t, newTarget(t, cfg)); err != nil || body != "hello" || h.Version != v {
			t.Errorf("%s: got %q, %v", tls.VersionName(v), body, err)
		}
	}
}

// TestAskingCompletesNothing looks at what a server gets from the diagnosis and from a
// probe: hellos, and an alert each; no handshake is finished and no request sent.
func TestAskingCompletesNothing(t *testing.T) {
	for _, v := range allVersions {
		cert := issue(t, nil, nil)
		var finished, sent atomic.Int64
		addr := listen(t, func(c net.Conn) {
			s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: v, MaxVersion: v})
			if s.Handshake() == nil {
				finished.Add(1)
			}
			n, _ := s.Read(make([]byte, 10))
			sent.Add(int64(n))
		})
		x := newTarget(t, secure(addr))
		known := x.spoken(soon(t), diagnoseLimit)
		if len(known) != 1 || known[0].version != v {
			t.Errorf("%s: seen as %+v", tls.VersionName(v), known)
		}
		if _, err := Probe(soon(t), addr, "", "", time.Now); err != nil {
			t.Error(err)
		}
		if finished.Load() != 0 || sent.Load() != 0 {
			t.Errorf("%s: %d handshakes were finished, %d bytes sent", tls.VersionName(v), finished.Load(), sent.Load())
		}
	}
}
