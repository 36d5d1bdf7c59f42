package certs

import (
	"crypto/tls"
	"net"
	"strings"
)

// TLS returns the settings for a listener: TLS 1.2 and 1.3, at 1.2 only suites with
// forward secrecy and authenticated encryption, HTTP/2 and HTTP/1.1, session
// tickets, no client certificate asked for. It holds true across reloads.
//
// Each call returns a value of its own, to be changed before it is used. Session
// ticket keys belong to the value: a listener that makes a new one for every
// connection has no resumption.
func (m *Manager) TLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		MaxVersion: tls.VersionTLS13,
		// Named in full, since the default list keeps CBC and moves with GODEBUG.
		// Go sets the order by what the machine does fast.
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
			tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
		// certmagic's own TLSConfig would offer acme-tls/1 alone.
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: m.pick,
		Time:           m.opts.Now,
	}
}

// pick chooses the certificate for one handshake. A caller that asks for a host we
// do not know, or for none, gets the fallback; one that names none but came to an
// address that a certificate carries gets that certificate.
//
// certmagic's DefaultServerName and FallbackServerName are left unset on purpose.
// They are fixed for the life of its Config; they are reached only past a check
// that fails the handshake for names such as "my_host" (config.go, idna.Lookup);
// and with them an RSA-only caller of an unknown host may get the ECDSA certificate,
// because each choice is held against the name that the caller sent.
func (m *Manager) pick(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	// The whole choice sees one set of certificates.
	m.door.RLock()
	defer m.door.RUnlock()

	name := strings.ToLower(strings.TrimSpace(hello.ServerName))
	if name == "" {
		name = localIP(hello.Conn)
	}
	if len(m.cache.AllMatchingCertificates(name)) == 0 {
		h := *hello
		h.ServerName = m.fallback
		hello = &h
	}
	return m.magic.Load().GetCertificate(hello)
}

// localIP is the address that the caller came to, as certmagic would spell it.
func localIP(c net.Conn) string {
	if c == nil {
		return ""
	}
	host, _, err := net.SplitHostPort(c.LocalAddr().String())
	if err != nil {
		return ""
	}
	host, _, _ = strings.Cut(host, "%")
	return host
}
