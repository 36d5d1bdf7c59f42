package proxy

import (
	"encoding/hex"
	"math/rand/v2"
	"strings"
)

// trace is the call's place in a distributed trace (W3C Trace Context, level 1). The
// trace id is the correlation id that the caller sees.
type trace struct {
	id    string // 32 hex digits
	span  string // 16 hex digits, ours
	flags string
}

// newTrace goes on with the caller's trace, or begins one when parent is missing or
// not well formed, as the recommendation says.
func newTrace(parent string) trace {
	t := trace{span: randomHex(8), flags: "00"}
	parts := strings.SplitN(parent, "-", 5)
	if len(parts) >= 4 && isHex(parts[0], 2) && parts[0] != "ff" && isHex(parts[1], 32) && isHex(parts[2], 16) && isHex(parts[3], 2) &&
		(len(parts) == 4 || parts[0] != "00") && strings.Trim(parts[1], "0") != "" && strings.Trim(parts[2], "0") != "" {
		t.id, t.flags = parts[1], parts[3]
		return t
	}
	t.id = randomHex(16)
	return t
}

// parent is the traceparent for the target.
func (t trace) parent() string { return "00-" + t.id + "-" + t.span + "-" + t.flags }

// randomHex returns n random bytes in hex. They only have to be unique.
func randomHex(n int) string {
	var raw [16]byte
	for i := 0; i < n; i += 8 {
		v := rand.Uint64()
		for j := range 8 {
			raw[i+j] = byte(v >> (8 * j))
		}
	}
	return hex.EncodeToString(raw[:n])
}

func isHex(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "0123456789abcdef") == ""
}
