package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func changes(events []Event) []string {
	var out []string
	for _, e := range events {
		s := string(e.Change)
		if e.Err != nil {
			s += ": " + e.Err.Error()
		}
		out = append(out, s)
	}
	return out
}

func TestAnOpenConnectionOutlivesAReload(t *testing.T) {
	p := newPKI(t)
	dir := t.TempDir()
	f := p.mid.leaf(t, ecKey(t), "a.example.com").file(t, dir, "a")
	m := open(t, Config{Files: []File{f}}, Options{})
	addr := listen(t, m.TLS())
	conf := &tls.Config{RootCAs: p.pool(), ServerName: "a.example.com"}
	c, err := tls.Dial("tcp", addr, conf)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()

	next := p.mid.leaf(t, ecKey(t), "a.example.com")
	next.file(t, dir, "a")
	if d := cmp.Diff([]string(nil), changes(m.polls(t, 1))); d != "" {
		t.Errorf("after one look:\n%s", d)
	}
	if d := cmp.Diff([]string{"replaced"}, changes(m.polls(t, 1))); d != "" {
		t.Errorf("after two looks:\n%s", d)
	}
	if err := echo(c); err != nil {
		t.Errorf("the open connection: %v", err)
	}
	if !shown(t, addr, conf).Equal(next.cert) {
		t.Error("a new connection gets the old certificate")
	}
	if d := cmp.Diff([]string(nil), changes(m.polls(t, 3))); d != "" {
		t.Errorf("later looks:\n%s", d)
	}
}

