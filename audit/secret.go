package audit

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"twohop/internal/durable"
)

// Kind is what an HMAC is made of. The same bytes have another HMAC as another kind, so
// that a short value cannot be looked for among the bodies.
type Kind string

const (
	// Variable is the value of a path's {variable}, percent-decoded, nothing else done
	// to it. Its HMAC is cut to 16 bytes.
	Variable Kind = "variable"
	// Value is what stands in a header field and looks like a secret, without blanks at
	// either end, its query, if any, cut off. Its HMAC is cut to 16 bytes.
	Value Kind = "value"
	// Body is a whole message body, as the caller sent or got it, without the framing
	// of chunks. Its HMAC has 32 bytes.
	Body Kind = "body"
)

// Kinds lists every Kind.
var Kinds = []Kind{Variable, Value, Body}

// SecretFile is the name, in audit.dir, of the file with the key of the HMACs.
const SecretFile = "hmac-key"

// Secret makes the keyed HMACs (HMAC-SHA256) of one audit directory: who has the key can
// confirm a value that is known, and nobody can read one back by trying all of them. It is
// safe for concurrent use.
type Secret struct {
	pools map[Kind]*sync.Pool
}

// OpenSecret reads the key in dir, and makes it (mode 0600) when there is none. Of two
// processes that make it at the same time, both get the same one.
func OpenSecret(dir string) (*Secret, error) {
	name := filepath.Join(dir, SecretFile)
	s, err := ReadSecret(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	var key [sha256.Size]byte
	rand.Read(key[:]) // never fails (crypto/rand)
	err = durable.WriteNew(name, []byte(hex.EncodeToString(key[:])+"\n"), 0o600)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return ReadSecret(name)
}

// ReadSecret reads the key in the file called name, which is 64 hex digits.
func ReadSecret(name string) (*Secret, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != sha256.Size {
		return nil, fmt.Errorf("audit: %s does not hold 64 hex digits; put the key back from a backup, or move the file away for a new one", name)
	}
	return newSecret(key), nil
}

func newSecret(key []byte) *Secret {
	s := &Secret{pools: map[Kind]*sync.Pool{}}
	for _, kind := range Kinds {
		derived, err := hkdf.Expand(sha256.New, key, "twohop audit "+string(kind), sha256.Size)
		if err != nil {
			panic("audit: " + err.Error()) // the length is fixed and in range
		}
		pool := &sync.Pool{}
		pool.New = func() any { return &Digest{h: hmac.New(sha256.New, derived), pool: pool, size: kind.size()} }
		s.pools[kind] = pool
	}
	return s
}

func (k Kind) size() int {
	if k == Body {
		return sha256.Size
	}
	return sha256.Size / 2
}

// Digest returns an HMAC of kind to write to. Release it when nobody writes to it any more.
func (s *Secret) Digest(kind Kind) *Digest { return s.pools[kind].Get().(*Digest) }

// Of returns the HMAC of value in hex.
func (s *Secret) Of(kind Kind, value string) string {
	d := s.Digest(kind)
	defer d.Release()
	io.WriteString(d, value)
	return d.Sum().String()
}

// Digest is an HMAC in the making. It is not safe for concurrent use.
type Digest struct {
	h    hash.Hash
	pool *sync.Pool
	size int
	sum  [sha256.Size]byte
}

// Write adds p. It never fails.
func (d *Digest) Write(p []byte) (int, error) { return d.h.Write(p) }

// Sum returns the HMAC of what was written so far.
func (d *Digest) Sum() Sum {
	d.h.Sum(d.sum[:0])
	return Sum{d.sum, d.size}
}

// Release gives d back; it must not be used afterwards.
func (d *Digest) Release() {
	d.h.Reset()
	clear(d.sum[:])
	d.pool.Put(d)
}

// Sum is an HMAC; the zero Sum is none.
type Sum struct {
	bytes [sha256.Size]byte
	size  int
}

// String returns it in hex, "" for none.
func (s Sum) String() string { return hex.EncodeToString(s.bytes[:s.size]) }
