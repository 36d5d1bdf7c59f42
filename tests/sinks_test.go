//go:build linux

package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"twohop/audit/trail"
	"twohop/tests/peers"
)

// shipped is a line as a receiver got it.
type shipped struct {
	log   string
	index int64
	text  string
}

// linesOf returns the lines of each log below dir, by the log's name.
func linesOf(t testing.TB, dir string) map[string][]string {
	t.Helper()
	logs, err := trail.Logs(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, l := range logs {
		auditLines(t, l.Dir, func(line []byte) { all[l.Name()] = append(all[l.Name()], string(line)) })
	}
	return all
}

// judgeShipped fails unless got is the log below dir: each line there, as it is, and followed
// by the next one, or by one from before that is sent again.
func judgeShipped(t testing.TB, dir string, got []shipped) (again int) {
	t.Helper()
	high, last := map[string]int64{}, map[string]int64{} // indices that follow
	lines := linesOf(t, dir)
	for _, s := range got {
		name := filepath.Base(s.log)
		switch want := lines[name]; {
		case s.index >= int64(len(want)) || s.text != want[s.index]:
			t.Fatalf("line %d of %s came as %.200q", s.index, name, s.text)
		case s.index > high[name] || s.index > last[name]:
			t.Fatalf("line %d of %s came after line %d; the last one was %d", s.index, name, last[name]-1, high[name]-1)
		case s.index < high[name]:
			again++
		}
		last[name] = s.index + 1
		high[name] = max(high[name], s.index+1)
	}
	for name, want := range lines {
		if high[name] != int64(len(want)) {
			t.Errorf("of %s %d of %d lines came", name, high[name], len(want))
		}
	}
	t.Logf("%d lines came, %d of them again", len(got), again)
	return again
}

func syslogLines(r *peers.Rsyslog) (list []shipped) {
	for _, m := range r.Messages() {
		list = append(list, shipped{m.Origin, m.Index, m.Text})
	}
	return list
}

func otlpLines(o *peers.OTLP) (list []shipped) {
	for _, r := range o.Records() {
		origin, _ := r.Attributes["twohop.log"].(string)
		list = append(list, shipped{origin, r.Index(), r.Body})
	}
	return list
}

// sinkConfig is an audit section with one sink, called siem.
func sinkConfig(kind, address string, server peers.Server, client *peers.Identity) string {
	return fill(`audit:
  dir: audit
  segment: {size: 256KiB}
  sinks:
    - name: siem
      KIND: {ADDRESS, ca: "CA", server_name: localhost, certificate: {cert: "CERT", key: "KEY"}}
`, "KIND", kind, "ADDRESS", address, "CA", server.CertPEM, "CERT", client.CertPEM, "KEY", client.KeyPEM)
}

func syslogConfig(r *peers.Rsyslog) string {
	return sinkConfig("syslog", `address: "`+r.Addr+`"`, r.Server, r.Client)
}

// allShipped waits until the sink has it all.
func (b *Broker) allShipped() {
	b.t.Helper()
	b.wait(2*time.Minute, "the log to be shipped", func() bool {
		m := b.Metrics()
		return valueIn(m, `twohop_audit_sink_up{sink="siem"}`) == 1 && valueIn(m, `twohop_audit_sink_lag_records{sink="siem"}`) == 0
	})
}

func (b *Broker) sinkIsDown() {
	b.t.Helper()
	b.wait(time.Minute, "the sink to be down", func() bool { return b.Metric(`twohop_audit_sink_up{sink="siem"}`) == 0 })
}

// recorded waits for an event about the sink; a try comes after up to a minute.
func (b *Broker) recorded(what string) {
	b.t.Helper()
	b.wait(2*time.Minute, "the record that the sink "+what, func() bool {
		for _, r := range b.Records() {
			if r.Entity.Type == "sink" && r.Entity.Name == "siem" && strings.Contains(r.Message, what) {
				return true
			}
		}
		return false
	})
}

// outages makes a receiver go and come back in every way while calls run, and the broker too.
func outages(t *testing.T, config string, stop, kill, begin func(), got func() []shipped) *Broker {
	b := Start(t, config+stockRoute(plainTarget(t).Addr()))
	b.Get("/stock/stock/A1001")
	b.allShipped()
	load := &workload{b: b}
	for range 3 {
		c := b.Client()
		load.run("a call", func(int) (string, error) { return b.do(c, "GET", "/stock/stock/A1001") })
	}
	stop()
	b.sinkIsDown()
	b.recorded("is down")
	if lag := b.Metric(`twohop_audit_sink_lag_records{sink="siem"}`); lag == 0 {
		t.Error("nothing waits for the sink")
	}
	begin()
	b.recorded("is up again")
	kill()
	time.Sleep(time.Second)
	begin()
	time.Sleep(time.Second)
	load.stop()
	b.wait(30*time.Second, "the checkpoint after the last call", func() bool { // or it would come while the lines are compared
		lines := linesOf(t, b.Audit)["log-1"]
		return strings.Contains(lines[len(lines)-1], `"kind":"checkpoint"`)
	})
	b.allShipped()
	judgeShipped(t, b.Audit, got())
	return b
}

// lives kills the broker, and ends it in order: then the last line of the log is there
// when the process has gone.
func lives(b *Broker, got func() []shipped) {
	for range 40 {
		b.Get("/stock/stock/A1001")
	}
	b.Signal(syscall.SIGKILL)
	b.Ended(10 * time.Second)
	b.again()
	b.Get("/stock/stock/A1001")
	b.Signal(syscall.SIGTERM)
	if code := b.Ended(30 * time.Second); code != 0 {
		b.t.Errorf("ended with %d", code)
	}
	judgeShipped(b.t, b.Audit, got())
	verifyAudit(b.t, b.Audit)
}

func TestTheLogGoesToRsyslogOverTLS(t *testing.T) {
	t.Parallel()
	r := peers.RunRsyslog(t)
	b := outages(t, syslogConfig(r), r.Stop, r.Kill, r.Start, func() []shipped { return syslogLines(r) })
	kinds := map[string]bool{}
	stamp := regexp.MustCompile(`^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|\+00:00)$`)
	for _, m := range r.Messages() {
		kinds[m.ID] = true
		if m.Facility != 13 || m.App != "twohop" || !stamp.MatchString(m.Time) || !strings.HasPrefix(m.Data, "[twohop@32473 log=") {
			t.Fatalf("rsyslog understood %+v", m)
		}
		if call := strings.HasPrefix(m.ID, "call/"); call != strings.Contains(m.Data, `correlation="`) {
			t.Fatalf("rsyslog understood %+v", m)
		}
	}
	for _, kind := range []string{"call/begin", "call/end", "event/sink", "log/segment", "log/checkpoint"} {
		if !kinds[kind] {
			t.Errorf("no message is a %s", kind)
		}
	}
	lives(b, func() []shipped { return syslogLines(r) })
	verifyShipped(t, b.Audit, syslogLines(r))
}

// verifyShipped verifies what arrived, by what arrived and the public keys alone.
func verifyShipped(t *testing.T, audit string, got []shipped) {
	keys, err := trail.PublicKeys(audit)
	if err != nil {
		t.Fatal(err)
	}
	l := trail.Log{Dir: filepath.Join(t.TempDir(), "log-1")}
	if err := os.Mkdir(l.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var file *os.File
	next := int64(0)
	for _, s := range got {
		if s.index != next {
			continue // it came before
		}
		next++
		if strings.Contains(s.text, `"kind":"segment"`) {
			if file, err = os.Create(filepath.Join(l.Dir, fmt.Sprintf("%012d.jsonl", s.index))); err != nil {
				t.Fatal(err)
			}
			defer file.Close()
		}
		fmt.Fprintln(file, s.text)
	}
	r, err := trail.Verify(l, keys, nil)
	if err != nil || len(r.Problems) > 0 {
		t.Fatal(r, err)
	}
	if r.Segments < 3 || r.Lines != next || r.Signed < next-10 {
		t.Errorf("verified %d lines of %d in %d segments, %d of them signed", r.Lines, next, r.Segments, r.Signed)
	}
}

func TestTheLogGoesToAnOTLPReceiverOverTLS(t *testing.T) {
	t.Parallel()
	o := peers.RunOTLP(t)
	busy := false
	toggle := func(on bool) func() {
		return func() {
			if busy = on; on {
				if err := os.WriteFile(o.Busy, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			} else if err := os.Remove(o.Busy); err != nil {
				t.Fatal(err)
			}
		}
	}
	begin := func() {
		if busy {
			toggle(false)()
		} else {
			o.Start()
		}
	}
	config := sinkConfig("otlp", `url: "https://`+o.Addr+`", headers: {set: {X-Scope-OrgID: audit}}`, o.Server, o.Client)
	b := outages(t, config, toggle(true), o.Kill, begin, func() []shipped { return otlpLines(o) })
	a := b.Call("GET", "/stock/stock/A1001", "", "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	b.allShipped()
	var found peers.OTLPRecord
	for _, r := range o.Records() {
		if r.Event == "twohop.call.end" && r.Attributes["twohop.correlation"] == a.Correlation() {
			found = r
		}
	}
	for name, want := range map[string]any{"twohop.route": "stock", "twohop.outcome": "answered", "http.request.method": "GET", "http.response.status_code": 200.0,
		"client.address": "127.0.0.1", "user.name": "erp", "twohop.stage": "end", "twohop.hop1.tls": "TLS 1.3"} {
		if got := found.Attributes[name]; got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if found.Resource["service.name"] != "twohop" || found.Number != 9 || found.Severity != "Informational" || found.Time == 0 {
		t.Errorf("the collector understood %+v", found)
	}
	if len(a.Correlation()) == 32 && found.Trace != a.Correlation() {
		t.Errorf("the trace id is %q, the correlation id %q", found.Trace, a.Correlation())
	}
	lives(b, func() []shipped { return otlpLines(o) })
}

// TestALogThatAProcessLeftIsShippedByAnother: a hand-over leaves a log behind that no
// process writes any more.
func TestALogThatAProcessLeftIsShippedByAnother(t *testing.T) {
	t.Parallel()
	r := peers.RunRsyslog(t)
	r.Stop()
	l := newLine(t, syslogConfig(r)+stockRoute(plainTarget(t).Addr()))
	l.begin()
	l.Get("/stock/stock/A1001")
	l.Upgrade()
	l.Get("/stock/stock/A1001")
	l.end()
	if n := len(linesOf(t, l.Audit)); n < 2 {
		t.Fatalf("there are lines in %d logs", n)
	}
	r.Start()
	b := l.Broker
	b.wrap = nil
	b.again()
	b.allShipped()
	b.Signal(syscall.SIGTERM)
	b.Ended(30 * time.Second)
	judgeShipped(t, l.Audit, syslogLines(r))
}

// again starts a broker that has ended.
func (b *Broker) again() {
	b.t.Helper()
	b.Addr, b.stopped = "", false
	b.Start()
}
