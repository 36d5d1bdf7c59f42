package legacy

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestJSON(t *testing.T) {
	s, err := PlainJSON(":0")
	started(t, s, err)
	c := modern(t)
	for name, q := range map[string]struct {
		method, path, body string
		status             int
		want               string
	}{
		"an item":                        {"GET", "/stock/A1001", "", 200, `{"item":"A1001","site":"WH-NORTH","on_hand":1250.500,"unit":"kg","as_of":"2026-01-31T06:00:00Z"}`},
		"an item with leading zeros":     {"GET", "/stock/000417", "", 200, `"item":"000417"`},
		"an item with a slash":           {"GET", "/stock/M8%2F25", "", 200, `"item":"M8/25"`},
		"an item beyond ASCII":           {"GET", "/stock/K%C3%9CHL-7", "", 200, `"on_hand":-3.25`},
		"a number beyond float64":        {"GET", "/stock/B2000", "", 200, `"on_hand":9007199254740993,`},
		"an unknown item":                {"GET", "/stock/NONE", "", 404, `{"error":"no item \"NONE\" in this warehouse"}`},
		"an order":                       {"POST", "/orders", `{"item": "A1001", "quantity": 1.500, "note": "<a&b>"}`, 201, `"status":"accepted","received":{"item":"A1001","quantity":1.500,"note":"<a&b>"}}`},
		"an order that is an array":      {"POST", "/orders", `[]`, 400, "not a JSON object"},
		"an order that is null":          {"POST", "/orders", `null`, 400, "not a JSON object"},
		"an order that is cut":           {"POST", "/orders", `{"item":`, 400, "not a JSON object"},
		"an order of more than 1 MiB":    {"POST", "/orders", `{"a":"` + strings.Repeat("a", maxBody) + `"}`, 413, "over 1048576 bytes"},
		"an order that was never placed": {"GET", "/orders/SO-999999", "", 404, "no order"},
		"a malformed order number":       {"GET", "/orders/SO-1x", "", 404, "no order"},
		"a status":                       {"GET", "/status/503", "", 503, `{"status":503,"text":"Service Unavailable"}`},
		"a status for a POST":            {"POST", "/status/409", "x", 409, "Conflict"},
		"a status without a body":        {"GET", "/status/204", "", 204, ""},
		"a status that is none":          {"GET", "/status/101", "", 400, "200 to 599"},
		"an unknown path":                {"GET", "/nothing", "", 404, ""},
		"a wrong method":                 {"DELETE", "/stock/A1001", "", 405, ""},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequest(q.method, s.URL()+q.path, strings.NewReader(q.body))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := c.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != q.status || !strings.Contains(string(body), q.want) {
				t.Errorf("%s, %v: %s", resp.Status, err, body)
			}
		})
	}
}

func TestAnOrdersLocationIsTheServersOwn(t *testing.T) {
	s, err := PlainJSON(":0")
	started(t, s, err)
	c := modern(t)
	req, _ := http.NewRequest("POST", s.URL()+"/orders", strings.NewReader(`{"item":"A1001"}`))
	req.Host = "broker.example.com" // as a proxy may pass on
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	location := resp.Header.Get("Location")
	if want := s.URL() + "/orders/SO-000001"; location != want {
		t.Fatalf("Location %q, want %q", location, want)
	}
	if resp, body := get(t, c, location); resp.StatusCode != 200 || !strings.Contains(body, `{"order":"SO-000001","status":"accepted"}`) {
		t.Errorf("%s: %s", resp.Status, body)
	}
}

func TestLoginSetsACookieOfTheServersDomain(t *testing.T) {
	s, err := PlainJSON(":0")
	started(t, s, err)
	resp, _ := get(t, modern(t), s.URL()+"/login")
	cookies := resp.Cookies()
	if len(cookies) != 1 || cookies[0].Name != "WMSSESSION" || cookies[0].Value == "" || cookies[0].Domain != HostName || cookies[0].Path != "/" {
		t.Errorf("%q", resp.Header["Set-Cookie"])
	}
}
