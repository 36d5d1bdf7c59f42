package console

import (
	"crypto/rand"
	"os/user"
	"strings"
	"testing"
)

// socketPath is a pipe that no other test has.
func socketPath(*testing.T) string { return pipes + "twohop-test-" + rand.Text() }

// me is the user whom Windows knows.
func me(t *testing.T) string {
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return u.Username
}

func TestListenWhereSomebodyIs(t *testing.T) {
	path := socketPath(t)
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "another broker may listen") {
		t.Errorf("beside a living broker: %v", err)
	}
}

func TestAFileIsNoPipe(t *testing.T) {
	for _, path := range []string{"admin.sock", `C:\twohop\admin.sock`, pipes} {
		if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "is not the name of a pipe") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestTheClientSaysThatNoBrokerRuns(t *testing.T) {
	_, err := Client(socketPath(t)).Get("http://twohop/readyz")
	if err == nil || !strings.Contains(err.Error(), "no broker runs with the pipe") {
		t.Errorf("got %v", err)
	}
}
