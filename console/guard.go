package console

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/hex"
	"log"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"twohop/callers"
	"twohop/internal/fault"
)

// Credential is what the admin address asks for. Each one given must be shown.
type Credential struct {
	TokenSHA256 string // SHA-256 of the bearer token, hex; "" for none
	CA          string // PEM file of the authorities of client certificates; "" for none
	Subject     string // as callers.Config has it
	DNS         string // as callers.Config has it
}

// Rule is a Credential that was read. It is immutable but for its cache, and safe for
// concurrent use.
type Rule struct {
	token []byte       // SHA-256; nil for none
	certs *callers.Set // nil for none
}

// NewRule reads c. The error joins *fault.Field values whose paths start with "admin".
func NewRule(c Credential, now func() time.Time) (*Rule, error) {
	r := &Rule{}
	if c.TokenSHA256 != "" {
		sum, err := hex.DecodeString(c.TokenSHA256)
		if err != nil || len(sum) != sha256.Size {
			return nil, &fault.Field{Path: "admin.token.sha256", What: "is not a SHA-256 in hex", Fix: "run `twohop admin token new`"}
		}
		r.token = sum
	}
	if c.CA != "" {
		var err error
		if r.certs, err = callers.New([]callers.Config{{Name: "admin", CA: c.CA, Subject: c.Subject, DNS: c.DNS}}, now); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// refuses says why a request is not let in, "" when it is. Both parts are looked at
// whatever the first came to.
func (r *Rule) refuses(token string, cs *tls.ConnectionState) (cause string) {
	if r.certs != nil {
		switch who, err := r.certs.Identify("", cs); {
		case err != nil:
			cause = "the client certificate is not one that is let in"
		case who.Name == "":
			cause = "no client certificate was shown"
		}
	}
	if r.token != nil {
		sum := sha256.Sum256([]byte(token))
		switch {
		case token == "":
			cause = "no bearer token was shown"
		case subtle.ConstantTimeCompare(sum[:], r.token) == 0:
			cause = "the bearer token is another"
		}
	}
	return cause
}

func (r *Rule) asks() string {
	switch {
	case r.certs == nil:
		return "a bearer token"
	case r.token == nil:
		return "a client certificate"
	}
	return "a bearer token and a client certificate"
}

// Guard keeps everybody out of the admin address who does not show its credential. It
// is safe for concurrent use.
type Guard struct {
	rule     atomic.Pointer[Rule]
	failures *failures
	log      *slog.Logger
}

// NewGuard returns a Guard that asks for what r says and tells log, in sums, whom it
// refused.
func NewGuard(r *Rule, log *slog.Logger) *Guard {
	g := &Guard{failures: newFailures(log), log: log}
	g.Set(r)
	return g
}

// Set changes what is asked for. It holds from the next request, on open connections too.
func (g *Guard) Set(r *Rule) { g.rule.Store(r) }

// TLS returns front for the admin address: it asks for a client certificate, which the
// Guard verifies, and keeps no sessions, so that none outlives a change of the rule.
func (g *Guard) TLS(front *tls.Config) *tls.Config {
	c := front.Clone()
	c.ClientAuth = tls.RequestClientCert
	c.SessionTicketsDisabled = true
	return c
}

// Protect returns next behind the guard. Who fails often waits for the answer; who
// shows the credential never does, wherever they come from.
func (g *Guard) Protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rule, token := g.rule.Load(), bearer(r)
		cause := rule.refuses(token, r.TLS)
		if cause == "" {
			next.ServeHTTP(w, r)
			return
		}
		if g.failures.add(r.RemoteAddr, cause) {
			select {
			case <-time.After(oneMoreEvery):
			case <-r.Context().Done():
			}
		}
		if rule.token == nil {
			// HTTP has no challenge for a certificate, and a 401 must have one (RFC 9110, section 15.5.2).
			http.Error(w, "this address asks for "+rule.asks(), http.StatusForbidden)
			return
		}
		w.Header().Set("WWW-Authenticate", challenge(token))
		http.Error(w, "this address asks for "+rule.asks(), http.StatusUnauthorized)
	})
}

// challenge is that of RFC 6750, section 3; it says the same of every wrong credential.
func challenge(token string) string {
	c := `Bearer realm="twohop admin"`
	if token != "" {
		c += `, error="invalid_token"`
	}
	return c
}

// bearer returns the token of the Authorization header (RFC 6750, section 2.1).
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// ErrorLog returns a log for the Server of the admin address: handshakes that failed
// are counted as refusals.
func (g *Guard) ErrorLog() *log.Logger {
	return log.New(serverErrors(func(line string) {
		rest, handshake := strings.CutPrefix(line, "http: TLS handshake error from ")
		peer, reason, _ := strings.Cut(rest, ": ")
		switch {
		case !handshake:
			g.log.Warn("admin address", "message", line)
		case reason != "EOF": // that is a look at whether the port is open
			g.failures.add(peer, "TLS handshake: "+reason)
		}
	}), "", 0)
}

// serverErrors takes the lines of a server's error log.
type serverErrors func(line string)

func (f serverErrors) Write(line []byte) (int, error) {
	f(strings.TrimSuffix(string(line), "\n"))
	return len(line), nil
}
