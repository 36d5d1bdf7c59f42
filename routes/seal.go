package routes

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"reflect"
)

// sealed is what Diff needs of a table, to be kept in a file.
type sealed struct {
	Key  []byte // of the digests that stand for secrets
	Root string // the table's own file
	Hash string
	Sums map[string]string // of files named, by name; "" for one that could not be read
	What *Table
}

// Seal returns what Diff needs of t, so that a later process can say what has changed
// since. Instead of a secret it holds a digest with a key of its own, which a change of
// the secret changes: still nothing for others to read, because a weak secret could be
// guessed by it.
func (t *Table) Seal() ([]byte, error) {
	key := make([]byte, sha256.Size)
	rand.Read(key) // never fails (crypto/rand, Go 1.24)
	s := sealed{Key: key, Root: t.places.root.file, Hash: t.hash, Sums: map[string]string{}, What: t.mask(key)}
	for name, d := range t.digests {
		s.Sums[name] = d.sum
		if d.err != nil {
			s.Sums[name] = ""
		}
	}
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(s)
	return b.Bytes(), err
}

// errUnread stands for the error of a file that could not be read when a table was sealed.
var errUnread = errors.New("could not be read")

// Beside returns two tables for Diff and for nothing else: the one that Seal returned data
// for, and t, both with digests for secrets.
func (t *Table) Beside(data []byte) (last, now *Table, err error) {
	var s sealed
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&s); err != nil {
		return nil, nil, fmt.Errorf("it is no sealed configuration: %w", err)
	}
	if s.What == nil {
		return nil, nil, errors.New("it is no sealed configuration")
	}
	last, now = s.What, t.mask(s.Key)
	last.places.root.file, last.hash, last.digests = s.Root, s.Hash, digests{}
	for name, sum := range s.Sums {
		last.digests[name] = digest{sum: sum}
		if sum == "" {
			last.digests[name] = digest{err: errUnread}
		}
	}
	return last, now, nil
}

// mask returns a copy of t in which digests stand for the secrets.
func (t *Table) mask(key []byte) *Table {
	return masked(reflect.ValueOf(t), "", func(text string) string {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return hex.EncodeToString(h.Sum(nil)[:16])
	}).Interface().(*Table)
}

// masked copies v, the field called name, as far as it holds secrets or may be shared.
func masked(v reflect.Value, name string, digest func(string) string) reflect.Value {
	to := reflect.New(v.Type()).Elem()
	to.Set(v)
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			to.Set(reflect.New(v.Type().Elem()))
			to.Elem().Set(masked(v.Elem(), name, digest))
		}
	case reflect.Slice:
		if v.IsNil() { // which may mean another thing than an empty one
			break
		}
		to.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			to.Index(i).Set(masked(v.Index(i), name, digest))
		}
	case reflect.Map:
		if v.IsNil() {
			break
		}
		to.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		for i := v.MapRange(); i.Next(); {
			to.SetMapIndex(i.Key(), masked(i.Value(), name, digest))
		}
	case reflect.Struct:
		if s, ok := v.Interface().(Secret); ok {
			to.Set(reflect.ValueOf(s.masked(name == "Via", digest)))
			break
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				to.Field(i).Set(masked(v.Field(i), f.Name, digest))
			}
		}
	}
	return to
}

// masked returns s with a digest for its text; of an address that of its user alone, so
// that Diff can tell another proxy from another credential.
func (s Secret) masked(address bool, digest func(string) string) Secret {
	text := s.Reveal()
	if text == "" {
		return s
	}
	if u, err := url.Parse(text); address && err == nil && u.Host != "" {
		if u.User != nil {
			u.User = url.User(digest(u.User.String()))
		}
		text = u.String()
	} else {
		text = digest(text)
	}
	return Secret{value: &text, masking: true}
}

// GobEncode writes a secret for which a digest stands, and never another.
func (s Secret) GobEncode() ([]byte, error) {
	if s.value == nil || *s.value == "" {
		return []byte{}, nil
	}
	if !s.masking {
		return nil, errors.New("routes: a secret is not written")
	}
	return []byte(*s.value), nil
}

// GobDecode reads what GobEncode wrote.
func (s *Secret) GobDecode(data []byte) error {
	if len(data) > 0 {
		text := string(data)
		*s = Secret{value: &text, masking: true}
	}
	return nil
}
