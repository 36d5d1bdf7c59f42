package capture

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"filippo.io/age"

	"twohop/audit"
	"twohop/internal/durable"
	"twohop/internal/fault"
)

// Reviewers are the public keys that kept bodies are encrypted to.
type Reviewers []age.Recipient

// ParseReviewers reads recipients of age: age1... or age1pq1..., which may not be mixed. The
// error joins *fault.Field values with the index as their path.
func ParseReviewers(keys []string) (Reviewers, error) {
	var list Reviewers
	for i, key := range keys {
		got, err := age.ParseRecipients(strings.NewReader(key))
		if err != nil || len(got) != 1 {
			fix := "write the public key that age-keygen -y prints for an identity"
			if strings.Contains(strings.ToUpper(key), "SECRET-KEY") {
				fix = "this is a private key: take it out and count it as known, and " + fix
			}
			return nil, &fault.Field{Path: fmt.Sprintf("[%d]", i), What: "is not the public key of a reviewer", Fix: fix}
		}
		list = append(list, got...)
	}
	if len(list) > 0 {
		if _, err := age.Encrypt(io.Discard, list...); err != nil {
			return nil, &fault.Field{What: "mixes keys that age does not use together", Fix: "write keys of one kind: all age1pq1..., or all age1..."}
		}
	}
	return list, nil
}

// Store keeps bodies, encrypted, in a directory for each day below the audit log's. After
// a failure it stores nothing more. It is safe for concurrent use.
type Store struct {
	root   string // audit.dir
	record func(*audit.Event) error

	mu     sync.Mutex
	broken error
}

// bodies is the directory below audit.dir.
const bodies = "bodies"

// NewStore returns the store in the audit directory dir. record appends to the audit log.
func NewStore(dir string, record func(*audit.Event) error) *Store {
	return &Store{root: dir, record: record}
}

// Healthy returns nil while bodies can be stored, else why not.
func (s *Store) Healthy() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

// Keep redacts b and stores it, encrypted to the reviewers, under name, which must be new.
// whole says that all of the body was written to b. When it returns, the file is on stable
// storage. If it returns an error the record of the call must not say that it ended well.
func (s *Store) Keep(b *Body, whole bool, name string, to Reviewers, now time.Time) (audit.Kept, error) {
	text, kept := b.redacted(whole)
	if kept.LeftOut != "" {
		return kept, nil
	}
	if err := s.Healthy(); err != nil {
		return audit.Kept{LeftOut: notStored}, err
	}
	day := filepath.Join(bodies, now.UTC().Format(time.DateOnly))
	kept.File = filepath.ToSlash(filepath.Join(day, name+".age"))
	err := durable.MkdirAll(filepath.Join(s.root, day), 0o700)
	if err == nil {
		kept.SHA256, err = write(filepath.Join(s.root, kept.File), text, to)
	}
	if err != nil {
		err = fmt.Errorf("audit: a body could not be stored: %w", err)
		s.mu.Lock()
		s.broken = err
		s.mu.Unlock()
		return audit.Kept{LeftOut: notStored}, err
	}
	return kept, nil
}

// Without returns what the record says of a body that was not stored because the disk has
// too little room.
func Without() audit.Kept { return audit.Kept{LeftOut: noRoom} }

// write makes an encrypted file and returns its SHA-256.
func write(name string, text []byte, to Reviewers) (_ string, err error) {
	f, err := durable.Create(name, 0o600)
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(name)
		}
	}()
	sum := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(f, sum), 32<<10)
	sealed, err := age.Encrypt(out, to...)
	if err != nil {
		return "", err
	}
	if _, err = sealed.Write(text); err != nil {
		return "", err
	}
	if err = sealed.Close(); err != nil {
		return "", err
	}
	if err = out.Flush(); err != nil {
		return "", err
	}
	if err = f.Sync(); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), f.Close()
}

// Prune deletes the days that ended more than keep ago, each after an event in the audit
// log says so. It returns the days that are gone, as directories below audit.dir.
func (s *Store) Prune(now time.Time, keep time.Duration) (deleted []string, err error) {
	entries, err := os.ReadDir(filepath.Join(s.root, bodies))
	if os.IsNotExist(err) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	for _, e := range entries {
		day, err := time.Parse(time.DateOnly, e.Name())
		if err != nil || now.Before(day.AddDate(0, 0, 1).Add(keep)) {
			continue
		}
		dir := filepath.ToSlash(filepath.Join(bodies, e.Name()))
		event := audit.Event{Time: now, User: "twohop", Kind: audit.AboutBodies, Name: e.Name(), What: fmt.Sprintf("are deleted: kept for %v", keep)}
		if err := s.record(&event); err != nil {
			return deleted, err
		}
		if err := os.RemoveAll(filepath.Join(s.root, dir)); err != nil {
			return deleted, fmt.Errorf("audit: %w", err)
		}
		deleted = append(deleted, dir)
	}
	if len(deleted) > 0 {
		if err := durable.SyncDir(filepath.Join(s.root, bodies)); err != nil {
			return deleted, fmt.Errorf("audit: %w", err)
		}
	}
	return deleted, nil
}
