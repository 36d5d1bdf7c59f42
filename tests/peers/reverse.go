//go:build linux

package peers

import (
	"bytes"
	_ "embed"
	"os"
	"path/filepath"
	"testing"
	"text/template"
)

var (
	//go:embed reverse_nginx.conf.tmpl
	reverseNginxConf string
	//go:embed reverse_haproxy.cfg.tmpl
	reverseHAProxyConf string
)

// Reverse is what a plain reverse proxy is asked to do in the place of twohop: TLS and
// HTTP/1.1 or HTTP/2 in for the host localhost, HTTP/1.1 in the clear out to Target.
// Paths below /open/ are for everybody, those below /keyed/ for who shows Key as X-Api-Key;
// another host gets 421, another path 404.
type Reverse struct {
	Target   string // host:port
	Key      string
	Identity *Identity
}

// ReverseNginx starts nginx as a reverse proxy, set up as its documentation advises, and
// returns its address.
func ReverseNginx(t testing.TB, r Reverse) string {
	t.Helper()
	dir, door := t.TempDir(), handover(t)
	conf := filepath.Join(dir, "nginx.conf")
	r.write(t, conf, reverseNginxConf, dir, door.addr)
	cmd := command(t, "nginx", "-p", dir, "-c", conf, "-e", "stderr")
	cmd.Env = append(cmd.Environ(), "NGINX=3;", "OPENSSL_CONF="+legacyConf(t, dir))
	cmd.ExtraFiles = []*os.File{door.file} // descriptor 3
	p := start(t, cmd)
	door.given(t)
	p.reachable(t, dialTo(door.addr))
	return door.addr
}

// ReverseHAProxy does the same with HAProxy.
func ReverseHAProxy(t testing.TB, r Reverse) string {
	t.Helper()
	dir, door := t.TempDir(), handover(t)
	conf, pem := filepath.Join(dir, "haproxy.cfg"), filepath.Join(dir, "front.pem")
	var both bytes.Buffer
	for _, file := range []string{r.Identity.CertPEM, r.Identity.KeyPEM} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatalf("peers: %v", err)
		}
		both.Write(text)
	}
	writeFile(t, pem, both.String())
	r.write(t, conf, reverseHAProxyConf, dir, door.addr)
	cmd := command(t, "haproxy", "-db", "-f", conf)
	cmd.ExtraFiles = []*os.File{door.file} // descriptor 3
	p := start(t, cmd)
	door.given(t)
	p.reachable(t, dialTo(door.addr))
	return door.addr
}

func (r Reverse) write(t testing.TB, path, text, dir, door string) {
	t.Helper()
	var b bytes.Buffer
	err := template.Must(template.New("").Parse(text)).Execute(&b, map[string]any{"Dir": dir, "Door": door, "Target": r.Target, "Key": r.Key, "Identity": r.Identity})
	if err != nil {
		t.Fatalf("peers: %v", err)
	}
	writeFile(t, path, b.String())
}
