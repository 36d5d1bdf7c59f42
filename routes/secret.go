package routes

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// Secret is a text that is never shown: it prints as "[secret]" everywhere, in logs
// and JSON too. In the file, ${env:NAME} and ${file:PATH} stand for its parts.
type Secret struct {
	value    *string // behind a pointer, which fmt does not follow for any verb
	referred bool    // some part came from ${env:} or ${file:}
	masking  bool    // value is a digest of the text (Table.Seal)
}

// Reveal returns the text itself, for the one place that sends it.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Referred reports whether a part came from the environment or a file.
func (s Secret) Referred() bool { return s.referred }

const secretMask = "[secret]"

func (s Secret) String() string { return secretMask }

// Format covers the verbs that would print the fields, %d for one.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, secretMask) }

// MarshalText is what JSON, YAML, XML and slog ask for.
func (s Secret) MarshalText() ([]byte, error) { return []byte(secretMask), nil }

var (
	reference    = regexp.MustCompile(`\$\{[^}]*\}?`)
	errReference = &mistake{"holds ${...} that is not a reference", "write ${env:NAME} or ${file:PATH}", false}
)

// secret reads a Secret key. What a reference stands for is never reported.
func (d *decoder) secret(n *yaml.Node, s *Secret, path string) {
	if text, ok := d.text(n, path, "text"); ok {
		var errs []error
		*s, errs = expand(text, d.lookup)
		for _, err := range errs {
			d.addMistake(n, path, asMistake(err))
		}
	}
}

// expand replaces the references in text by what lookup returns for their kind
// (env, file) and name. It returns every reference that failed.
func expand(text string, lookup func(kind, name string) (string, error)) (Secret, []error) {
	var errs []error
	referred := false
	value := reference.ReplaceAllStringFunc(text, func(ref string) string {
		referred = true
		kind, name, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(ref, "${"), "}"), ":")
		if !ok || !strings.HasSuffix(ref, "}") || name == "" || (kind != "env" && kind != "file") {
			errs = append(errs, errReference)
			return ""
		}
		v, err := lookup(kind, name)
		if err != nil {
			errs = append(errs, err)
		}
		return v
	})
	return Secret{value: &value, referred: referred}, errs
}

func (d *decoder) lookup(kind, name string) (string, error) {
	if kind == "env" {
		v := os.Getenv(name)
		if v == "" {
			return "", &mistake{"environment variable " + name + " is not set", "set it where the broker starts", true}
		}
		return v, nil
	}
	data, err := readFile(d.resolve(name), maxSecret)
	if err != nil {
		return "", &mistake{"secret file cannot be read: " + err.Error(), "relative names start at the directory of " + d.file, true}
	}
	text := strings.TrimRight(string(data), "\r\n")
	if text == "" {
		return "", &mistake{"secret file " + d.resolve(name) + " is empty", "write the secret into it", true}
	}
	return text, nil
}
