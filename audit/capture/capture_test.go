package capture

import (
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"twohop/audit"
	"twohop/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWhatIsWrongWithAConfigIsToldAtOnce(t *testing.T) {
	_, err := New(Config{
		Headers: []string{"Content-Type", "authorization", "X Y", "X-Api-Key", "Set-Cookie", "Proxy-Anything", "X-Signature", "Idempotency-Key", "X-My-Token"},
		Types:   []string{"application/json", "text/plain", "application/vnd.x+xml", "nonsense", "text/xml; charset=utf-8"},
		Redact:  []string{"$.a", "Pin", "$", "$.", "$x", "$['a", "$.a[0]", "w:Pin", "$." + strings.Repeat("a.", 70) + "a"},
	})
	var got []string
	for _, f := range fault.Fields(err) {
		got = append(got, f.Path)
		if f.What == "" || f.Fix == "" {
			t.Errorf("%+v", f)
		}
	}
	want := "headers[1] headers[2] headers[3] headers[4] headers[5] headers[6] headers[7] headers[8] bodies.types[1] bodies.types[3] bodies.types[4] " +
		"bodies.redact[2] bodies.redact[3] bodies.redact[4] bodies.redact[5] bodies.redact[6] bodies.redact[7] bodies.redact[8]"
	if strings.Join(got, " ") != want {
		t.Errorf("got %v", got)
	}
}

func newSecret(t *testing.T) *audit.Secret {
	t.Helper()
	s, err := audit.OpenSecret(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFields(t *testing.T) {
	secret := newSecret(t)
	names := []string{"Content-Type", "X-Request-Id", "X-Custom", "Location", "Accept"}
	p, err := New(Config{Headers: names})
	if err != nil {
		t.Fatal(err)
	}
	show := func(value string) string {
		return string(p.Fields(http.Header{"X-Custom": {value}}, secret, "the-callers-key"))
	}
	for name, c := range map[string]struct{ value, want string }{
		"plain":              {"abc", "abc"},
		"a date":             {"Tue, 24 Nov 2026 10:00:00 GMT", "Tue, 24 Nov 2026 10:00:00 GMT"},
		"a URL with a query": {"https://a.example/b?sig=1#f", "https://a.example/b"},
		"a path with one":    {"/b?code=1", "/b"},
		"a relative one":     {"b?code=1", "b"},
		"within a value":     {"0; url=next?code=1", "0; url=next"},
		"in brackets":        {`<b?code=1>; rel="next", <c?code=2>`, "<b"},
		"a fragment":         {"b#access=1", "b"},
		"a question":         {"what?", "what"},
		"basically":          {"basically nothing", "basically nothing"},
		"long":               {strings.Repeat("x", 1000), strings.Repeat("x", 256)},
	} {
		if got, want := show(c.value), `{"name":"X-Custom","value":"`+c.want+`"}`; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	for _, value := range []string{"Bearer abc", "basic dXNlcjpwdw==", "x, Negotiate YII=", "eyJhbGciOiJIUzI1NiJ9.e30.abc", "-----BEGIN PRIVATE KEY-----", "https://user:pw@a.example/",
		"SharedAccessSignature sr=x", "password=x", "a;sig=abc", "xthe-callers-keyx", "Token abc"} {
		if got, want := show(value), `{"name":"X-Custom","value":"hmac:`+secret.Of(audit.Value, value)+`"}`; got != want {
			t.Errorf("%s: got %s, want %s", value, got, want)
		}
	}
	got := p.Fields(http.Header{"X-Other": {"no"}, "Accept": {"a", "b"}, "Content-Type": {"text/xml"}, "X-Request-Id": {" "}}, secret)
	if want := audit.Fields(`{"name":"Content-Type","value":"text/xml"},{"name":"Accept","value":"a, b"}`); got != want {
		t.Errorf("got %s", got)
	}
}

func TestWhichBodiesAreKept(t *testing.T) {
	p := plan(t, 100, "$.pin")
	for name, c := range map[string]struct {
		header http.Header
		want   string
	}{
		"named":            {http.Header{"Content-Type": {"application/json"}}, ""},
		"with a charset":   {http.Header{"Content-Type": {"Text/XML; charset=UTF-8"}}, ""},
		"another charset":  {http.Header{"Content-Type": {"text/xml; charset=utf-16"}}, otherCharset},
		"another type":     {http.Header{"Content-Type": {"text/plain"}}, otherType},
		"a part":           {http.Header{"Content-Type": {`multipart/related; type="text/xml"`}}, otherType},
		"none":             {http.Header{}, otherType},
		"two":              {http.Header{"Content-Type": {"application/json", "text/plain"}}, otherType},
		"unreadable":       {http.Header{"Content-Type": {"application/json;;"}}, otherType},
		"packed":           {http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}}, encoded},
		"packed in no way": {http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"Identity"}}, ""},
	} {
		b := p.Body(c.header)
		b.Write([]byte(`{"pin":`))
		b.Write([]byte(`"S"}`))
		if b.form == xmlForm && c.want == "" {
			b.text = []byte("<a/>")
		}
		text, kept := b.redacted(true)
		if kept.LeftOut != c.want || c.want != "" && len(text) > 0 {
			t.Errorf("%s: %s, %+v", name, text, kept)
		}
	}
	if (*Plan)(nil).Body(nil) != nil {
		t.Error("without a plan a body is kept")
	}
}

func TestABodyHoldsNoMoreThanItsPlanAllows(t *testing.T) {
	b := plan(t, 100).Body(http.Header{"Content-Type": {"application/json"}})
	b.Write([]byte(`{"a":"` + strings.Repeat("x", 50)))
	for range 1000 {
		b.Write(make([]byte, 1<<10))
	}
	if len(b.text) != 100 || cap(b.text) > 256 || !b.cut {
		t.Errorf("it holds %d bytes, room for %d", len(b.text), cap(b.text))
	}
}
