//go:build linux

package peers

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// CurlResult is what curl received.
type CurlResult struct {
	Result               // Stdout holds the bodies, as curl writes them
	Transfers []Transfer // one for each URL, in order
}

// Transfer is curl's own account of one URL.
type Transfer struct {
	Status      int     `json:"http_code"`
	Version     string  `json:"http_version"` // "1.1", "2"
	Connects    int     `json:"num_connects"` // 0: the connection of an earlier URL was used
	ContentType string  `json:"content_type"`
	Redirect    string  `json:"redirect_url"`
	ExitCode    int     `json:"exitcode"`
	Error       string  `json:"errormsg"`
	Uploaded    int64   `json:"size_upload"`
	Seconds     float64 `json:"time_total"`
}

// Curl runs curl with args, without the user's own configuration and without a proxy, for
// at most 60 seconds. Ask for heads with --include.
func Curl(t testing.TB, args ...string) CurlResult {
	t.Helper()
	const mark = "\x1etransfer "
	fixed := []string{
		"--disable", "--silent", "--show-error", "--noproxy", "*", "--max-time", "55",
		"--write-out", `%{stderr}\n` + mark + `%{json}\n`,
	}
	r := CurlResult{Result: run(t, 60*time.Second, "", nil, "curl", append(fixed, args...)...)}
	var rest []string
	for line := range strings.Lines(r.Stderr) {
		text, found := strings.CutPrefix(line, mark)
		if !found {
			rest = append(rest, line)
			continue
		}
		var transfer Transfer
		if err := json.Unmarshal([]byte(text), &transfer); err != nil {
			t.Fatalf("peers: curl wrote %q: %v", text, err)
		}
		r.Transfers = append(r.Transfers, transfer)
	}
	r.Stderr = strings.TrimSpace(strings.Join(rest, ""))
	return r
}

// SClient runs `openssl s_client` with args, the legacy policy and stdin as what to send,
// for at most 30 seconds. With something to send it waits until the server closes, so ask
// the server to close; with nothing it leaves after the handshake.
func SClient(t testing.TB, stdin string, args ...string) Result {
	t.Helper()
	fixed := []string{"s_client"}
	if stdin != "" {
		fixed = append(fixed, "-ign_eof")
	}
	env := []string{"OPENSSL_CONF=" + legacyConf(t, t.TempDir())}
	return run(t, 30*time.Second, stdin, env, "openssl", append(fixed, args...)...)
}
