//go:build linux

package peers

import (
	"context"
	"net"
	"testing"
)

// Priority strings for GnuTLS that Debian 12's build honours.
const (
	GnuTLS10RC4  = "NONE:+VERS-TLS1.0:+ARCFOUR-128:+SHA1:+MD5:+RSA:+COMP-NULL:+SIGN-ALL:+GROUP-ALL"
	GnuTLS103DES = "NONE:+VERS-TLS1.0:+3DES-CBC:+SHA1:+RSA:+COMP-NULL:+SIGN-ALL:+GROUP-ALL"
)

// GnuTLSOptions says how gnutls-serv is to behave. The zero value is TLS 1.0 with RC4
// (SHA-1 and MD5) and a LegacyIdentity.
type GnuTLSOptions struct {
	Priority string    // GnuTLS priority string; default GnuTLS10RC4
	Identity *Identity // default LegacyIdentity
	Args     []string  // more arguments
}

// GnuTLS starts an HTTP/1.0 server that answers every GET with a page about the
// connection and then closes. It lives in a network namespace of its own, because it
// binds every address, and is reached through a relay on Server.Addr.
func GnuTLS(t testing.TB, o GnuTLSOptions) Server {
	t.Helper()
	if o.Identity == nil {
		o.Identity = LegacyIdentity(t)
	}
	if o.Priority == "" {
		o.Priority = GnuTLS10RC4
	}
	const inside = "127.0.0.1:4433" // nobody else is in there
	args := append([]string{
		"--http", "--disable-client-cert", "--port", "4433", "--priority", o.Priority,
		"--x509certfile", o.Identity.CertPEM, "--x509keyfile", o.Identity.KeyPEM,
	}, o.Args...)
	cmd := command(t, "gnutls-serv", args...)

	ns := newNamespace(t)
	var p *process
	var err error
	ns.do(func() { p, err = launch(cmd) })
	if err != nil {
		t.Fatalf("peers: %v", err)
	}
	t.Cleanup(func() { p.stop(t) })
	p.reachable(t, func(ctx context.Context) (net.Conn, error) { return ns.dial(ctx, inside) })
	return o.Identity.server(ns.relay(t, "127.0.0.1:0", inside))
}
