package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"twohop/console"
	"twohop/routes"
)

// healthTimeout is for the whole of twohop health.
const healthTimeout = 5 * time.Second

func healthCommand() *command {
	return &command{
		name: "health", usage: "[FILE] [--url URL [--ca FILE] [--token-file FILE]]", args: 1,
		about: "ask the running broker whether it serves (for container health checks)",
		long: `Asks /readyz of the broker that runs with FILE (default routes.yaml): at its health
address, or else its admin address, or where that asks for a credential or is off, over
its admin socket, as the broker's own user. Exit status 0 when it takes calls, else 1.

Example: twohop health /etc/twohop/routes.yaml`,
		flags: func(f *flag.FlagSet) {
			f.String("url", "", "the `URL` to ask, instead of looking it up in FILE")
			f.String("ca", "", "PEM `FILE` with the authorities of an https URL (default the system's)")
			f.String("token-file", "", "`FILE` with the token of the admin address, for an https URL")
		},
		run: func(ctx context.Context, e *env, in *invocation) error {
			ctx, cancel := context.WithTimeout(ctx, healthTimeout)
			defer cancel()
			client, req, err := healthRequest(ctx, e, in)
			if err != nil {
				return err
			}
			resp, err := client.Do(req)
			var stranger x509.UnknownAuthorityError
			if errors.As(err, &stranger) {
				return hinted{err, "--ca names the authority of the broker's certificate"}
			}
			if err != nil {
				return hinted{err, "does the broker run, and listen there?"}
			}
			defer resp.Body.Close()
			text, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
			said := errors.New(strings.TrimSpace(string(text)))
			switch resp.StatusCode {
			case http.StatusOK:
			case http.StatusNotFound:
				return hinted{said, "the URL ends in /readyz"}
			case http.StatusUnauthorized:
				return hinted{said, "--token-file holds the token whose hash is at admin.token"}
			default:
				return said
			}
			fmt.Fprintln(e.stdout, strings.TrimSpace(string(text)))
			return nil
		},
	}
}

// healthRequest works out whom to ask.
func healthRequest(ctx context.Context, e *env, in *invocation) (*http.Client, *http.Request, error) {
	if in.text("url") != "" {
		return healthAt(ctx, in)
	}
	t, err := load(in.file(0), e.now())
	var mistakes routes.ErrorList
	if err != nil && !errors.As(err, &mistakes) {
		return nil, nil, err
	}
	address, client := healthURL(t), direct(nil)
	if address == "" {
		address, client = "http://twohop/readyz", console.Client(string(t.Admin.Socket))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	return client, req, err
}

// healthAt asks a URL, with what the command line names.
func healthAt(ctx context.Context, in *invocation) (*http.Client, *http.Request, error) {
	u, err := url.Parse(in.text("url"))
	if err != nil || u.Host == "" {
		return nil, nil, usageError{fmt.Errorf("%q is not a URL", in.text("url"))}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, nil, usageError{err}
	}
	if name := in.text("token-file"); name != "" {
		if u.Scheme != "https" {
			return nil, nil, usageError{errors.New("--token-file needs an https URL: a token is not sent in the clear")}
		}
		token, err := os.ReadFile(name)
		if err != nil {
			return nil, nil, err
		}
		req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	}
	var roots *x509.CertPool
	if name := in.text("ca"); name != "" {
		pem, err := os.ReadFile(name)
		if err != nil {
			return nil, nil, err
		}
		if roots = x509.NewCertPool(); !roots.AppendCertsFromPEM(pem) {
			return nil, nil, fmt.Errorf("%s holds no certificate", name)
		}
	}
	return direct(roots), req, nil
}

// direct is a client that uses no proxy, follows nothing and trusts roots, nil for the
// system's.
func direct(roots *x509.CertPool) *http.Client {
	return &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// healthURL returns the URL that answers without a credential, "" for none.
func healthURL(t *routes.Table) string {
	address := t.Health.Address
	if address == "" && !t.Admin.Guarded() {
		address = t.Admin.Address
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port) + "/readyz"
}
