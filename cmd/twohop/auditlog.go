package main

import (
	"time"

	"twohop/audit"
	"twohop/audit/index"
	"twohop/audit/trail"
	"twohop/routes"
)

// auditConfig is how t wants its audit log kept.
func (s *server) auditConfig(t *routes.Table) audit.Config {
	a := t.Audit
	return audit.Config{
		Dir:     string(a.Dir),
		Options: trail.Options{SegmentBytes: int64(a.Segment.Size), SegmentAge: a.Segment.Age, Checkpoint: a.Checkpoint, Now: s.now},
		Keep:    a.Keep,
		Held:    heldBySinks(t),
		Finish:  index.Build,
		Report:  func(err error) { s.log.Error("the audit log cannot be compressed or pruned", "error", err) },
	}
}

// openAudit continues the audit log, and says what it found.
func (s *server) openAudit(t *routes.Table) (err error) {
	if s.audit, err = audit.Open(s.auditConfig(t)); err != nil {
		return hinted{err, "a call that cannot be recorded is not made: mend audit.dir; where its lines disagree with its checkpoints, keep it for twohop audit verify and name another directory"}
	}
	for _, key := range s.audit.Fresh() {
		s.log.Warn("a new audit log: keep this key where nobody who runs the broker can change it; twohop audit verify --key asks for it", "key", key)
	}
	if found := s.audit.Found(); found.Torn > 0 {
		s.log.Warn("the audit log ended in an unfinished line, which no call waited for; it was moved aside", "bytes", found.Torn, "file", found.TornIn)
	}
	return nil
}

// pruneBodies deletes the kept bodies of days that are over.
func (s *server) pruneBodies(keep time.Duration) {
	days, err := s.bodies.Prune(s.now(), keep)
	if err != nil {
		s.log.Error("kept bodies cannot be deleted", "error", err)
	}
	if len(days) > 0 {
		s.log.Info("kept bodies are deleted", "days", days)
	}
}

// prune removes old audit records for user.
func (s *server) prune(user string, before time.Time) (int64, error) {
	lines, err := s.audit.Prune(before, user)
	if err != nil {
		s.log.Error("audit records cannot be removed", "user", user, "before", before, "lines", lines, "error", err)
	} else {
		s.log.Warn("audit records removed", "user", user, "before", before, "lines", lines)
	}
	return lines, err
}
