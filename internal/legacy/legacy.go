// Package legacy holds small servers that behave like the old services behind a broker: TLS 1.0 and nothing newer,
// RSA key exchange, 1024-bit keys, SHA-1 signatures, names only in the CN, connections reset instead of refused.
//
// They serve believable content, a warehouse's stock, over JSON and SOAP 1.1, for the demonstration and for tests.
// Every server listens on a loopback address, holds bounded memory, and stops completely when closed. None of them
// protects anything: their weak settings are the point.
package legacy

import "crypto/tls"

// HostName is the name on the certificates of the servers made here, and the domain of the cookies they set.
// It is under a reserved top-level domain and resolves nowhere.
const HostName = "wms01.legacy.example"

// PlainJSON starts a service that knows no TLS at all and serves JSON. The caller closes it.
func PlainJSON(addr string) (*Server, error) {
	return New(Options{Addr: addr, Handler: JSON()})
}

// SOAPOverTLS10 starts a SOAP 1.1 service that speaks TLS 1.0 only, with RSA key exchange and 3DES. To a caller that
// offers only newer versions it answers with a protocol_version alert. Its certificate has an RSA-1024 key, a SHA-1
// signature and its name in the CN alone. The caller closes it.
func SOAPOverTLS10(addr string) (*Server, error) {
	return New(Options{
		Addr:         addr,
		Handler:      SOAP(),
		MinVersion:   tls.VersionTLS10,
		CipherSuites: []uint16{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA},
		Certificate:  Certificate{KeyBits: 1024, SHA1: true},
	})
}

// ResetsModern starts a JSON service that cannot bear a ClientHello offering more than TLS 1.0: it resets the
// connection without an alert, which a .NET caller reports as "forcibly closed by the remote host". To a hello that
// stops at TLS 1.0 it speaks TLS 1.0 with RSA key exchange and AES-128. The caller closes it.
func ResetsModern(addr string) (*Server, error) {
	return New(Options{
		Addr:         addr,
		Handler:      JSON(),
		MinVersion:   tls.VersionTLS10,
		CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA},
		Certificate:  Certificate{KeyBits: 1024, SHA1: true},
		ResetAbove:   tls.VersionTLS10,
	})
}
