package trail

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"twohop/internal/durable"
)

// slots are the logs that Init makes: one for a process, one for the process that takes
// over from it while it ends.
const slots = 2

// mostSlots bounds the processes that write below one root at the same time.
const mostSlots = 16

// ErrThere is returned by Init where logs are already.
var ErrThere = errors.New("audit: there is an audit log already")

// Init makes the logs below root, each with a key of its own, and returns their verifier
// keys. The file public-keys holds them too. name tells these logs from others: it begins
// their origins, and has no spaces and no plus sign.
func Init(root, name string, now time.Time) ([]string, error) {
	logs, err := Logs(root)
	if err != nil {
		return nil, err
	}
	_, named := os.Stat(filepath.Join(root, publicKeys))
	switch {
	case len(logs) > 0 && (named == nil || begun(logs)):
		return nil, ErrThere
	case named == nil:
		return nil, fmt.Errorf("audit: %s names logs that are missing; restore them, or begin in a new directory", filepath.Join(root, publicKeys))
	}
	for _, l := range logs { // left by a crash in this function; nobody was told their keys
		if err := os.RemoveAll(l.Dir); err != nil {
			return nil, fmt.Errorf("audit: %w", err)
		}
	}
	if err := durable.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	head := fmt.Sprintf("# twohop audit log %s, made at %s.\n# The first key of each log. Keep a copy where nobody who runs the broker can change it.\n", name, now.UTC().Format(time.RFC3339))
	var keys []string
	for n := 1; n <= slots; n++ {
		k, err := makeSlot(root, name, n)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, durable.WriteFile(filepath.Join(root, publicKeys), []byte(head+strings.Join(keys, "\n")+"\n"), 0o644)
}

// begun reports whether one of the logs has a line, or had.
func begun(logs []Log) bool {
	for _, l := range logs {
		segments, err := l.Segments()
		seals, failed := l.with(sealExt)
		if err != nil || failed != nil || len(segments)+len(seals) > 0 {
			return true
		}
	}
	return false
}

// makeSlot makes an empty log with a key. The directory appears with its key in it.
func makeSlot(root, name string, n int) (public string, err error) {
	l := slot(root, n)
	k, err := newKey(name + "/" + l.Name())
	if err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp(root, ".new-") // mode 0700
	if err != nil {
		return "", fmt.Errorf("audit: %w", err)
	}
	defer os.RemoveAll(tmp)
	if err := k.store(filepath.Join(tmp, keyFile)); err != nil {
		return "", err
	}
	if err := os.Rename(tmp, l.Dir); err != nil {
		return "", fmt.Errorf("audit: %w", err)
	}
	return k.public, durable.SyncDir(root)
}

// Who only looks whether a log is held holds it for a moment.
const (
	tries = 4
	pause = 50 * time.Millisecond
)

// Acquire opens the first log below root that no other process writes. It makes a
// further one when all are taken, and adds its key to public-keys.
func Acquire(root string, o Options) (*Writer, error) {
	for n := 1; n <= mostSlots; n++ {
		l := slot(root, n)
		if _, err := os.Stat(l.Dir); errors.Is(err, fs.ErrNotExist) {
			if err := addSlot(root, n); err != nil {
				return nil, err
			}
		}
		for range tries {
			w, err := l.Open(o)
			if !errors.Is(err, ErrHeld) {
				return w, err
			}
			time.Sleep(pause)
		}
	}
	return nil, fmt.Errorf("audit: %d processes write below %s already", mostSlots, root)
}

// addSlot makes a log beyond those of Init. Its key was not among those that a reviewer
// was given.
func addSlot(root string, n int) error {
	file := filepath.Join(root, publicKeys)
	data, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	keys, err := ReadKeys(file)
	if err != nil {
		return err
	}
	if len(keys) >= n {
		return fmt.Errorf("audit: %s is missing; its key is in %s", slot(root, n).Dir, file)
	}
	if len(keys) == 0 {
		return fmt.Errorf("audit: %s has no keys", file)
	}
	name, _, _ := strings.Cut(keys[0], "/"+prefix)
	public, err := makeSlot(root, name, n)
	if err != nil {
		return err
	}
	return durable.WriteFile(file, append(data, public+"\n"...), 0o644)
}
