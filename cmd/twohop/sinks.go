package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"twohop/audit"
	"twohop/audit/sink"
	"twohop/audit/trail"
	"twohop/internal/fault"
	"twohop/metrics"
	"twohop/routes"
)

// receiverOf maps the keys of a sink to what audit/sink takes, and says under which key
// they stand.
func receiverOf(s *routes.Sink) (r interface {
	sink.Receiver
	Validate() error
}, key string) {
	if x := s.Syslog; x != nil {
		return &sink.Syslog{Address: x.Address, Plain: x.Plain, Facility: x.FacilityNumber(), Enterprise: x.EnterpriseNumber, TLS: sinkTLS(&x.SinkTLS)}, "syslog"
	}
	headers := map[string]string{}
	for name, value := range s.OTLP.Headers.Set {
		headers[name] = value.Reveal()
	}
	version, _, _ := metrics.Build()
	return &sink.OTLP{URL: s.OTLP.URL, Headers: headers, Version: version, TLS: sinkTLS(&s.OTLP.SinkTLS)}, "otlp"
}

func sinkTLS(x *routes.SinkTLS) sink.TLS {
	t := sink.TLS{CA: string(x.CA), ServerName: x.ServerName}
	if x.Certificate != nil {
		t.Cert, t.Key = string(x.Certificate.Cert), string(x.Certificate.Key)
	}
	return t
}

// sinkErrors are the mistakes in the files that the sinks of a table name.
func sinkErrors(t *routes.Table) (errs routes.ErrorList) {
	for i := range t.Audit.Sinks {
		r, key := receiverOf(&t.Audit.Sinks[i])
		for _, f := range fault.Fields(r.Validate()) {
			errs = append(errs, t.Error(fmt.Sprintf("audit.sinks[%d].%s.%s", i, key, f.Path), f.What, f.Fix))
		}
	}
	return errs
}

// heldBySinks says from which line on a sink of t has not got a log.
func heldBySinks(t *routes.Table) func(trail.Log) int64 {
	var names []string
	for _, s := range t.Audit.Sinks {
		names = append(names, s.Name)
	}
	if len(names) == 0 {
		return nil
	}
	return func(l trail.Log) int64 {
		lowest, _ := sink.Unshipped(l, names)
		return lowest
	}
}

// heldByCursors is heldBySinks where no routes.yaml says which sinks there are.
func heldByCursors(l trail.Log) int64 {
	lowest, _ := sink.Unshipped(l, sink.Cursors(l.Dir))
	return lowest
}

// heldHere says, for what is done without a broker, from which line on a sink has not got
// a log: one of the file, or, when none is named, one that has a cursor. In a file with
// mistakes a sink may be overlooked; there either counts.
func heldHere(file string, now time.Time) (func(trail.Log) int64, error) {
	if file == "" {
		return heldByCursors, nil
	}
	t, err := load(file, now)
	var mistakes routes.ErrorList
	if err != nil && !errors.As(err, &mistakes) {
		return nil, err
	}
	held := heldBySinks(t)
	if held == nil {
		held = func(trail.Log) int64 { return math.MaxInt64 }
	}
	if len(mistakes) == 0 {
		return held, nil
	}
	return func(l trail.Log) int64 { return min(held(l), heldByCursors(l)) }, nil
}

// leftEvery is how often is looked for logs that another process has left.
const leftEvery = time.Minute

// shipping is the sinks of a running broker: it ships the log that this process writes,
// and those that no process writes any more.
type shipping struct {
	s       *server
	cancel  context.CancelFunc
	running sync.WaitGroup
	names   []string
	to      map[string]sink.Receiver

	mu       sync.Mutex
	shippers map[*sink.Shipper]string // the sink of each that runs
	ended    map[string]sink.Status   // counts of those that no longer run
}

// ship begins to ship to the sinks in force.
func (s *server) ship() {
	ctx, cancel := context.WithCancel(context.Background())
	x := &shipping{s: s, cancel: cancel, to: map[string]sink.Receiver{}, shippers: map[*sink.Shipper]string{}, ended: map[string]sink.Status{}}
	for i := range s.started.Audit.Sinks {
		name := s.started.Audit.Sinks[i].Name
		x.names = append(x.names, name)
		x.to[name], _ = receiverOf(&s.started.Audit.Sinks[i])
		x.start(ctx, name, sink.Log{Log: s.audit.Trail(), End: s.audit.Durable})
	}
	if len(x.names) > 0 {
		x.running.Go(func() { x.adopt(ctx) })
	}
	s.shipping = x
	s.deps.Metrics.Sinks(x.measure)
}

// stop gives the shippers a few seconds for the last lines of a log that is closed. What
// is left then is shipped after the next start.
func (x *shipping) stop() {
	if x != nil {
		x.cancel()
		x.running.Wait()
	}
}

