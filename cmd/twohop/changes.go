package main

import (
	"cmp"
	"fmt"
	"strings"
	"sync"
	"time"

	"twohop/audit"
	"twohop/certs"
	"twohop/routes"
)

// shown holds the fingerprints of the front door's certificates by file, so that a change
// is told with what was before.
type shown struct {
	mu sync.Mutex
	by map[string]string
}

// show notes what is shown, and returns what was before.
func (x *shown) show(c certs.Info) (before string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	before = x.by[c.File]
	if x.by == nil {
		x.by = map[string]string{}
	}
	x.by[c.File] = c.SHA256
	return before
}

// replace notes all that is shown, and returns what was before.
func (x *shown) replace(list []certs.Info) (before map[string]string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	before, x.by = x.by, map[string]string{}
	for _, c := range list {
		x.by[c.File] = c.SHA256
	}
	return before
}

// reloadRefused records that a file was not taken. What is wrong with it is what the
// command and the log say, which never hold a secret.
func (s *server) reloadRefused(user string, err error) {
	s.note(audit.Event{User: user, Kind: audit.AboutConfiguration, Name: s.file, Failed: true, Severity: audit.Low, Config: s.table.Hash(),
		What: "was not loaded; " + s.table.Hash() + " serves on", Details: err.Error()})
}

// certificateChanged takes the events of the front door's certificates; certs logs
// them itself.
func (s *server) certificateChanged(e certs.Event) {
	if e.Info.Source == "file" {
		s.deps.Metrics.CertificateBroken(e.Info.File, e.Change == certs.Refused)
	}
	about, before := audit.Event{Kind: audit.AboutCertificate, Name: cmp.Or(e.Info.File, "front door")}, s.shown.show(e.Info)
	switch e.Change {
	case certs.Refused:
		about.Failed, about.Severity, about.What = true, audit.Low, "was not replaced, "+described(e.Info)+" is still shown"
		about.Details = fmt.Sprint(e.Err)
	case certs.Restored:
		about.What = "holds again what is shown, " + described(e.Info)
	case certs.NewCA:
		about.Activity, about.Severity, about.What = audit.Created, audit.Low, "comes from a new local CA, which callers must be told to trust ("+e.Reason+"): "+described(e.Info)
	default:
		about.What = fmt.Sprintf("is shown (%s): %s, in place of %s", e.Change, described(e.Info), cmp.Or(before, "none"))
	}
	s.note(about)
}

// certificatesTaken records which certificates a reload changed.
func (s *server) certificatesTaken(user string) {
	now := s.certs.Certificates()
	before := s.shown.replace(now)
	for _, c := range now {
		old, was := before[c.File]
		delete(before, c.File)
		if old != c.SHA256 {
			what := "is shown: " + described(c)
			if was {
				what += ", in place of " + old
			}
			s.note(audit.Event{User: user, Kind: audit.AboutCertificate, Name: c.File, What: what})
		}
	}
	for file, old := range before {
		s.note(audit.Event{User: user, Kind: audit.AboutCertificate, Name: file, What: "is no longer shown: " + old})
	}
}

// described says which certificate it is.
func described(c certs.Info) string {
	return fmt.Sprintf("%s for %s until %s", c.SHA256, strings.Join(c.Names, ", "), c.NotAfter.UTC().Format(time.RFC3339))
}

// reminder says that an exception is about to end, or has ended.
func reminder(name, lastDay string, left time.Duration, x routes.Exception) audit.Event {
	e := audit.Event{Kind: audit.AboutException, Name: name, Activity: audit.Warned, Severity: audit.Low, What: fmt.Sprintf("ends in %s, with %s (UTC)", counted(int(left.Hours()/24), "day"), lastDay)}
	if left <= 0 {
		e.Activity, e.Severity, e.What = audit.Updated, audit.Medium, "has ended with "+lastDay+" (UTC): its routes answer 503"
	}
	e.What += fmt.Sprintf("; owner %s, ticket %s", x.Owner, x.Ticket)
	return e
}

// read records that somebody reads the audit log with a command; it is read only when
// this returned nil.
func (s *server) read(user, command, filter string) error {
	if filter == "" {
		filter = "nothing left out"
	}
	return s.recordEvent(audit.Event{User: user, Kind: audit.AboutLog, Name: string(s.started.Audit.Dir), Activity: audit.Read, Config: s.broker.Router().Config(),
		What: "is read by " + command + ": " + filter})
}
