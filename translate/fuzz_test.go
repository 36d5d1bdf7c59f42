package translate

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzCodecs translates JSON to a request, the request back, and that again: the second
// request is the first, whatever the JSON was.
func FuzzCodecs(f *testing.F) {
	for _, text := range []string{
		`{"From":"2026-01-02","Order":[{"@status":"new","Id":1,"Customer":"é<&>","Amount":1.10,"Date":"2026-01-02T03:04:05Z","Note":null}]}`,
		`{"Log":{"Out":["b"],"In":["a","c"]},"Text":{"#content":["a ",{"b":"<c>"}]},"Pairs":{"Value":["1"],"Key":["a"]}}`,
		`{"Total":{"#text":1.50,"@currency":"EUR"},"Sizes":[1,2],"Value":{"@xsi:type":"xsd:string","#text":"a"},"#any":["<a xmlns='urn:a'>1</a>"]}`,
		`{"Order":[{"Id":1,"@xsi:type":"RushOrder","Line":[{"Item":"a","Free":true}]}]}`,
		`{"Value":{"@{urn:x}a":"1","#any":["<a/>"]}}`,
	} {
		f.Add(text)
	}
	op := find(f)
	mirror := *op.Operation
	mirror.Output = mirror.Input
	back := &Operation{Operation: &mirror, service: op.service}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := request(op, text)
		if err != nil {
			return
		}
		read, err := answer(back, first)
		if err != nil {
			t.Fatalf("the request cannot be read back: %v\n%s", err, first)
		}
		if !json.Valid([]byte(read)) {
			t.Fatalf("this is not JSON: %s\n%s", read, first)
		}
		second, err := request(op, read)
		if err != nil {
			t.Fatalf("what was read is refused: %v\n%s\n%s", err, first, read)
		}
		third, err := answer(back, second)
		if err != nil || third != read {
			t.Fatalf("the second reading differs: %v\n%s\n%s", err, read, third)
		}
	})
}

// FuzzAnswer reads any answer: what comes is JSON, or an error.
func FuzzAnswer(f *testing.F) {
	f.Add(enveloped(`<Order status="x"><Id>1</Id></Order><Log><In>a</In><Out>b</Out><In>c</In></Log><Text>a<b>c</b></Text><Value xsi:type="xsd:int">5</Value><New/>`))
	f.Add(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Client</faultcode><detail><NotFound xmlns="urn:example:orders"><Id>1</Id></NotFound></detail></s:Fault></s:Body></s:Envelope>`)
	op := find(f)
	f.Fuzz(func(t *testing.T, xml string) {
		got, err := answer(op, xml)
		if err == nil && !json.Valid([]byte(got)) {
			t.Fatalf("this is not JSON: %s", got)
		}
		if slowly, failed := all(op.Answer(slow{strings.NewReader(xml)}, "", JSON)); (err == nil) != (failed == nil) || err == nil && slowly != got {
			t.Fatalf("a byte at a time: %v, %v\n%s\n%s", err, failed, got, slowly)
		}
	})
}
