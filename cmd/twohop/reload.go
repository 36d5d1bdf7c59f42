package main

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"time"

	"twohop/audit"
	"twohop/console"
	"twohop/proxy"
	"twohop/routes"
)

// reload reads the file again, all or none: on any error the old table serves on. It
// logs and counts what happened; user is who asked.
func (s *server) reload(user string) (*console.Outcome, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.reloading()()
	outcome, err := s.apply(user)
	s.deps.Metrics.Reloaded(err == nil, s.now())
	if err != nil {
		s.log.Error("reload refused; the old configuration serves on", "user", user, "error", err.Error())
		s.reloadRefused(user, err)
		return nil, err
	}
	s.log.Info("reloaded", "user", user, "changes", strings.Join(outcome.Changes, "; "), "restart", strings.Join(outcome.Restart, ", "), "config", s.table.Hash())
	return outcome, nil
}

func (s *server) apply(user string) (*console.Outcome, error) {
	if err := s.busy(); err != nil {
		return nil, err
	}
	t, err := load(s.file, s.now())
	if err != nil {
		return nil, err
	}
	if errs := sinkErrors(t); len(errs) > 0 {
		return nil, errs
	}
	rule, err := adminRule(t, s.now)
	if err != nil {
		return nil, fieldErrors(t, err)
	}
	router, err := proxy.Compile(t, proxy.State{Ends: s.extensions.ends(t)}, s.deps)
	if err != nil {
		return nil, err
	}
	out := &console.Outcome{Changes: []string{}, Restart: needRestart(s.started, t)}
	changes := routes.Diff(s.inForce(), t)
	for _, c := range changes {
		out.Changes = append(out.Changes, changeLine(c))
	}
	for _, w := range s.lived(t, warnings(t, s.now())) {
		out.Warnings = append(out.Warnings, w.Error())
	}
	if err := s.take(t, user, changeEvent(changes)); err != nil {
		router.Close()
		return nil, err
	}
	s.broker.Swap(router)
	s.admit(rule)
	s.deps.Metrics.CertificatesWhole() // or they could not be taken; a file may be gone from the table
	s.table, s.missing = t, nil
	s.remember()
	s.certificatesTaken(user)
	s.gauge()
	return out, nil
}

// take records t and takes its certificates; after it nothing can fail. It is recorded
// before it counts, so what can be wrong with the certificates is looked for first, and
// a record that turns out untrue is followed by one that says so.
func (s *server) take(t *routes.Table, user string, event audit.Event) error {
	if err := certErrors(t, certConfig(t).Validate()); err != nil {
		return err
	}
	event.User, event.Kind, event.Name, event.Config = user, audit.AboutConfiguration, s.file, t.Hash()
	event.What = "is loaded in place of " + s.table.Hash() + ": " + event.What
	if err := s.recordEvent(event); err != nil {
		return err
	}
	err := certErrors(t, s.certs.Update(context.Background(), certConfig(t)))
	if err != nil {
		event.Config, event.What, event.Details = s.table.Hash(), "was not loaded after all: its certificates could not be taken", ""
		event.Failed = true
		return errors.Join(err, s.recordEvent(event))
	}
	return nil
}

// inForce is the table as it is lived by: what only a start reads is as it was then.
func (s *server) inForce() *routes.Table {
	t := *s.table
	t.Listen = slices.Clone(s.started.Listen)
	for i, l := range t.Listen {
		for _, now := range s.table.Listen {
			if now.Address == l.Address {
				t.Listen[i].Hosts = now.Hosts // which a reload takes
			}
		}
	}
	t.Admin.Address, t.Admin.Socket = s.started.Admin.Address, s.started.Admin.Socket
	t.Health, t.Audit, t.Log = s.started.Health, s.started.Audit, s.started.Log
	t.Audit.Reviewers, t.Audit.BodiesKeep = s.table.Audit.Reviewers, s.table.Audit.BodiesKeep // which a reload takes
	return &t
}

// lived leaves out of t's warnings those that an exception ends, where it was extended:
// the reminders know the day.
func (s *server) lived(t *routes.Table, list routes.ErrorList) routes.ErrorList {
	extended := s.extensions.ends(t)
	return slices.DeleteFunc(list, func(w *routes.Error) bool {
		name, ok := strings.CutSuffix(strings.TrimPrefix(w.Path, "exceptions."), ".expires")
		_, longer := extended[name]
		return ok && longer
	})
}

