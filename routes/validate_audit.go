package routes

import (
	"fmt"
	"time"
)

// Bounds of the audit log's segments.
const (
	minSegment = 64 << 10
	maxSegment = 1 << 30 // is read whole at start
	minKeep    = 24 * time.Hour
	shortKeep  = 365 * 24 * time.Hour
)

func (c *checker) auditLog() {
	a := c.Audit
	if a.Segment.Size < minSegment || a.Segment.Size > maxSegment {
		c.fail("audit.segment.size", a.Segment.Size.String()+" is no size for a segment", "write a size from 64KiB to 1GiB")
	}
	if a.Segment.Age < time.Minute {
		c.fail("audit.segment.age", a.Segment.Age.String()+" is too short", "write 1m or more")
	}
	if a.Checkpoint <= 0 || a.Checkpoint > time.Minute {
		c.fail("audit.checkpoint", a.Checkpoint.String()+" is no time between checkpoints", "write up to 1m")
	}
	c.positive("audit.bodies_keep", a.BodiesKeep)
	switch {
	case a.Keep == 0:
	case a.Keep < minKeep:
		c.fail("audit.keep", a.Keep.String()+" is too short", "write 1d or more, or 0 to keep everything")
	case a.Keep < shortKeep:
		c.warn("audit.keep", "records are deleted after less than a year", "PCI DSS asks for 12 months: set it to 365d or more, or ship the log with audit.sinks")
	}
}

// refusalLine is the most that one line of refusals takes, of which each every needs two:
// one of calls and one of handshakes.
const refusalLine = 8 << 10

// strangers checks what unknown callers may write.
func (c *checker) strangers() {
	a := c.Audit
	c.positive("audit.refusals.every", a.Refusals.Every)
	if a.Refusals.Every > time.Hour {
		c.fail("audit.refusals.every", "is longer than 1h: a crash loses what is counted and not yet written", "write a time up to 1h")
	}
	if a.Refusals.Records < 0 || a.Refusals.Records > maxRefusals {
		c.fail("audit.refusals.records", fmt.Sprintf("%d is not from 0 to %d", a.Refusals.Records, maxRefusals), "write a number in that range, or remove the key")
	}
	if every := a.Refusals.Every; every > 0 {
		if least := Size(2 * refusalLine * int64(24*time.Hour/every+1)); a.Refusals.Budget < least {
			c.fail("audit.refusals.budget", fmt.Sprintf("%v a day has no room for a line every %v", a.Refusals.Budget, every), fmt.Sprintf("write %dMiB or more, or a longer every", (least+1<<20-1)>>20))
		}
	}
	if a.Stop > 0 && a.Reserve > 0 && a.Reserve < a.Stop {
		c.fail("audit.reserve", fmt.Sprintf("%v is less than audit.stop (%v), below which nothing is taken at all", a.Reserve, a.Stop), "write more than stop, or remove one of them")
	}
}

const maxRefusals = 10_000
