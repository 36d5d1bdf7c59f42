//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// build prepares the proxies that the plan names.
func (p plan) build(s *stage, root string) ([]proxy, error) {
	var proxies []proxy
	for _, name := range p.proxies {
		switch name {
		case "twohop":
			bin, err := filepath.Join(s.Dir, "twohop"), error(nil)
			if p.profile != "" {
				err = buildProfiled(s, root, bin)
			} else {
				err = build(root, "./cmd/twohop", bin, "-trimpath") // with symbols, for perf
			}
			if err != nil {
				return nil, err
			}
			proxies = append(proxies, ours(name, bin))
			if p.before != "" {
				proxies = append(proxies, ours("before", p.before))
			}
		case "no-digests", "no-audit", "slow-disk":
			p, err := variant(s, root, name)
			if err != nil {
				return nil, err
			}
			proxies = append(proxies, p)
		case "nginx":
			proxies = append(proxies, nginx())
		case "haproxy-log":
			proxies = append(proxies, haproxyLogging())
		case "haproxy":
			if _, err := exec.LookPath("haproxy"); err != nil {
				fmt.Fprintln(os.Stderr, "bench: haproxy is left out: it is not installed")
				continue
			}
			proxies = append(proxies, haproxy())
		case "httputil":
			proxies = append(proxies, reverseProxy())
		case "caddy":
			bin := caddyOf(s)
			if err := build(filepath.Join(root, "tests", "tools", "caddy"), "github.com/caddyserver/caddy/v2/cmd/caddy", bin); err != nil {
				return nil, err
			}
			proxies = append(proxies, caddy(bin))
		default:
			return nil, fmt.Errorf("unknown proxy %q; there are twohop, no-digests, no-audit, slow-disk, nginx, haproxy, haproxy-log, httputil and caddy", name)
		}
	}
	return proxies, nil
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
