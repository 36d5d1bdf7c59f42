package main

import (
	"crypto/rand"
	"crypto/tls"
	"sync"
	"time"
)

// doorTLS asks for client certificates only while some caller is known by one. Every hello
// is shown to heard.
func doorTLS(plain *tls.Config, wantsCertificates func() bool, heard func(*tls.ClientHelloInfo), now func() time.Time) *tls.Config {
	asking := plain.Clone()
	asking.ClientAuth = tls.RequestClientCert // callers.Identify verifies it
	keys := &ticketKeys{now: now}
	front := plain.Clone()
	front.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		heard(hello)
		if wantsCertificates() {
			keys.renew(asking)
			return asking, nil
		}
		return plain, nil
	}
	return front
}

// ticketKeys are the session ticket keys of the config that asks for certificates. They
// are its own, so that a session from before it asked, which has no certificate, is not
// resumed; and they are renewed daily, as crypto/tls does with its own.
type ticketKeys struct {
	now  func() time.Time
	mu   sync.Mutex
	keys [][32]byte // newest first
	made time.Time
}

const (
	ticketDay  = 24 * time.Hour
	ticketDays = 7 // a ticket's longest life, RFC 8446, section 4.6.1
)

func (k *ticketKeys) renew(c *tls.Config) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys != nil && k.now().Sub(k.made) < ticketDay {
		return
	}
	var fresh [32]byte
	rand.Read(fresh[:]) // never fails (crypto/rand, Go 1.24)
	k.keys = append([][32]byte{fresh}, k.keys[:min(len(k.keys), ticketDays-1)]...)
	k.made = k.now()
	c.SetSessionTicketKeys(k.keys)
}
