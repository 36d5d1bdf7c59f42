package target

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"testing"

	"twohop/internal/legacy"
)

// BenchmarkDo is a call over a kept connection, the target's own work included.
func BenchmarkDo(b *testing.B) {
	answer := func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Write([]byte("hello"))
	}
	old := legacyServer(b, legacy.Options{MinVersion: tls.VersionTLS10, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}, Handler: http.HandlerFunc(answer)})
	tls10 := secure(old.Addr())
	tls10.MinVersion, tls10.MaxVersion, tls10.Pins = tls.VersionTLS10, tls.VersionTLS10, []string{old.SPKIPin()}
	tls10.Suites = []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}
	for _, hop := range []struct {
		name   string
		config Config
	}{{"http", plain(serve(b, nil, answer))}, {"tls1.0", tls10}} {
		x := newTarget(b, hop.config)
		for _, method := range []string{"GET", "POST"} {
			b.Run(hop.name+"/"+method, func(b *testing.B) {
				body := bytes.Repeat([]byte("x"), 4096)
				buf := make([]byte, 64)
				b.ReportAllocs()
				for b.Loop() {
					c := &Call{Request: request(b, x, method, "/", nil), Limits: patient}
					if method == "POST" {
						c.Data = body
					}
					resp, err := x.Do(c, &Hop{})
					if err != nil {
						b.Fatal(err)
					}
					for err == nil {
						_, err = resp.Body.Read(buf)
					}
					resp.Body.Close()
				}
			})
		}
	}
}
