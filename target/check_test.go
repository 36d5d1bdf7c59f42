package target

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"twohop/internal/fault"
	"twohop/internal/legacy"
)

const (
	envelope11 = `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><Ping/></soap:Body></soap:Envelope>`
	envelope12 = `<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Body><Ping/></soap:Body></soap:Envelope>`
)

func TestChecks(t *testing.T) {
	addr := serve(t, nil, func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "wms" || r.Header.Get("Authorization") != "Basic x" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		body, _ := io.ReadAll(r.Body)
		switch r.URL.RequestURI() {
		case "/ok":
			io.WriteString(w, "ok")
		case "/moved":
			w.WriteHeader(http.StatusFound)
		case "/busy":
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/ws?wsdl":
			io.WriteString(w, "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<!-- made by hand -->\n<wsdl:definitions xmlns:wsdl=\"x\"/>")
		case "/ws?none":
			io.WriteString(w, "<html><body>not found</body></html>")
		case "/ws":
			if !strings.Contains(string(body), "Ping") || r.Header.Get("SOAPAction") != `"urn:ping"` && r.Header.Get("Content-Type") != `application/soap+xml; charset=utf-8; action="urn:ping"` {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprint(w, `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault/></s:Body></s:Envelope>`)
		case "/broken":
			w.WriteHeader(http.StatusInternalServerError)
			io.WriteString(w, "<h1>Server Error</h1>")
		}
	})
	header := http.Header{"Authorization": {"Basic x"}}
	for name, c := range map[string]struct {
		Check
		code fault.Code
	}{
		"tcp":                             {Check{Kind: CheckTCP}, ""},
		"tls of a target without TLS":     {Check{Kind: CheckTLS}, ""},
		"http":                            {Check{Kind: CheckHTTP, Path: "/ok"}, ""},
		"http that moved":                 {Check{Kind: CheckHTTP, Path: "/moved"}, ""},
		"http that is busy":               {Check{Kind: CheckHTTP, Path: "/busy"}, fault.TargetBadAnswer},
		"http with another good status":   {Check{Kind: CheckHTTP, Path: "/busy", Statuses: []int{503}}, ""},
		"http without a good status":      {Check{Kind: CheckHTTP, Path: "/ok", Statuses: []int{503}}, fault.TargetBadAnswer},
		"a WSDL":                          {Check{Kind: CheckSOAP, Path: "/ws?wsdl"}, ""},
		"no WSDL":                         {Check{Kind: CheckSOAP, Path: "/ws?none"}, fault.TargetBadAnswer},
		"a Fault":                         {Check{Kind: CheckSOAP, Path: "/ws", Envelope: []byte(envelope11), Action: "urn:ping"}, ""},
		"a Fault of SOAP 1.2":             {Check{Kind: CheckSOAP, Path: "/ws", Envelope: []byte(envelope12), Action: "urn:ping"}, ""},
		"an error page instead of SOAP":   {Check{Kind: CheckSOAP, Path: "/broken", Envelope: []byte(envelope11)}, fault.TargetBadAnswer},
		"a status that no SOAP has":       {Check{Kind: CheckSOAP, Path: "/busy", Envelope: []byte(envelope11)}, fault.TargetBadAnswer},
		"a WSDL that is a server's error": {Check{Kind: CheckSOAP, Path: "/broken"}, fault.TargetBadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			c.Host, c.Header = "wms", header
			err := newTarget(t, plain(addr)).Check(t.Context(), c.Check)
			if c.code == "" && err != nil {
				t.Error(err)
			} else if c.code != "" {
				isFault(t, err, c.code)
			}
		})
	}
}

// A check goes the way of a call: its pins, its versions.
func TestChecksVerifyTheTarget(t *testing.T) {
	s := legacyServer(t, legacy.Options{MinVersion: tls.VersionTLS12})
	for _, kind := range []CheckKind{CheckTLS, CheckHTTP} {
		pinned := secure(s.Addr())
		pinned.Pins = []string{s.SPKIPin()}
		x := newTarget(t, pinned)
		if err := x.Check(t.Context(), Check{Kind: kind, Path: "/", Host: "wms", Statuses: []int{200, 404}}); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		pinned.Pins = []string{"sha256/" + strings.Repeat("A", 43) + "="}
		isFault(t, newTarget(t, pinned).Check(t.Context(), Check{Kind: kind, Path: "/", Host: "wms"}), fault.TargetPin)
	}
}

// What a target does instead of answering ends the check within its time.
func TestChecksThatGetNoAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		serve func(net.Conn)
		code  fault.Code
	}{
		"it hangs up":      {func(c net.Conn) { c.Read(make([]byte, 4096)) }, fault.TargetClosed},
		"it says nothing":  {func(c net.Conn) { io.Copy(io.Discard, c) }, fault.TargetFirstByte},
		"it talks rubbish": {func(c net.Conn) { io.WriteString(c, "220 mail.example ESMTP\r\n\r\n"); io.Copy(io.Discard, c) }, fault.TargetBadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			isFault(t, newTarget(t, plain(listen(t, c.serve))).Check(ctx, Check{Kind: CheckHTTP, Path: "/", Host: "wms"}), c.code)
		})
	}
}

// Connections that are all in use do not make a target look dead.
func TestChecksDoNotWaitForConnections(t *testing.T) {
	hang := make(chan struct{})
	addr := serve(t, nil, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hang" {
			<-hang
		}
	})
	c := plain(addr)
	c.MaxConnections = 1
	x := newTarget(t, c)
	done := make(chan struct{})
	go func() {
		defer close(done)
		call(x, request(t, x, "GET", "/hang", nil), patient)
	}()
	if err := x.Check(t.Context(), Check{Kind: CheckHTTP, Path: "/", Host: "wms"}); err != nil {
		t.Error(err)
	}
	close(hang)
	<-done
}
