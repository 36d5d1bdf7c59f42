package proxy

import "twohop/internal/fault"

// describe answers for the route's descriptions.
func (c *call) describe() error {
	return fault.New(fault.NoRoute, "no route matches this host, path and SOAPAction")
}
