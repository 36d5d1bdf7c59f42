//go:build linux

package slow

import (
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"twohop/tests/peers"
)

// TestSlowClients holds as many connections as slowhttptest can open, with limits for a
// network that let all of them in, while honest callers go on.
func TestSlowClients(t *testing.T) {
	program := peers.Need(t, "slowhttptest")
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil || files.Max < uint64(3**clients+200) {
		t.Skipf("SKIPPED, NOT TESTED: %d descriptors are too few for %d clients (ulimit -n)", files.Max, *clients)
	}
	n := strconv.Itoa(*clients)
	seconds := 15
	for _, kind := range []struct {
		name, path string
		args       []string
	}{
		{"slow headers", "/open/stock/A1001", []string{"-H", "-i", "3", "-x", "24"}},
		{"slow bodies", "/open/echo", []string{"-B", "-i", "3", "-s", "8192", "-x", "10"}},
		{"slow reading", "/open/stream?bytes=10000000", []string{"-X", "-w", "10", "-y", "512", "-n", "5", "-z", "32"}},
	} {
		t.Run(kind.name, func(t *testing.T) {
			b := start(t, `, per_network: {connections: 10000, calls: 10000, handshakes: 10000/s, burst: 10000}`, target(t))
			alone := b.honestly(4)
			time.Sleep(3 * time.Second)
			t.Log("honest callers alone:      ", alone.end())

			args := append(kind.args, "-c", n, "-r", strconv.Itoa(*clients/4), "-l", strconv.Itoa(seconds), "-u", "https://"+b.addr+kind.path)
			attack := exec.Command(program, args...)
			attack.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
			good := b.honestly(4)
			if err := attack.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan struct{})
			go func() {
				attack.Wait() // its figures are of its own side
				close(ended)
			}()
			t.Cleanup(func() {
				attack.Process.Kill() // ended already is fine
				<-ended
			})
			most := 0.0
			for end := time.Now().Add(time.Duration(seconds) * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
				most = max(most, b.metric("twohop_connections "))
			}
			during := good.end()
			_, memory := b.memory()
			t.Log("honest callers, under fire:", during)
			t.Logf("%.0f connections open at most, %.0f MiB resident at most", most, memory)
			if most < float64(*clients)/2 {
				t.Errorf("%.0f connections open at most: slowhttptest attacked nothing", most)
			}
			during.check(t)
			attack.Process.Signal(syscall.SIGTERM)
			b.await("the slow connections to be gone", func() bool { return b.metric("twohop_connections ") == 0 })
		})
	}
}
