package audit

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// independent computes an HMAC without this package's code.
func independent(t *testing.T, key []byte, kind, value string) string {
	t.Helper()
	derived, err := hkdf.Expand(sha256.New, key, "twohop audit "+kind, 32)
	if err != nil {
		t.Fatal(err)
	}
	h := hmac.New(sha256.New, derived)
	h.Write([]byte(value))
	return hex.EncodeToString(h.Sum(nil))
}

func TestHMACsAreWhatTheyAreSaidToBe(t *testing.T) {
	key := []byte("0123456789abcdef0123456789abcdef")
	s := newSecret(key)
	seen := map[string]string{}
	for _, value := range []string{"", "A1001", strings.Repeat("x", 1<<20)} {
		for _, kind := range Kinds {
			want := independent(t, key, string(kind), value)
			if kind != Body {
				want = want[:32]
			}
			got := s.Of(kind, value)
			if got != want {
				t.Errorf("%s of %d bytes: %s, want %s", kind, len(value), got, want)
			}
			if other := seen[got[:32]]; other != "" {
				t.Errorf("%s and %s have the same HMAC", kind, other)
			}
			seen[got[:32]] = string(kind)
		}
	}
	if other := newSecret([]byte("another key of thirty-two bytes.")); other.Of(Variable, "A1001") == s.Of(Variable, "A1001") {
		t.Error("another key makes the same HMAC")
	}
}

func TestADigestMayBeWrittenInPartsAndUsedAgain(t *testing.T) {
	want := testSecret.Of(Body, "abcdef")
	for range 3 {
		d := testSecret.Digest(Body)
		d.Write([]byte("abc"))
		d.Sum() // of a part changes nothing
		d.Write([]byte("def"))
		if got := d.Sum().String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		d.Release()
	}
	if (Sum{}).String() != "" {
		t.Error("no HMAC has a text")
	}
}

func TestVariables(t *testing.T) {
	got := testSecret.Variables([]string{"item", "n"}, []string{"A1001", `"}`})
	want := Variables(`"item":"` + testSecret.Of(Variable, "A1001") + `","n":"` + testSecret.Of(Variable, `"}`) + `"`)
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if testSecret.Variables(nil, nil) != "" || testSecret.Variables([]string{"a"}, nil) != "" {
		t.Error("a name without a value")
	}
}

func TestTheKeyIsMadeOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "audit")
	var all sync.Map
	var work sync.WaitGroup
	for range 8 {
		work.Go(func() {
			s, err := OpenSecret(dir)
			if err != nil {
				t.Error(err)
				return
			}
			all.Store(s.Of(Variable, "x"), true)
		})
	}
	work.Wait()
	n := 0
	all.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d keys were in use", n)
	}
	name := filepath.Join(dir, SecretFile)
	info, err := os.Stat(name)
	if err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 1 {
		t.Errorf("left behind: %v, %v", names, err)
	}
}

func TestAKeyThatIsNone(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, SecretFile)
	for _, text := range []string{"", "hunter2", strings.Repeat("ab", 16), strings.Repeat("zz", 32)} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := OpenSecret(dir)
		if err == nil || !strings.Contains(err.Error(), "64 hex digits") || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestDigestsCostNoMemory(t *testing.T) {
	body := make([]byte, 32<<10)
	var sum Sum
	d := testSecret.Digest(Body)
	defer d.Release()
	n := testing.AllocsPerRun(100, func() { // not the pool, from which the race detector takes at random
		d.h.Reset()
		d.Write(body)
		sum = d.Sum()
	})
	if n > 0 || sum.size != 32 {
		t.Errorf("%v allocations", n)
	}
}

func TestALineCostsNoMemory(t *testing.T) {
	r := sample()
	buf := make([]byte, 0, 8<<10)
	if n := testing.AllocsPerRun(100, func() { buf = r.line(buf[:0]) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
