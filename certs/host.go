package certs

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/caddyserver/certmagic"

	"twohop/internal/fault"
)

// parseHost returns the spelling of a DNS name or IP address that certificates
// use: lower case, addresses in their short form.
func parseHost(s string) (string, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return a.Unmap().String(), nil
	}
	if !isDNS(s) {
		return "", &fault.Field{
			What: fmt.Sprintf("%q is neither a DNS name nor an IP address", s),
			Fix:  "write the bare host, without scheme, port or wildcard",
		}
	}
	return strings.ToLower(s), nil
}

// isDNS refuses a last label of digits only, because such a name is a mistyped
// address (RFC 3696, section 2).
func isDNS(s string) bool {
	if len(s) > 253 {
		return false
	}
	labels := strings.Split(s, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
		for i := range len(l) {
			if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", rune(l[i])) {
				return false
			}
		}
	}
	return strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

// normalise returns hosts in the spelling of parseHost, each once, in their order.
func normalise(hosts []string) []string {
	var out []string
	seen := make(map[string]bool)
	for _, h := range hosts {
		n, err := parseHost(h)
		if err != nil || seen[n] {
			continue
		}
		seen[n] = true
		out = append(out, n)
	}
	return out
}

// carries reports whether a certificate with these names is picked for host; the
// rule is certmagic's, so that check and handshake agree.
func carries(names []string, host string) bool {
	for _, n := range names {
		if certmagic.MatchWildcard(host, n) {
			return true
		}
	}
	return false
}
