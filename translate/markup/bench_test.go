package markup

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"
)

// answer is a SOAP answer of about size bytes: a list of rows as ERP systems send them.
func answer(size int, pretty bool) []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` +
		`<soap:Body><ns2:listStockResponse xmlns:ns2="urn:example:stock:v3"><ns2:result>`)
	end, in := "", ""
	if pretty {
		end, in = "\r\n", "        "
	}
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, `%s<ns2:line number="%d" unit="PCS">%s`, in, i, end)
		fmt.Fprintf(&b, `%s<ns2:item>A-%06d</ns2:item>%s`, in, i, end)
		fmt.Fprintf(&b, `%s<ns2:name>Hexagon bolt M%d &amp; nut, galvanised</ns2:name>%s`, in, i%30, end)
		fmt.Fprintf(&b, `%s<ns2:site>Köln</ns2:site>%s`, in, end)
		fmt.Fprintf(&b, `%s<ns2:onHand>%d.%03d</ns2:onHand>%s`, in, i%5000, i%1000, end)
		fmt.Fprintf(&b, `%s<ns2:counted>2024-03-%02dT08:%02d:00Z</ns2:counted>%s`, in, i%28+1, i%60, end)
		fmt.Fprintf(&b, `%s<ns2:blocked>false</ns2:blocked>%s`, in, end)
		fmt.Fprintf(&b, `%s<ns2:remark xsi:nil="true"/>%s`, in, end)
		fmt.Fprintf(&b, `%s</ns2:line>%s`, in, end)
	}
	b.WriteString(`</ns2:result></ns2:listStockResponse></soap:Body></soap:Envelope>`)
	return b.Bytes()
}

func readAll(b *testing.B, r *Reader) (tokens int) {
	for {
		_, err := r.Next()
		if err == io.EOF {
			return tokens
		}
		if err != nil {
			b.Fatal(err)
		}
		tokens++
	}
}

func BenchmarkReader(b *testing.B) {
	for _, c := range []struct {
		name string
		doc  []byte
	}{
		{"5MB", answer(5<<20, false)},
		{"5MB-pretty-CRLF", answer(5<<20, true)},
		{"1KB", answer(1<<10, false)},
		{"attributes", []byte(`<a xmlns:x="u">` + strings.Repeat(`<b id="12345" x:type="something" name='A longer value, with &lt;'/>`, 20000) + `</a>`)},
		{"base64", []byte(`<a>` + strings.Repeat("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5eg==", 50000) + `</a>`)},
		{"umlauts", []byte(`<a>` + strings.Repeat(`<b>Größenänderung für Schönwetter 中文</b>`, 50000) + `</a>`)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.doc)))
			b.ReportAllocs()
			for b.Loop() {
				readAll(b, NewReader(bytes.NewReader(c.doc), "", Limits{}))
			}
		})
	}
}

// BenchmarkEncodingXML is the standard library on the same answer, for the ratio.
func BenchmarkEncodingXML(b *testing.B) {
	doc := answer(5<<20, false)
	for name, next := range map[string]func(*xml.Decoder) error{
		"RawToken": func(d *xml.Decoder) error { _, err := d.RawToken(); return err },
		"Token":    func(d *xml.Decoder) error { _, err := d.Token(); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				d := xml.NewDecoder(bytes.NewReader(doc))
				for {
					if err := next(d); err == io.EOF {
						break
					} else if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func BenchmarkAppendText(b *testing.B) {
	for name, s := range map[string]string{"short": "A-000123", "long": strings.Repeat("Hexagon bolt, galvanised. ", 400), "escapes": strings.Repeat("a&b<c ", 400)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(s)))
			var dst []byte
			for b.Loop() {
				dst, _ = AppendText(dst[:0], s)
			}
		})
	}
}
