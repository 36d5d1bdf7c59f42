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
}

// part is a segment, there or pruned, and what the chain of seals says of it.
type part struct {
	Segment
	here   bool
	key    note.Verifier // of its checkpoints
	before *Checkpoint   // the seal of the part before; nil for the first
	seal   *Checkpoint   // its own; nil for the last part
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
	v.Origin = v.Log.origin(segments)
	key, err := trustedKey(trusted, v.Origin, v.Log)
	if err != nil {
		v.wrong(Problem{What: err.Error()})
		return nil
	}
	v.Origin = key.Name()
	if len(firsts) == 0 {
		v.Notes = append(v.Notes, "the log is empty: no process has written to it")
		v.parts = []*part{}
		return nil
	}
	var before *Checkpoint
	for i, first := range firsts {
		p := &part{Segment: Segment{log: v.Log, first: first}, key: key, before: before}
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
	return nil
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

// origin returns what the log itself says it is.
func (l Log) origin(segments []Segment) string {
	for _, s := range segments {
		if e := s.head(); e != nil {
			return e.Log
		}
	}
	return ""
}

// trustedKey finds the key of a log: by its origin, or, where nothing is left that tells
// it, by the name of its directory.
func trustedKey(keys []string, origin string, l Log) (note.Verifier, error) {
	for _, text := range keys {
		k, err := note.NewVerifier(text)
		if err != nil {
			return nil, fmt.Errorf("%q is no verifier key", text)
		}
		if k.Name() == origin || origin == "" && strings.HasSuffix(k.Name(), "/"+l.Name()) {
			return k, nil
		}
	}
	if origin == "" {
		return nil, fmt.Errorf("none of the keys given is of %s", l.Name())
	}
	return nil, fmt.Errorf("none of the keys given is of %q, which this log says it is", origin)
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
