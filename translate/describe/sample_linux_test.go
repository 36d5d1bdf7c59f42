//go:build linux

package describe

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twohop/tests/peers"
)

// service answers the calls of samples, and passes on what it got.
func service(t *testing.T) (s *httptest.Server, got chan any) {
	got = make(chan any, 2)
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			var value any
			err = json.Unmarshal(body, &value)
			got <- value
		}
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("X-Api-Key") != "k" || r.Header.Get("X-Company") == "" {
			t.Errorf("%v: %s %v %s", err, r.Method, r.Header, body)
		}
		if strings.HasSuffix(r.URL.Path, "/refused") {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(400)
			io.WriteString(w, `{"title":"no such item","status":400,"code":"Client","correlationId":"c0ffee","OrderFault":{"reason":"gone","item":"AA1111"}}`)
			return
		}
		io.WriteString(w, `{"number":9007199254740993,"total":12345678901234567890.12,"message":["é","b"]}`)
	}))
	t.Cleanup(s.Close)
	return s, got
}

func sampled(t *testing.T) (in Input, want any) {
	in = stock(t)
	in.Headers = []Header{{Name: "Company", HTTP: "X-Company"}}
	op, err := in.operation("PutOrder")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(appendJSON(nil, newProgram(&in, op, csharpLanguage).example, -1), &want); err != nil {
		t.Fatal(err)
	}
	return in, want
}

func TestTheCSharpSampleRuns(t *testing.T) {
	mcs, mono := peers.Need(t, "mcs"), peers.Need(t, "mono")
	in, want := sampled(t)
	s, got := service(t)
	text, err := Sample(in, "PutOrder", "csharp")
	if err != nil {
		t.Fatal(err)
	}
	exe := compiled(t, mcs, text)
	run := exec.Command(mono, exe, s.URL+"/PutOrder")
	run.Env = append(os.Environ(), "API_KEY=k")
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if diff := cmp.Diff(want, <-got); diff != "" {
		t.Error(diff)
	}
	for _, line := range []string{"number = 9007199254740993\n", "total = 12345678901234567890.12\n", "message: 2 values\n"} {
		if !strings.Contains(string(out), line) {
			t.Errorf("%q is missing in %s", line, out)
		}
	}
	run = exec.Command(mono, exe, s.URL+"/refused")
	run.Env = append(os.Environ(), "API_KEY=k")
	out, err = run.CombinedOutput()
	if run.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), "no such item") || !strings.Contains(string(out), "c0ffee") || !strings.Contains(string(out), "gone") {
		t.Errorf("a problem: %v %s", err, out)
	}
}

func compiled(t *testing.T, mcs, text string) string {
	t.Helper()
	dir := t.TempDir()
	source, exe := filepath.Join(dir, "Program.cs"), filepath.Join(dir, "Program.exe")
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(mcs, "-langversion:6", "-r:System.Runtime.Serialization.dll", "-out:"+exe, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return exe
}

// TestSamplesOfAllCompile compiles the first and the last operation of every contract: a
// compiler takes a second.
func TestSamplesOfAllCompile(t *testing.T) {
	mcs := peers.Need(t, "mcs")
	contracts(t, func(t *testing.T, in Input) {
		all := in.offered()
		if len(all) == 0 {
			t.Skip("nothing to offer")
		}
		for _, op := range all {
			for _, lang := range Languages {
				if text, err := Sample(in, op.Name, lang); err != nil || !strings.Contains(text, op.Name) {
					t.Errorf("%s %s: %v", op.Name, lang, err)
				}
			}
		}
		for _, op := range []string{all[0].Name, all[len(all)-1].Name} {
			text, _ := Sample(in, op, "csharp")
			compiled(t, mcs, text)
		}
	})
}

func TestTheCurlSampleRuns(t *testing.T) {
	peers.Need(t, "curl")
	in, want := sampled(t)
	s, got := service(t)
	in.URL = s.URL
	text, err := Sample(in, "PutOrder", "curl")
	if err != nil {
		t.Fatal(err)
	}
	run := exec.Command("sh", "-c", text)
	run.Env = append(os.Environ(), "API_KEY=k")
	out, err := run.Output()
	if err != nil || !strings.Contains(string(out), `"number":9007199254740993`) {
		t.Fatalf("%v: %s", err, out)
	}
	if diff := cmp.Diff(want, <-got); diff != "" {
		t.Error(diff)
	}
}

func TestSampleMistakes(t *testing.T) {
	in := stock(t)
	for _, c := range []struct{ op, lang, want string }{
		{"Nothing", "xpp", `route stock: no operation "Nothing"; it has PutOrder, Ping, Grow`},
		{"Ping", "cobol", `no language "cobol"; there are xpp, curl, csharp`},
	} {
		if _, err := Sample(in, c.op, c.lang); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}
