package certs

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"time"
)

// Change is what an Event tells of.
type Change string

const (
	Replaced Change = "replaced" // a file changed and its new certificate is served
	Refused  Change = "refused"  // a change could not be made; the old certificate is served
	Restored Change = "restored" // files that were refused hold again what is served
	Renewed  Change = "renewed"  // the local CA issued a new certificate
	NewCA    Change = "new ca"   // a local CA was made; callers must be told to trust it
)

// Event is one change to what is served, or one that could not be made.
type Event struct {
	Change Change
	Info   Info   // the certificate served after the event
	Reason string // for NewCA: why
	Err    error  // for Refused, and no other: why, as *fault.Field where a file is at fault
}

func (m *Manager) watch(ctx context.Context) {
	t := time.NewTicker(m.opts.Poll)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			m.poll(ctx)
		}
	}
}

// poll looks at everything once, serves what has changed, and tells.
func (m *Manager) poll(ctx context.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.opts.Now()
	var events []Event
	changed := false
	for _, w := range m.set.files {
		p, err := w.look(now)
		switch {
		case errors.Is(err, errSame):
		case err != nil:
			events = append(events, Event{Change: Refused, Info: w.info(), Err: err})
		case p == nil:
			events = append(events, Event{Change: Restored, Info: w.info()})
		default:
			changed = true
			events = append(events, Event{Change: Replaced, Info: w.info()})
			m.warn(w, now)
		}
	}
	if m.cfg.Local && m.local.due(now) {
		if e, ok := m.renew(now); ok {
			changed = changed || e.Err == nil
			events = append(events, e)
		}
	}
	if changed {
		if err := m.serve(ctx, m.cfg, m.set, m.local); err != nil {
			events = []Event{{Change: Refused, Err: err}}
		}
	}
	m.tell(events...)
}

// renew reports false while a failure that was told before lasts.
func (m *Manager) renew(now time.Time) (Event, bool) {
	l, err := openLocal(m.cfg.Dir, m.cfg.Hosts, now)
	if err != nil {
		if err.Error() == m.ailing {
			return Event{}, false
		}
		m.ailing = err.Error()
		return Event{Change: Refused, Info: m.local.info(m.cfg.Dir), Err: err}, true
	}
	m.local, m.ailing = l, ""
	return l.event(m.cfg.Dir), true
}

func (l *local) event(dir string) Event {
	if l.made != "" {
		return Event{Change: NewCA, Info: l.info(dir), Reason: l.made}
	}
	return Event{Change: Renewed, Info: l.info(dir)}
}

// warn logs what Warnings would say of a certificate that came with a poll: at
// that time nobody runs a check.
func (m *Manager) warn(w *watched, now time.Time) {
	for _, f := range w.warnings(m.cfg, m.set.roots, now) {
		m.opts.Logger.Warn("certificate will trouble callers", "path", f.Path, "what", f.What, "fix", f.Fix)
	}
}

// tell is called with mu held, so that events come in the order of the changes.
func (m *Manager) tell(events ...Event) {
	for _, e := range events {
		log := m.opts.Logger.With("file", e.Info.File, "sha256", e.Info.SHA256, slog.Time("not_after", e.Info.NotAfter))
		switch e.Change {
		case Refused:
			log.Error("certificate not replaced, the old one is still served", "error", e.Err)
		case NewCA:
			log.Warn("new local CA, callers must be told to trust it", "reason", e.Reason,
				"ca", filepath.Join(filepath.Dir(e.Info.File), caCert))
		default:
			log.Info("certificate changed", "change", string(e.Change))
		}
		if m.opts.OnChange != nil {
			m.opts.OnChange(e)
		}
	}
}
