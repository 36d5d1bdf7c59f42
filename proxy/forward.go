package proxy

import (
	"net/http"

	"twohop/audit"
)

// forward sends the call to the target and its answer to the caller.
func (c *call) forward() error {
	if c.errand.page != "" {
		return c.describe()
	}
	c.observe()
	switch {
	case c.asked != nothing && c.route.pass.saved != nil:
		return c.contract()
	case c.asked == singleFile:
		return c.single()
	}
	out, err := c.outgoing()
	if c.envelope != nil {
		defer c.envelope.end()
	}
	if err != nil {
		return err
	}
	if err := c.record(audit.Begin); err != nil {
		return err
	}
	c.begun = true
	resp, err := c.way.target.Do(out, &c.hop)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return c.tunnel(resp)
	}
	if c.errand.operation != nil {
		return c.tell(resp)
	}
	return c.reply(resp)
}
