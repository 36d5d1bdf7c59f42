package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"twohop/audit"
)

// mostValue bounds a value on standard input; a segment of a path is never as long.
const mostValue = 1 << 20

func auditHMACCommand() *command {
	return &command{
		name: "hmac", usage: "[DIR|FILE] --kind variable|value|body [--key FILE]", args: 1,
		about: "print the HMAC of a known value, to look for it in records",
		long: `Reads a value from standard input, so that it is in no process list and no history, and
prints the HMAC by which the records know it. The key is the file hmac-key in the directory
of the audit log: DIR, or audit.dir of FILE, a routes.yaml.

  variable  the value of a path's {variable}, percent-decoded
  value     a header field's value that is recorded as hmac:...
  body      a whole body, byte for byte, as the caller sent or got it

One newline at the end is not part of a variable or a value; it is part of a body.

Example: printf A1001 | twohop audit hmac --kind variable`,
		flags: func(f *flag.FlagSet) {
			f.String("kind", "", "what the value is: `variable`, value or body")
			f.String("key", "", "the `FILE` with the key, in place of DIR")
		},
		run: func(_ context.Context, e *env, in *invocation) error {
			kind := audit.Kind(in.text("kind"))
			if !slices.Contains(audit.Kinds, kind) {
				return hinted{usageError{errors.New("--kind is variable, value or body")}, "printf A1001 | twohop audit hmac --kind variable"}
			}
			name := in.text("key")
			if name == "" {
				dir, _, err := auditDir(e, in, 0)
				if err != nil {
					return err
				}
				name = filepath.Join(dir, audit.SecretFile)
			}
			secret, err := audit.ReadSecret(name)
			if err != nil {
				return hinted{err, "the broker makes the key at its first start; only its user can read it"}
			}
			sum, err := hmacOf(e.stdin, secret, kind)
			if err != nil {
				return err
			}
			fmt.Fprintln(e.stdout, sum)
			return nil
		},
	}
}

func hmacOf(in io.Reader, secret *audit.Secret, kind audit.Kind) (string, error) {
	if kind == audit.Body {
		d := secret.Digest(kind)
		defer d.Release()
		n, err := io.Copy(d, in)
		if err == nil && n == 0 {
			err = errors.New("an empty body has no HMAC in a record")
		}
		return d.Sum().String(), err
	}
	text, err := io.ReadAll(io.LimitReader(in, mostValue))
	if err != nil {
		return "", err
	}
	value := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if value == "" {
		return "", hinted{errors.New("there is no value on standard input"), "printf A1001 | twohop audit hmac --kind variable"}
	}
	return secret.Of(kind, value), nil
}
