package trail

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Report is what Verify found out about a log.
type Report struct {
	Log         Log
	Origin      string
	Unknown     bool      // no key given is of this log: nothing of it was looked at
	Problems    []Problem // none: nothing was changed, within what can be proven
	Notes       []string  // what could not be looked at, and why
	From, To    time.Time // of the first and the last line that are there
	Lines       int64     // that are there and were read
	Size        int64     // of the log: lines there ever were
	Root        tlog.Hash // of Size lines; meaningless with problems
	Pruned      int64     // lines before this one were deleted, as recorded
	Segments    int
	Checkpoints int
	Keys        int       // that signed, one after the other
	Signed      int64     // lines before this one are signed for
	SignedAt    time.Time // when
	Proven      int64     // lines before this one are covered by a checkpoint kept elsewhere
	Last        string    // the newest checkpoint, signed: to be kept elsewhere
}

// Problem says what is wrong with a span of lines.
type Problem struct {
	Segment  string // its file; "" for the log as a whole
	From, To int64  // the span: To is not in it
	What     string
}

func (p Problem) String() string {
	where := p.Segment
	if where != "" {
		where += ": "
	}
	switch {
	case p.To-p.From == 1:
		where += fmt.Sprintf("line %d: ", p.From)
	case p.To > p.From:
		where += fmt.Sprintf("lines %d to %d: ", p.From, p.To-1)
	}
	return where + p.What
}

// Verify reads a whole log and compares it with its checkpoints: those in it, its seals,
// and known ones that somebody kept elsewhere. keys are the verifier keys that are
// trusted; the one with the log's origin counts. The error is of a directory that cannot
// be read; what is wrong with the log is in the report.
func Verify(l Log, keys, known []string) (*Report, error) {
	v := &verification{Report: &Report{Log: l}}
	if err := v.start(keys); err != nil {
		return nil, err
	}
	if v.parts == nil {
		return v.Report, nil
	}
	v.kept(known)
	v.read()
	v.join()
	return v.Report, nil
}

// verification is a run of Verify.
type verification struct {
	*Report
	parts  []*part
	known  []Checkpoint
	pruned int64 // lines before this one were deleted, as a line says
	late   bool  // the trusted key is not the log's first: what was signed before it is not here
}

// part is a segment, there or pruned, and what the chain of seals says of it.
type part struct {
	Segment
	here   bool
	key    note.Verifier // of its checkpoints
	before *Checkpoint   // the seal of the part before; nil for the first
	seal   *Checkpoint   // its own; nil for the last part
	late   bool          // the log begins here with a key that is not its first
	result
}

// start finds the parts and follows the keys from the trusted one through the seals.
func (v *verification) start(trusted []string) error {
	segments, err := v.Log.Segments()
	if err != nil {
		return err
	}
	seals, err := v.Log.with(sealExt)
	if err != nil {
		return err
	}
	firsts := slices.Clone(seals)
	for _, s := range segments {
		if !slices.Contains(firsts, s.first) {
			firsts = append(firsts, s.first)
		}
	}
	slices.Sort(firsts)
	var head *entry
	if len(segments) > 0 {
		head = segments[0].head()
	}
	key, late, err := trustedKey(trusted, head, v.Log)
	if err != nil {
		return err
	}
	if key == nil {
		v.Unknown = true
		if head != nil {
			v.Origin = head.Log
		}
		return nil
	}
	v.Origin, v.late = key.Name(), late
	if _, ok := numbered(v.Log.Name()); ok && !strings.HasSuffix(v.Origin, "/"+v.Log.Name()) {
		v.wrong(Problem{What: fmt.Sprintf("this is another log, %s: what belongs here is gone", v.Origin)})
	}
	if len(firsts) == 0 {
		v.compareKey(key)
		v.Notes = append(v.Notes, "the log is empty: no process has written to it")
		v.parts = []*part{}
		return nil
	}
	var before *Checkpoint
	for i, first := range firsts {
		p := &part{Segment: Segment{log: v.Log, first: first}, key: key, before: before, late: v.late}
		for _, s := range segments {
			if s.first == first {
				p.Segment, p.here = s, true
			}
		}
		v.parts = append(v.parts, p)
		last := i == len(firsts)-1
		if key, err = p.readSeal(last, segments); err != nil {
			v.wrong(Problem{Segment: base(first) + sealExt, From: first, What: err.Error()})
			return nil // without the next key nothing of what follows can be told
		}
		before = p.seal
		if p.seal != nil {
			v.Keys++
		}
	}
	v.Keys++
	v.compareKey(key)
	return nil
}

