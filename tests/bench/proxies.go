//go:build linux

package main

import (
	"net"
	"os"
	"path/filepath"
)

// proxy is one of the programs that are compared.
type proxy struct {
	name  string
	start func(s *stage, address string) (*process, error)
	noOld bool // it cannot call a target that speaks only TLS 1.0
}

// ours runs the twohop binary bin. Two builds can run beside each other.
func ours(name, bin string) proxy { return oursWith(name, bin, "") }

// oursWith runs it with more below defaults in its routes.yaml.
func oursWith(name, bin, defaults string) proxy {
	return proxy{name: name, start: func(s *stage, address string) (*process, error) {
		admin, err := freeAddress()
		if err != nil {
			return nil, err
		}
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		own := map[string]string{"Address": address, "Port": port, "Admin": admin, "As": name + "-" + port + "-", "Defaults": defaults}
		file, err := s.render("routes.yaml", own)
		if err != nil {
			return nil, err
		}
		return start(s.Dir, name, address, []string{"TWOHOP_PROFILE=" + profileOf(s)}, bin, "serve", file)
	}}
}

func nginx() proxy {
	return proxy{name: "nginx", start: func(s *stage, address string) (*process, error) {
		file, err := s.render("nginx.conf", map[string]string{"Address": address})
		if err != nil {
			return nil, err
		}
		return start(s.Dir, "nginx", address, nil, "nginx", "-c", file, "-p", s.Dir)
	}}
}

func haproxy() proxy { return haproxyWith("haproxy", "") }

// haproxyLogging writes an access log, a line a request, to a file.
func haproxyLogging() proxy {
	return haproxyWith("haproxy-log", "\n  log stdout format raw local0\n  option httplog")
}

func haproxyWith(name, defaults string) proxy {
	return proxy{name: name, start: func(s *stage, address string) (*process, error) {
		file, err := s.render("haproxy.cfg", map[string]string{"Address": address, "As": name + "-", "Defaults": defaults})
		if err != nil {
			return nil, err
		}
		return start(s.Dir, name, address, nil, "haproxy", "-db", "-f", file)
	}}
}

// caddyOf is where the Caddy is that was built for the stage.
func caddyOf(s *stage) string { return filepath.Join(s.Dir, "caddy.bin") }

// caddy runs the Caddy that tests/tools/caddy builds. Its transport has no setting for
// versions below TLS 1.2.
func caddy(bin string) proxy {
	return proxy{name: "caddy", noOld: true, start: func(s *stage, address string) (*process, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		file, err := s.render("Caddyfile", map[string]string{"Port": port})
		if err != nil {
			return nil, err
		}
		return start(s.Dir, "caddy", address, []string{"HOME=" + s.Dir}, bin, "run", "--adapter", "caddyfile", "--config", file)
	}}
}

// reverseProxy is net/http/httputil's, in this binary: the least that a proxy in Go costs.
func reverseProxy() proxy {
	return proxy{name: "httputil", start: func(s *stage, address string) (*process, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		return start(s.Dir, "httputil", address, nil, self, "baseline", address, s.Plain, s.Old, s.Dir)
	}}
}
