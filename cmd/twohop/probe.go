package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"twohop/internal/fault"
	"twohop/routes"
	"twohop/target"
)

func probeCommand() *command {
	return &command{
		name: "probe", usage: "HOST[:PORT] [--server-name NAME] [--via-file FILE]", args: 1,
		about: "see what a target speaks, ready to paste into routes.yaml",
		long: `Connects to HOST (default port 443) several times and prints which TLS versions and
suites it takes, its certificates and what is weak in them, its pin, and the lines for
routes.yaml with the exception that it needs. No handshake is completed, so nothing is
sent to the service. The certificate is looked at, not trusted: compare the pin with
the target's owner before you paste it.

SSL 3.0 and suites that Go's TLS does not have are not seen. A server that falls silent
takes up to 5 s for each version. Exit status 1 when neither TLS nor HTTP is spoken.

Example: twohop probe wms01.corp.local:8443`,
		flags: func(f *flag.FlagSet) {
			f.String("server-name", "", "send this `NAME` as SNI (default: HOST)")
			f.String("via-file", "", "read the URL of a CONNECT proxy on the way from `FILE`")
		},
		run: func(ctx context.Context, e *env, in *invocation) error {
			if len(in.args) != 1 {
				return hinted{usageError{errors.New("probe takes one host")}, "twohop probe wms01.corp.local:8443"}
			}
			address, err := probeAddress(in.args[0])
			if err != nil {
				return err
			}
			via := ""
			if name := in.text("via-file"); name != "" {
				data, err := os.ReadFile(name)
				if err != nil {
					return err
				}
				via = strings.TrimSpace(string(data))
			}
			r, err := target.Probe(ctx, address, in.text("server-name"), via, e.now)
			var f *fault.Fault
			if errors.As(err, &f) {
				return hinted{fmt.Errorf("%s: %s (%w)", address, f.Cause, f.Err), f.Advice()}
			} else if err != nil {
				return err
			}
			printReport(e.stdout, r, e.now())
			if !r.Plain && bestVersion(r) == nil {
				return errSilent
			}
			return nil
		},
	}
}

