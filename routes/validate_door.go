package routes

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// maxMaxHeader keeps max_header within what a server can count.
const maxMaxHeader = 16 << 20

func (c *checker) frontDoor() {
	seen := map[string]bool{}
	for i, l := range c.Listen {
		path := index("listen", i)
		switch {
		case !isAddress(l.Address):
			c.fail(path+".address", strconv.Quote(l.Address)+" is not host:port", `write ":443" or "10.0.0.5:443"`)
		case seen[l.Address]:
			c.fail(path+".address", "the address is given twice", "remove one listener")
		}
		if _, port, _ := net.SplitHostPort(l.Address); port != "0" { // 0 is any free port
			seen[l.Address] = true
		}
		for j, host := range l.Hosts {
			c.host(index(path+".hosts", j), host)
		}
		if l.MaxHeader == 0 || l.MaxHeader > maxMaxHeader {
			c.fail(path+".max_header", l.MaxHeader.String()+" is no limit for a header", "write a size up to 16MiB")
		}
		c.positive(path+".header_timeout", l.HeaderTimeout)
		c.positive(path+".idle", l.Idle)
		if l.Idle > 0 && l.Idle < 100*time.Second {
			c.warn(path+".idle", "below the 100 s that .NET keeps an unused connection", "set it above 100s, or callers meet closed connections")
		}
		c.room(path, &l)
		if c.Certificates.Local && len(l.Hosts) == 0 {
			c.fail(path+".hosts", "is missing", "certificates.local makes a CA that is limited to these names: write hosts: [localhost]")
		}
	}
	if len(c.Listen) == 0 {
		c.fail("listen", "has no listener", `write - address: ":443"`)
	}
	if len(c.Certificates.Files) == 0 && !c.Certificates.Local && c.complete("certificates") {
		c.fail("certificates", "the front door has no certificate", "add files: [{cert: chain.pem, key: key.pem}], or local: true for trying it out")
	}
}

// room checks how much a listener lets in.
func (c *checker) room(path string, l *Listener) {
	within := func(key string, n, least, most int) {
		if n < least || n > most {
			c.fail(path+"."+key, fmt.Sprintf("%d is not from %d to %d", n, least, most), "write a number in that range, or remove the key")
		}
	}
	if l.MaxConnections != 0 {
		within("max_connections", l.MaxConnections, 10, 1_000_000)
		within("per_network.connections", l.PerNetwork.Connections, 0, l.MaxConnections)
	}
	if l.MaxCalls != 0 {
		within("max_calls", l.MaxCalls, 10, 1_000_000)
		within("per_network.calls", l.PerNetwork.Calls, 0, l.MaxCalls)
	}
	within("per_network.burst", l.PerNetwork.Burst, 1, 1_000_000)
	within("per_network.ipv4", l.PerNetwork.IPv4, 8, 32)
	within("per_network.ipv6", l.PerNetwork.IPv6, 16, 128)
	for j, n := range l.Exempt {
		if n.IsValid() && n.Bits() == 0 {
			c.fail(index(path+".exempt", j), n.String()+" exempts everybody", "name the networks of your callers, or raise per_network")
		}
	}
}

// reachable reports the hosts of routes that no listener takes calls for.
func (c *checker) reachable() {
	taken := map[string]bool{}
	for _, l := range c.Listen {
		if len(l.Hosts) == 0 {
			return // takes every host
		}
		for _, h := range l.Hosts {
			taken[strings.ToLower(h)] = true
		}
	}
	if !c.complete("listen") {
		return
	}
	for i := range c.Routes {
		for j, h := range c.Routes[i].Hosts {
			if isHost(h) && !taken[h] {
				c.fail(index(index("routes", i)+".hosts", j), strconv.Quote(h)+" is no host of a listener: its calls get 421", "add it to the hosts of a listener, or remove it here")
			}
		}
	}
}

// operator checks the addresses that are not for callers.
func (c *checker) operator() {
	listening := map[string]string{}
	for _, l := range c.Listen {
		listening[l.Address] = "listen"
	}
	clash := func(path, address string) {
		if _, port, _ := net.SplitHostPort(address); port == "0" {
			return
		}
		if first, taken := listening[address]; taken {
			c.fail(path, "is the address of "+first+" too", "choose another port")
		}
		listening[address] = path
	}
	if a := c.Admin.Address; a != "off" {
		switch host, _, _ := net.SplitHostPort(a); {
		case !isAddress(a):
			c.fail("admin.address", strconv.Quote(a)+" is not host:port", `write "127.0.0.1:9443", or "off"`)
		case !isLoopback(host) && !c.Admin.Guarded() && c.complete("admin"):
			c.fail("admin.address", strconv.Quote(a)+" can be reached from elsewhere and asks for no credential", "add token (made by `twohop admin token new`) or client_certificate beside it, or write \"127.0.0.1:9443\"; for probes from elsewhere there is health.address")
		}
		clash("admin.address", a)
	}
	c.adminCredentials()
	if a := c.Health.Address; a != "" {
		if !isAddress(a) {
			c.fail("health.address", strconv.Quote(a)+" is not host:port", `write ":8080"`)
		}
		clash("health.address", a)
	}
}

func (c *checker) adminCredentials() {
	if t := c.Admin.Token; t != nil {
		c.hash("admin.token.sha256", t.SHA256, "twohop admin token new")
	}
	if x := c.Admin.ClientCertificate; x != nil && c.Admin.Token == nil && strings.TrimSpace(x.Subject) == "" && x.DNS == "" {
		c.warn("admin.client_certificate", "fits every certificate of its ca", "narrow it by subject or dns, unless the ca signs for operators alone")
	}
}

// host checks a name that callers write into the Host header.
func (c *checker) host(path, name string) {
	if name != "" && !isHost(name) {
		c.fail(path, strconv.Quote(name)+" is not a host name", "write the name alone, in ASCII, without port or *")
	}
}

// isAddress reports whether a is host:port to listen on; no host is every address.
func isAddress(a string) bool {
	host, port, err := net.SplitHostPort(a)
	return err == nil && (host == "" || isHost(host)) && isPort(port, 0)
}

func isPort(text string, least int) bool {
	n, err := strconv.Atoi(text)
	return err == nil && n >= least && n <= 65535 && strconv.Itoa(n) == text
}
