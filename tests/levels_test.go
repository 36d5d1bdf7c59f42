//go:build linux

package tests

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
)

// Evidence is what the tests look at in a record beside Record.
type Evidence struct {
	Request  shown `json:"http_request"`
	Response shown `json:"http_response"`
	Metadata struct {
		Correlation string `json:"correlation_uid"`
	}
	Unmapped struct {
		Stage        string
		Variables    map[string]string
		RequestHMAC  string    `json:"request_body_hmac"`
		ResponseHMAC string    `json:"response_body_hmac"`
		RequestBody  *keptBody `json:"request_body"`
		ResponseBody *keptBody `json:"response_body"`
	}
}

type shown struct {
	Headers []struct{ Name, Value string } `json:"http_headers"`
}

func (s shown) value(name string) string {
	for _, h := range s.Headers {
		if h.Name == name {
			return h.Value
		}
	}
	return ""
}

type keptBody struct {
	File, SHA256 string
	LeftOut      string `json:"left_out"`
	Cut          bool
}

// evidence returns the record of a stage of a call.
func (b *Broker) evidence(correlation, stage string) (found Evidence) {
	b.t.Helper()
	auditLines(b.t, b.Audit, func(line []byte) {
		var e Evidence
		if err := json.Unmarshal(line, &e); err != nil {
			b.t.Fatal(err)
		}
		if e.Metadata.Correlation == correlation && e.Unmapped.Stage == stage {
			found = e
		}
	})
	if found.Unmapped.Stage == "" {
		b.t.Fatalf("no %s record of the call %s", stage, correlation)
	}
	return found
}

// known computes an HMAC with the key in the audit directory, without the broker's code:
// HKDF-Expand of one block (RFC 5869, section 2.3), then HMAC-SHA256.
func (b *Broker) known(kind, value string) string {
	b.t.Helper()
	text, err := os.ReadFile(filepath.Join(b.Audit, "hmac-key"))
	if err != nil {
		b.t.Fatal(err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		b.t.Fatal(err)
	}
	b.Secret(strings.TrimSpace(string(text)))
	mac := func(key, text []byte) []byte {
		h := hmac.New(sha256.New, key)
		h.Write(text)
		return h.Sum(nil)
	}
	return hex.EncodeToString(mac(mac(key, []byte("twohop audit "+kind+"\x01")), []byte(value)))
}

// TestNothingSecretIsRecordedAtAnyLevel sends values in every place of a call; the broker's
// log, metrics, records and files are searched for them when it stops.
func TestNothingSecretIsRecordedAtAnyLevel(t *testing.T) {
	t.Parallel()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	levels := []string{"metadata", "headers", "bodies"}
	config := "audit: {dir: audit, reviewers: [" + id.Recipient().String() + "]}\nroutes:\n"
	for _, level := range levels {
		config += fill(`  - name: LEVEL
    path: "/LEVEL/{item}"
    rewrite: /echo
    callers: [erp]
    audit: {level: LEVEL, headers: [Content-Type, X-Request-Id, X-Custom], bodies: {redact: [$.card.number, Pin]}}
    target: {url: "http://ADDR/"}
`, "LEVEL", level, "ADDR", plainTarget(t).Addr())
	}
	b := Start(t, config)
	b.Secret("item-4711", "query-4711", "bearer-4711", "cookie-4711", "custom-4711", "number-4711", "pin-4711", "wsse-4711", "shown-4711", id.String())
	bodies := map[string]string{
		"application/json":     `{"card":{"number":"number-4711"},"note":"shown-4711"}`,
		"application/soap+xml": `<s:Envelope xmlns:s="urn:s"><w:Password xmlns:w="urn:w">wsse-4711</w:Password><Pin a="pin-4711">pin-4711</Pin><note>shown-4711</note></s:Envelope>`,
		"text/plain":           "shown-4711",
	}
	for _, level := range levels {
		for kind, body := range bodies {
			a := b.Call("POST", "/"+level+"/item-4711?q=query-4711", body, "Content-Type: "+kind, "X-Request-Id: id-1", "X-Custom: Bearer custom-4711",
				"Authorization: Bearer bearer-4711", "Cookie: c=cookie-4711")
			if a.StatusCode != http.StatusOK || a.Body != body {
				t.Fatalf("%s %s", a.Status, a.Body)
			}
			e := b.evidence(a.Correlation(), "end")
			if e.Unmapped.Variables["item"] != b.known("variable", "item-4711")[:32] {
				t.Errorf("the variable is recorded as %v", e.Unmapped.Variables)
			}
			if want := b.known("body", body); e.Unmapped.RequestHMAC != want || e.Unmapped.ResponseHMAC != want {
				t.Errorf("the digests are %s and %s, want %s", e.Unmapped.RequestHMAC, e.Unmapped.ResponseHMAC, want)
			}
			custom := ""
			if level != "metadata" {
				custom = "hmac:" + b.known("value", "Bearer custom-4711")[:32]
			}
			if got := e.Request.value("X-Custom"); got != custom || (e.Request.value("X-Request-Id") == "id-1") != (level != "metadata") {
				t.Errorf("%s: shown: %v", level, e.Request)
			}
			b.keptAs(t, id, level, kind, e.Unmapped.RequestBody)
		}
	}
}

// keptAs looks at a kept body as a reviewer does.
func (b *Broker) keptAs(t *testing.T, id *age.X25519Identity, level, kind string, kept *keptBody) {
	t.Helper()
	if level != "bodies" || kind == "text/plain" {
		if (kept == nil) != (level != "bodies") || kept != nil && kept.LeftOut != "media_type" {
			t.Errorf("%s at the level %s is kept as %+v", kind, level, kept)
		}
		return
	}
	file := filepath.Join(b.Audit, kept.File)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != kept.SHA256 {
		t.Error("the record has another SHA-256 than the file")
	}
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(id.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	command, err := exec.LookPath("age")
	if err != nil {
		t.Skip("age is not installed")
	}
	text, err := exec.CommandContext(t.Context(), command, "--decrypt", "--identity", key, file).Output()
	if err != nil || !strings.Contains(string(text), "shown-4711") || !strings.Contains(string(text), "[redacted]") {
		t.Errorf("%s, %v", text, err)
	}
	for _, hidden := range []string{"number-4711", "pin-4711", "wsse-4711"} {
		if strings.Contains(string(text), hidden) {
			t.Errorf("kept: %s", text)
		}
	}
}

// TestAStreamIsRecordedWhileItRuns lasts longer than the ten seconds after which it is.
func TestAStreamIsRecordedWhileItRuns(t *testing.T) {
	t.Parallel()
	b := Start(t, stockRoute(plainTarget(t).Addr()))
	resp, err := b.Client().Do(b.Request("GET", "/stock/drip?n=24&ms=500", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	id := resp.Header.Get("X-Correlation-Id")
	start := time.Now()
	line := make([]byte, 1)
	for time.Since(start) < 11*time.Second {
		if _, err := resp.Body.Read(line); err != nil {
			t.Fatal(err)
		}
	}
	if e := b.evidence(id, "response_started"); e.Unmapped.ResponseHMAC != "" {
		t.Errorf("a running answer has a digest: %+v", e)
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil || len(text) == 0 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	if stages := b.Stages(id); len(stages) != 3 {
		t.Errorf("%d records", len(stages))
	}
}
