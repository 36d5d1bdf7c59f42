package trail

import (
	"fmt"
	"path/filepath"
	"slices"
)

// join puts together what the parts gave.
func (v *verification) join() {
	results := map[int64]int{} // of known checkpoints
	for i, p := range v.parts {
		v.add(p)
		for size, r := range p.compared {
			results[size] = max(results[size], r)
		}
		if p.seal != nil {
			v.atSeal(p.seal, results)
		}
		if next := i + 1; next < len(v.parts) && p.seal != nil && v.parts[next].first != p.seal.Size && !v.parts[next].here {
			v.wrong(Problem{From: p.seal.Size, To: v.parts[next].first, What: "these lines are gone, with their seal"})
		}
	}
	v.last()
	v.gone()
	v.judge(results)
	slices.SortStableFunc(v.Problems, func(a, b Problem) int { return int(min(1, max(-1, a.From-b.From))) })
}

func (v *verification) add(p *part) {
	if !p.here {
		return
	}
	v.Segments++
	v.Lines += p.lines
	v.Checkpoints += p.checkpoints
	v.Problems = append(v.Problems, p.problems...)
	if v.From.IsZero() {
		v.From = p.from
	}
	if p.to.After(v.To) {
		v.To = p.to
	}
	if p.signed > v.Signed {
		v.Signed, v.SignedAt = p.signed, p.signedAt
	}
	if p.last != "" {
		v.Last = p.last
	}
	v.pruned = max(v.pruned, p.pruned)
	v.Proven = max(v.Proven, p.proven)
}

// atSeal compares known checkpoints with the seal of a part, which may be pruned.
func (v *verification) atSeal(seal *Checkpoint, results map[int64]int) {
	for _, k := range v.known {
		if k.Size == seal.Size && results[k.Size] != differs {
			if results[k.Size] = holds; k.Root != seal.Root {
				results[k.Size] = differs
			} else {
				v.Proven = max(v.Proven, k.Size)
			}
		}
	}
}

// last tells the size of the log, whose last part is not sealed.
func (v *verification) last() {
	if len(v.parts) == 0 {
		return
	}
	p := v.parts[len(v.parts)-1]
	if p.here && p.compressed && p.seal == nil {
		v.wrong(Problem{Segment: filepath.Base(p.Path()), From: p.first, To: p.first, What: "the segment is compressed, but not sealed: this was not done by the broker"})
	}
	if first := v.parts[0]; v.late && first.here {
		v.Notes = append(v.Notes, fmt.Sprintf("the lines before line %d are not here; the key given is of those from there on", first.first))
	}
	switch {
	case p.here:
		v.Size, v.Root = p.end.size, p.end.root()
	case p.seal != nil:
		v.Size, v.Root = p.seal.Size, p.seal.Root
	}
	if p.seal != nil {
		v.wrong(Problem{From: p.seal.Size, To: p.seal.Size, What: fmt.Sprintf("the segment that begins at line %d is not there: it was removed, or the broker was killed just as it began it; start it and verify again", p.seal.Size)})
	}
}

// gone looks whether each segment that is not there was pruned as a line of the log says:
// the first ones, up to one that is there.
func (v *verification) gone() {
	kept := false
	for _, p := range v.parts {
		kept = kept || p.here
		if p.here || p.seal == nil {
			continue
		}
		if !kept && p.seal.Size <= v.pruned {
			v.Pruned = p.seal.Size
			continue
		}
		v.wrong(Problem{From: p.first, To: p.seal.Size, What: "these lines are gone, and no record says that they were pruned"})
	}
}

// judge says what the checkpoints kept elsewhere prove.
func (v *verification) judge(results map[int64]int) {
	for _, k := range v.known {
		switch {
		case results[k.Size] == holds:
		case results[k.Size] == differs:
			v.wrong(Problem{From: 0, To: k.Size, What: "the checkpoint kept elsewhere is of other lines: the history was written anew, by somebody who has the log's key"})
		case k.Size > v.Size:
			v.wrong(Problem{From: v.Size, To: k.Size, What: "these lines are gone: the checkpoint kept elsewhere covers them"})
		case k.Size < v.Pruned:
			v.Notes = append(v.Notes, fmt.Sprintf("the checkpoint of %d lines lies within pruned segments and cannot be compared", k.Size))
		case k.Size == 0:
		default:
			v.wrong(Problem{From: 0, To: k.Size, What: "the checkpoint kept elsewhere cannot be compared, because lines before its end are damaged"})
		}
	}
}
