package translate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnswers(t *testing.T) {
	for _, c := range []struct{ name, xml, want string }{
		{"nothing", ``, `{}`},
		{"an array of one", `<Order status="x"><Id>9007199254740993</Id><Customer>é&lt;&amp;"\</Customer><Amount>12345678901234567890123456.10</Amount><Date>2026-01-02T03:04:05Z</Date><Note xsi:nil="true"/></Order><Count>1</Count>`,
			`{"Order":[{"@status":"x","Id":9007199254740993,"Customer":"é<&>\"\\","Amount":12345678901234567890123456.10,"Date":"2026-01-02T03:04:05Z","Note":null}],"Count":1}`},
		{"empty, absent and nil", `<Order><Customer/><Note></Note></Order><Order><Note xsi:nil="1"/></Order><Order/>`, `{"Order":[{"Customer":"","Note":""},{"Note":null},{}]}`},
		{"a derived type", `<Order xsi:type="o:RushOrder" xmlns:o="urn:example:orders"><Id>1</Id><Hours>2</Hours></Order>`, `{"Order":[{"@xsi:type":"RushOrder","Id":1,"Hours":2}]}`},
		{"the declared type", `<Order xsi:type="o:Order" xmlns:o="urn:example:orders"><Id>1</Id></Order>`, `{"Order":[{"Id":1}]}`},
		{"numbers that JSON writes otherwise", `<Order><Id>+007</Id><Amount>.5</Amount></Order><Order><Id>-00</Id><Amount>5.</Amount></Order>`, `{"Order":[{"Id":7,"Amount":0.5},{"Id":-0,"Amount":5}]}`},
		{"elements of several names mixed", `<Log><In>a</In><Out>b</Out><In>c</In></Log>`, `{"Log":{"In":["a","c"],"Out":["b"]}}`},
		{"mixed content", `<Text>a <b>c</b> d</Text>`, `{"Text":{"#content":["a ",{"b":"c"}," d"]}}`},
		{"any type, text", `<Value>a</Value>`, `{"Value":"a"}`},
		{"any type, typed", `<Value xsi:type="xsd:int">5</Value>`, `{"Value":{"@xsi:type":"int","#text":5}}`},
		{"any type, elements", `<Value><x:a xmlns:x="urn:x">1</x:a></Value>`, `{"Value":{"#any":["<x:a xmlns=\"urn:example:orders\" xmlns:x=\"urn:x\">1</x:a>"]}}`},
		{"an element that the contract does not name", `<Count>1</Count><New>2</New>`, `{"Count":1,"#any":["<New xmlns=\"urn:example:orders\">2</New>"]}`},
		{"an attribute that the contract does not name", `<Order new="1"/>`, `{"Order":[{"@new":"1"}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := answer(find(t), enveloped(c.xml))
			if err != nil {
				t.Fatal(err)
			}
			got = strings.ReplaceAll(got, ` xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"`, "")
			if diff := cmp.Diff(strings.ReplaceAll(c.want, "é<&>", `é<&`), got); diff != "" {
				t.Error(diff)
			}
			if !json.Valid([]byte(got)) {
				t.Error("this is not JSON")
			}
			slowly, err := all(find(t).Answer(slow{strings.NewReader(enveloped(c.xml))}, "", JSON))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(canonical(t, got), canonical(t, strings.ReplaceAll(slowly, ` xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"`, ""))); diff != "" {
				t.Error("a byte at a time:", diff)
			}
		})
	}
}

