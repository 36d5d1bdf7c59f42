//go:build linux

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
)

// proxy is one of the programs that are compared.
type proxy struct {
	name  string
	start func(s *stage, address string) (*process, error)
	noOld bool // it cannot call a target that speaks only TLS 1.0
}

// ours runs the twohop binary bin. Two builds can run beside each other.
func ours(name, bin string) proxy {
	return proxy{name: name, start: func(s *stage, address string) (*process, error) {
		admin, err := freeAddress()
		if err != nil {
			return nil, err
		}
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		own := map[string]string{"Address": address, "Port": port, "Admin": admin, "As": name + "-" + port + "-"}
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

func haproxy() proxy {
	return proxy{name: "haproxy", start: func(s *stage, address string) (*process, error) {
		file, err := s.render("haproxy.cfg", map[string]string{"Address": address})
		if err != nil {
			return nil, err
		}
		return start(s.Dir, "haproxy", address, nil, "haproxy", "-db", "-f", file)
	}}
}

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

// build compiles pkg of the module in dir.
func build(dir, pkg, out string, flags ...string) error {
	cmd := exec.Command("go", append(append([]string{"build", "-C", dir, "-o", out}, flags...), pkg)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, text)
	}
	return nil
}

// moduleRoot finds the directory of go.mod upwards from the working directory.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			err = fmt.Errorf("no go.mod above the working directory; run this in the repository")
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}
