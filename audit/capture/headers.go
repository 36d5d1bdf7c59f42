package capture

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"twohop/audit"
)

// secretWords are parts of names of fields that carry credentials.
var secretWords = []string{"auth", "cookie", "token", "secret", "key", "passw", "pwd", "signature", "credential", "session", "jwt", "assertion", "ticket", "otp"}

// secretNames carry credentials and have none of secretWords.
var secretNames = []string{"X-Amz-Content-Sha256", "X-Csrf", "X-Xsrf"}

// wrongHeader says why a field may not be named, "" when it may.
func wrongHeader(name string) (what, fix string) {
	if !httpguts.ValidHeaderFieldName(name) {
		return fmt.Sprintf("%q is not the name of a header field", name), "write its name alone, for example Content-Type"
	}
	lower := strings.ToLower(name)
	secret := strings.HasPrefix(lower, "proxy-") || slices.Contains(secretNames, canonical(name))
	for _, word := range secretWords {
		secret = secret || strings.Contains(lower, word)
	}
	if secret {
		return fmt.Sprintf("%s may carry a credential, which is never recorded", name), "remove it; who called stands in every record"
	}
	return "", ""
}

func canonical(name string) string { return http.CanonicalHeaderKey(name) }

// secretValue finds what looks like a secret in the value of any field: a scheme with
// credentials (RFC 9110, section 11), a JSON Web Token (RFC 7519), a private key, a URL
// with a user.
var secretValue = regexp.MustCompile(`(?i)\b(?:basic|bearer|digest|negotiate|ntlm|hoba|mutual|dpop|gnap|privatetoken|aws4-hmac-sha256|sharedaccesssignature|sharedkey|apikey|token)[ :=]+\S` +
	`|\beyJ[\w-]{4,}\.[\w-]*\.` + `|-----BEGIN|://[^/?#\s]*@|(?:password|passwd|pwd|secret|sig|signature|api[_-]?key|access[_-]?token)\s*[=:]`)

// Fields returns the fields of h that the plan names, in the plan's order. A query is cut
// off; what looks like a secret then, or holds one of known, stands as its keyed HMAC.
func (p *Plan) Fields(h http.Header, secret *audit.Secret, known ...string) (list audit.Fields) {
	for _, name := range p.headers {
		values := h[name]
		if len(values) == 0 {
			continue
		}
		value := withoutQuery(strings.TrimSpace(strings.Join(values, ", ")))
		switch {
		case value == "":
			continue // OCSF wants a value
		case secretValue.MatchString(value) || slices.ContainsFunc(known, func(k string) bool { return k != "" && strings.Contains(value, k) }):
			value = "hmac:" + secret.Of(audit.Value, value)
		}
		list = list.With(name, value)
	}
	return list
}

// withoutQuery cuts a value at its first ? or #: wherever a field may carry a URL, of
// whatever form, its query and fragment stand behind one, and few others have them.
func withoutQuery(value string) string {
	if i := strings.IndexAny(value, "?#"); i >= 0 {
		return strings.TrimRight(value[:i], " \t")
	}
	return value
}
