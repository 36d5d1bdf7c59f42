package routes

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// soapBase is changed by each test of what Diff says of soap.
const soapBase = head + `
routes:
  - name: soap
    path: /soap/*
    callers: [fno]
    target: {url: "https://a.example/"}
    soap:
      contract: stock.wsdl
      port: A
      validate: response
      operations: {Get: {}, Put: {limit: {rate: 5/s}}}
      bindings: [{path: "/{item}", operation: Get}, {path: /all/x, operation: Get}]
      headers: {Auth: {constant: hunter1}, Context: {json: context}}
      fault_status: {Client: 400}
`

func TestDiffOfSOAP(t *testing.T) {
	other := strings.Replace(stockWSDL(t), "xs:decimal", "xs:string", 1)
	t.Chdir(writeFiles(t, map[string]string{"stock.wsdl": stockWSDL(t), "same.wsdl": stockWSDL(t), "other.wsdl": other}))
	before := load(t, soapBase)
	for _, c := range []struct {
		name    string
		replace []string // old, new, ...
		want    string   // a line for each change, those that weaken with a !
	}{
		{"a SOAP route that passes through", []string{"port: A\n      validate: response", "callers_speak: soap", "      bindings:", "      #", "      headers: {Auth", "      # {", "      fault_status", "      # "},
			"! route soap expects its callers to speak what the target speaks instead of JSON\n! route soap speaks as port the first of its contract instead of A\nroute soap no longer binds GET /all/x\nroute soap no longer binds GET /{}\n" +
				"! route soap takes the SOAP header Auth from nowhere instead of a constant\n! route soap takes the SOAP header Context from nowhere instead of member context\nroute soap answers the fault Client with status 0 instead of 400"},
		{"a contract in another file", []string{"stock.wsdl", "same.wsdl"}, ""},
		{"another contract", []string{"stock.wsdl", "other.wsdl"}, "! route soap has another contract"},
		{"another port", []string{"port: A", "port: B"}, "! route soap speaks as port B of its contract instead of A"},
		{"an operation more", []string{"{Get: {},", "{Get: {}, All: {},"}, "! route soap takes operations All, Get, Put instead of Get, Put"},
		{"an operation less", []string{"Get: {}, Put", "Put", "operation: Get", "operation: Put"}, "route soap takes operations Put instead of Get, Put\n! route soap binds GET /all/x to Put instead of Get\n! route soap binds GET /{} to Put instead of Get"},
		{"an operation's limit", []string{"rate: 5/s}", "rate: 6/s}"}, "! route soap has for operation Put the limit: 6 calls a second in bursts of 6, no limit at a time, per caller instead of: 5 calls a second in bursts of 5, no limit at a time, per caller"},
		{"an operation's limit for all together", []string{"rate: 5/s}", "rate: 5/s, per: route}"}, "route soap has for operation Put the limit: 5 calls a second in bursts of 5, no limit at a time, per route instead of: 5 calls a second in bursts of 5, no limit at a time, per caller"},
		{"a binding more", []string{"bindings: [", "bindings: [{path: /more, operation: Put}, "}, "! route soap newly binds GET /more to Put"},
		{"a binding with another name", []string{"{item}", "{number}"}, "! route soap builds the body for GET /{} in another way"},
		{"a constant replaced", []string{"hunter1", "hunter2"}, "! route soap takes the SOAP header Auth from a constant instead of a constant"},
		{"a header from the caller", []string{"{constant: hunter1}", "{header: X-Auth}"}, "! route soap takes the SOAP header Auth from header field X-Auth instead of a constant"},
		{"a fault's status", []string{"{Client: 400}", "{Client: 404}"}, "route soap answers the fault Client with status 404 instead of 400"},
		{"less validation", []string{"validate: response", "validate: request"}, "! route soap validates request instead of response"},
		{"more validation", []string{"validate: response", "validate: both"}, "route soap validates both instead of response"},
		{"other JSON", []string{"port: A", "port: A\n      numbers: string\n      missing: pass\n      repeated_choice: ordered\n      arrays: collapse\n      buffer: 2MiB"},
			"route soap writes numbers as string instead of number\nroute soap treats missing members pass instead of refuse\nroute soap writes repeated choices ordered instead of grouped\nroute soap has the wrappers of arrays collapse instead of keep\n! route soap holds messages in memory up to 2MiB instead of 1MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := soapBase
			for i := 0; i < len(c.replace); i += 2 {
				if !strings.Contains(text, c.replace[i]) {
					t.Fatalf("%q is not there", c.replace[i])
				}
				text = strings.ReplaceAll(text, c.replace[i], c.replace[i+1])
			}
			var lines []string
			for _, change := range Diff(before, load(t, text)) {
				lines = append(lines, map[bool]string{true: "! "}[change.Weaker]+change.String())
			}
			got := strings.Join(lines, "\n")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if strings.Contains(got, "hunter") {
				t.Error("a secret is shown")
			}
		})
	}
}
