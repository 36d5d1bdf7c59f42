//go:build linux

package peers

import (
	"bufio"
	"bytes"
	_ "embed"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/template"
)

//go:embed rsyslog.conf.tmpl
var rsyslogConf string

// Rsyslog is an rsyslogd that takes syslog over TLS from who shows a certificate of Client,
// and that can be stopped, killed and started again.
type Rsyslog struct {
	Server
	Client *Identity
	Out    string // the file with what came

	t    testing.TB
	conf string
	p    *process
}

// RunRsyslog starts rsyslogd with a configuration and a directory of its own.
func RunRsyslog(t testing.TB) *Rsyslog {
	t.Helper()
	dir, id := t.TempDir(), ModernIdentity(t)
	r := &Rsyslog{Server: id.server(freeAddr(t)), Client: ModernIdentity(t), Out: filepath.Join(dir, "out"), t: t, conf: filepath.Join(dir, "rsyslog.conf")}
	clients, err := os.ReadFile(r.Client.CertPEM)
	if err != nil {
		t.Fatalf("peers: %v", err)
	}
	writeFile(t, filepath.Join(dir, "clients.pem"), string(clients))
	_, port, _ := net.SplitHostPort(r.Addr)
	var conf bytes.Buffer
	err = template.Must(template.New("rsyslog.conf").Parse(rsyslogConf)).Execute(&conf, map[string]any{"Dir": dir, "Identity": id, "Out": r.Out, "Port": port})
	if err != nil {
		t.Fatalf("peers: %v", err)
	}
	writeFile(t, r.conf, conf.String())
	r.Start()
	return r
}

// freeAddr is an address that a peer can have again when it is started anew.
func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("peers: %v", err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Start starts it again.
func (r *Rsyslog) Start() {
	r.t.Helper()
	r.p = start(r.t, command(r.t, "rsyslogd", "-n", "-iNONE", "-f", r.conf))
	r.p.reachable(r.t, dialTo(r.Addr))
}

// Stop ends it in order.
func (r *Rsyslog) Stop() { r.p.stop(r.t) }

// Kill ends it at once.
func (r *Rsyslog) Kill() { r.p.kill() }

// kill ends the program and the timeout(1) above it at once.
func (p *process) kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // it may have ended already
	<-p.exited
}

// SyslogMessage is a message as rsyslog took it apart.
type SyslogMessage struct {
	Facility, Severity                int
	Time, Host, App, ID, Data, Origin string
	Index                             int64 // in Data
	Text                              string
}

// Messages returns what came so far, in order.
func (r *Rsyslog) Messages() (list []SyslogMessage) {
	r.t.Helper()
	r.Each(func(m SyslogMessage) { list = append(list, m) })
	return list
}

// Each calls f with every message that came so far, in order.
func (r *Rsyslog) Each(f func(SyslogMessage)) {
	r.t.Helper()
	file, err := os.Open(r.Out)
	if os.IsNotExist(err) {
		return
	}
	if err != nil {
		r.t.Fatalf("peers: %v", err)
	}
	defer file.Close()
	for lines := bufio.NewReader(file); ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			return // of the last one a part is written, or rsyslogd was killed then
		}
		m, err := messageOf(strings.TrimSuffix(line, "\n"))
		if err != nil {
			r.t.Fatalf("peers: rsyslog wrote %q: %v", line, err)
		}
		f(m)
	}
}

// messageOf reads a line as rsyslog.conf.tmpl has it written.
func messageOf(line string) (m SyslogMessage, err error) {
	f := strings.SplitN(line, "\t", 7)
	if len(f) < 7 {
		return m, errors.New("too few fields")
	}
	pri, err := strconv.Atoi(f[0])
	if err != nil {
		return m, err
	}
	m = SyslogMessage{Facility: pri / 8, Severity: pri % 8, Time: f[1], Host: f[2], App: f[3], ID: f[4], Data: f[5], Text: strings.TrimPrefix(f[6], " ")}
	_, rest, _ := strings.Cut(m.Data, ` log="`)
	m.Origin, rest, _ = strings.Cut(rest, `" index="`)
	digits, _, _ := strings.Cut(rest, `"`)
	m.Index, err = strconv.ParseInt(digits, 10, 64)
	return m, err
}
