package routes

import "time"

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
