package target

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twohop/internal/fault"
)

func TestEveryMistakeIsFoundAtOnce(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		edit func(*Config)
		want []string // paths
	}{
		"none":                   {func(*Config) {}, nil},
		"a host without a port":  {func(c *Config) { c.Host = "wms" }, []string{"url"}},
		"several":                {func(c *Config) { c.Host, c.SourceAddress, c.Via = "wms", "eth0", "proxy:3128" }, []string{"url", "via", "source_address"}},
		"a proxy over TLS":       {func(c *Config) { c.Via = "https://proxy:3128" }, []string{"via"}},
		"a proxy without a port": {func(c *Config) { c.Via = "http://user:pa55@proxy" }, []string{"via"}},
		"a pin of another hash":  {func(c *Config) { c.Pins = []string{"sha256/" + strings.Repeat("A", 43) + "=", "sha256/AAAA"} }, []string{"tls.pins[1]"}},
		"a file that is missing": {func(c *Config) { c.CA = empty + ".not" }, []string{"tls.ca"}},
		"a file without any":     {func(c *Config) { c.CA = empty }, []string{"tls.ca"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := secure("wms.test:443")
			c.edit(&cfg)
			_, err := New(cfg, time.Now)
			var got []string
			for _, f := range fault.Fields(err) {
				got = append(got, f.Path)
				if f.What == "" || f.Fix == "" || strings.Contains(f.Error(), "pa55") {
					t.Errorf("got %v", f)
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestCurve(t *testing.T) {
	if Curve("P-256") != tls.CurveP256 || Curve("secp256r1") != 0 {
		t.Error("a name stands for another group")
	}
}
