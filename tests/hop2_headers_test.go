//go:build linux

package tests

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"twohop/internal/legacy"
	"twohop/tests/peers"
)

// TestHeadersOfRoutesAndTargets reads off a Java server what really arrived.
func TestHeadersOfRoutesAndTargets(t *testing.T) {
	t.Parallel()
	s := peers.Java(t, peers.JavaOptions{})
	b := New(t, exception("tls1.0, rc4, 3des, rsa_key_exchange", s.Addr)+fill(`
targets:
  java:
    url: "https://ADDR/"
    exception: OLD
    tls: {version: 1.0, pins: ["PIN"]}
    headers:
      set: {Authorization: "Basic ${file:basic.txt}", X-Tenant: "${env:TENANT}", X-Both: target}
      remove: [X-Internal]
routes:
  - name: java
    path: /java/*
    callers: [erp]
    target: java
    headers: {set: {X-Both: route}, remove: [X-Debug]}
    response_headers: {set: {X-Served-By: twohop, Content-Type: text/json}}
`, "ADDR", s.Addr, "PIN", s.SPKIPin))
	b.WriteFile("basic.txt", "dXNlcjpwYXNzd29yZA==\n")
	b.env = []string{"TENANT=tenant-4711-secret"}
	b.Secret("dXNlcjpwYXNzd29yZA==", "tenant-4711-secret")
	b.Start()

	a := b.Call("GET", "/java/", "", "X-Internal: 1", "X-Debug: 1", "X-Both: caller", "Authorization: Bearer callers-own", "X-Kept: 1")
	b.Secret("callers-own")
	headers := javaSaw(t, a).Headers
	for _, want := range []string{"Authorization: Basic dXNlcjpwYXNzd29yZA==", "X-Tenant: tenant-4711-secret", "X-Both: route", "X-Kept: 1"} {
		if !slices.Contains(headers, want) {
			t.Errorf("no %q in %q", want, headers)
		}
	}
	for _, line := range headers {
		if strings.HasPrefix(line, "X-Internal") || strings.HasPrefix(line, "X-Debug") || strings.Contains(line, "callers-own") {
			t.Errorf("the target got %q", line)
		}
	}
	if a.Header.Get("X-Served-By") != "twohop" || a.Header.Get("Content-Type") != "text/json" {
		t.Errorf("the caller got %v", a.Header)
	}
}

// TestTheTargetsPlacesAndCookies must not lead the caller past the broker.
func TestTheTargetsPlacesAndCookies(t *testing.T) {
	t.Parallel()
	s, err := legacy.ResetsModern("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	b := Start(t, exception("tls1.0, rsa_key_exchange", s.Addr())+fill(`
routes:
  - {name: wms, path: /wms/v2/*, callers: [erp], target: {url: "https://ADDR/", exception: OLD, tls: {version: 1.0, pins: ["PIN"]}}}
`, "ADDR", s.Addr(), "PIN", s.SPKIPin()))

	t.Run("an absolute Location of a new order", func(t *testing.T) {
		a := b.Call("POST", "/wms/v2/orders", `{"item":"A1001"}`, "Content-Type: application/json")
		place := a.Header.Get("Location")
		if a.StatusCode != http.StatusCreated || !strings.HasPrefix(place, b.URL+"/wms/v2/orders/SO-") {
			t.Fatalf("got %s, Location %q", a.Status, place)
		}
		if body := b.Get(strings.TrimPrefix(place, b.URL)); !strings.Contains(body, "accepted") {
			t.Errorf("got %s", body)
		}
	})
	t.Run("a session cookie", func(t *testing.T) {
		cookies := b.Call("GET", "/wms/v2/login", "").Cookies()
		if len(cookies) != 1 {
			t.Fatalf("got %v", cookies)
		}
		if c := cookies[0]; c.Name != "WMSSESSION" || c.Value == "" || c.Domain != "" || !c.Secure || !c.HttpOnly {
			t.Errorf("got %v", c)
		}
		if value := cookies[0].Value; strings.Contains(b.Log(), value) {
			t.Errorf("the log shows the session %s", value)
		}
		b.Secret(cookies[0].Value)
	})
}

// TestNoContentTypeIsGuessed: what the target does not say, the broker does not either.
func TestNoContentTypeIsGuessed(t *testing.T) {
	t.Parallel()
	s, err := legacy.PlainJSON("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	b := Start(t, fill(`
routes:
  - {name: as-is, path: /as-is/*, callers: [erp], target: {url: "http://ADDR/"}}
  - {name: removed, path: /removed/*, callers: [erp], target: {url: "http://ADDR/"}, response_headers: {remove: [Content-Type]}}
`, "ADDR", s.Addr()))
	for name, a := range map[string]Answer{
		"the target sends none":      b.Call("POST", "/as-is/echo", "<html>hello"),
		"the route takes it away":    b.Call("GET", "/removed/stock/A1001", ""),
		"the target's own is passed": b.Call("POST", "/as-is/echo", "<html>hello", "Content-Type: application/x-wms"),
	} {
		want := ""
		if strings.HasSuffix(name, "passed") {
			want = "application/x-wms"
		}
		if got := a.Header.Get("Content-Type"); a.StatusCode != http.StatusOK || got != want {
			t.Errorf("%s: %s with Content-Type %q, want %q", name, a.Status, got, want)
		}
	}
}
