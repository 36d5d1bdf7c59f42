package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"twohop/audit"
	"twohop/routes"
)

// guardAudit puts before the audit log what keeps strangers from filling its disk.
func (s *server) guardAudit(t *routes.Table) (err error) {
	s.space, err = audit.NewSpace(audit.SpaceConfig{Dir: string(t.Audit.Dir), Reserve: int64(t.Audit.Reserve), Stop: int64(t.Audit.Stop), Free: audit.FreeSpace, Changed: s.roomChanged})
	if err != nil {
		return err
	}
	r := t.Audit.Refusals
	s.tally = audit.NewTally(audit.TallyConfig{Every: r.Every, Records: r.Records, Budget: int64(r.Budget), Space: s.space, Now: s.now, Noted: s.deps.Metrics.Refused}, s.audit)
	s.deps.Audit = s.tally
	return nil
}

// closeAudit writes what was counted, that the broker has stopped, and closes the log.
func (s *server) closeAudit() {
	if s.tally != nil {
		s.tally.Close()
	}
	if s.begun {
		s.stopped()
	}
	s.audit.Close()
}

// lastWords is how much must be free on a full disk for an event to say so: what is left
// beyond is for the ends of the calls that run.
const lastWords = 64 << 10

// roomChanged logs and records that the disk of the audit log has less room, or more.
func (s *server) roomChanged(room audit.Room, d audit.Disk) {
	level, severity, text, what := slog.LevelInfo, audit.Informational, "the disk of the audit log has room again", "everything is recorded again"
	switch room {
	case audit.Scarce:
		level, severity, text = slog.LevelWarn, audit.Medium, "the disk of the audit log has little room: refusals of unknown callers are only counted"
		what = fmt.Sprintf("less than audit.reserve (%s): calls are taken, refusals of unknown callers are only counted", inBytes(d.Reserve))
	case audit.Full:
		level, severity, text = slog.LevelError, audit.High, "the disk of the audit log is nearly full and no new call is taken: free some space, and service comes back by itself"
		what = fmt.Sprintf("less than audit.stop (%s): no new call is taken until there is more", inBytes(d.Stop))
	}
	s.log.Log(context.Background(), level, text, "dir", s.space.Dir, "free", inBytes(d.Free), "reserve", inBytes(d.Reserve), "stop", inBytes(d.Stop))
	s.gaugeAudit()
	if room == audit.Full && d.Free < lastWords {
		return
	}
	s.note(audit.Event{Kind: audit.AboutDisk, Name: s.space.Dir, Severity: severity, What: fmt.Sprintf("has %s free: %s", inBytes(d.Free), what)})
}

// inBytes says a number of bytes for people.
func inBytes(n int64) string {
	if n >= 1<<20 {
		n = n >> 20 << 20
	}
	return routes.Size(n).String()
}

// watchAudit tells, once, that calls can no longer be recorded.
func (s *server) watchAudit() {
	s.gaugeAudit()
	if err := errors.Join(s.audit.Healthy(), s.bodies.Healthy()); err != nil && !s.auditLost {
		s.auditLost = true
		s.log.Error("the audit log cannot be written and no call is served: mend the disk and restart", "error", err)
	}
}

// recordable returns nil while new calls can be recorded, else why not.
func (s *server) recordable() error { return errors.Join(s.tally.Healthy(), s.bodies.Healthy()) }

func (s *server) gaugeAudit() {
	s.deps.Metrics.AuditHealthy(s.recordable() == nil)
	s.deps.Metrics.AuditFree(s.space.Disk().Free)
}

// note records an event that nobody waits for. It stands under the broker's own name
// unless it has a user.
func (s *server) note(e audit.Event) {
	if err := s.recordEvent(e); err != nil && !errors.Is(err, audit.ErrClosed) {
		s.log.Error("an event cannot be recorded", "kind", e.Kind, "name", e.Name, "what", e.What, "error", err)
	}
}

// recordEvent records an event, in parts when it is long. If it returns an error, what the event
// tells of must not be done.
func (s *server) recordEvent(e audit.Event) error {
	e.Time = s.now()
	if e.User == "" {
		e.User = "twohop"
	}
	for _, part := range e.Split() {
		if err := s.audit.AppendEvent(&part); err != nil {
			return err
		}
	}
	return nil
}
