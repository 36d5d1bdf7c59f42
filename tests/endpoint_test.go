//go:build linux

package tests

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// endpointEnv makes the test binary serve as an endpoint, in a process that can be killed.
const endpointEnv = "TWOHOP_TEST_ENDPOINT"

// TestEndpointProcess is no test: it is the endpoint that newEndpoint starts. It answers
// with its name, and /slow after a moment.
func TestEndpointProcess(t *testing.T) {
	addr := os.Getenv(endpointEnv)
	if addr == "" {
		t.Skip("only for newEndpoint")
	}
	err := http.ListenAndServe(addr, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/slow" {
			time.Sleep(20 * time.Millisecond)
		}
		fmt.Fprint(w, addr)
	}))
	t.Fatal(err)
}

// endpoint is a process that serves one endpoint of a target.
type endpoint struct {
	t    *testing.T
	addr string
	cmd  *exec.Cmd
}

// newEndpoint finds a free port; nothing serves it before start.
func newEndpoint(t *testing.T) *endpoint {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return &endpoint{t: t, addr: l.Addr().String()}
}

// start returns when the endpoint accepts connections.
func (e *endpoint) start() *endpoint {
	e.t.Helper()
	e.cmd = exec.Command(os.Args[0], "-test.run=^TestEndpointProcess$")
	e.cmd.Env = append(e.cmd.Environ(), endpointEnv+"="+e.addr, raceOptions)
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := e.cmd.Start(); err != nil {
		e.t.Fatal(err)
	}
	cmd := e.cmd
	e.t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait() // a second time is an error, which does not matter
	})
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", e.addr); err == nil {
			c.Close()
			return e
		}
		if time.Now().After(end) {
			e.t.Fatal("the endpoint does not start")
		}
	}
}

// kill ends the endpoint as kill -9 does.
func (e *endpoint) kill() {
	e.cmd.Process.Kill()
	e.cmd.Wait()
}
