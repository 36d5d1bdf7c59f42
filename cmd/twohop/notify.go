package main

import (
	"context"
	"io"
	"net"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// notify tells systemd of the broker's state, when systemd asks for it (sd_notify(3)).
func (s *server) notify(state string) {
	if name := os.Getenv("NOTIFY_SOCKET"); name != "" {
		if err := note(name, state); err != nil {
			s.log.Warn("systemd cannot be told of the broker's state", "state", state, "error", err)
		}
	}
}

// notePatience bounds the wait for a systemd that does not read. The library's SdNotify
// waits for ever: a reload, or the end, would hang.
const notePatience = 2 * time.Second

func note(socket, state string) error {
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetWriteDeadline(time.Now().Add(notePatience))
	_, err = io.WriteString(c, state)
	return err
}

// reloading tells systemd that a reload has begun; the answer is called at its end.
func (s *server) reloading() (over func()) {
	s.notify(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
	return func() { s.notify(daemon.SdNotifyReady) }
}

// alive keeps systemd's watchdog quiet until ctx is done, when the unit has one.
func (s *server) alive(ctx context.Context) {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		s.log.Warn("systemd's watchdog", "error", err)
	}
	if every == 0 {
		return
	}
	tick := time.NewTicker(every / 2)
	defer tick.Stop()
	for {
		s.notify(daemon.SdNotifyWatchdog)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
