//go:build !windows

package console

import (
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
)

// socketPath is short enough for a socket.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "twohop")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "run", "admin.sock")
}

// me is the user whom the kernel knows.
func me(t *testing.T) string {
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return u.Username
}

func TestListenForTheOwnerAlone(t *testing.T) {
	path := socketPath(t)
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v", info, err)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("its directory: %v, %v", info, err)
	}
	l.Close()
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("after Close the socket is still there: %v", err)
	}
}

func TestListenReplacesWhatADeadBrokerLeft(t *testing.T) {
	path := socketPath(t)
	dead, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	dead.(*net.UnixListener).SetUnlinkOnClose(false)
	dead.Close()
	if _, err := Client(path).Get("http://twohop/"); err == nil || !strings.Contains(err.Error(), "no broker runs with the socket") {
		t.Errorf("the client says %v", err)
	}
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}

func TestListenWhereSomebodyIs(t *testing.T) {
	path := socketPath(t)
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "another broker answers") {
		t.Errorf("beside a living broker: %v", err)
	}
	if c, err := net.Dial("unix", path); err != nil {
		t.Errorf("the living broker's socket is gone: %v", err)
	} else {
		c.Close()
	}
	l.Close()

	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "is not a socket") {
		t.Errorf("in place of a file: %v", err)
	}
	if data, _ := os.ReadFile(path); string(data) != "precious" {
		t.Error("the file is gone")
	}
}

func TestListenSaysThatAPathIsTooLong(t *testing.T) {
	if _, err := Listen(filepath.Join(t.TempDir(), strings.Repeat("x", 120))); err == nil || !strings.Contains(err.Error(), "and a socket's path may have 10") {
		t.Errorf("got %v", err)
	}
}

func TestTheClientSaysThatNoBrokerRuns(t *testing.T) {
	_, err := Client(filepath.Join(t.TempDir(), "none.sock")).Get("http://twohop/readyz")
	if err == nil || !strings.Contains(err.Error(), "no broker runs with the socket") {
		t.Errorf("got %v", err)
	}
}
