//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// profileOf is where a twohop that was built for it writes its profile.
func profileOf(s *stage) string { return filepath.Join(s.Dir, "cpu.pprof") }

// buildProfiled compiles twohop with a file more in cmd/twohop (go build -overlay), that
// takes a CPU profile when asked by a signal. All else is the product as it stands.
func buildProfiled(s *stage, root, out string) error {
	more, err := s.extract("profile.go.txt")
	if err != nil {
		return err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, "cmd", "twohop", "bench_profile.go"): more}})
	if err != nil {
		return err
	}
	file, err := s.write("overlay.json", overlay)
	if err != nil {
		return err
	}
	return build(root, "./cmd/twohop", out, "-overlay", file)
}

// profile runs the work with the profile on and copies it to file, and the allocations
// since the start to file.allocs.
func (r *running) profile(s *stage, w work, o options, file string) (sample, error) {
	if err := r.process.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		return sample{}, err
	}
	m, err := r.measure(s, w, o)
	if err != nil {
		return sample{}, err
	}
	if err := r.process.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		return sample{}, err
	}
	from := profileOf(s)
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(from); err == nil {
			break
		}
		if time.Now().After(end) {
			return sample{}, errors.New("no profile was written within 10 s")
		}
	}
	for _, suffix := range []string{"", ".allocs"} {
		text, err := os.ReadFile(from + suffix)
		if err != nil {
			return sample{}, err
		}
		if err := os.WriteFile(file+suffix, text, 0o644); err != nil {
			return sample{}, err
		}
	}
	fmt.Fprintf(os.Stderr, "bench: go tool pprof -top %s (%s.allocs: -sample_index=alloc_space)\n", file, file)
	return m, nil
}
