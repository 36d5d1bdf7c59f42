package translate

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMembersComeInTheOrderOfTheContract(t *testing.T) {
	order := `<n0:Order status="new"><n0:Id>9007199254740993</n0:Id><n0:Customer>é&lt;&amp;&gt;</n0:Customer><n0:Amount>12345678901234567890123456.10</n0:Amount><n0:Date>2026-01-02T03:04:05Z</n0:Date><n0:Note xsi:nil="true"/></n0:Order>`
	for name, json := range map[string]string{
		"in order":       `{"From":"2026-01-02","Order":[{"@status":"new","Id":9007199254740993,"Customer":"é<&>","Amount":12345678901234567890123456.10,"Date":"2026-01-02T03:04:05Z","Note":null}]}`,
		"in disorder":    `{"Order":[{"Note":null,"Date":"2026-01-02T03:04:05Z","Amount":"12345678901234567890123456.10","Customer":"\u00e9<&>","Id":"9007199254740993","@status":"new"}],"From":"2026-01-02"}`,
		"attribute last": `{"From":"2026-01-02","Order":[{"Id":9007199254740993,"Customer":"é<&>","Amount":12345678901234567890123456.10,"Date":"2026-01-02T03:04:05Z","Note":null,"@status":"new"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := request(find(t), json)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(`<n0:Find><n0:From>2026-01-02</n0:From>`+order+`</n0:Find>`, inBody(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestForms(t *testing.T) {
	for _, c := range []struct{ name, json, want string }{
		{"nothing", `{}`, `<n0:Find/>`},
		{"an empty body", ``, `<n0:Find/>`},
		{"null", `null`, `<n0:Find/>`},
		{"a byte order mark", "\ufeff{}", `<n0:Find/>`},
		{"a derived type", `{"Order":[{"@xsi:type":"RushOrder","Id":1,"Hours":2}]}`, `<n0:Find><n0:Order xsi:type="n0:RushOrder"><n0:Id>1</n0:Id><n0:Hours>2</n0:Hours></n0:Order></n0:Find>`},
		{"a derived type, late", `{"Order":[{"Id":1,"@xsi:type":"{urn:example:orders}RushOrder","Hours":2}]}`, `<n0:Find><n0:Order xsi:type="n0:RushOrder"><n0:Id>1</n0:Id><n0:Hours>2</n0:Hours></n0:Order></n0:Find>`},
		{"a repeated choice", `{"Log":{"Out":["b"],"In":["a","c"]}}`, `<n0:Find><n0:Log><n0:In>a</n0:In><n0:In>c</n0:In><n0:Out>b</n0:Out></n0:Log></n0:Find>`},
		{"a repeated choice in order", `{"Log":{"#content":[{"In":"a"},{"Out":"b"},{"In":"c"}]}}`, `<n0:Find><n0:Log><n0:In>a</n0:In><n0:Out>b</n0:Out><n0:In>c</n0:In></n0:Log></n0:Find>`},
		{"a repeated sequence", `{"Pairs":{"Value":["1","2"],"Key":["a","b"]}}`, `<n0:Find><n0:Pairs><n0:Key>a</n0:Key><n0:Value>1</n0:Value><n0:Key>b</n0:Key><n0:Value>2</n0:Value></n0:Pairs></n0:Find>`},
		{"mixed content", `{"Text":{"#content":["a ",{"b":"<c>"}," d"]}}`, `<n0:Find><n0:Text>a <n0:b>&lt;c&gt;</n0:b> d</n0:Text></n0:Find>`},
		{"simple content", `{"Total":{"#text":1.50,"@currency":"EUR"}}`, `<n0:Find><n0:Total currency="EUR">1.50</n0:Total></n0:Find>`},
		{"a list", `{"Sizes":[1,2]}`, `<n0:Find><n0:Sizes>1 2</n0:Sizes></n0:Find>`},
		{"any type", `{"Value":{"@xsi:type":"xsd:string","#text":"a"}}`, `<n0:Find><n0:Value xsi:type="xsd:string">a</n0:Value></n0:Find>`},
		{"any element", `{"#any":["<a xmlns='urn:a'>1</a>"]}`, `<n0:Find><a xmlns="urn:a">1</a></n0:Find>`},
		{"an attribute's white space", `{"Total":{"#text":1,"@currency":"a\"\n<b"}}`, `<n0:Find><n0:Total currency="a&#34;&#10;&lt;b">1</n0:Total></n0:Find>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := request(lenient(t), c.json)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, inBody(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsRefused(t *testing.T) {
	for _, c := range []struct{ name, json, want string }{
		{"an unknown member", `{"Order":[{"Idd":1}]}`, `/Order/0/Idd: the contract has no such member here; expected`},
		{"the wrong case", `{"order":[]}`, `/order: the contract has no such member here; expected Order`},
		{"a member twice", `{"Top":1,"Top":2}`, `/Top: the member is there twice`},
		{"a word for a number", `{"Top":"many"}`, `/Top: "many" does not fit; expected xs:int, for example 12`},
		{"too large a number", `{"Top":2147483648}`, `/Top: "2147483648" does not fit`},
		{"a fraction for a whole number", `{"Top":1.5}`, `/Top: "1.5" does not fit`},
		{"no date", `{"From":"02.01.2026"}`, `/From: "02.01.2026" does not fit; expected xs:date, for example "2026-01-31"`},
		{"two branches of a choice", `{"Order":[{"Line":[{"Item":"a","Price":1,"Free":true}]}]}`, `/Order/0/Line/0/Free: the contract allows either this or`},
		{"an array for one", `{"Top":[1,2]}`, `/Top: this is an array; expected xs:int, not an array`},
		{"a number for an object", `{"Order":[1]}`, `/Order/0: this is a number; expected an object`},
		{"null where there is no nil", `{"Top":null}`, `/Top: null stands for xsi:nil`},
		{"a value that is not listed", `{"Color":"blue"}`, `/Color: "blue" does not fit; expected one of red, green, for example "red"`},
		{"an unknown type", `{"Order":[{"@xsi:type":"Nope"}]}`, `/Order/0/@xsi:type: the contract has no such type here; expected one of {urn:example:orders}Order, {urn:example:orders}RushOrder`},
		{"XML that is more than one element", `{"#any":["<a/><b/>"]}`, `/#any/0: this is no XML element`},
		{"XML that closes what it did not open", `{"#any":["</n0:Find>"]}`, `/#any/0: this is no XML element`},
		{"XML with entities", `{"#any":["<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>"]}`, `/#any/0: this is no XML element`},
		{"a character that XML cannot hold", `{"Order":[{"Customer":"\u0000"}]}`, `/Order/0/Customer: XML 1.0 cannot hold the character U+0000`},
		{"no base64", `{"Data":"<"}`, `/Data: "<" does not fit; expected xs:base64Binary`},
		{"text after the end", `{} {}`, `this is not JSON: '{' stands after the end of the value`},
		{"an end too early", `{"Top":`, `this is not JSON: it ends too early`},
		{"a name that would break out", `{"Value":{"@a b='1'":"x"}}`, `this is no name of an attribute`},
		{"an array as the body", `[]`, `the body: this is an array; expected an object`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := request(lenient(t), c.json)
			var invalid *Invalid
			if !errors.As(err, &invalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// rows is JSON of many orders that nobody holds.
func rows(n int, before, after string) io.Reader {
	r, w := io.Pipe()
	go func() {
		fmt.Fprintf(w, `{%s"Order":[`, before)
		for i := range n {
			if i > 0 {
				io.WriteString(w, ",")
			}
			if _, err := fmt.Fprintf(w, `{"Id":%d,"Customer":"Contoso","Amount":10.50,"Date":"2026-01-02T03:04:05Z"}`, i); err != nil {
				return
			}
		}
		fmt.Fprintf(w, `]%s}`, after)
		w.Close()
	}()
	return r
}

func TestALongArrayIsNotHeld(t *testing.T) {
	for name, c := range map[string]struct{ before, after, err string }{
		"all members before it":           {before: `"From":"2026-01-02","Top":1,`},
		"members before it left out":      {},
		"members after it":                {after: `,"Color":"red"`},
		"a member that belongs before it": {after: `,"Top":1`, err: "stands after those that follow it"},
	} {
		t.Run(name, func(t *testing.T) {
			s := find(t).Request(rows(100_000, c.before, c.after), nil)
			defer s.Close()
			n, err := io.Copy(io.Discard, s)
			if c.err == "" && (err != nil || n < 10<<20) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("%d bytes, error %v", n, err)
			}
			if cap(s.held) > 4*DefaultCap {
				t.Errorf("%d bytes are held", cap(s.held))
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	got, err := all(find(t).Request(strings.NewReader("{}"), []HeaderValue{{Part: "trace", JSON: []byte(`"a<b"`)}}))
	if err != nil {
		t.Fatal(err)
	}
	if want := `<soap:Header><n0:Trace>a&lt;b</n0:Trace></soap:Header><soap:Body>`; !strings.Contains(got, want) {
		t.Errorf("%s lacks %s", got, want)
	}
}

func TestWhatTheContractRequires(t *testing.T) {
	for _, c := range []struct{ json, want string }{
		{`{"Order":[{"Id":1,"Customer":"a","Amount":1}]}`, `/Order/0/Date: the member is missing; the contract requires it; expected xs:dateTime, for example "2026-01-31T13:45:00Z"`},
		{`{"Total":{"#text":1}}`, `/Total/@currency: the member is missing`},
		{`{"Order":[{"Id":1,"Customer":"a","Amount":1,"Date":"2026-01-02T03:04:05Z","Line":[{"Item":"a"}]}]}`, `/Order/0/Line/0/Quantity: the member is missing`},
		{`{"Pairs":{}}`, ``},
	} {
		if _, err := request(find(t), c.json); c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", c.json, err)
		}
		if _, err := request(lenient(t), c.json); err != nil {
			t.Errorf("%s, in part: %v", c.json, err)
		}
	}
}

func TestExponents(t *testing.T) {
	for number, want := range map[string]string{"1e3": "1000", "1.25E1": "12.5", "1E-05": "0.00001", "-1.50e2": "-150", "0e5": "0", "1200e-2": "12", "12.5e0": "12.5"} {
		got, err := request(find(t), `{"Total":{"@currency":"EUR","#text":`+number+`}}`)
		if err != nil || inBody(got) != `<n0:Find><n0:Total currency="EUR">`+want+`</n0:Total></n0:Find>` {
			t.Errorf("%s: %s, %v", number, inBody(got), err)
		}
	}
	if _, err := request(find(t), `{"Total":{"@currency":"EUR","#text":1e1001}}`); err == nil {
		t.Error("a number of a thousand digits is taken")
	}
}
