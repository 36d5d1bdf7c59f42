package main

import (
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"twohop/console"
)

// TestAReadingIsToldToTheBroker: the command learns whether it was recorded.
func TestAReadingIsToldToTheBroker(t *testing.T) {
	dir, err := os.MkdirTemp("", "th-") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	flags := flag.NewFlagSet("show", flag.ContinueOnError)
	socketFlag(flags)
	socket := filepath.Join(dir, "admin.sock")
	flags.Set("socket", socket)
	in, e := &invocation{flags: flags}, &env{now: time.Now}
	if err := recordReading(t.Context(), e, in, "", "show", "--caller x"); err == nil || !strings.Contains(err.Error(), "no broker runs") {
		t.Errorf("without a broker: %v", err)
	}
	l, err := console.Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	var read []string
	answer := error(nil)
	commands := console.Server(console.Commands(console.Config{Log: slog.New(slog.DiscardHandler), Ready: func() error { return nil },
		Read: func(user, command, filter string) error {
			read = append(read, command+" "+filter)
			return answer
		}}, console.User), nil)
	done := make(chan error)
	go func() { done <- commands.Serve(l) }()
	defer func() {
		commands.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	if err := recordReading(t.Context(), e, in, "", "show", "--caller x"); err != nil || len(read) != 1 || read[0] != "show --caller x" {
		t.Errorf("recorded %q, %v", read, err)
	}
	answer = errors.New("audit: the disk failed")
	if err := recordReading(t.Context(), e, in, "", "tail", ""); err == nil || !strings.Contains(err.Error(), "the disk failed") {
		t.Errorf("a reading that is not recorded: %v", err)
	}
}