// start ships a log until it is delivered, if it has ended, or ctx is done.
func (x *shipping) start(ctx context.Context, name string, log sink.Log) {
	shipper := sink.New(name, x.to[name], log, func(c sink.Change) { x.changed(name, log, c) })
	x.mu.Lock()
	x.shippers[shipper] = name
	x.mu.Unlock()
	x.running.Go(func() {
		if err := shipper.Run(ctx); err != nil {
			x.s.log.Warn("the audit log is not shipped to its end; the rest follows after the next start", "sink", name, "log", log.Name(), "error", err)
		}
		x.mu.Lock()
		defer x.mu.Unlock()
		delete(x.shippers, shipper)
		x.ended[name] = sum(x.ended[name], shipper.Status())
	})
}

// adopt ships logs that no process writes and that a sink has not got whole.
func (x *shipping) adopt(ctx context.Context) {
	again := time.NewTicker(leftEvery)
	defer again.Stop()
	for {
		logs, err := trail.Logs(string(x.s.started.Audit.Dir))
		if err != nil {
			x.s.log.Error("no look at the logs that other processes have left", "error", err)
		}
		for _, l := range logs {
			if l == x.s.audit.Trail() {
				continue
			}
			for _, name := range x.names {
				left, any, err := sink.Left(l, name)
				if err != nil {
					x.s.log.Error("an audit log that another process has left cannot be shipped", "sink", name, "log", l.Name(), "error", err)
				}
				if any {
					x.start(ctx, name, left)
				}
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}

// changes say what has become of a sink.
var changes = map[sink.State]struct {
	level    slog.Level
	text     string
	severity audit.Severity
	recorded string // "" for what is only logged
}{
	sink.Down:      {slog.LevelWarn, "an audit sink is down; the log waits for it on the disk", audit.Medium, "is down"},
	sink.StillDown: {slog.LevelError, "an audit sink is still down; the log waits for it on the disk", audit.Medium, ""},
	sink.Up:        {slog.LevelInfo, "an audit sink is up again", audit.Informational, "is up again"},
	sink.Refused:   {slog.LevelError, "an audit sink refused lines for good; they are only in the audit log", audit.High, "refused lines for good"},
	sink.Missing:   {slog.LevelError, "lines were deleted before an audit sink had them", audit.High, "never gets lines that were deleted"},
	sink.Begins:    {slog.LevelInfo, "a new audit sink gets the log from a later line than its first", audit.Informational, "is new and gets the log from a later line than its first"},
	sink.Restarted: {slog.LevelWarn, "an audit sink gets the log from its first line again", audit.Low, "gets the log from its first line again"},
}

// changed logs and records a change. Every log that is shipped tells of an outage; the
// one that this process writes has it recorded.
func (x *shipping) changed(name string, log sink.Log, c sink.Change) {
	as := changes[c.State]
	attrs := []any{"sink", name, "address", x.to[name].String(), "log", log.Name()}
	what := as.recorded
	if c.Records > 0 {
		attrs, what = append(attrs, "records", c.Records), fmt.Sprintf("%s (%d)", what, c.Records)
	}
	if !c.Since.IsZero() {
		attrs, what = append(attrs, "since", c.Since.UTC()), what+" after an outage since "+c.Since.UTC().Format(time.RFC3339)
	}
	if c.Why != "" {
		attrs, what = append(attrs, "why", c.Why), what+": "+c.Why
	}
	x.s.log.Log(context.Background(), as.level, as.text, attrs...)
	if outage := c.State == sink.Down || c.State == sink.Up; as.recorded == "" || outage && log.Ended {
		return
	}
	x.s.note(audit.Event{Kind: audit.AboutSink, Name: name, Severity: as.severity, What: what})
}

// measure is how the sinks are, for the metrics.
func (x *shipping) measure() []metrics.Sink {
	x.mu.Lock()
	defer x.mu.Unlock()
	all := map[string]sink.Status{}
	for name, ended := range x.ended {
		all[name] = sink.Status{Up: true, Shipped: ended.Shipped, Failures: ended.Failures, Refused: ended.Refused}
	}
	for shipper, name := range x.shippers {
		now, known := all[name]
		if status := shipper.Status(); known {
			all[name] = sum(now, status)
		} else {
			all[name] = status
		}
	}
	list := make([]metrics.Sink, len(x.names))
	for i, name := range x.names {
		a := all[name]
		list[i] = metrics.Sink{Name: name, Up: a.Up, Lag: a.Lag, Age: a.Age, Shipped: a.Shipped, Failures: a.Failures, Refused: a.Refused}
	}
	return list
}

// sum is the state of a sink to which two logs are shipped.
func sum(a, b sink.Status) sink.Status {
	return sink.Status{Up: a.Up && b.Up, Lag: a.Lag + b.Lag, Age: max(a.Age, b.Age), Shipped: a.Shipped + b.Shipped, Failures: a.Failures + b.Failures, Refused: a.Refused + b.Refused}
}