// compareKey looks whether the private key beside the log, if it can be read, is the one
// that the seals lead to.
func (v *verification) compareKey(now note.Verifier) {
	k, err := readKey(v.Log.file(keyFile))
	if err != nil || k == nil {
		return // a copy, or somebody who may not read it
	}
	if id := keyID(k.verifier()); id != keyID(now) {
		v.wrong(Problem{What: "the key of now is not the one that the seals lead to: the last segments were removed with their seals"})
	}
}

// readSeal reads the part's seal and returns the key of the part after it. Where the seal
// is missing, the first line of the part after it has it too.
func (p *part) readSeal(last bool, segments []Segment) (note.Verifier, error) {
	msg, err := p.log.seal(p.first)
	if err != nil {
		return nil, err
	}
	if msg == "" && !last {
		for _, s := range segments {
			if s.first > p.first {
				msg = s.previous()
				break
			}
		}
	}
	if msg == "" {
		if !last {
			return nil, fmt.Errorf("the seal of this segment is missing, and the next one has none of it")
		}
		return p.key, nil
	}
	c, err := openCheckpoint(msg, p.key)
	if err != nil {
		return nil, err
	}
	if c.Origin != p.key.Name() || c.Size <= p.first {
		return nil, fmt.Errorf("the seal is of another segment")
	}
	p.seal = &c
	next, err := note.NewVerifier(c.Next)
	if err != nil {
		return nil, fmt.Errorf("the seal names no next key")
	}
	return next, nil
}

// previous returns the seal that a segment's first line quotes.
func (s Segment) previous() string {
	if e := s.head(); e != nil && e.Unmapped.Segment != nil {
		return e.Unmapped.Segment.Previous
	}
	return ""
}

func (s Segment) head() *entry {
	for line, err := range s.Lines() {
		if err != nil {
			return nil
		}
		e, _ := parseEntry(line.Text) // damaged: found again when it is read
		return e
	}
	return nil
}

// trustedKey finds the key of a log among those given: by its origin or, where nothing is
// left that tells it, by the name of its directory. The first one given counts; for a log
// that does not begin at line 0, the one that its first segment names counts too.
func trustedKey(keys []string, head *entry, l Log) (key note.Verifier, late bool, err error) {
	for _, text := range keys {
		k, err := note.NewVerifier(text)
		if err != nil {
			return nil, false, fmt.Errorf("audit: %q is no verifier key", text)
		}
		switch {
		case head == nil && !strings.HasSuffix(k.Name(), "/"+l.Name()), head != nil && k.Name() != head.Log:
		case key == nil:
			key = k
			if s := headOf(head); s == nil || s.First == 0 || s.Key != text {
				continue
			}
			return k, true, nil
		case headOf(head) != nil && head.Unmapped.Segment.First > 0 && head.Unmapped.Segment.Key == text:
			return k, true, nil
		}
	}
	return key, false, nil
}

func headOf(e *entry) *segment {
	if e == nil {
		return nil
	}
	return e.Unmapped.Segment
}

// kept takes the checkpoints that were kept elsewhere and are of this log.
func (v *verification) kept(known []string) {
	for _, msg := range known {
		c, err := ParseCheckpoint(msg)
		if err == nil && c.Origin == v.Origin {
			v.known = append(v.known, c)
		}
	}
	slices.SortFunc(v.known, func(a, b Checkpoint) int { return int(min(1, max(-1, a.Size-b.Size))) })
}

// read reads the parts that are there, several at a time.
func (v *verification) read() {
	var readers sync.WaitGroup
	turn := make(chan *part)
	for range min(runtime.GOMAXPROCS(0), len(v.parts)) {
		readers.Go(func() {
			for p := range turn {
				p.read(v.known)
			}
		})
	}
	for _, p := range v.parts {
		if p.here {
			turn <- p
		}
	}
	close(turn)
	readers.Wait()
}

func (v *verification) wrong(p Problem) { v.Problems = append(v.Problems, p) }
