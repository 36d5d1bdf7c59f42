package callers

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twohop/internal/fault"
)

func TestWhoCalls(t *testing.T) {
	ca, other := authority(t, nil), authority(t, nil)
	good, stranger := issue(t, ca, nil), issue(t, other, nil)
	fno, fnoHash := NewKey()
	both, bothHash := NewKey()
	strange, _ := NewKey()
	file := write(t, ca)
	s := newSet(t, constant,
		Config{Name: "fno", KeySHA256: fnoHash},
		Config{Name: "fno-and-certificate", KeySHA256: strings.ToUpper(bothHash), CA: file},
		Config{Name: "edi", CA: file, Subject: "CN=edi-gw-01"},
		Config{Name: "edi-2", CA: file, Subject: "CN=edi-gw-02"})
	for name, c := range map[string]struct {
		key   string
		cs    *tls.ConnectionState
		want  string // name by
		cause string // of the fault; "" for none
	}{
		"nothing is shown":          {"", nil, " ", ""},
		"nothing is shown over TLS": {"", shown(), " ", ""},
		"a key":                     {fno, shown(), "fno api_key", ""},
		"a key, a certificate that is not asked for": {fno, shown(stranger), "fno api_key", ""},
		"an unknown key": {strange, shown(), " ", "API key belongs to no caller"},
		"an unknown key beside a good certificate": {strange, shown(good), " ", "API key belongs to no caller"},
		"a key with a space after it":              {fno + " ", shown(), " ", "API key belongs to no caller"},
		"the hash in place of the key":             {fnoHash, shown(), " ", "API key belongs to no caller"},
		"a certificate":                            {"", shown(good), "edi client_certificate", ""},
		"an unknown certificate":                   {"", shown(stranger), " ", "client certificate belongs to no caller"},
		"both":                                     {both, shown(good), "fno-and-certificate api_key+client_certificate", ""},
		"both are asked for, the key is shown":     {both, shown(), " ", "must show its client certificate too"},
		"both are asked for, without TLS":          {both, nil, " ", "must show its client certificate too"},
		"both are asked for, another is shown":     {both, shown(stranger), " ", "must show its client certificate too"},
	} {
		t.Run(name, func(t *testing.T) {
			who, err := s.Identify(c.key, c.cs)
			if got := who.Name + " " + who.By; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if c.cause == "" {
				if err != nil || (who.Name == "") != (who.Credential == "") {
					t.Errorf("got %v, %+v", err, who)
				}
				return
			}
			var f *fault.Fault
			if !errors.As(err, &f) || f.Code != fault.BadCredential || !strings.Contains(f.Cause, c.cause) {
				t.Errorf("got %v, want %q", err, c.cause)
			}
		})
	}
	if !s.WantsCertificates() || newSet(t, constant, Config{Name: "fno", KeySHA256: fnoHash}).WantsCertificates() {
		t.Error("certificates are asked for when they are not needed, or the other way round")
	}
}

func TestTheCredentialTellsKeysApartWithoutTellingThem(t *testing.T) {
	key, hash := NewKey()
	s := newSet(t, constant, Config{Name: "fno", KeySHA256: hash})
	who, err := s.Identify(key, nil)
	if err != nil || who.Credential != hash[:16] {
		t.Errorf("got %q, %v", who.Credential, err)
	}
}

func TestEveryMistakeIsFoundAtOnce(t *testing.T) {
	_, hash := NewKey()
	file := write(t, authority(t, nil))
	_, err := New([]Config{
		{Name: "a", KeySHA256: "abc"},
		{Name: "b", KeySHA256: hash},
		{Name: "c", KeySHA256: strings.ToUpper(hash)},
		{Name: "d", CA: file + ".not"},
		{Name: "e", CA: "helpers_test.go"},
		{Name: "f", CA: file, Subject: "edi-gw-01"},
		{Name: "g", CA: file, Subject: "CN=edi-gw-01"},
	}, constant)
	var got []string
	for _, f := range fault.Fields(err) {
		got = append(got, f.Path+": "+f.What)
	}
	want := []string{"a.api_key.sha256: is not a SHA-256 in hex", "c.api_key.sha256: is also the key of caller b", "d.client_certificate.ca: file cannot be read: open " + file + ".not: no such file or directory",
		"e.client_certificate.ca: the file holds no certificate", `f.client_certificate.subject: "edi-gw-01" is not an attribute with a value`}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestNewKey(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		key, hash := NewKey()
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(key, "twohop_"))
		if err != nil || len(raw) != 32 || !strings.HasPrefix(key, "twohop_") || seen[key] {
			t.Fatalf("got %q, %v", key, err)
		}
		if sum := sha256.Sum256([]byte(key)); hash != hex.EncodeToString(sum[:]) {
			t.Errorf("the hash is %s", hash)
		}
		seen[key] = true
	}
}
