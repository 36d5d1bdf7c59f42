//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"twohop/audit/trail"
	"twohop/callers"
	"twohop/console"
)

// broker is the running program.
type broker struct {
	dir, door, admin string
	key, other       string // of two callers
	roots            *x509.CertPool
	targets          *targets
	sink             string // address of the collector
	cmd              *exec.Cmd
	exited           chan struct{}
	stopping         sync.Once

	reloads int
	most    vitals // seen during the load
}

// start builds the program and runs it in a directory of its own.
func start(ctx context.Context, t *targets, sink *collector) (_ *broker, err error) {
	b := &broker{targets: t, sink: sink.addr, exited: make(chan struct{})}
	if b.dir, err = os.MkdirTemp("", "soak-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			b.stop()
			os.RemoveAll(b.dir)
		}
	}()
	program := filepath.Join(b.dir, "twohop")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "twohop/cmd/twohop").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, out)
	}
	for _, addr := range []*string{&b.door, &b.admin} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		*addr = l.Addr().String()
		l.Close()
	}
	if err := b.configure(0); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(b.dir, "twohop.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	b.cmd = exec.Command(program, "serve", b.file())
	b.cmd.Stderr = log
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := b.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		b.cmd.Wait() // judged by its state
		close(b.exited)
	}()
	return b, b.ready(ctx)
}

// ready waits for the broker and reads the certificate that its callers trust.
func (b *broker) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		resp, err := http.Get("http://" + b.admin + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				break
			}
		}
		if !pause(ctx, 50*time.Millisecond) {
			return errors.New("the broker does not become ready")
		}
	}
	pem, err := os.ReadFile(filepath.Join(b.dir, "certificates", "local-ca.pem"))
	if err != nil {
		return err
	}
	b.roots = x509.NewCertPool()
	b.roots.AppendCertsFromPEM(pem)
	return nil
}

func (b *broker) file() string { return filepath.Join(b.dir, "routes.yaml") }

// configure writes routes.yaml. Of the nth, one route has another limit and one has
// another name; all else is the same.
func (b *broker) configure(n int) error {
	var hashes [2]string
	if n == 0 {
		b.key, hashes[0] = callers.NewKey()
		b.other, hashes[1] = callers.NewKey()
		if err := os.WriteFile(b.file()+".head", fmt.Appendf(nil, head, b.door, b.admin, b.sink, hashes[0], hashes[1],
			b.targets.old.Addr(), b.targets.soap.Addr(), time.Now().AddDate(0, 1, 0).UTC().Format(time.DateOnly)), 0o600); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(b.file() + ".head")
	if err != nil {
		return err
	}
	text = fmt.Appendf(text, table, b.targets.plain.Addr(), b.targets.old.Addr(), b.targets.old.SPKIPin(),
		b.targets.soap.Addr(), b.targets.soap.SPKIPin(), b.targets.mortal.Addr(), 1000+n, n)
	if err := os.WriteFile(b.file()+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(b.file()+".new", b.file())
}

const head = `listen: [{address: %q, hosts: [localhost, 127.0.0.1]}]
certificates: {local: true, dir: certificates}
admin: {address: %q, socket: admin.sock}
audit: {dir: audit, segment: {size: 4MiB}, sinks: [{name: collector, syslog: {address: %q, plain: true}}]}
log: {level: error}
shutdown: {drain: 0s, limit: 20s}
callers: {erp: {api_key: {sha256: %q}}, other: {api_key: {sha256: %q}}}
exceptions:
  OLD: {allows: [tls1.0, rsa_key_exchange, 3des], targets: [%q, %q], owner: o, approved_by: a, ticket: t, reason: r, expires: %s}
`

const table = `targets:
  plain: {url: "http://%s/"}
  old: {url: "https://%s/", exception: OLD, tls: {version: 1.0, pins: [%q]}}
  soap: {url: "https://%s/", exception: OLD, tls: {version: 1.0, suites: [TLS_RSA_WITH_3DES_EDE_CBC_SHA], pins: [%q]}}
  mortal: {url: "http://%s/"}
routes:
  - {name: plain, path: /plain/*, callers: [erp], target: plain}
  - {name: old, path: /old/*, callers: [erp], target: old}
  - {name: soap, path: /soap/*, callers: [erp], target: soap}
  - {name: mortal, path: /mortal/*, callers: [erp], target: mortal}
  - {name: few, path: /few/*, callers: [erp], limit: {rate: 5/s}, target: plain}
  - {name: changing, path: /changing/*, callers: [erp], limit: {concurrent: %d}, target: plain}
  - {name: passing-%d, path: /passing/*, callers: [erp], target: plain}
`

// reload changes the file every few seconds and has it read, by command and by signal in
// turn.
func (b *broker) reload(ctx context.Context) error {
	client := console.Client(filepath.Join(b.dir, "admin.sock"))
	for pause(ctx, 4*time.Second) {
		b.reloads++
		if err := b.configure(b.reloads); err != nil {
			return err
		}
		if b.reloads%2 == 0 {
			if err := b.cmd.Process.Signal(syscall.SIGHUP); err != nil {
				return err
			}
			continue
		}
		resp, err := client.Post("http://twohop/reload", "", nil)
		if err != nil {
			return err
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("reload %d: %s", b.reloads, text)
		}
	}
	return nil
}

// client is a caller with connections of its own.
func (b *broker) client(http2 bool) *http.Client {
	return &http.Client{Timeout: 2 * time.Minute, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: b.roots, ServerName: "localhost"}, ForceAttemptHTTP2: http2,
		DisableCompression: true, ExpectContinueTimeout: time.Second}}
}

