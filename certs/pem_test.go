package certs

import (
	"bytes"
	"testing"
)

func FuzzParseChain(f *testing.F) {
	p := newPKI(f)
	chain := p.mid.leaf(f, ecKey(f), "a.example.com").chain()
	f.Add(chain)
	f.Add(chain[:len(chain)-30])
	f.Add(append([]byte("junk\n-----BEGIN CERTIFICATE-----\n"), chain...))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := parseChain(data)
		if (err == nil) != (len(got) > 0) {
			t.Fatalf("%d certificates and error %v", len(got), err)
		}
		if err != nil {
			return
		}
		var out []byte
		for _, c := range got {
			out = append(out, (&node{cert: c}).pem()...)
		}
		again, err := parseChain(out)
		if err != nil || len(again) != len(got) {
			t.Fatalf("written out and read again: %d certificates, want %d; %v", len(again), len(got), err)
		}
		for i := range got {
			if !bytes.Equal(got[i].Raw, again[i].Raw) {
				t.Fatalf("certificate %d changed", i)
			}
		}
	})
}
