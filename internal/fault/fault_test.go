package fault

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAFaultSaysWhatItCarries(t *testing.T) {
	f := New(TargetVersion, "the target speaks only %s", "TLS 1.0")
	with := f.Because(io.ErrUnexpectedEOF).After(3*time.Second).With("Allow", "GET")
	if f.Err != nil || f.RetryAfter != 0 || f.Header != nil {
		t.Errorf("the first fault was changed: %+v", f)
	}
	if with.Error() != "target_tls_version: the target speaks only TLS 1.0: unexpected EOF" || f.Error() != "target_tls_version: the target speaks only TLS 1.0" {
		t.Errorf("got %q, %q", with.Error(), f.Error())
	}
	if !errors.Is(with, io.ErrUnexpectedEOF) || with.RetryAfter != 3*time.Second || with.Header["Allow"] != "GET" {
		t.Errorf("got %+v", with)
	}
	var found *Fault
	if !errors.As(fmt.Errorf("a call: %w", with), &found) || found.Entry().Status != 502 || found.Entry().Hop != Target {
		t.Errorf("got %+v", found)
	}
	if f.Advice() != Lookup(TargetVersion).Fix {
		t.Errorf("the advice is %q", f.Advice())
	}
	f.Fix = "Do this."
	if f.Advice() != "Do this." {
		t.Errorf("the advice is %q", f.Advice())
	}
}

func TestACodeThatIsNotInTheCatalogueIsTheBrokersFault(t *testing.T) {
	if e := Lookup("no_such_code"); e.Code != Internal {
		t.Errorf("got %+v", e)
	}
}

func TestHop(t *testing.T) {
	if s := fmt.Sprint(Caller, Broker, Target); s != "caller broker target" {
		t.Errorf("got %s", s)
	}
}

func TestFieldsLoseNothing(t *testing.T) {
	a, b := &Field{Path: "url", What: "is wrong", Fix: "write it right"}, &Field{What: "is empty"}
	err := fmt.Errorf("reading: %w", errors.Join(a, fmt.Errorf("more: %w", b), nil, io.EOF))
	var got []string
	for _, f := range Fields(errors.Join(err, io.ErrClosedPipe)) {
		got = append(got, f.Error())
	}
	want := []string{"url: is wrong; write it right", "is empty", "EOF", "io: read/write on closed pipe"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if Fields(nil) != nil || len(Fields(a)) != 1 {
		t.Error("nothing, or one, is not what comes back")
	}
}

func TestTheCatalogueIsWritten(t *testing.T) {
	seen := map[Code]bool{}
	for _, e := range Catalogue() {
		if seen[e.Code] {
			t.Errorf("%s stands there twice", e.Code)
		}
		seen[e.Code] = true
		for what, text := range map[string]string{"title": e.Title, "why": e.Why, "fix": e.Fix} {
			if text == "" || strings.ContainsAny(text, "\n|") || strings.TrimSpace(text) != text {
				t.Errorf("%s: the %s is %q", e.Code, what, text)
			}
		}
		if strings.HasSuffix(e.Title, ".") || !strings.HasSuffix(e.Why, ".") || !strings.HasSuffix(e.Fix, ".") {
			t.Errorf("%s: full stops: %q %q %q", e.Code, e.Title, e.Why, e.Fix)
		}
		want := map[Hop][]int{Target: {502, 504}, Caller: {400, 401, 406, 408, 413, 415, 421, 499}, Broker: {403, 404, 405, 429, 500, 503}}[e.Hop]
		if e.Code == TargetFault {
			want = []int{500} // a Fault comes with it (SOAP 1.1, section 6.2)
		}
		if !strings.Contains(fmt.Sprint(want), fmt.Sprint(e.Status)) {
			t.Errorf("%s: hop %v with status %d", e.Code, e.Hop, e.Status)
		}
	}
	list := Catalogue()
	list[0].Title = "changed"
	if Catalogue()[0].Title == "changed" {
		t.Error("the catalogue can be changed from outside")
	}
}
