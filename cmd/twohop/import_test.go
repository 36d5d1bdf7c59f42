package main

import (
	"bytes"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const wsdlOpen = `<definitions name="S" targetNamespace="urn:s" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:xs="http://www.w3.org/2001/XMLSchema">`

// contractServer serves documents by request target, over TLS, and returns what --ca takes.
func contractServer(t *testing.T, docs map[string]string) (*httptest.Server, string) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := docs[r.URL.RequestURI()]
		to, redirect := strings.CutPrefix(text, "-> ")
		switch {
		case redirect:
			http.Redirect(w, r, to, http.StatusFound)
		case !ok:
			http.NotFound(w, r)
		case strings.HasPrefix(text, "latin:"):
			w.Header().Set("Content-Type", "text/xml; charset=iso-8859-1")
			w.Write([]byte(strings.TrimPrefix(text, "latin:")))
		default:
			w.Header().Set("Content-Type", "text/xml")
			w.Write([]byte(strings.ReplaceAll(text, "@HOST@", r.Host)))
		}
	}))
	s.StartTLS()
	t.Cleanup(s.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return s, ca
}

func runTwohop(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &env{strings.NewReader(""), &out, &errs, time.Now})
	return code, out.String(), errs.String()
}

func TestImportFollowsWhatAServiceNames(t *testing.T) {
	s, ca := contractServer(t, map[string]string{
		"/old?wsdl": "-> /ws/s.svc?wsdl",
		"/ws/s.svc?wsdl": wsdlOpen + `<import namespace="urn:b" location="https://@HOST@/ws/s.svc?wsdl=wsdl0"/>` +
			`<types><xs:schema><xs:import namespace="urn:t" schemaLocation="s.svc?xsd=xsd0"/></xs:schema></types></definitions>`,
		"/ws/s.svc?wsdl=wsdl0": `<definitions targetNamespace="urn:b" xmlns="http://schemas.xmlsoap.org/wsdl/"/>`,
		"/ws/s.svc?xsd=xsd0":   "latin:<s:schema targetNamespace='urn:t' xmlns:s='http://www.w3.org/2001/XMLSchema'><s:element name='caf\xe9' type='s:int'/></s:schema>",
	})
	dir := filepath.Join(t.TempDir(), "out")
	code, stdout, stderr := runTwohop(t, "import", s.URL+"/old?wsdl", "--to", dir, "--ca", ca)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	for name, want := range map[string]string{
		"old.wsdl":          `location="s-wsdl-wsdl0.wsdl"`,
		"s-wsdl-wsdl0.wsdl": `targetNamespace="urn:b"`,
		"s-xsd-xsd0.xsd":    "name='café'",
	} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s: %v\n%s\nwant in it: %s", name, err, data, want)
		}
		if !strings.Contains(stdout, "saved "+filepath.Join(dir, name)) {
			t.Errorf("%s is not listed in\n%s", name, stdout)
		}
	}
}

func TestImportRefuses(t *testing.T) {
	docs := map[string]string{
		"/loop":   "-> /loop",
		"/down":   "-> http://127.0.0.1:1/",
		"/file":   wsdlOpen + `<import namespace="urn:b" location="file:///etc/hostname"/></definitions>`,
		"/creds":  wsdlOpen + `<import namespace="urn:b" location="https://a:b@h/"/></definitions>`,
		"/gone":   wsdlOpen + `<import namespace="urn:b" location="none"/></definitions>`,
		"/html":   "<!DOCTYPE html><html><body>Log in</body></html>",
		"/broken": wsdlOpen,
	}
	s, ca := contractServer(t, docs)
	for path, want := range map[string]string{
		"/loop": "more than 5 redirects", "/down": "without TLS", "/file": "no place that a contract may be fetched from",
		"/creds": "no place that a contract may be fetched from", "/gone": "answers 404", "/html": "DOCTYPE", "/broken": "breaks off",
	} {
		dir := filepath.Join(t.TempDir(), "out")
		code, _, stderr := runTwohop(t, "import", s.URL+path, "--to", dir, "--ca", ca)
		if code != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, want 1 and %q:\n%s", path, code, want, stderr)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s: something was saved", path)
		}
		if strings.Contains(stderr, "a:b@") {
			t.Errorf("%s: the error shows a password", path)
		}
	}
	if code, _, stderr := runTwohop(t, "import", s.URL+"/gone", "--to", t.TempDir()+"/out"); code != 1 || !strings.Contains(stderr, "certificate") {
		t.Errorf("an unknown authority: exit code %d\n%s", code, stderr)
	}
}

func TestImportHasBounds(t *testing.T) {
	if _, err := (&source{}).read(strings.NewReader(strings.Repeat(" ", importFile+1))); err == nil {
		t.Error("a file that is too long is read")
	}
	if _, err := (&source{total: importAll}).read(strings.NewReader(" ")); err == nil {
		t.Error("files that are too long together are read")
	}
	c := &collector{source: &source{}, known: map[string]*imported{}, taken: map[string]bool{}, docs: make([]*imported, importFiles)}
	doc := []byte(wsdlOpen + `<import namespace="urn:b" location="more.wsdl"/></definitions>`)
	if _, err := c.rewrite(doc, place{url: &url.URL{Scheme: "https", Host: "h", Path: "/"}}); err == nil {
		t.Error("any number of files is read")
	}
}

func TestTheTargetIsNoMoreThanAURL(t *testing.T) {
	for address, want := range map[string]string{
		"https://wms01:8443/ws?a=b": `{url: "https://wms01:8443/ws?a=b"}`, `http://wms01/"}`: `{url: "http://wms01/%22%7D"}`,
		"": "YOUR-TARGET", "jms:queue": "YOUR-TARGET", "/ws": "YOUR-TARGET", "http://a:b@wms01/": "YOUR-TARGET", "http://wms01/?${file:/etc/hostname}": "YOUR-TARGET",
	} {
		if got := targetAt(address); got != want {
			t.Errorf("%q: %s, want %s", address, got, want)
		}
	}
}
