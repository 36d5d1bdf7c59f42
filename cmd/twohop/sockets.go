package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/coreos/go-systemd/v22/activation"

	"twohop/console"
)

// inherited are the sockets that the process was started with: from systemd (socket
// activation, sd_listen_fds(3)) or from the broker that it takes over from.
type inherited struct {
	sockets []socket
	from    *handover // nil unless it takes over
	herald  herald
}

// socket is a listening socket that is already open.
type socket struct {
	net.Listener
	what, address string // what it is for, and the address in the file then; empty from systemd
	systemd       bool   // systemd opened it, and unlinks it
}

// handover is what one broker tells the next, in the environment.
type handover struct {
	From    int    // process id
	User    string // who asked for it
	Sockets []handedSocket
}

// handedSocket is a socket in the order of the descriptors, which begin at 3. After the
// last one comes the pipe for what the new process has to say.
type handedSocket struct {
	What, Address string
	Systemd       bool
}

const (
	handoverVariable = "TWOHOP_HANDOVER"
	firstDescriptor  = 3 // after standard error, in sd_listen_fds(3) too
)

// inherit takes the sockets that the process was started with. Variables that speak of
// them are removed, so that no child takes them for its own.
func inherit() (*inherited, error) {
	text, handed := os.LookupEnv(handoverVariable)
	os.Unsetenv(handoverVariable)
	if handed {
		return takeOver(text)
	}
	in := &inherited{}
	for _, f := range activation.Files(true) {
		l, err := net.FileListener(f)
		f.Close()
		if err != nil {
			in.close()
			return nil, hinted{fmt.Errorf("the socket %s from systemd: %w", f.Name(), err), "a socket unit for twohop has ListenStream= and Accept=no"}
		}
		in.sockets = append(in.sockets, socket{Listener: l, systemd: true})
	}
	return in, nil
}

// takeOver reads what the broker before has handed on.
func takeOver(text string) (*inherited, error) {
	h := &handover{}
	if err := json.Unmarshal([]byte(text), h); err != nil {
		return nil, fmt.Errorf("%s: %w", handoverVariable, err)
	}
	if h.From != os.Getppid() {
		return nil, fmt.Errorf("%s is meant for a child of process %d", handoverVariable, h.From)
	}
	in := &inherited{from: h}
	for i, s := range h.Sockets {
		f := passed(i, s.Address)
		l, err := net.FileListener(f)
		f.Close()
		if err != nil {
			in.close()
			return nil, fmt.Errorf("the socket for %s from process %d: %w", s.Address, h.From, err)
		}
		in.sockets = append(in.sockets, socket{l, s.What, s.Address, s.Systemd})
	}
	in.herald.pipe = passed(len(h.Sockets), "pipe")
	return in, nil
}

// passed is the nth file that a process handed on.
func passed(n int, name string) *os.File {
	return os.NewFile(uintptr(firstDescriptor+n), name)
}

// take returns the inherited socket for an address of the file, if there is one.
func (in *inherited) take(what, network, address string) (s socket, ok bool) {
	for i, s := range in.sockets {
		if s.what == what && s.address == address || sameAddress(s.Addr(), network, address) {
			in.sockets = append(in.sockets[:i:i], in.sockets[i+1:]...)
			return s, true
		}
	}
	return socket{}, false
}

// sameAddress reports whether a socket listens at what a file calls address. A host that
// is left out stands for every address, of IPv4 or of all.
func sameAddress(bound net.Addr, network, address string) bool {
	if network == "unix" {
		want, err := filepath.Abs(address)
		has, failed := filepath.Abs(bound.String())
		return bound.Network() == "unix" && err == nil && failed == nil && has == want
	}
	has, ok := bound.(*net.TCPAddr)
	if !ok {
		return false
	}
	want, err := net.ResolveTCPAddr("tcp", address)
	if err != nil || want.Port != has.Port {
		return false
	}
	if want.IP == nil {
		return has.IP.IsUnspecified()
	}
	return want.IP.Equal(has.IP) && want.Zone == has.Zone
}

// socket returns the inherited socket for an address of the file, or opens one.
func (in *inherited) socket(ctx context.Context, what, network, address string) (socket, error) {
	if s, ok := in.take(what, network, address); ok {
		if network == "unix" && s.systemd {
			if err := private(address); err != nil {
				s.Close()
				return socket{}, err
			}
		}
		return socket{s.Listener, what, address, s.systemd}, nil
	}
	if network == "unix" {
		l, err := console.Listen(address)
		if err != nil {
			return socket{}, hinted{fmt.Errorf("admin socket: %w", err), "admin.socket sets the path"}
		}
		return socket{l, what, address, false}, nil
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, network, address)
	if err != nil {
		return socket{}, hinted{fmt.Errorf("%s: %w", what, err), "another process may listen there, or the address is not this machine's; ports below 1024 need a privilege"}
	}
	return socket{l, what, address, false}, nil
}

// left closes the sockets that nothing in the file listens at. From systemd they are a
// mistake; from the broker before they are addresses that the file no longer has.
func (in *inherited) left() error {
	var names []string
	for _, s := range in.sockets {
		if s.systemd {
			names = append(names, s.Addr().String())
		}
	}
	in.close()
	if len(names) > 0 && in.from == nil {
		return hinted{fmt.Errorf("systemd passed a socket for %s, which is no address in the file", strings.Join(names, ", ")),
			"ListenStream= of the socket unit must be an address of listen, admin, health or admin.socket"}
	}
	return nil
}

func (in *inherited) close() {
	for _, s := range in.sockets {
		s.Close()
	}
	in.sockets = nil
}

// private makes sure that a Unix socket that systemd opened is for its owner alone, as
// those are that twohop opens itself: commands ask for no credential.
func private(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return hinted{fmt.Errorf("the socket %s from systemd has mode %04o, so that others can command the broker", path, info.Mode().Perm()), "set SocketMode=0600 in the socket unit"}
	}
	return nil
}

// herald carries to the broker before what the new one has to say of its start, for
// twohop upgrade to print, and at last that it serves. The zero herald says nothing. It
// is safe for concurrent use.
type herald struct {
	mu   sync.Mutex
	pipe *os.File
}

// serves is the last line that a new broker says.
const serves = "READY=1"

// Write passes lines on until done.
func (h *herald) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pipe != nil {
		h.pipe.Write(p) // the broker before may be gone: then nobody wants to know
	}
	return len(p), nil
}

// done says that the broker serves.
func (h *herald) done() {
	fmt.Fprintln(h, serves)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pipe != nil {
		h.pipe.Close()
		h.pipe = nil
	}
}