// vitals are what a broker holds.
type vitals struct{ goroutines, descriptors, heap, resident float64 }

func (v *vitals) raise(o vitals) {
	v.goroutines, v.descriptors = max(v.goroutines, o.goroutines), max(v.descriptors, o.descriptors)
	v.heap, v.resident = max(v.heap, o.heap), max(v.resident, o.resident)
}

// look reads /metrics. The heap is what the last garbage collection left: the next comes
// when it has doubled.
func (b *broker) look() (v vitals, collections float64, err error) {
	resp, err := http.Get("http://" + b.admin + "/metrics")
	if err != nil {
		return v, 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return v, 0, err
	}
	for line := range bytes.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		n, _ := strconv.ParseFloat(value, 64) // comments are no numbers and have other names
		switch name {
		case "go_goroutines":
			v.goroutines = n
		case "process_open_fds":
			v.descriptors = n
		case "go_memstats_next_gc_bytes":
			v.heap = n / 2
		case "process_resident_memory_bytes":
			v.resident = n
		case "go_gc_duration_seconds_count":
			collections = n
		}
	}
	return v, collections, nil
}

// watch remembers the most that the broker holds until ctx is done.
func (b *broker) watch(ctx context.Context) error {
	for pause(ctx, time.Second) {
		v, _, err := b.look()
		if err != nil {
			return err
		}
		b.most.raise(v)
	}
	return nil
}

// atRest looks at the broker when no call runs, what was kept open for calls is closed,
// and garbage was collected. A garbage collection may have met a segment being compressed,
// whose encoder it counts, so that there are several: the least is what is kept.
func (b *broker) atRest(ctx context.Context) (vitals, error) {
	c := b.client(false)
	v, err := b.collected(ctx, c)
	for range 4 {
		now, failed := b.collected(ctx, c)
		if err = errors.Join(err, failed); err != nil {
			return v, err
		}
		same := now.heap >= v.heap-mib
		v.heap = min(v.heap, now.heap)
		if same {
			break
		}
	}
	c.CloseIdleConnections()
	pause(ctx, 6*time.Second) // longer than unused connections to targets live
	now, _, err := b.look()
	v.goroutines, v.descriptors, v.resident = now.goroutines, now.descriptors, now.resident
	for range 10 {
		pause(ctx, 100*time.Millisecond)
		now, _, failed := b.look()
		err = errors.Join(err, failed)
		v.goroutines, v.descriptors = min(v.goroutines, now.goroutines), min(v.descriptors, now.descriptors)
	}
	return v, err
}

// collected looks at the broker after two garbage collections, for which some small calls see.
func (b *broker) collected(ctx context.Context, c *http.Client) (vitals, error) {
	_, first, err := b.look()
	if err != nil {
		return vitals{}, err
	}
	for now, calls := first, 0; now < first+2 && calls < 20000; {
		for range 100 {
			calls++
			if outcome, err := smallGet(b, c)(ctx); err != nil || outcome != fine {
				return vitals{}, fmt.Errorf("a call at rest: %s, %v", outcome, err)
			}
		}
		if _, now, err = b.look(); err != nil {
			return vitals{}, err
		}
	}
	v, _, err := b.look()
	return v, err
}

// stop ends the broker; the error says how badly it ended.
func (b *broker) stop() (err error) {
	b.stopping.Do(func() {
		if b.cmd == nil || b.cmd.Process == nil {
			return
		}
		b.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-b.exited:
		case <-time.After(time.Minute):
			b.cmd.Process.Kill()
			<-b.exited
		}
		log, _ := os.ReadFile(filepath.Join(b.dir, "twohop.log"))
		if code := b.cmd.ProcessState.ExitCode(); code != 0 || bytes.Contains(log, []byte("panic")) {
			err = fmt.Errorf("the broker ended with exit code %d; its log:\n%s", code, log)
		}
	})
	return err
}

// lines returns how many lines the audit log has.
func (b *broker) lines() (n int64, err error) {
	err = b.each(func(line trail.Line) { n = line.Index + 1 })
	return n, err
}

// ends counts the calls in the audit log.
func (b *broker) ends() (n int64, err error) {
	err = b.each(func(line trail.Line) {
		if bytes.Contains(line.Text, []byte(`"stage":"end"`)) {
			n++
		}
	})
	return n, err
}

// log is the audit log: one process writes it.
func (b *broker) log() trail.Log { return trail.Log{Dir: filepath.Join(b.dir, "audit", "log-1")} }

func (b *broker) each(f func(trail.Line)) error {
	segments, err := b.log().Segments()
	if err != nil {
		return err
	}
	for _, s := range segments {
		for line, err := range s.Lines() {
			if err != nil {
				return err
			}
			f(line)
		}
	}
	return nil
}

// verified reads the audit log as a reviewer does; what is wrong with it is an error.
func (b *broker) verified() (*trail.Report, error) {
	keys, err := trail.PublicKeys(filepath.Join(b.dir, "audit"))
	if err != nil {
		return nil, err
	}
	r, err := trail.Verify(b.log(), keys, nil)
	if err == nil && len(r.Problems) > 0 {
		err = fmt.Errorf("the audit log does not verify: %v", r.Problems)
	}
	return r, err
}
