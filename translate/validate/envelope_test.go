package validate

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf16"
)

func TestEnvelopes(t *testing.T) {
	v := orders(t)
	around := func(soap, body string) string {
		return `<?xml version="1.0"?><s:Envelope xmlns:s="` + soap + `" xmlns:o="urn:orders"><s:Header><o:Body/></s:Header><s:Body> ` + body + ` </s:Body></s:Envelope>`
	}
	good, wrong := head+`<Number>AB1234</Number>`+line+tail, head+`<Number>1</Number>`+line+tail
	for _, c := range []struct{ name, message, want string }{
		{"a valid body", around(soap11, good), ""},
		{"SOAP 1.2", around(soap12, good), ""},
		{"one that is not", around(soap11, wrong), "/PutOrder/Number"},
		{"one of SOAP 1.2 that is not", around(soap12, wrong), "/PutOrder/Number"},
		{"the second of two", around(soap11, good+wrong), "/PutOrder/Number"},
		{"an element of no schema", around(soap11, `<o:Other/>`), "/"},
		{"a Fault", around(soap11, `<s:Fault><faultcode>s:Server</faultcode><faultstring>no</faultstring></s:Fault>`), ""},
		{"a Fault of no SOAP", around(soap11, `<o:Fault/>`), "/"},
		{"nothing", around(soap11, ""), ""},
		{"much that is escaped", around(soap11, head+`<Number>AB1234</Number>`+line+`<Note>`+strings.Repeat(">", 32<<10)+`</Note>`+tail), ""},
	} {
		for charset, message := range map[string][]byte{"": []byte(c.message), "utf-16le": wide16(c.message)} {
			err := v.Envelope(message, charset)
			var invalid *Invalid
			if c.want == "" && err != nil || c.want != "" && (!errors.As(err, &invalid) || invalid.Path != c.want) {
				t.Errorf("%s %s: %v, want it at %q", c.name, charset, err, c.want)
			}
		}
	}
	if err := v.Envelope([]byte(around(soap11, good)[:200]), ""); err == nil {
		t.Error("half a message is valid")
	}
}

func wide16(s string) (out []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}