func TestBrokenFilesKeepTheOldCertificate(t *testing.T) {
	p := newPKI(t)
	dir := t.TempDir()
	old := p.mid.leaf(t, ecKey(t), "a.example.com")
	f := old.file(t, dir, "a")
	next := p.mid.leaf(t, ecKey(t), "a.example.com")
	var log bytes.Buffer
	m := open(t, Config{Files: []File{f}}, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	addr := listen(t, m.TLS())
	conf := &tls.Config{RootCAs: p.pool(), ServerName: "a.example.com"}

	steps := []struct {
		name string
		do   func()
		want []string
		cert *node
	}{
		{"a cert without its key", func() { write(t, f.Cert, next.chain()) },
			[]string{"refused: files[0].key: DIR/a.key does not belong to the certificate in DIR/a.pem; name the key that the certificate was issued for"}, old},
		{"the same again", func() {}, nil, old},
		{"a cert cut short", func() { write(t, f.Cert, next.chain()[:len(next.pem())+100]) },
			[]string{"refused: files[0].cert: DIR/a.pem is damaged or cut short: 1 of its 2 certificates are whole; put the server certificate first, then each intermediate"}, old},
		{"no key at all", func() { os.Remove(f.Key) },
			[]string{"refused: files[0].key: cannot be read: open DIR/a.key: no such file or directory; correct the path, or let the broker's user read the file"}, old},
		{"the old pair is put back", func() { old.file(t, dir, "a") }, []string{"restored"}, old},
		{"the new pair is whole", func() { next.file(t, dir, "a") }, []string{"replaced"}, next},
		{"the pair shrinks to its leaf", func() { write(t, f.Cert, next.pem()) }, []string{"replaced"}, next},
	}
	for _, s := range steps {
		s.do()
		got := changes(m.polls(t, 4))
		for i := range got {
			got[i] = strings.ReplaceAll(got[i], dir, "DIR")
		}
		if d := cmp.Diff(s.want, got); d != "" {
			t.Errorf("%s: events, -want +got:\n%s", s.name, d)
		}
		if s.name != "the pair shrinks to its leaf" && !shown(t, addr, conf).Equal(s.cert.cert) {
			t.Errorf("%s: another certificate is shown", s.name)
		}
	}
	if n := strings.Count(log.String(), "level=ERROR"); n != 3 {
		t.Errorf("%d errors logged, want 3:\n%s", n, &log)
	}
	if !strings.Contains(log.String(), "lacks an intermediate") {
		t.Errorf("a reloaded chain that F&O cannot use went unlogged:\n%s", &log)
	}
}

func TestACertificateForLaterIsServedWhenItsTimeComes(t *testing.T) {
	p := newPKI(t)
	dir := t.TempDir()
	f := p.mid.leaf(t, ecKey(t), "a.example.com").file(t, dir, "a")
	now := time.Now()
	m := open(t, Config{Files: []File{f}}, Options{Now: func() time.Time { return now }})
	makeNode(t, p.mid, ecKey(t), func(c *x509.Certificate) {
		serverFor("a.example.com")(c)
		c.NotBefore = now.Add(time.Hour)
	}).file(t, dir, "a")
	if got := m.polls(t, 3); len(got) != 1 || got[0].Change != Refused {
		t.Errorf("before its time: %v", changes(got))
	}
	now = now.Add(2 * time.Hour)
	if d := cmp.Diff([]string{"replaced"}, changes(m.polls(t, 1))); d != "" {
		t.Errorf("in its time:\n%s", d)
	}
}

func TestPreferenceOutlivesAReload(t *testing.T) {
	p := newPKI(t)
	dir := t.TempDir()
	host := "a.example.com"
	files := []File{p.mid.leaf(t, ecKey(t), host).file(t, dir, "ec"), p.mid.leaf(t, anRSAKey(t), host).file(t, dir, "rsa")}
	m := open(t, Config{Files: files, Local: true, Dir: dir, Hosts: []string{host}}, Options{})
	addr := listen(t, m.TLS())
	next := p.mid.leaf(t, ecKey(t), host)
	next.file(t, dir, "ec")
	m.polls(t, 2)
	if !shown(t, addr, &tls.Config{RootCAs: p.pool(), ServerName: host}).Equal(next.cert) {
		t.Error("the renewed certificate lost its first place")
	}
	var got []string
	for _, i := range m.Certificates() {
		got = append(got, i.Source+" "+filepath.Base(i.File))
	}
	if d := cmp.Diff([]string{"file ec.pem", "file rsa.pem", "local local.pem"}, got); d != "" {
		t.Errorf("listing, -want +got:\n%s", d)
	}
}

// Kubernetes replaces a mounted Secret by swapping the link "..data".
func TestThePollerFollowsSwappedLinks(t *testing.T) {
	p := newPKI(t)
	dir := t.TempDir()
	for i, name := range []string{"v1", "v2"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		p.mid.leaf(t, ecKey(t), fmt.Sprintf("v%d.example.com", i+1)).file(t, filepath.Join(dir, name), "tls")
	}
	link := func(to string) {
		tmp := filepath.Join(dir, "tmp")
		if err := os.Symlink(to, tmp); err != nil {
			t.Skip("SKIPPED, NOT TESTED: no symbolic links here: ", err)
		}
		if err := os.Rename(tmp, filepath.Join(dir, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	link("v1")
	seen := make(chan Event, 1)
	m := open(t, Config{Files: []File{{Cert: filepath.Join(dir, "..data", "tls.pem"), Key: filepath.Join(dir, "..data", "tls.key")}}},
		Options{Poll: 2 * time.Millisecond, OnChange: func(e Event) { seen <- e }})
	link("v2")
	select {
	case e := <-seen:
		if e.Change != Replaced || e.Info.Names[0] != "v2.example.com" {
			t.Errorf("event %+v", e)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the poller saw no change")
	}
	if got := m.Certificates()[0].Names[0]; got != "v2.example.com" {
		t.Errorf("serves %s", got)
	}
}

func TestUpdateIsAllOrNothing(t *testing.T) {
	p := newPKI(t)
	dir := t.TempDir()
	a := p.mid.leaf(t, ecKey(t), "a.example.com").file(t, dir, "a")
	b := p.mid.leaf(t, ecKey(t), "b.example.com").file(t, dir, "b")
	m := open(t, Config{Files: []File{a}}, Options{})
	addr := listen(t, m.TLS())
	names := func() (all []string) {
		for _, i := range m.Certificates() {
			all = append(all, i.Names...)
		}
		return all
	}
	ask := func(host string) string {
		return shown(t, addr, &tls.Config{ServerName: host, InsecureSkipVerify: true}).DNSNames[0]
	}

	if err := m.Update(t.Context(), Config{Files: []File{b, {Cert: b.Cert, Key: a.Key}}}); err == nil {
		t.Fatal("a mismatched pair was taken")
	}
	if d := cmp.Diff([]string{"a.example.com"}, names()); d != "" || ask("b.example.com") != "a.example.com" {
		t.Errorf("after a failed Update:\n%s", d)
	}
	write(t, filepath.Join(dir, "plain"), nil)
	bad := Config{Files: []File{b}, Local: true, Dir: filepath.Join(dir, "plain", "x"), Hosts: []string{"localhost"}}
	if err := m.Update(t.Context(), bad); err == nil || !strings.HasPrefix(err.Error(), "dir: the local CA cannot be kept: ") {
		t.Errorf("a directory that cannot be made: %v", err)
	}
	if ask("b.example.com") != "a.example.com" {
		t.Error("after a failed local CA, the new file is served")
	}

	// The same chain twice: taking one away must not take the other.
	for _, c := range []Config{{Files: []File{b, a, b}}, {Files: []File{b}}, {Files: []File{b, b}}} {
		if err := m.Update(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if ask("b.example.com") != "b.example.com" {
			t.Error("b is not served")
		}
	}
	if ask("a.example.com") != "b.example.com" {
		t.Error("a is still served")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.Update(gone, Config{Files: []File{a}}); err == nil {
		t.Error("a cancelled Update went through")
	}
	m.Close()
	if err := m.Update(t.Context(), Config{Files: []File{a}}); err == nil {
		t.Error("an Update after Close went through")
	}
	if ask("b.example.com") != "b.example.com" {
		t.Error("no certificate after Close")
	}
}

// Run with -race: every handshake gets one of the two certificates, whatever
// happens to the set meanwhile.
func TestHandshakesDuringUpdates(t *testing.T) {
	p := newPKI(t)
	dir := t.TempDir()
	a := Config{Files: []File{p.mid.leaf(t, ecKey(t), "a.example.com").file(t, dir, "a")}}
	b := Config{Files: []File{p.mid.leaf(t, ecKey(t), "b.example.com").file(t, dir, "b")}}
	m := open(t, a, Options{})
	addr := listen(t, m.TLS())
	stop := make(chan struct{})
	var callers sync.WaitGroup
	for _, host := range []string{"a.example.com", "b.example.com", "127.0.0.1"} {
		callers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				c, err := tls.Dial("tcp", addr, &tls.Config{ServerName: host, InsecureSkipVerify: true})
				if err != nil {
					t.Errorf("%s: %v", host, err)
					return
				}
				c.Close()
			}
		})
	}
	for i := range 200 {
		c := a
		if i%2 == 0 {
			c = b
		}
		if err := m.Update(t.Context(), c); err != nil {
			t.Error(err)
		}
		m.Certificates()
	}
	close(stop)
	callers.Wait()
}