// probeAddress takes HOST, HOST:PORT or a URL, as it stands in routes.yaml.
func probeAddress(text string) (string, error) {
	if u, err := url.Parse(text); err == nil && u.Host != "" {
		port := map[string]string{"http": "80", "https": "443"}[u.Scheme]
		if u.Port() != "" {
			port = u.Port()
		}
		text = net.JoinHostPort(u.Hostname(), port)
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		host, port = strings.Trim(text, "[]"), "443"
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || host == "" || strings.ContainsAny(host, "/?#@ ") {
		return "", hinted{usageError{fmt.Errorf("%q is not HOST[:PORT]", text)}, "twohop probe wms01.corp.local:8443"}
	}
	return net.JoinHostPort(host, port), nil
}

func printReport(w io.Writer, r *target.Report, now time.Time) {
	fmt.Fprintf(w, "%s\n\n", r.Host)
	for _, v := range r.Versions {
		switch {
		case v.Refusal != "":
			fmt.Fprintf(w, "%s  no: %s\n", tls.VersionName(v.Version), v.Refusal)
		case v.Version == tls.VersionTLS13:
			fmt.Fprintf(w, "%s  yes\n", tls.VersionName(v.Version))
		default:
			fmt.Fprintf(w, "%s  yes, in the order in which it chose:\n", tls.VersionName(v.Version))
			for _, id := range v.Suites {
				fmt.Fprintf(w, "           %s\n", tls.CipherSuiteName(id))
			}
		}
	}
	for i, c := range r.Chain {
		fmt.Fprintf(w, "\nCertificate %d  %s\n  issuer       %s\n  names        %s\n  valid        %s to %s\n  key          %s, signed with %s\n  sha256       %s\n",
			i+1, c.Subject, c.Issuer, either(strings.Join(c.Names, ", "), "none"), c.NotBefore.Format(time.DateOnly), c.NotAfter.Format(time.DateOnly), c.Key, c.Signature, c.SHA256)
		if len(c.Weak) > 0 {
			fmt.Fprintf(w, "  weak         %s\n", strings.Join(c.Weak, ", "))
		}
	}
	switch {
	case len(r.Chain) > 0 && r.Trust == "":
		fmt.Fprintln(w, "\nThe chain is verified by this system's roots; no pin is needed.")
	case len(r.Chain) > 0:
		needs := "tls.ca or a pin"
		if len(r.Chain[0].Weak) > 0 {
			needs = "a pin"
		}
		fmt.Fprintf(w, "\nNot verified: %s. It needs %s.\nPin  %s\n", r.Trust, needs, r.Pin)
	}
	printTarget(w, r, now)
}

func either(first, second string) string {
	if first != "" {
		return first
	}
	return second
}

// printTarget writes the lines for routes.yaml.
func printTarget(w io.Writer, r *target.Report, now time.Time) {
	host := strings.TrimSuffix(r.Host, ":443")
	if r.Plain {
		x := routes.Target{URL: "http://" + strings.TrimSuffix(r.Host, ":80") + "/"}
		fmt.Fprintf(w, "It speaks plain HTTP here.\n\nFor routes.yaml:\n\ntargets:\n  my-target:\n    url: %s\n", x.URL)
		if weak := x.Protection(nil).Weak; len(weak) > 0 {
			fmt.Fprintln(w, "    exception: MY-EXCEPTION")
			printException(w, r.Host, weak, now)
		}
		return
	}
	best := bestVersion(r)
	if best == nil {
		fmt.Fprintln(w, "\nNo version of TLS from 1.0 to 1.3 works here. It may speak only SSL 3.0, want a client certificate, or not speak TLS.")
		return
	}
	x := routes.Target{URL: "https://" + host + "/"}
	fmt.Fprintf(w, "\nFor routes.yaml:\n\ntargets:\n  my-target:\n    url: %s\n", x.URL)
	var lines []string
	if best.Version < tls.VersionTLS12 {
		x.TLS.Version = routes.Version(best.Version)
		lines = append(lines, fmt.Sprintf("version: \"%v\"", x.TLS.Version))
	}
	if len(best.Suites) > 0 && !takesDefault(best) {
		x.TLS.Suites = []string{tls.CipherSuiteName(best.Suites[0])}
		lines = append(lines, "suites: ["+x.TLS.Suites[0]+"]")
	}
	if r.Trust != "" {
		lines = append(lines, `pins: ["`+r.Pin+`"]`)
	}
	weak := x.Protection(nil).Weak
	if len(weak) > 0 {
		fmt.Fprintln(w, "    exception: MY-EXCEPTION")
	}
	if len(lines) > 0 {
		fmt.Fprintf(w, "    tls: {%s}\n", strings.Join(lines, ", "))
	}
	if len(weak) > 0 {
		printException(w, r.Host, weak, now)
	}
}

// bestVersion is the highest version that the target takes.
func bestVersion(r *target.Report) *target.VersionReport {
	for i := len(r.Versions) - 1; i >= 0; i-- {
		if r.Versions[i].Refusal == "" {
			return &r.Versions[i]
		}
	}
	return nil
}

// takesDefault reports whether the target takes a suite that needs no exception.
func takesDefault(v *target.VersionReport) bool {
	return slices.ContainsFunc(tls.CipherSuites(), func(s *tls.CipherSuite) bool { return slices.Contains(v.Suites, s.ID) })
}

func printException(w io.Writer, host string, allows []string, now time.Time) {
	fmt.Fprintf(w, `exceptions:
  MY-EXCEPTION:
    allows: [%s]
    targets: ["%s"]
    owner: WHO-ANSWERS-FOR-THE-TARGET
    approved_by: WHO-ACCEPTED-THE-RISK
    ticket: WHERE-IT-IS-RECORDED
    reason: WHY-IT-CANNOT-DO-BETTER-YET
    expires: %s
`, strings.Join(allows, ", "), host, now.AddDate(0, 3, 0).Format(time.DateOnly))
}
