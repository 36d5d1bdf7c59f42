//go:build linux

package main

import (
	"crypto/tls"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
)

// baseline is a proxy of httputil.ReverseProxy and nothing else, as this program's
// "baseline" command.
func baseline(address, plain, old, dir string) error {
	to := func(scheme, host string) http.Handler {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost, t.MaxIdleConns, t.DisableCompression = 128, 0, true
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10, InsecureSkipVerify: true,
			CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}}
		target := &url.URL{Scheme: scheme, Host: host}
		return &httputil.ReverseProxy{Transport: t, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	}
	mux := http.NewServeMux()
	mux.Handle("/p/", to("http", plain))
	mux.Handle("/o/", to("https", old))
	s := &http.Server{Addr: address, Handler: mux}
	return s.ListenAndServeTLS(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
}
