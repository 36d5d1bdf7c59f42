package certs

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"
)

// watched is one File and what is served from it.
type watched struct {
	file File
	path string // "files[0]", for messages
	pair *pair
	sum  string // digest of the content that pair was made of

	pending string // content seen on the last look, if it is not the one in use
	refused string // content already reported as unusable
}

// watch reads f for the first time; its errors are *fault.Field below path.
func watch(f File, path string, now time.Time) (*watched, error) {
	w := &watched{file: f, path: path}
	certPEM, keyPEM, err := readPair(f)
	if err != nil {
		return nil, under(path, err)
	}
	if w.pair, err = newPair(f, certPEM, keyPEM); err == nil {
		err = w.pair.check(f, now)
	}
	if err != nil {
		return nil, under(path, err)
	}
	w.sum = digest(certPEM, keyPEM)
	return w, nil
}

// errSame says that a look found nothing that has to be told.
var errSame = errors.New("nothing new")

// look reads the files again. It returns the new pair to serve, or a nil pair if
// files that were refused hold again what is served. It returns errSame while
// there is nothing to tell, and each unusable content's error once.
//
// A change counts only when two looks running find the same content. A pair is
// two files, and nobody writes both at once: this spares callers a chain that is
// still being written, and operators an alarm at every renewal.
func (w *watched) look(now time.Time) (*pair, error) {
	certPEM, keyPEM, err := readPair(w.file)
	seen := digest(certPEM, keyPEM)
	if err != nil {
		seen = err.Error()
	}
	if seen == w.sum {
		mended := w.refused != ""
		w.pending, w.refused = "", ""
		if mended {
			return nil, nil
		}
		return nil, errSame
	}
	if seen != w.pending {
		w.pending = seen
		return nil, errSame
	}
	var p *pair
	if err == nil {
		p, err = newPair(w.file, certPEM, keyPEM)
	}
	if err == nil {
		err = p.check(w.file, now)
	}
	if err != nil {
		if seen == w.refused {
			return nil, errSame
		}
		w.refused = seen
		return nil, under(w.path, err)
	}
	w.pair, w.sum, w.pending, w.refused = p, seen, "", ""
	return p, nil
}

// digest tells contents apart, wherever one file ends and the next begins.
func digest(certPEM, keyPEM []byte) string {
	a, b := sha256.Sum256(certPEM), sha256.Sum256(keyPEM)
	return hex.EncodeToString(append(a[:], b[:]...))
}
