package main

import (
	"cmp"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"twohop/audit"
	"twohop/internal/durable"
	"twohop/metrics"
	"twohop/routes"
)

// self is the OS user that this process runs as.
func self() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "uid " + strconv.Itoa(os.Getuid())
}

// begin records the configuration that the broker starts with, what is different from the
// one that was last in force, and the start. by is who asked for it.
func (s *server) begin(by string) error {
	s.shown.replace(s.certs.Certificates())
	if room := s.space.Room(); room != audit.Ample {
		s.roomChanged(room, s.space.Disk())
	}
	e := audit.Event{User: by, Kind: audit.AboutConfiguration, Name: s.file, Config: s.table.Hash()}
	e.Activity, e.What, e.Severity, e.Details = s.compared()
	for _, m := range s.missing {
		e.Details = strings.TrimPrefix(e.Details+"\nSWITCHED OFF: "+m.Error(), "\n")
	}
	if err := s.recordEvent(e); err != nil {
		return err
	}
	s.remember()
	version, revision, _ := metrics.Build()
	err := s.recordEvent(audit.Event{User: by, Kind: audit.AboutBroker, Name: s.program, What: fmt.Sprintf("started as process %d", os.Getpid()), Config: s.table.Hash(),
		Activity: audit.Launched, Process: os.Getpid(), Version: strings.TrimSpace(version + " " + revision)})
	s.begun = err == nil
	return err
}

// stopped records the end of a broker that begin recorded.
func (s *server) stopped() {
	s.note(audit.Event{User: self(), Kind: audit.AboutBroker, Name: s.program, What: fmt.Sprintf("stopped as process %d: %s", os.Getpid(), cmp.Or(s.why, "it failed")),
		Config: s.table.Hash(), Activity: audit.Stopped, Process: os.Getpid()})
}

// lastFile holds what the configuration last in force meant, so that a change that was
// made while no broker ran is told by the next one.
func lastFile(t *routes.Table) string {
	return filepath.Join(string(t.Audit.Dir), "last-configuration")
}

// remember keeps what the table in force means. Without it the next start cannot say what
// it changes, and says so.
func (s *server) remember() {
	data, err := s.table.Seal()
	if err == nil {
		err = durable.WriteFile(lastFile(s.started), data, 0o600)
	}
	if err != nil {
		s.log.Warn("the configuration in force cannot be kept: the next start cannot tell what it changes", "error", err)
	}
}

// compared says what is different from the configuration last in force.
func (s *server) compared() (audit.Activity, string, audit.Severity, string) {
	data, err := os.ReadFile(lastFile(s.started))
	if os.IsNotExist(err) {
		return audit.Created, "is the first configuration here", audit.Informational, ""
	}
	var last, now *routes.Table
	if err == nil {
		last, now, err = s.table.Beside(data)
	}
	if err != nil {
		return audit.Updated, "is loaded at the start; what it changes is not known, because the one before cannot be read: " + err.Error(), audit.Medium, ""
	}
	changes := routes.Diff(last, now)
	switch {
	case len(changes) > 0:
		e := changeEvent(changes)
		return audit.Updated, "is loaded at the start in place of " + last.Hash() + ": " + e.What, e.Severity, e.Details
	case last.Hash() == now.Hash():
		return audit.Updated, "is loaded at the start, unchanged", audit.Informational, ""
	}
	return audit.Updated, "is loaded at the start in place of " + last.Hash() + ", with no change in meaning", audit.Informational, ""
}

// changeEvent returns an event's words for changes: all of them as details, and their
// number.
func changeEvent(changes []routes.Change) audit.Event {
	e := audit.Event{Severity: audit.Informational}
	weaker := 0
	var lines []string
	for _, c := range changes {
		lines = append(lines, changeLine(c))
		if c.Weaker {
			weaker++
		}
	}
	e.What = counted(len(changes), "change")
	if weaker > 0 {
		e.Severity = audit.Medium
		e.What += fmt.Sprintf(", of which %d weaken protection", weaker)
	}
	if all := strings.Join(lines, "; "); len(all) <= inMessage {
		e.What += ": " + all
	}
	e.Details = strings.Join(lines, "\n")
	return e
}

// inMessage is how long a list may be that the message itself holds, in bytes.
const inMessage = 1000

// changeLine says a change in one line.
func changeLine(c routes.Change) string {
	line := strings.Join(strings.Fields(c.String()), " ")
	if c.Weaker {
		line = "WEAKER: " + line
	}
	return line
}
