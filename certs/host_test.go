package certs

import (
	"strings"
	"testing"
)

func TestParseHost(t *testing.T) {
	for in, want := range map[string]string{
		"Broker.Example.COM":      "broker.example.com",
		"localhost":               "localhost",
		"my_host":                 "my_host",
		"xn--bcher-kva.example":   "xn--bcher-kva.example",
		"3com.example":            "3com.example",
		"10.0.0.1":                "10.0.0.1",
		"::ffff:10.0.0.1":         "10.0.0.1",
		"2001:DB8:0:0::1":         "2001:db8::1",
		"[::1]":                   "",
		"fe80::1%eth0":            "",
		"bücher.example":          "",
		"a..b":                    "",
		"a.":                      "",
		"-a.example":              "",
		"a b":                     "",
		"1.2.3":                   "",
		strings.Repeat("a", 64):   "",
		strings.Repeat("a.", 127): "",
	} {
		if got, err := parseHost(in); got != want || (err == nil) != (want != "") {
			t.Errorf("parseHost(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}