// needRestart names the changed keys that only a start reads.
func needRestart(old, now *routes.Table) []string {
	var keys []string
	for _, k := range []struct {
		key      string
		old, now any
	}{
		{"listen", withoutHosts(old.Listen), withoutHosts(now.Listen)}, {"admin", adminAtStart(old), adminAtStart(now)}, {"health", old.Health, now.Health},
		{"audit", auditAtStart(old), auditAtStart(now)}, {"log", old.Log, now.Log},
	} {
		if !reflect.DeepEqual(k.old, k.now) {
			keys = append(keys, k.key)
		}
	}
	return keys
}

// auditAtStart leaves out what a reload takes.
func auditAtStart(t *routes.Table) routes.Audit {
	a := t.Audit
	a.Reviewers, a.BodiesKeep = nil, 0
	return a
}

// withoutHosts leaves out what a reload takes.
func withoutHosts(listen []routes.Listener) []routes.Listener {
	listen = slices.Clone(listen)
	for i := range listen {
		listen[i].Hosts = nil
	}
	return listen
}

const (
	watchEvery = 2 * time.Second
	gaugeEvery = time.Minute
)

// keep does what is due from time to time: look for a changed file when asked to, and
// renew the gauges whose values only time changes.
func (s *server) keep(ctx context.Context) {
	watch, gauges := time.NewTicker(watchEvery), time.NewTicker(gaugeEvery)
	defer watch.Stop()
	defer gauges.Stop()
	s.mu.Lock()
	s.gauge()
	tried := s.table.Hash() // content that was read already, good or bad
	s.mu.Unlock()
	for {
		select {
		case <-ctx.Done():
			return
		case <-gauges.C:
			s.mu.Lock()
			s.gauge()
			keep := s.table.Audit.BodiesKeep
			s.mu.Unlock()
			s.pruneBodies(keep)
		case <-watch.C:
			s.mu.Lock()
			t := s.table
			s.mu.Unlock()
			s.watchAudit()
			if now := ""; t.Reload.Watch && !s.leaving.Load() {
				if now = t.HashNow(); now != tried && now != t.Hash() {
					s.reload("file watch")
				}
				tried = now
			}
		}
	}
}

// gauge sets the days that certificates and exceptions have left; s.mu is held.
func (s *server) gauge() {
	m := s.deps.Metrics
	s.gaugeAudit()
	m.ForgetExceptions()
	ends := s.extensions.ends(s.table)
	for name, x := range s.table.Exceptions {
		end, extended := ends[name]
		if !extended {
			end = x.Expires.End()
		}
		m.Exception(name, end.Sub(s.now()))
		s.remind(name, x, end)
	}
	m.ForgetCertificates()
	for _, c := range s.certs.Certificates() {
		name := "certificate"
		if len(c.Names) > 0 {
			name = c.Names[0]
		}
		m.Certificate(name, c.Source, c.NotAfter.Sub(s.now()))
	}
}

// reminders are the days before its end at which an exception is warned of.
var reminders = []int{0, 7, 30, 60}

// remind warns of an exception once at each of the reminders; s.mu is held.
func (s *server) remind(name string, x routes.Exception, end time.Time) {
	left, last := end.Sub(s.now()), end.AddDate(0, 0, -1).Format(time.DateOnly)
	for _, days := range reminders {
		if left > time.Duration(days)*24*time.Hour {
			continue
		}
		told := remembered{name, last, days}
		if !s.reminded[told] {
			s.reminded[told] = true
			level, text := slog.LevelWarn, "exception is about to end; afterwards its routes answer 503"
			if left <= 0 {
				level, text = slog.LevelError, "exception has ended; its routes answer 503"
			}
			s.log.Log(context.Background(), level, text, "exception", name, "last_day", last,
				"days_left", max(0, int(left.Hours()/24)), "owner", x.Owner, "ticket", x.Ticket)
			s.note(reminder(name, last, left, x))
		}
		return
	}
}

// remembered is a reminder that was given.
type remembered struct {
	exception, lastDay string
	days               int
}
