// Package trail keeps lines on disk so that a change of any of them shows: the lines are
// the leaves of a Merkle tree (RFC 6962, section 2.1), whose root is signed about every
// second (C2SP tlog-checkpoint). It knows nothing of what the lines say.
//
// A log is a directory:
//
//	lock                 held by the process that writes
//	key                  the private key that signs now
//	000000000000.jsonl   a segment, named by the index of its first line
//	000000000000.leaves  the hash of each of its lines
//	000000000000.seal    for a segment that is complete: the checkpoint at its end, which
//	                     names the next key; it stays when the segment is pruned
//
// A complete segment is compressed to .jsonl.zst. Its first line tells the log's origin
// and the right edge of the tree before it, so that each segment can be verified alone.
// With every seal the private key is erased and replaced: who has the key of now cannot
// rewrite the segments before.
//
// The logs of one broker stand side by side: log-1, and log-2 for the process that
// takes over while the one before still writes.
package trail

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Log is the directory of one log.
type Log struct{ Dir string }

// Name returns the last part of the directory's name: log-1.
func (l Log) Name() string { return filepath.Base(l.Dir) }

func (l Log) file(name string) string { return filepath.Join(l.Dir, name) }

// prefix begins the names of the logs of one broker.
const prefix = "log-"

// Logs returns the logs below root, by number; none when there is no root. Where root is
// itself a log, that one is returned.
func Logs(root string) ([]Log, error) {
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	var numbers []int
	for _, e := range entries {
		if n, ok := numbered(e.Name()); ok && e.IsDir() {
			numbers = append(numbers, n)
		}
	}
	if _, ok := numbered(filepath.Base(root)); ok && len(numbers) == 0 {
		return []Log{{root}}, nil
	}
	slices.Sort(numbers)
	logs := make([]Log, len(numbers))
	for i, n := range numbers {
		logs[i] = slot(root, n)
	}
	return logs, nil
}

func numbered(name string) (n int, ok bool) {
	text, ok := strings.CutPrefix(name, prefix)
	n, err := strconv.Atoi(text)
	return n, ok && err == nil && n > 0 && strconv.Itoa(n) == text
}

func slot(root string, n int) Log { return Log{filepath.Join(root, prefix+strconv.Itoa(n))} }

// publicKeys is the file below the root with the first verifier key of each log.
const publicKeys = "public-keys"

// PublicKeys reads the verifier keys that root itself names. Whoever can change the logs
// can change them too: a reviewer has a copy.
func PublicKeys(root string) ([]string, error) { return ReadKeys(filepath.Join(root, publicKeys)) }

// ReadKeys reads a file of verifier keys, one on a line; # begins a comment.
func ReadKeys(file string) ([]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	defer f.Close()
	var keys []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" && line[0] != '#' {
			keys = append(keys, line)
		}
	}
	return keys, lines.Err()
}
