package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"twohop/audit"
	"twohop/audit/capture"
	"twohop/certs"
	"twohop/console"
	"twohop/door"
	"twohop/limit"
	"twohop/metrics"
	"twohop/proxy"
	"twohop/routes"
	"twohop/target/balance"
)

func serveCommand() *command {
	return &command{
		name: "serve", usage: "[FILE]", args: 1,
		about: "run the broker",
		long: `Serves the routes of FILE (default routes.yaml) until SIGTERM or Ctrl-C; SIGHUP or
twohop reload reads the file again. Logs go to standard error. A second signal cuts the
calls that still run.

At start a secret or file that one route needs and that is missing switches off that
route alone, with an error in the log; every other mistake keeps the broker from starting.

Example: twohop serve /etc/twohop/routes.yaml`,
		flags: func(*flag.FlagSet) {},
		run: func(ctx context.Context, e *env, in *invocation) error {
			given, err := inherit()
			if err != nil {
				return err
			}
			e.stderr = io.MultiWriter(e.stderr, &given.herald)
			s, err := open(ctx, in.file(0), e, given)
			if err != nil {
				return err
			}
			return s.serve(ctx)
		},
	}
}

// server is a running broker with everything around it.
type server struct {
	file    string
	now     func() time.Time
	log     *slog.Logger
	deps    proxy.Deps
	audit   *audit.Log
	secret  *audit.Secret
	bodies  *capture.Store
	space   *audit.Space
	tally   *audit.Tally
	certs   *certs.Manager
	broker  *proxy.Broker
	servers []listening
	guard   *console.Guard  // of the admin address; nil when that asks for no credential
	calls   context.Context // of all calls
	cut     context.CancelCauseFunc

	given    *inherited
	program  string          // where this program lies on the disk
	stopping context.Context // done when the broker is told to stop
	handed   chan struct{}   // closed when another process serves instead
	draining atomic.Bool     // the broker stops
	leaving  atomic.Bool     // connections are closed with their next answer
	open     atomic.Int64    // connections

	mu        sync.Mutex // one reload at a time
	table     *routes.Table
	started   *routes.Table    // what a reload does not take is in force as it says
	missing   routes.ErrorList // what the table lacked at start; switched off until a reload
	upgrading bool             // or handed over
	reminded  map[remembered]bool

	shipping   *shipping // nil before serve
	extensions extensions
	auditLost  bool   // and told; used by keep alone
	begun      bool   // the start is recorded
	why        string // it stops
	shown      shown
}

// listening is an HTTP server and how to run it.
type listening struct {
	*http.Server
	socket
	guarded net.Listener // the socket, or what stands before it
	tls     bool         // the front door
}

// open builds a server from a file and the sockets given, ready to serve until ctx is
// done; on an error nothing is left open.
func open(ctx context.Context, file string, e *env, given *inherited) (_ *server, err error) {
	defer given.close()
	t, err := load(file, e.now())
	var mistakes routes.ErrorList
	if err != nil && (!errors.As(err, &mistakes) || mistakes.Fatal()) {
		return nil, refused(file, err, e.stderr)
	}
	s := &server{file: file, now: e.now, table: t, started: t, missing: mistakes, log: newLogger(t.Log, e.stderr), reminded: map[remembered]bool{},
		given: given, stopping: ctx, handed: make(chan struct{})}
	s.calls, s.cut = context.WithCancelCause(context.Background())
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	for _, m := range mistakes {
		s.log.Error("switched off until it is mended and reloaded", "place", m.Position.String(), "path", m.Path, "what", m.What)
	}
	if errs := sinkErrors(t); len(errs) > 0 {
		return nil, refused(file, errs, e.stderr)
	}
	s.deps = proxy.Deps{Targets: balance.NewPool(e.now), Limits: limit.NewStore(), Metrics: metrics.New(), Log: s.log, Now: e.now}
	if err = s.openAudit(t); err != nil {
		return nil, err
	}
	if err = s.guardAudit(t); err != nil {
		return nil, err
	}
	if s.program, err = program(); err != nil {
		return nil, err
	}
	by := self()
	if h := given.from; h != nil {
		by = h.User
		if err = s.record(h.User, "process %d takes over from process %d", os.Getpid(), h.From); err != nil {
			return nil, err
		}
	}
	if s.secret, err = audit.OpenSecret(string(t.Audit.Dir)); err != nil {
		return nil, err
	}
	s.bodies = capture.NewStore(string(t.Audit.Dir), s.audit.AppendEvent)
	s.deps.Secret, s.deps.Bodies = s.secret, s.bodies
	if s.extensions, err = readExtensions(extensionsFile(t)); err != nil {
		return nil, err
	}
	for _, w := range s.lived(t, warnings(t, e.now())) {
		s.log.Warn("configuration", "place", w.Position.String(), "path", w.Path, "what", w.What, "fix", w.Fix)
	}
	router, err := proxy.Compile(t, s.state(s.extensions), s.deps)
	if err != nil {
		return nil, refused(file, err, e.stderr)
	}
	s.broker = proxy.NewBroker(router)
	if s.certs, err = openCerts(ctx, t, certs.Options{Logger: s.log, Now: e.now, OnChange: s.certificateChanged}); err != nil {
		return nil, refused(file, err, e.stderr)
	}
	if err = s.listen(ctx); err != nil {
		return nil, err
	}
	s.deps.Metrics.Targets(s.measureTargets)
	s.deps.Metrics.Reloaded(true, e.now())
	return s, s.begin(by)
}

