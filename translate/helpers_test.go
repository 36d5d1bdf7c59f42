package translate

import (
	"io"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"twohop/translate/wsdl"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func service(t testing.TB, file string, o Options) *Service {
	t.Helper()
	c, err := wsdl.Load("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(c, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func find(t testing.TB) *Operation { return service(t, "orders.wsdl", Options{}).Operation("Find") }

// lenient takes what lacks members.
func lenient(t testing.TB) *Operation {
	return service(t, "orders.wsdl", Options{Partial: true}).Operation("Find")
}

// all reads a message to its end.
func all(s *Stream) (string, error) {
	defer s.Close()
	data, err := io.ReadAll(s)
	return string(data), err
}

func request(o *Operation, json string) (string, error) {
	return all(o.Request(strings.NewReader(json), nil))
}

func answer(o *Operation, xml string) (string, error) {
	return all(o.Answer(strings.NewReader(xml), "", JSON))
}

// inBody is what stands in soap:Body.
func inBody(envelope string) string {
	_, rest, _ := strings.Cut(envelope, "<soap:Body>")
	body, _, _ := strings.Cut(rest, "</soap:Body>")
	return body
}

// enveloped is an answer of the operation Find with inner in it.
func enveloped(inner string) string {
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"><s:Header><x/></s:Header><s:Body><FindResponse xmlns="urn:example:orders">` +
		inner + `</FindResponse></s:Body></s:Envelope>`
}

// slow gives a byte at a time.
type slow struct{ io.Reader }

func (s slow) Read(p []byte) (int, error) { return s.Reader.Read(p[:min(1, len(p))]) }
