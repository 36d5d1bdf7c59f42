//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// wrk calls url over connections for d, as fast as answers come, with bodies of post
// bytes, or GETs when it is 0.
func wrk(s *stage, url string, connections, post int, d time.Duration) (result, error) {
	script, err := s.extract("wrk.lua")
	if err != nil {
		return result{}, err
	}
	weak, err := s.extract("openssl.cnf")
	if err != nil {
		return result{}, err
	}
	cmd := exec.Command("wrk", "-t1", fmt.Sprintf("-c%d", connections), fmt.Sprintf("-d%.0fs", d.Seconds()), "--timeout", "10s",
		"-s", script, "-H", "X-Api-Key: "+apiKey, url, "--", fmt.Sprint(post))
	if direct := "https://" + s.Old; len(url) > len(direct) && url[:len(direct)] == direct {
		cmd.Env = append(os.Environ(), "OPENSSL_CONF="+weak)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return result{}, fmt.Errorf("wrk: %w: %s", err, out)
	}
	return parseWrk(out)
}

// parseWrk reads the line that wrk.lua prints at the end.
func parseWrk(out []byte) (result, error) {
	_, line, _ := bytes.Cut(out, []byte("RESULT "))
	var n, us, errors, p50, p99 int
	if _, err := fmt.Sscan(string(line), &n, &us, &errors, &p50, &p99); err != nil {
		return result{}, fmt.Errorf("wrk printed no result: %s", out)
	}
	if errors > 0 || n == 0 {
		return result{}, fmt.Errorf("%d of %d requests failed: %s", errors, n, out)
	}
	return result{count: n, wall: micros(us), p50: micros(p50), p99: micros(p99)}, nil
}

func micros(n int) time.Duration { return time.Duration(n) * time.Microsecond }
