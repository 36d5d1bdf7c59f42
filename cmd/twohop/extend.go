package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"twohop/audit"
	"twohop/internal/durable"
	"twohop/proxy"
	"twohop/routes"
)

// extension is a grant of a few days beyond an exception's last day. It belongs to
// that day: a renewed exception starts afresh.
type extension struct {
	LastDay string    `json:"last_day"` // expires in routes.yaml when it was granted
	Until   time.Time `json:"until"`
	By      string    `json:"by"`
	Granted time.Time `json:"granted"`
}

// maxExtension is how long an exception may be extended, once.
const maxExtension = 7 // days

// extendWithin keeps the one extension for when it is needed.
const extendWithin = 7 // days left

// extensions are kept in a file beside the audit log.
type extensions map[string]extension

func extensionsFile(t *routes.Table) string {
	return filepath.Join(string(t.Audit.Dir), "extensions.json")
}

func readExtensions(file string) (extensions, error) {
	x := extensions{}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return x, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &x); err != nil {
		return nil, hinted{fmt.Errorf("%s: %w", file, err), "restore the file, or remove it: its extensions end then"}
	}
	return x, nil
}

// ends returns until when the extended exceptions of t hold.
func (x extensions) ends(t *routes.Table) map[string]time.Time {
	ends := map[string]time.Time{}
	for name, e := range x {
		if now, ok := t.Exceptions[name]; ok && now.Expires.String() == e.LastDay {
			ends[name] = now.Expires.End().AddDate(0, 0, maxExtension) // the most that any file can say
			if e.Until.Before(ends[name]) {
				ends[name] = e.Until
			}
		}
	}
	return ends
}

// extend grants days more to an exception, once, and logs who asked, in vain too.
func (s *server) extend(user, name string, days int) (string, error) {
	last, err := s.grant(user, name, days)
	if err != nil {
		s.log.Warn("exception extension refused", "exception", name, "days", days, "user", user, "error", err.Error())
	} else {
		s.log.Warn("exception extended", "exception", name, "last_day", last, "user", user)
	}
	return last, err
}

// grant does it. It is recorded before it counts.
func (s *server) grant(user, name string, days int) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.busy(); err != nil {
		return "", err
	}
	e, ok := s.table.Exceptions[name]
	until := e.Expires.End().AddDate(0, 0, days)
	switch given, again := s.extensions[name]; {
	case !ok:
		return "", fmt.Errorf("there is no exception %q", name)
	case days < 1 || days > maxExtension:
		return "", fmt.Errorf("an exception is extended by 1 to %d days", maxExtension)
	case again && given.LastDay == e.Expires.String():
		return "", fmt.Errorf("exception %s was extended already, by %s; renew it in routes.yaml after approval", name, given.By)
	case e.DaysLeft(s.now()) > extendWithin:
		return "", fmt.Errorf("exception %s has %d days left; it is extended only in its last %d", name, e.DaysLeft(s.now()), extendWithin)
	case !s.now().Before(until):
		return "", fmt.Errorf("exception %s ended more than %d days ago; renew it in routes.yaml after approval", name, days)
	}
	last := until.AddDate(0, 0, -1).Format(time.DateOnly)
	if err := s.audit.AppendEvent(&audit.Event{Time: s.now(), User: user, Kind: audit.AboutException, Name: name, Severity: audit.Medium,
		What: fmt.Sprintf("extended from %v to %s", e.Expires, last), Config: s.table.Hash()}); err != nil {
		return "", err
	}
	more := extensions{}
	for k, v := range s.extensions {
		more[k] = v
	}
	more[name] = extension{e.Expires.String(), until, user, s.now()}
	data, err := json.MarshalIndent(more, "", "  ")
	if err != nil {
		return "", err
	}
	router, err := proxy.Compile(s.table, s.state(more), s.deps)
	if err != nil {
		return "", err
	}
	if err := durable.WriteFile(extensionsFile(s.table), data, 0o600); err != nil {
		router.Close()
		return "", err
	}
	s.extensions = more
	s.broker.Swap(router)
	s.gauge()
	return last, nil
}

// state is what holds for the table in force beside its file.
func (s *server) state(x extensions) proxy.State {
	off, lost := s.table.Affected(s.missing)
	return proxy.State{Off: off, Lost: lost, Ends: x.ends(s.table)}
}
