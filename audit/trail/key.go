package trail

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"twohop/internal/durable"
)

// key is a private key that signs, and its verifier key.
type key struct {
	note.Signer
	private, public string
}

func newKey(origin string) (*key, error) {
	private, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, fmt.Errorf("audit: making a key: %w", err)
	}
	return parseKey(private, public)
}

func parseKey(private, public string) (*key, error) {
	s, err := note.NewSigner(private)
	if err != nil {
		return nil, errors.New("audit: the private key is damaged") // the error might quote it
	}
	return &key{s, private, public}, nil
}

func (k *key) verifier() note.Verifier {
	v, err := note.NewVerifier(k.public)
	if err != nil {
		panic(err) // parsed when the key was read
	}
	return v
}

// keyID returns how a key is told from others: its name and hash, as in its signatures.
func keyID(v note.Verifier) string { return fmt.Sprintf("%s+%08x", v.Name(), v.KeyHash()) }

// A key lies in a file with its private and its public half, a line each.
func (k *key) store(file string) error {
	return durable.WriteFile(file, []byte(k.private+"\n"+k.public+"\n"), 0o600)
}

// readKey returns nil when there is no file.
func readKey(file string) (*key, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	private, public, _ := strings.Cut(strings.TrimSpace(string(data)), "\n")
	if _, err := note.NewVerifier(public); err != nil {
		return nil, fmt.Errorf("audit: the key in %s is damaged", file)
	}
	return parseKey(private, public)
}

// The key in use and the one that follows, while a segment is being sealed.
const (
	keyFile = "key"
	keyNext = "key.next"
)

// replaceKey erases the key and puts the next one in its place. The old one is written
// over first: that is as far as erasing goes on a file system that writes in place.
func (l Log) replaceKey() error {
	if info, err := os.Stat(l.file(keyFile)); err == nil {
		if err := overwrite(l.file(keyFile), info.Size()); err != nil {
			return err
		}
	}
	if err := os.Rename(l.file(keyNext), l.file(keyFile)); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return durable.SyncDir(l.Dir)
}

func overwrite(name string, n int64) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	defer f.Close()
	if _, err := f.Write(make([]byte, n)); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// KeyOrigin returns the origin of the log that a verifier key is of.
func KeyOrigin(key string) (string, error) {
	v, err := note.NewVerifier(key)
	if err != nil {
		return "", fmt.Errorf("audit: %q is no verifier key", key)
	}
	return v.Name(), nil
}
