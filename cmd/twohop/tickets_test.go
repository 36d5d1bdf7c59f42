package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// newDoorTLS is a front door's TLS with a certificate of the test and its clock.
func newDoorTLS(t *testing.T, asks bool, now func() time.Time) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now().AddDate(0, 0, -1), NotAfter: now().AddDate(1, 0, 0), DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert := &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	// As certs.Manager.TLS has it: the certificate comes from a function.
	plain := &tls.Config{MinVersion: tls.VersionTLS12, Time: now, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return cert, nil }}
	return doorTLS(plain, func() bool { return asks }, func(*tls.ClientHelloInfo) {}, now)
}

// shake makes one handshake and reports whether it resumed a session. One byte goes to
// the client after it, with the tickets.
func shake(t *testing.T, server, client *tls.Config) bool {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	served := make(chan struct{})
	go func() {
		defer close(served)
		a, err := l.Accept()
		if err != nil {
			return
		}
		defer a.Close()
		a.SetDeadline(time.Now().Add(20 * time.Second))
		io.WriteString(tls.Server(a, server), "x") // the client tells what went wrong
		io.Copy(io.Discard, a)
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(20 * time.Second))
	in := tls.Client(c, client)
	_, err = in.Read(make([]byte, 1))
	c.Close()
	<-served
	if err != nil {
		t.Fatal(err)
	}
	return in.ConnectionState().DidResume
}

// Tickets are good for seven days, across the daily change of the key that seals them,
// and for no longer.
func TestTicketKeysAreRenewed(t *testing.T) {
	const day = 24 * time.Hour
	start := time.Now()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, asks := range []bool{false, true} {
			var clock atomic.Int64
			now := func() time.Time { return start.Add(time.Duration(clock.Load())) }
			server := newDoorTLS(t, asks, now)
			old := tls.NewLRUClientSessionCache(1)
			client := func(cache tls.ClientSessionCache) *tls.Config {
				// The client's clock stands still, so that the server alone decides.
				return &tls.Config{InsecureSkipVerify: true, ServerName: "localhost", ClientSessionCache: cache, MaxVersion: version, Time: func() time.Time { return start }}
			}
			resumes := func() bool {
				t.Helper()
				kept, _ := old.Get("localhost")
				copied := tls.NewLRUClientSessionCache(1)
				copied.Put("localhost", kept)
				return shake(t, server, client(copied))
			}
			shake(t, server, client(old))
			for _, at := range []time.Duration{time.Hour, day + time.Hour, 3 * day, 6 * day} {
				clock.Store(int64(at))
				if !resumes() {
					t.Errorf("TLS %x, asking %v: not resumed after %v", version, asks, at)
				}
			}
			clock.Store(int64(8 * day))
			if resumes() {
				t.Errorf("TLS %x, asking %v: resumed after 8 days", version, asks)
			}
		}
	}
}

// A session that was made while no certificate was asked for says nothing about who the
// caller is, so it is not resumed once one is.
func TestASessionWithoutACertificateIsNotResumedWhenOneIsAskedFor(t *testing.T) {
	var asks atomic.Bool
	base := newDoorTLS(t, false, time.Now)
	plain, err := base.GetConfigForClient(nil)
	if err != nil {
		t.Fatal(err)
	}
	server := doorTLS(plain, asks.Load, func(*tls.ClientHelloInfo) {}, time.Now)
	client := &tls.Config{InsecureSkipVerify: true, ServerName: "localhost", ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	shake(t, server, client)
	if !shake(t, server, client) {
		t.Error("not resumed while nothing changed")
	}
	asks.Store(true)
	if shake(t, server, client) {
		t.Error("resumed")
	}
	if !shake(t, server, client) {
		t.Error("not resumed afterwards")
	}
}
