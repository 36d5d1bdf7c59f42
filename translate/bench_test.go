package translate

import (
	"bytes"
	"fmt"
	"io"
	"testing"
)

func orders(n int) (xml, json []byte) {
	var x, j bytes.Buffer
	for i := range n {
		if i > 0 {
			j.WriteByte(',')
		}
		fmt.Fprintf(&x, `<Order status="open"><Id>%d</Id><Customer>Contoso Retail %d</Customer><Amount>%d.50</Amount><Date>2026-01-02T03:04:05Z</Date><Line><Item>A-%d</Item><Quantity>3</Quantity><Price>1.25</Price></Line></Order>`, i, i, i, i)
		fmt.Fprintf(&j, `{"@status":"open","Id":%d,"Customer":"Contoso Retail %d","Amount":%d.50,"Date":"2026-01-02T03:04:05Z","Line":[{"Item":"A-%d","Quantity":3,"Price":1.25}]}`, i, i, i, i)
	}
	return []byte(enveloped(x.String())), []byte(`{"Order":[` + j.String() + `]}`)
}

func BenchmarkRequest(b *testing.B) {
	for _, n := range []int{5, 30_000} {
		_, json := orders(n)
		b.Run(fmt.Sprintf("%dKB", len(json)>>10), func(b *testing.B) {
			op := find(b)
			b.SetBytes(int64(len(json)))
			b.ReportAllocs()
			for b.Loop() {
				s := op.Request(bytes.NewReader(json), nil)
				if _, err := io.Copy(io.Discard, s); err != nil {
					b.Fatal(err)
				}
				s.Close()
			}
		})
	}
}

func BenchmarkAnswer(b *testing.B) {
	for _, n := range []int{5, 25_000} {
		xml, _ := orders(n)
		b.Run(fmt.Sprintf("%dKB", len(xml)>>10), func(b *testing.B) {
			op := find(b)
			b.SetBytes(int64(len(xml)))
			b.ReportAllocs()
			for b.Loop() {
				s := op.Answer(bytes.NewReader(xml), "", JSON)
				if _, err := io.Copy(io.Discard, s); err != nil {
					b.Fatal(err)
				}
				s.Close()
			}
		})
	}
}
