//go:build linux

package peers

import (
	"bytes"
	"context"
	_ "embed"
	"net"
	"os"
	"path/filepath"
	"testing"
	"text/template"
	"time"
)

//go:embed nginx.conf.tmpl
var nginxConf string

// NginxOptions says how nginx is to behave. The zero value is TLS 1.2 with a
// ModernIdentity.
type NginxOptions struct {
	Protocols string        // ssl_protocols; default "TLSv1.2"
	Ciphers   string        // ssl_ciphers; default "ALL:@SECLEVEL=0"
	Identity  *Identity     // default ModernIdentity
	KeepAlive time.Duration // idle time before it closes a connection, whole seconds; default 65 s
	LargeSize int64         // bytes of /large; default 8 MiB
}

// NginxServer is an nginx that serves the same over TLS (Addr) and in the clear.
//
// /chunked answers with a chunked body, /large with LargeSize zero bytes, /moved with a
// redirect to /echo that names the server itself, /busy with 503 and Retry-After. Every
// other path takes any method and says on separate lines what arrived: method, Host,
// URI, Connection, Expect, Transfer-Encoding, Content-Length, Via, X-Forwarded-For, Forwarded.
// X-Connection and X-Connection-Requests tell which connection an answer came on, and
// how many requests that has seen.
type NginxServer struct {
	Server
	PlainAddr string
}

// Nginx starts nginx with a configuration and a directory of its own.
func Nginx(t testing.TB, o NginxOptions) NginxServer {
	t.Helper()
	if o.Protocols == "" {
		o.Protocols = "TLSv1.2"
	}
	if o.Ciphers == "" {
		o.Ciphers = "ALL:@SECLEVEL=0"
	}
	if o.Identity == nil {
		o.Identity = ModernIdentity(t)
	}
	if o.KeepAlive == 0 {
		o.KeepAlive = 65 * time.Second
	}
	if o.LargeSize == 0 {
		o.LargeSize = 8 << 20
	}
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "www", "chunked"), `one <!--#echo var="request_method" --> two`+"\n")
	writeFile(t, filepath.Join(dir, "www", "large"), "")
	if err := os.Truncate(filepath.Join(dir, "www", "large"), o.LargeSize); err != nil {
		t.Fatalf("peers: %v", err)
	}

	// nginx adopts listening sockets that the variable NGINX names: no other process can
	// take the port between our choosing it and nginx binding it.
	secure, plain := handover(t), handover(t)
	var conf bytes.Buffer
	err := template.Must(template.New("nginx.conf").Parse(nginxConf)).Execute(&conf, map[string]any{
		"Dir": dir, "TLS": secure.addr, "Plain": plain.addr, "Options": o, "KeepAlive": int(o.KeepAlive.Seconds()),
	})
	if err != nil {
		t.Fatalf("peers: %v", err)
	}
	writeFile(t, filepath.Join(dir, "nginx.conf"), conf.String())
	cmd := command(t, "nginx", "-p", dir, "-c", filepath.Join(dir, "nginx.conf"), "-e", "stderr")
	cmd.Env = append(cmd.Environ(), "NGINX=3;4;", "OPENSSL_CONF="+legacyConf(t, dir))
	cmd.ExtraFiles = []*os.File{secure.file, plain.file} // descriptors 3 and 4

	p := start(t, cmd)
	secure.given(t)
	plain.given(t)
	// The kernel accepts on nginx's behalf before nginx is up; a first answer tells.
	p.reachable(t, func(ctx context.Context) (net.Conn, error) { return answering(ctx, plain.addr) })
	return NginxServer{o.Identity.server(secure.addr), plain.addr}
}
