//go:build !linux

package audit

import "time"

// pause sleeps for about d.
func pause(d time.Duration) { time.Sleep(d) }