func canonical(t *testing.T, text string) any {
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestBrokenAnswers(t *testing.T) {
	for _, c := range []struct{ name, xml, want string }{
		{"HTML", `<html><body/></html>`, `the answer is no SOAP envelope: it begins with html`},
		{"another element", strings.ReplaceAll(enveloped(""), "FindResponse", "Found"), `the answer is {urn:example:orders}Found; the contract says {urn:example:orders}FindResponse`},
		{"a word for a number", enveloped(`<Count>many</Count>`), `/FindResponse/Count: the value does not fit; the contract says xs:int`},
		{"an element twice", enveloped(`<Count>1</Count><Count>1</Count>`), `/FindResponse/Count: the element is there more than once`},
		{"text between elements", enveloped(`a`), `there is text between elements`},
		{"a document type", `<!DOCTYPE a>` + enveloped(""), `not well-formed XML`},
		{"no Body", `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>`, `there is no Body`},
		{"an element in text", enveloped(`<Count><a/></Count>`), `an element stands where the contract says text`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := answer(find(t), c.xml)
			var broken *Broken
			if !errors.As(err, &broken) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestACutAnswerIsNeverWhole(t *testing.T) {
	whole := enveloped(`<Order><Id>1</Id></Order><Count>1</Count>`)
	for n := range len(whole) {
		got, err := answer(find(t), whole[:n])
		var broken *Broken
		if !errors.As(err, &broken) || !broken.Cut {
			t.Fatalf("after %d bytes: %v", n, err)
		}
		if json.Valid([]byte(got)) && got != "" {
			t.Fatalf("after %d bytes a caller would take %s for the whole", n, got)
		}
	}
}

func TestTheFirstRowComesBeforeTheLast(t *testing.T) {
	r, w := io.Pipe()
	s := find(t).Answer(r, "", JSON)
	defer s.Close()
	head, tail, _ := strings.Cut(enveloped(`<Order><Id>1</Id></Order>|<Order><Id>2</Id></Order>`), "|")
	go io.WriteString(w, head)
	buf := make([]byte, 100)
	n, err := s.Read(buf)
	if want := `{"Order":[{"Id":1}`; err != nil || string(buf[:n]) != want {
		t.Fatalf("got %q, %v", buf[:n], err)
	}
	go func() { io.WriteString(w, tail); w.Close() }()
	rest, err := io.ReadAll(s)
	if want := `,{"Id":2}]}`; err != nil || string(rest) != want {
		t.Fatalf("got %q, %v", rest, err)
	}
}

func TestALongAnswerIsNotHeld(t *testing.T) {
	r, w := io.Pipe()
	head, tail, _ := strings.Cut(enveloped("|"), "|")
	go func() {
		io.WriteString(w, head)
		for i := range 100_000 {
			if _, err := fmt.Fprintf(w, `<Order><Id>%d</Id><Customer>Contoso</Customer><Amount>10.50</Amount><Date>2026-01-02T03:04:05Z</Date></Order>`, i); err != nil {
				return
			}
		}
		io.WriteString(w, tail)
		w.Close()
	}()
	var d *decoder
	s := newStream(DefaultCap, func(yield func([]byte) bool) error {
		d = find(t).decoder(r, "", yield)
		return d.envelope(JSON)
	})
	defer s.Close()
	n, err := io.Copy(io.Discard, s)
	if err != nil || n < 7<<20 {
		t.Errorf("%d bytes, error %v", n, err)
	}
	if cap(d.out) > 4*chunk {
		t.Errorf("%d bytes were held", cap(d.out))
	}
}

func TestMixedNamesAreHeldToABound(t *testing.T) {
	long := enveloped(`<Log>` + strings.Repeat(`<In>aaaaaaaaaa</In><Out>b</Out>`, 100_000) + `</Log>`)
	_, err := answer(find(t), long)
	var large *TooLarge
	if !errors.As(err, &large) {
		t.Errorf("got %v", err)
	}
	got, err := answer(find(t), enveloped(`<Log>`+strings.Repeat(`<In>aaaaaaaaaa</In>`, 200_000)+`<Out>b</Out></Log>`))
	if err != nil || !json.Valid([]byte(got)) || !strings.HasSuffix(got, `"aaaaaaaaaa"],"Out":["b"]}}`) {
		t.Errorf("%d bytes, ending with %.100s, error %v", len(got), got[max(0, len(got)-100):], err)
	}
	ordered := service(t, "orders.wsdl", Options{Ordered: true}).Operation("Find")
	if got, err = answer(ordered, long); err != nil || !json.Valid([]byte(got)) {
		t.Errorf("in order: %v", err)
	}
}

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name, xml string
		want      Fault
	}{
		{"SOAP 1.1", `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Client</faultcode><faultstring>no such order</faultstring><faultactor>urn:a</faultactor><detail><NotFound xmlns="urn:example:orders"><Id>9007199254740993</Id></NotFound></detail></s:Fault></s:Body></s:Envelope>`,
			Fault{Code: "Client", Reason: "no such order", Actor: "urn:a", Name: "NotFound", Detail: []byte(`{"NotFound":{"Id":9007199254740993}}`)}},
		{"SOAP 1.2", `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:a="urn:a">a:NotFound</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">no such order</s:Text></s:Reason><s:Detail><x>1</x></s:Detail></s:Fault></s:Body></s:Envelope>`,
			Fault{Code: "Sender", Sub: "a:NotFound", Reason: "no such order", Detail: []byte(`{"#any":["<x>1</x>"]}`)}},
		{"a code of its own", `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>NotFound</faultcode><faultstring/></s:Fault></s:Body></s:Envelope>`, Fault{Code: "NotFound"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := answer(find(t), c.xml)
			var f *Fault
			if !errors.As(err, &f) {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(&c.want, f); diff != "" {
				t.Error(diff)
			}
		})
	}
}
