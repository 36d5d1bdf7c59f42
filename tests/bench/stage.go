//go:build linux

package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"text/template"
	"time"
)

//go:embed conf
var conf embed.FS

// apiKey is what twohop's caller shows; the others do not look at it.
const apiKey = "bench"

// streamed is the size of the long answer, in bytes.
const streamed = 1 << 30

// stage is the target, and what every proxy's configuration is made from.
type stage struct {
	Dir           string // certificates, configurations, the target's files and twohop's audit log
	Plain, Old    string // the target's two addresses
	Pin           string // of its key
	KeyHash       string // of apiKey
	Expires       string // of twohop's exception
	Root          bool
	Workers       int // of nginx and HAProxy
	Files         int // file descriptors that a process may have
	Connections   int // that nginx takes
	HAConnections int // that HAProxy takes; each needs two file descriptors

	target *process
}

// openStage makes everything in dir and starts the target.
func openStage(dir string, workers, files int) (*stage, error) {
	hash := sha256.Sum256([]byte(apiKey))
	s := &stage{Dir: dir, KeyHash: hex.EncodeToString(hash[:]), Expires: time.Now().AddDate(0, 1, 0).Format(time.DateOnly),
		Root: os.Getuid() == 0, Workers: workers,
		Files: files, Connections: files - 100, HAConnections: files/2 - 100}
	var err error
	if s.Plain, err = freeAddress(); err != nil {
		return nil, err
	}
	if s.Old, err = freeAddress(); err != nil {
		return nil, err
	}
	front, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if _, err := s.certificate("", front); err != nil {
		return nil, err
	}
	old, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	spki, err := s.certificate("old", old)
	if err != nil {
		return nil, err
	}
	pin := sha256.Sum256(spki)
	s.Pin = "sha256/" + base64.StdEncoding.EncodeToString(pin[:])
	if err := s.files(); err != nil {
		return nil, err
	}
	file, err := s.render("target.conf", nil)
	if err != nil {
		return nil, err
	}
	s.target, err = start(dir, "target", s.Plain, nil, "nginx", "-c", file, "-p", dir)
	return s, err
}

// files are what the target serves: /p for callers over plain HTTP and /o over old TLS.
func (s *stage) files() error {
	www := filepath.Join(s.Dir, "www")
	if err := os.MkdirAll(filepath.Join(www, "p"), 0o755); err != nil {
		return err
	}
	if err := os.Symlink("p", filepath.Join(www, "o")); err != nil {
		return err
	}
	for name, size := range map[string]int{"1k": 1 << 10, "64k": 64 << 10, "post": 0} {
		if err := os.WriteFile(filepath.Join(www, "p", name), bytes.Repeat([]byte("x"), size), 0o644); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(www, "p", "1g"), nil, 0o644); err != nil {
		return err
	}
	return os.Truncate(filepath.Join(www, "p", "1g"), streamed) // holes: takes no disk
}

// certificate writes NAME.pem and NAME-key.pem (cert.pem, key.pem and both.pem for the
// empty name), self-signed for localhost, and returns its public key.
func (s *stage) certificate(name string, key crypto.Signer) (spki []byte, err error) {
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 0, 2)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	secret := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	parts := map[string][]byte{name + ".pem": chain, name + "-key.pem": secret}
	if name == "" {
		parts = map[string][]byte{"cert.pem": chain, "key.pem": secret, "both.pem": append(bytes.Clone(chain), secret...)}
	}
	for file, text := range parts {
		if err := os.WriteFile(filepath.Join(s.Dir, file), text, 0o600); err != nil {
			return nil, err
		}
	}
	return x509.MarshalPKIXPublicKey(key.Public())
}

// render writes the configuration NAME from its template into the stage's directory.
// own are the values that this stage does not have.
func (s *stage) render(name string, own map[string]string) (file string, err error) {
	t, err := template.ParseFS(conf, "conf/"+name+".tmpl")
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	values := struct {
		*stage
		Address, Port, Admin, Defaults string
	}{s, own["Address"], own["Port"], own["Admin"], own["Defaults"]}
	if err := t.Execute(&out, values); err != nil {
		return "", err
	}
	return s.write(own["As"]+name, out.Bytes())
}

// write puts a file into the stage's directory.
func (s *stage) write(name string, text []byte) (file string, err error) {
	file = filepath.Join(s.Dir, name)
	return file, os.WriteFile(file, text, 0o600)
}

// extract copies a file that needs no values into the stage's directory.
func (s *stage) extract(name string) (file string, err error) {
	text, err := conf.ReadFile("conf/" + name)
	if err != nil {
		return "", err
	}
	return s.write(name, text)
}
