package routes

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDiffOfSinks(t *testing.T) {
	t.Chdir(writeFiles(t, map[string]string{"ca.pem": "one", "same.pem": "one", "other.pem": "two", "token": "hunter1", "token2": "hunter2"}))
	base := `audit:
  sinks:
    - {name: siem, syslog: {address: "127.0.0.1:6514", ca: ca.pem}}
    - {name: otel, otlp: {url: "https://collector.example:4318", headers: {set: {Authorization: "Bearer ${file:token}"}}}}
` + diffBase
	before := load(t, base)
	for _, c := range []struct {
		name    string
		replace []string
		want    string
	}{
		{"nothing", nil, ""},
		{"the same authority in another file", []string{"6514\", ca: ca.pem", "6514\", ca: same.pem"}, ""},
		{"a default spelled out", []string{"6514\", ca", "6514\", facility: audit, ca"}, ""},
		{"one less", []string{`    - {name: siem, syslog: {address: "127.0.0.1:6514", ca: ca.pem}}` + "\n", ""}, "! audit log is no longer shipped to siem (syslog 127.0.0.1:6514)"},
		{"one more", []string{"  sinks:\n", "  sinks:\n    - {name: new, syslog: {address: \"new.example:6514\"}}\n"}, "audit log is newly shipped to new (syslog new.example:6514)"},
		{"another address", []string{"127.0.0.1:6514", "127.0.0.2:6514"}, "! audit log is shipped to siem at syslog 127.0.0.2:6514 instead of syslog 127.0.0.1:6514"},
		{"without TLS", []string{"6514\", ca: ca.pem", "6514\", plain: true"}, "! audit log is shipped to siem without TLS\n! audit log is shipped to siem, whose certificate is verified otherwise"},
		{"another authority", []string{"6514\", ca: ca.pem", "6514\", ca: other.pem"}, "! audit log is shipped to siem, whose certificate is verified otherwise"},
		{"another name", []string{"6514\", ca", "6514\", server_name: x, ca"}, "! audit log is shipped to siem, whose certificate is verified otherwise"},
		{"another facility", []string{"6514\", ca", "6514\", facility: local0, ca"}, "audit log is shipped to siem with another facility or enterprise number"},
		{"another token", []string{"file:token}", "file:token2}"}, "audit log is shipped to otel with another value of Authorization"},
		{"a client certificate", []string{"6514\", ca", "6514\", certificate: {cert: ca.pem, key: other.pem}, ca"}, "audit log is shipped to siem with another client certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var lines []string
			for _, change := range Diff(before, load(t, strings.NewReplacer(c.replace...).Replace(base))) {
				line := change.String()
				if change.Weaker {
					line = "! " + line
				}
				lines = append(lines, line)
			}
			got := strings.Join(lines, "\n")
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			if strings.Contains(got, "hunter") {
				t.Errorf("a secret is shown: %s", got)
			}
		})
	}
}
