package proxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"twohop/audit"
	"twohop/internal/fault"
	"twohop/routes"
)

// ordersRoute is a JSON route for the operation Put alone; more keys of soap follow.
var ordersRoute = strings.Replace(soapRoute, "stock.wsdl", "orders.wsdl", 1) + "      operations: {Put: {}}\n"

// put is a message of the operation: an order with a line.
func put(element, line string) string {
	return `<` + element + ` xmlns="urn:orders">` + line + `</` + element + `>`
}

func TestMessagesAreValidated(t *testing.T) {
	const good, wrong = `{"line":[{"number":"AB1234"}]}`, `{"line":[{"number":"AB1234"},{"number":"hunter2"}]}`
	const goodLine, wrongLine = `<line><number>AB1234</number></line>`, `<line><number>hunter2</number></line>`
	long := `{"line":[{"number":"AB1234","note":"` + strings.Repeat("x", 70<<10) + `"}]}`
	longLine := `<line><number>AB1234</number><note>` + strings.Repeat("x", 70<<10) + `</note></line>`
	typed := `<line xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:o="urn:orders" i:type="o:Priced"><number>AB1234</number><price>%s</price></line>`
	for _, c := range []struct {
		name, validate, body, answer string
		status                       int
		code                         fault.Code
		says                         string
		calls                        int
	}{
		{"good ones", "both", good, goodLine, 200, "", "", 1},
		{"a derived type", "both", good, fmt.Sprintf(typed, "1.5"), 200, "", "", 1},
		{"a request that breaks a pattern", "request", wrong, goodLine, 400, fault.InvalidRequest, "/Put/line/number", 0},
		{"a request that nobody validates", "response", wrong, goodLine, 200, "", "", 1},
		{"an answer that breaks a pattern", "response", good, wrongLine, 502, fault.TargetAnswerInvalid, "/PutResponse/line/number", 1},
		{"an answer that nobody validates", "request", good, wrongLine, 200, "", "", 1},
		{"a request that is too long", "both", long, goodLine, 413, fault.BodyTooLarge, "held whole to be validated", 0},
		{"a long request that nobody validates", "response", long, goodLine, 200, "", "", 1},
		{"an answer that is too long", "both", good, longLine, 502, fault.TargetAnswerInvalid, "held whole to be validated", 1},
		{"a long answer that nobody validates", "request", good, longLine, 200, "", "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			target := &soapTarget{t: t, answer: put("PutResponse", c.answer)}
			g := newRig(t, target, ordersRoute+smallBuffer+"      validate: "+c.validate+"\n")
			resp, text := g.do("POST", "/stock/Put", strings.NewReader(c.body), "Content-Type", "application/json")
			var p struct{ Code, Detail string }
			if err := json.Unmarshal([]byte(text), &p); err != nil || resp.StatusCode != c.status || p.Code != string(c.code) || !strings.Contains(p.Detail, c.says) {
				t.Errorf("%v: %d %.500s", err, resp.StatusCode, text)
			}
			if target.calls != c.calls {
				t.Errorf("the target was called %d times", target.calls)
			}
			if rec := g.audit.last(t, audit.End); rec.Code != string(c.code) || !strings.Contains(rec.Cause, c.says) || strings.Contains(rec.Cause+g.log.String(), "hunter2") {
				t.Errorf("%+v", rec)
			}
		})
	}
}

func TestAFaultIsNoInvalidAnswer(t *testing.T) {
	target := &soapTarget{t: t, status: 500, answer: `<s:Fault><faultcode>s:Server</faultcode><faultstring>no such order</faultstring></s:Fault>`}
	g := newRig(t, target, ordersRoute+"      validate: both\n")
	if resp, text := g.do("POST", "/stock/Put", strings.NewReader(`{}`), "Content-Type", "application/json"); resp.StatusCode != 500 || !strings.Contains(text, "no such order") {
		t.Error(resp.StatusCode, text)
	}
}

func TestAContractThatCannotValidateIsAMistake(t *testing.T) {
	g := newRig(t, http.NotFoundHandler(), "")
	plain, err := os.ReadFile("testdata/orders.wsdl")
	if err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(t.TempDir(), "broken.wsdl")
	if err := os.WriteFile(broken, []byte(strings.Replace(string(plain), "[A-Z]{2}", "[A-Z", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ route, want string }{
		"rpc":                  {strings.Replace(ordersRoute, "Put: {}", "Count: {}", 1), "routes[0].soap.validate: messages of operation Count cannot be validated"},
		"rpc, without a list":  {strings.Replace(ordersRoute, "      operations: {Put: {}}\n", "", 1), "routes[0].soap.validate: messages of operation Count cannot be validated"},
		"a pattern that is no": {strings.Replace(ordersRoute, "testdata/orders.wsdl", broken, 1), "routes[0].soap.validate: the contract's schemas cannot be used to validate: "},
	} {
		table, err := routes.Load("routes.yaml", fmt.Appendf(nil, rigHead+strings.ReplaceAll(c.route, "TARGET", "http://127.0.0.1:1")+"      validate: both\n", g.keyHash), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		r, err := Compile(table, State{}, g.deps)
		var list routes.ErrorList
		if !errors.As(err, &list) || !strings.Contains(list.Error(), c.want) {
			t.Errorf("%s:\n%v\nwant %s", name, err, c.want)
			if err == nil {
				r.Close()
			}
		}
	}
}
