package audit

import (
	"time"

	"golang.org/x/sys/unix"
)

// pause sleeps for less than a millisecond, which time.Sleep does not when the process is
// idle: the runtime then waits in whole milliseconds.
func pause(d time.Duration) {
	t := unix.NsecToTimespec(d.Nanoseconds())
	unix.Nanosleep(&t, nil) // a signal ends it early, which does no harm
}
