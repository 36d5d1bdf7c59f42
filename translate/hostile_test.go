package translate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"twohop/translate/markup"
)

func hostile(t testing.TB, operation string) *Operation {
	return service(t, "hostile.wsdl", Options{Cap: 64 << 10}).Operation(operation)
}

// soapBody is an answer with inner as the content of its Body.
func soapBody(inner string) string {
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:e="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>` + inner + `</s:Body></s:Envelope>`
}

func wellFormed(t *testing.T, text string) {
	t.Helper()
	r := markup.NewReader(strings.NewReader(text), "", markup.Limits{})
	for {
		if _, err := r.Next(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	}
}

func TestAnEncodedAnswerIsWhole(t *testing.T) {
	o := service(t, "hostile.wsdl", Options{}).Operation("Enc")
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, `<item>row %d</item>`, i)
	}
	got, err := answer(o, soapBody(`<n:EncResponse xmlns:n="urn:example:hostile"><l e:arrayType="xsd:string[5000]">`+b.String()+`</l></n:EncResponse>`))
	var all struct{ L []string }
	if err != nil || json.Unmarshal([]byte(got), &all) != nil || len(all.L) != 5000 || all.L[0] != "row 0" || all.L[4999] != "row 4999" {
		t.Errorf("%v %d %.80q", err, len(all.L), got)
	}
}

func TestTheTextOfAnEncodedAnswerIsBounded(t *testing.T) {
	read := 0
	src := io.MultiReader(strings.NewReader(strings.TrimSuffix(soapBody(`<EncResponse><l>`), "</s:Body></s:Envelope>")), counting{&read})
	_, err := all(hostile(t, "Enc").Answer(src, "", JSON))
	var large *TooLarge
	if !errors.As(err, &large) || read > 1<<20 {
		t.Errorf("%v after %d bytes", err, read)
	}
}

type counting struct{ n *int }

func (c counting) Read(p []byte) (int, error) {
	if *c.n += len(p); *c.n > 64<<20 {
		return 0, io.EOF
	}
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestALongDetailIsTold(t *testing.T) {
	o := service(t, "hostile.wsdl", Options{}).Operation("Any")
	long := strings.Repeat("x", 100<<10)
	_, err := answer(o, soapBody(`<s:Fault><faultcode>s:Server</faultcode><faultstring>a</faultstring><detail><Fail xmlns="urn:example:hostile"><m>`+long+`</m></Fail></detail></s:Fault>`))
	var f *Fault
	if !errors.As(err, &f) || string(f.Detail) != `{"Fail":{"m":"`+long+`"}}` {
		t.Errorf("%.200v", err)
	}
}

func TestADetailNamesNothingTwice(t *testing.T) {
	_, err := answer(hostile(t, "Any"), soapBody(`<s:Fault><faultcode>s:Server</faultcode><faultstring>a</faultstring><detail><Fail xmlns="urn:example:hostile"><m>1</m></Fail><Fail xmlns="urn:example:hostile"><m>2</m></Fail></detail></s:Fault>`))
	var f *Fault
	if !errors.As(err, &f) || string(f.Detail) != `{"Fail":{"m":"1"},"#any":["<Fail xmlns=\"urn:example:hostile\"><m>2</m></Fail>"]}` {
		t.Errorf("%v %s", err, f.Detail)
	}
}

func TestATypeInThePlaceOfAnyBringsItsNamespaces(t *testing.T) {
	got, err := request(hostile(t, "Any"), `{"v":{"@xsi:type":"Foreign","x":"1"}}`)
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, got)
}

func TestAttributesThatWouldBreakTheMessage(t *testing.T) {
	var many strings.Builder
	for i := range mostOpen + 1 {
		fmt.Fprintf(&many, `"@a%d":"",`, i)
	}
	for body, want := range map[string]string{
		`{"open":{"@a":"1","@a":"2"}}`:                                                    "/open/@a: the member is there twice",
		`{"open":{"@{urn:z}a":"1","@{urn:z}a":"2"}}`:                                      "the member is there twice",
		`{"open":{"@d":"1","@{}d":"2"}}`:                                                  "expected @d",
		`{"open":{"@d":"a\u0001"}}`:                                                       "XML 1.0 cannot hold the character U+0001",
		`{"open":{"@x":"a\u0001"}}`:                                                       "XML 1.0 cannot hold the character U+0001",
		`{"open":{"@{urn:\u0001}x":"a"}}`:                                                 "this is no name of an attribute",
		`{"open":{"@{http://www.w3.org/2000/xmlns/}x":"a"}}`:                              "this is no name of an attribute",
		`{"q":"{urn:\u0001}x"}`:                                                           "does not fit",
		`{"open":{` + many.String() + `"a":""}}`:                                          "more than 256 attributes",
		`{"s":"1","row":["` + strings.Repeat("x", 100<<10) + `"],"#content":[{"s":"2"}]}`: "/#content: the object has elements beside #content",
	} {
		if _, err := request(hostile(t, "Any"), body); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %s", body, err, want)
		}
	}
}

// Shapes are kept for good, so no message may make types.
func TestAnswersMakeNoTypes(t *testing.T) {
	o := hostile(t, "Any")
	body := soapBody(`<AnyResponse xmlns="urn:example:hostile">` + strings.Repeat(`<v e:arrayType="xsd:string[1]"><item>x</item></v>`, 10) + `</AnyResponse>`)
	known := func() (n int) {
		o.service.arrays.Range(func(any, any) bool { n++; return true })
		return n
	}
	for range 3 {
		if got, err := answer(o, body); err != nil || !strings.HasPrefix(got, `{"v":[["x"],`) {
			t.Fatal(err, got)
		}
	}
	if known() != 1 {
		t.Errorf("%d types of arrays", known())
	}
}

func BenchmarkRepeatedChoice(b *testing.B) {
	rows := strings.TrimSuffix(strings.Repeat(`"",`, 20000), ",")
	text := `{"Pairs":{"Key":[` + rows + `],"Value":[` + rows + `]}}`
	o := find(b)
	for b.Loop() {
		if _, err := request(o, text); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAPanicEndsOneMessage(t *testing.T) {
	for _, s := range []*Stream{
		newStream(DefaultCap, func(func([]byte) bool) error { panic("a fault of ours") }),
		newStream(DefaultCap, func(yield func([]byte) bool) error { yield([]byte("a")); panic("a fault of ours") }),
	} {
		_, err := all(s)
		var p *Panicked
		if !errors.As(err, &p) || !strings.Contains(err.Error(), "a fault of ours") {
			t.Errorf("got %v", err)
		}
	}
}
