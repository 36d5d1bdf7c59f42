package trail

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint says what the first Size lines of a log are (C2SP tlog-checkpoint).
type Checkpoint struct {
	Origin string
	Size   int64
	Root   tlog.Hash
	Next   string // in a seal: the verifier key of what follows
}

// nextKey begins the extension line of a seal.
const nextKey = "next-key "

func (c Checkpoint) text() string {
	t := c.Origin + "\n" + strconv.FormatInt(c.Size, 10) + "\n" + base64.StdEncoding.EncodeToString(c.Root[:]) + "\n"
	if c.Next != "" {
		t += nextKey + c.Next + "\n"
	}
	return t
}

func (c Checkpoint) sign(s note.Signer) (string, error) {
	msg, err := note.Sign(&note.Note{Text: c.text()}, s)
	if err != nil {
		return "", fmt.Errorf("audit: signing a checkpoint: %w", err)
	}
	return string(msg), nil
}

// ParseCheckpoint reads a signed checkpoint without looking at its signatures.
func ParseCheckpoint(msg string) (Checkpoint, error) {
	bad := func(what string) (Checkpoint, error) {
		return Checkpoint{}, fmt.Errorf("audit: this is no checkpoint: %s", what)
	}
	text, _, ok := strings.Cut(msg, "\n\n")
	lines := strings.Split(text, "\n")
	if !ok || len(lines) < 3 || lines[0] == "" {
		return bad("it begins with an origin, a size and a root, and ends with a signature")
	}
	c := Checkpoint{Origin: lines[0]}
	var err error
	if c.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.Size < 0 || strconv.FormatInt(c.Size, 10) != lines[1] {
		return bad("its second line is no size")
	}
	if c.Root, err = tlog.ParseHash(lines[2]); err != nil {
		return bad("its third line is no hash")
	}
	for _, line := range lines[3:] {
		if key, ok := strings.CutPrefix(line, nextKey); ok {
			c.Next = key
		}
	}
	return c, nil
}

// openCheckpoint reads a checkpoint that v's key has signed.
func openCheckpoint(msg string, v note.Verifier) (Checkpoint, error) {
	n, err := note.Open([]byte(msg), note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("audit: the checkpoint is not signed by the key %s: %w", keyID(v), err)
	}
	return ParseCheckpoint(n.Text + "\n")
}

// ReadCheckpoints reads a file with one or more signed checkpoints, as a reviewer keeps
// them.
func ReadCheckpoints(file string) ([]string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	var list []string
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	// A note is a text, an empty line and lines of signatures; the next text begins after them.
	for rest := strings.TrimLeft(string(data), "\n"); rest != ""; rest = strings.TrimLeft(rest, "\n") {
		end := strings.Index(rest, "\n\n")
		if end < 0 {
			return nil, fmt.Errorf("audit: %s: what follows the last checkpoint is none", file)
		}
		end += 2
		for strings.HasPrefix(rest[end:], "— ") {
			line := strings.IndexByte(rest[end:], '\n')
			if line < 0 {
				line = len(rest[end:]) - 1
				rest += "\n"
			}
			end += line + 1
		}
		if _, err := ParseCheckpoint(rest[:end]); err != nil {
			return nil, fmt.Errorf("%w (%s)", err, file)
		}
		list = append(list, rest[:end])
		rest = rest[end:]
	}
	return list, nil
}
