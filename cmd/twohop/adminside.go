package main

import (
	"log/slog"
	"net/http"
	"time"

	"twohop/console"
	"twohop/internal/fault"
	"twohop/proxy"
	"twohop/routes"
)

// listenForOperator opens the admin address, health and the socket for commands, all
// bounded in what they take.
func (s *server) listenForOperator(add func(what, network, address string, tls bool, srv *http.Server) error) error {
	side := console.Config{Log: s.log, Ready: s.ready, Registry: s.deps.Metrics.Registry, Reload: s.reload, Extend: s.extend, Upgrade: s.upgrade, Prune: s.prune, Read: s.read,
		Routes: func() []proxy.LiveRoute { return s.broker.Router().Live() }}
	plain := slog.NewLogLogger(s.log.Handler(), slog.LevelWarn)
	if a := s.table.Admin.Address; a != "off" {
		admin := console.Server(console.Admin(side), plain)
		rule, err := adminRule(s.table, s.now)
		if err != nil {
			return fieldErrors(s.table, err)
		}
		if rule != nil {
			s.guard = console.NewGuard(rule, s.log)
			admin = console.Server(s.guard.Protect(console.Admin(side)), s.guard.ErrorLog())
			admin.TLSConfig = s.guard.TLS(s.certs.TLS())
		}
		if err := add("admin", "tcp", a, rule != nil, admin); err != nil {
			return err
		}
	}
	if a := s.table.Health.Address; a != "" {
		if err := add("health", "tcp", a, false, console.Server(console.Health(side), plain)); err != nil {
			return err
		}
	}
	commands := console.Server(console.Commands(side, console.User), plain)
	commands.ConnContext = console.WithUser
	return add("commands", "unix", string(s.table.Admin.Socket), false, commands)
}

// adminRule returns what the admin address asks for, nil for nothing. The error joins
// *fault.Field values.
func adminRule(t *routes.Table, now func() time.Time) (*console.Rule, error) {
	if !t.Admin.Guarded() {
		return nil, nil
	}
	var c console.Credential
	if x := t.Admin.Token; x != nil {
		c.TokenSHA256 = x.SHA256
	}
	if x := t.Admin.ClientCertificate; x != nil {
		c.CA, c.Subject, c.DNS = string(x.CA), x.Subject, x.DNS
	}
	return console.NewRule(c, now)
}

// admit puts a new rule in force at the admin address. Where the new configuration asks
// for nothing, the old rule stays until the restart that this needs: the address that is
// open now may be one that others reach.
func (s *server) admit(r *console.Rule) {
	if s.guard != nil && r != nil {
		s.guard.Set(r)
	}
}

// adminAtStart is what of the admin side only a start reads: all but which credential
// is asked for.
func adminAtStart(t *routes.Table) any {
	return [3]any{t.Admin.Address, t.Admin.Socket, t.Admin.Guarded()}
}

// fieldErrors gives the mistakes in err their places in the file.
func fieldErrors(t *routes.Table, err error) routes.ErrorList {
	var list routes.ErrorList
	for _, f := range fault.Fields(err) {
		list = append(list, t.Error(f.Path, f.What, f.Fix))
	}
	return list
}
