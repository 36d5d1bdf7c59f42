package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"twohop"
	"twohop/callers"
	"twohop/internal/legacy"
)

func demoCommand() *command {
	return &command{
		name: "demo", usage: "[--stay] [--dir DIR]",
		about: "see it work: legacy services, the broker, and calls through it",
		long: `Starts three legacy services on this machine (plain HTTP; TLS 1.0 with 3DES and an old
certificate, speaking SOAP; one that resets modern handshakes), writes a routes.yaml for
them, starts the broker, and shows each call failing directly and succeeding through the
broker. Then it streams 1 GiB and shows that the broker's memory stays flat.

Example: twohop demo --stay --dir /tmp/twohop-demo`,
		flags: func(f *flag.FlagSet) {
			f.Bool("stay", false, "keep everything running afterwards, and print lines to try")
			f.String("dir", "", "keep routes.yaml, certificates, key and audit log in `DIR` (default: nothing is kept)")
		},
		run: func(ctx context.Context, e *env, in *invocation) error {
			signal.Ignore(syscall.SIGPIPE) // `demo | head` must still stop the broker
			d, err := openDemo(in.text("dir"), e.stdout)
			if err != nil {
				return err
			}
			defer d.close()
			return d.run(ctx, in.on("stay"))
		},
	}
}

// demo is the stage: services, a broker in a process of its own, and a caller.
type demo struct {
	out      io.Writer
	dir      string
	keep     bool
	services map[string]*legacy.Server // by route
	key      string
	door     string // address of the front door
	admin    string
	broker   *exec.Cmd
	exited   chan error
	caller   *http.Client // trusts the broker's local CA
}

// demoCalls are the calls that the demo makes, in order.
var demoCalls = []demoCall{
	{route: "stock", what: "REST over plain HTTP", path: "/stock/A1001", direct: "/stock/A1001",
		shown: "The underlying connection was closed: An unexpected error occurred on a send."},
	{route: "warehouse", what: "SOAP over TLS 1.0 with 3DES", path: "/warehouse/stock", direct: "/ws/stock", soap: true,
		shown: "The request was aborted: Could not create SSL/TLS secure channel."},
	{route: "levels", what: "the same SOAP service, called as JSON", service: "warehouse", path: "/levels/GetStock", direct: "/ws/stock", json: `{"item":"A1001"}`,
		shown: "The request was aborted: Could not create SSL/TLS secure channel."},
	{route: "carrier", what: "REST on a server that resets modern handshakes", path: "/carrier/stock/B2000", direct: "/stock/B2000",
		shown: "An existing connection was forcibly closed by the remote host."},
}

type demoCall struct {
	route, what, path, direct string
	shown                     string // what F&O shows when it calls the service directly
	soap                      bool
	json                      string // body of a POST
	service                   string // that answers, when it has not the route's name
}

const demoEnvelope = `<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><GetStock xmlns="urn:legacy"><item>A1001</item></GetStock></s:Body></s:Envelope>`

func openDemo(dir string, out io.Writer) (_ *demo, err error) {
	d := &demo{out: out, dir: dir, keep: dir != "", services: map[string]*legacy.Server{}}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	if d.keep {
		err = os.MkdirAll(dir, 0o700)
	} else {
		d.dir, err = os.MkdirTemp("", "twohop-demo-")
	}
	if err != nil {
		return nil, err
	}
	for route, start := range map[string]func(string) (*legacy.Server, error){"stock": legacy.PlainJSON, "warehouse": legacy.SOAPOverTLS10, "carrier": legacy.ResetsModern} {
		if d.services[route], err = start("127.0.0.1:0"); err != nil {
			return nil, err
		}
	}
	if err := d.configure(); err != nil {
		return nil, err
	}
	return d, d.start()
}

// configure writes the example routes.yaml with the addresses, pins and key of this run.
func (d *demo) configure() (err error) {
	if d.door, err = freeAddress(); err != nil {
		return err
	}
	if d.admin, err = freeAddress(); err != nil {
		return err
	}
	key, hash := callers.NewKey()
	d.key = key
	text := twohop.Example
	for _, r := range [][2]string{
		{"127.0.0.1:8443", d.door},
		{"127.0.0.1:9443", d.admin},
		{"127.0.0.1:18080", d.services["stock"].Addr()},
		{"127.0.0.1:18443", d.services["warehouse"].Addr()},
		{"127.0.0.1:18444", d.services["carrier"].Addr()},
		{"sha256/" + strings.Repeat("A", 43) + "=", d.services["warehouse"].SPKIPin()},
		{"sha256/" + strings.Repeat("B", 42) + "A=", d.services["carrier"].SPKIPin()},
		{strings.Repeat("0", 64), hash},
		{"2027-03-31", time.Now().AddDate(0, 6, 0).Format(time.DateOnly)},
	} {
		if !strings.Contains(text, r[0]) {
			return fmt.Errorf("the example routes.yaml no longer holds %s", r[0])
		}
		text = strings.ReplaceAll(text, r[0], r[1])
	}
	contract := filepath.Join(d.dir, "contracts", "stock.wsdl")
	if err := os.MkdirAll(filepath.Dir(contract), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(contract, []byte(twohop.ExampleContract), 0o600); err != nil {
		return err
	}
	if d.keep {
		if err := os.WriteFile(filepath.Join(d.dir, "caller.key"), []byte(key+"\n"), 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(d.file(), []byte(text), 0o600)
}

func (d *demo) file() string { return filepath.Join(d.dir, "routes.yaml") }

// freeAddress finds a port for the broker, which is another process.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// start runs this program's own serve command and waits until it is ready.
func (d *demo) start() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(d.dir, "twohop.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	d.broker = exec.Command(self, "serve", d.file())
	d.broker.Stderr = log
	if err := d.broker.Start(); err != nil {
		return err
	}
	d.exited = make(chan error, 1)
	go func() { d.exited <- d.broker.Wait() }()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get("http://" + d.admin + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				break
			}
		}
		select {
		case err := <-d.exited:
			d.exited <- err
			text, _ := os.ReadFile(log.Name())
			return fmt.Errorf("the broker did not start: %w\n%s", err, text)
		default:
		}
		if time.Now().After(end) {
			return errors.New("the broker was not ready after 20 s")
		}
	}
	ca, err := os.ReadFile(filepath.Join(d.dir, "var", "certificates", "local-ca.pem"))
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	d.caller = &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}, DisableCompression: true, ExpectContinueTimeout: time.Second}}
	return nil
}

// close stops everything and removes a temporary directory.
func (d *demo) close() {
	if d.caller != nil {
		d.caller.CloseIdleConnections()
	}
	if d.broker != nil && d.broker.Process != nil {
		if err := d.broker.Process.Signal(os.Interrupt); err != nil { // Windows knows only Kill
			d.broker.Process.Kill()
		}
		select {
		case <-d.exited:
		case <-time.After(40 * time.Second):
			d.broker.Process.Kill()
			<-d.exited
		}
	}
	for _, s := range d.services {
		if s != nil {
			s.Close()
		}
	}
	if !d.keep {
		os.RemoveAll(d.dir)
	}
}