// refused prints a list of mistakes and returns the error that sums it up.
func refused(file string, err error, w io.Writer) error {
	var list routes.ErrorList
	if !errors.As(err, &list) {
		return err
	}
	fmt.Fprintln(w, list)
	return hinted{fmt.Errorf("%s has %s", file, counted(len(list), "mistake")), "twohop check " + file}
}

// newLogger writes operational logs; secrets never reach it, because routes.Secret
// prints as a mask and no package logs a header.
func newLogger(c routes.Log, w io.Writer) *slog.Logger {
	var level slog.Level
	level.UnmarshalText([]byte(c.Level)) // one of its names, by the schema
	o := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// listen opens every address: the front door, the admin side and health.
func (s *server) listen(ctx context.Context) error {
	add := func(what, network, address string, tls bool, srv *http.Server) error {
		l, err := s.given.socket(ctx, what, network, address)
		if err != nil {
			return err
		}
		s.servers = append(s.servers, listening{s.parting(srv), l, l.Listener, tls})
		return nil
	}
	room := door.Fit(takeMemoryLimit(s.log), mostFiles(), len(s.table.Listen))
	for _, l := range s.table.Listen {
		front, guard := s.frontDoor(l, room)
		if err := add("front door", "tcp", l.Address, true, front); err != nil {
			return err
		}
		last := &s.servers[len(s.servers)-1]
		last.guarded = guard.Listener(last.Listener)
	}
	if err := s.listenForOperator(add); err != nil {
		return err
	}
	return s.given.left()
}

// serve runs until ctx is done and then shuts down; it returns the first failure of a
// listener, if one fails before.
func (s *server) serve(ctx context.Context) error {
	defer s.close()
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP) // never comes on Windows; twohop reload does it there
	defer signal.Stop(hup)
	s.log.Info("serving", "file", s.file, "routes", len(s.table.Routes), "audit", s.audit.Trail().Dir)
	failed := make(chan error, len(s.servers))
	var running sync.WaitGroup
	for _, l := range s.servers {
		s.log.Info("listening", "what", l.what, "address", l.Listener.Addr().String())
		running.Go(func() {
			var err error
			if l.tls {
				err = l.ServeTLS(l.guarded, "", "")
			} else {
				err = l.Server.Serve(l.guarded)
			}
			if !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("%s: %w", l.what, err)
			}
		})
	}
	s.ship()
	chores, stop := context.WithCancel(context.Background())
	running.Go(func() { s.keep(chores) })
	running.Go(func() { s.deps.Targets.Watch(chores, s.targetChanged) })
	running.Go(func() { s.alive(chores) })
	running.Go(func() { s.space.Watch(chores) })
	s.unlinkOnClose(true)
	s.given.herald.done()
	if s.given.from == nil { // the broker before has told systemd
		s.notify(daemon.SdNotifyReady)
	}
	err := s.wait(ctx, hup, failed)
	stop()
	running.Wait()
	return err
}

// wait returns when the broker has ended, by ctx, a failed listener or an upgrade.
func (s *server) wait(ctx context.Context, hup <-chan os.Signal, failed <-chan error) error {
	for {
		select {
		case <-ctx.Done():
			s.why = "it was told to"
			s.shutdown(ctx)
			return nil
		case err := <-failed:
			s.why = err.Error()
			s.shutdown(ctx)
			return err
		case <-s.handed:
			s.why = "another process serves"
			s.leave(ctx)
			return nil
		case <-hup:
			s.reload("SIGHUP") // logged there
		}
	}
}

// ready reports whether calls are served.
func (s *server) ready() error {
	if s.draining.Load() { // without s.mu, which a reload holds for long
		return errors.New("the broker is stopping")
	}
	return s.recordable()
}
