package console

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"

	"twohop/internal/fault"
)

const pipes = `\\.\pipe\`

// ValidSocket returns nil when path may be a pipe's, or else a *fault.Field for
// admin.socket.
func ValidSocket(path string) error {
	if name, ok := strings.CutPrefix(path, pipes); !ok || name == "" {
		return &fault.Field{Path: "admin.socket", What: "is not the name of a pipe", Fix: `write '\\.\pipe\twohop', or remove the key`}
	}
	return nil
}

// Listen opens the named pipe at path for the user of this process and Administrators,
// on this machine alone (go-winio rejects remote clients). A pipe that is there already,
// whoever made it, is an error.
func Listen(path string) (net.Listener, error) {
	if err := ValidSocket(path); err != nil {
		return nil, err
	}
	me, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, err
	}
	l, err := winio.ListenPipe(path, &winio.PipeConfig{SecurityDescriptor: forOwnerAnd(me.User.Sid.String())})
	if err != nil {
		return nil, fmt.Errorf("another broker may listen on %s (%w); stop it or set another admin.socket", path, err)
	}
	return l, nil
}

// forOwnerAnd is a protected list with full access for Administrators (BA) and one
// more: nobody else is let in, and nothing is inherited.
func forOwnerAnd(sid string) string { return "D:P(A;;GA;;;BA)(A;;GA;;;" + sid + ")" }

// dial lets the broker see who asks, and no more: it cannot act as the user.
func dial(ctx context.Context, path string) (net.Conn, error) {
	c, err := winio.DialPipeAccessImpLevel(ctx, path, windows.GENERIC_READ|windows.GENERIC_WRITE, winio.PipeImpLevelIdentification)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("no broker runs with the pipe %s", path)
	}
	return c, err
}
