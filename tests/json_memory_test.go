//go:build linux

package tests

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
)

// A million rows of about 500 bytes.
const rows = 1_000_000

var note = strings.Repeat("0123456789", 33)

func writeRows(w io.Writer, head, format, between, tail string) error {
	out := bufio.NewWriterSize(w, 64<<10)
	out.WriteString(head)
	for i := range rows {
		if i > 0 {
			out.WriteString(between)
		}
		if _, err := fmt.Fprintf(out, format, i, note); err != nil {
			return err
		}
	}
	out.WriteString(tail)
	return out.Flush()
}

// TestAMillionRowsAreTranslatedInFlatMemory sends them as JSON to a SOAP service, and takes
// them back as JSON.
func TestAMillionRowsAreTranslatedInFlatMemory(t *testing.T) {
	var taken atomic.Int64 // bytes of the request at the target
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		taken.Store(n)
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		writeRows(w, `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><FindResponse xmlns="urn:example:orders">`,
			`<Order status="open"><Id>%d</Id><Customer>Contoso</Customer><Amount>12.50</Amount><Date>2026-01-02T03:04:05Z</Date><Note>%s</Note></Order>`, "",
			`<Count>1000000</Count></FindResponse></s:Body></s:Envelope>`)
	}))
	defer target.Close()
	contract, err := os.ReadFile("../translate/testdata/orders.wsdl")
	if err != nil {
		t.Fatal(err)
	}
	b := New(t, fill(`
routes:
  - name: orders
    path: /orders/*
    callers: [erp]
    max_body: 1GiB
    target: {url: "TARGET"}
    soap: {contract: orders.wsdl}
`, "TARGET", target.URL))
	b.WriteFile("orders.wsdl", string(contract))
	plain, err := buildPlain()
	if err != nil {
		t.Fatal(err)
	}
	b.wrap = func(command []string) []string { return append([]string{plain}, command[1:]...) }
	b.Start()
	body, w := io.Pipe()
	go func() {
		w.CloseWithError(writeRows(w, `{"Order":[`, `{"@status":"open","Id":%d,"Customer":"Contoso","Amount":12.50,"Date":"2026-01-02T03:04:05Z","Note":"%s"}`, ",", `]}`))
	}()
	resp, err := b.Client().Do(b.Request("POST", "/orders/Find", body, "Content-Type: application/json"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var end []byte
	n := 0
	buf := make([]byte, 256<<10)
	for err == nil {
		var got int
		got, err = resp.Body.Read(buf)
		n += got
		end = append(end, buf[:got]...)
		end = end[max(0, len(end)-100):]
	}
	if err != io.EOF || resp.StatusCode != 200 || !strings.HasSuffix(string(end), `"}],"Count":1000000}`) {
		t.Fatalf("status %d, %d bytes ending with %s, %v", resp.StatusCode, n, end, err)
	}
	t.Logf("%d MB to the target, %d MB to the caller; the broker had at most %d MiB", taken.Load()/1e6, n/1e6, rss(t, b.cmd.Process.Pid))
	if taken.Load() < 400e6 || n < 400e6 {
		t.Errorf("%d bytes to the target, %d to the caller", taken.Load(), n)
	}
	if most := rss(t, b.cmd.Process.Pid); most > 64 {
		t.Errorf("the broker had %d MiB", most)
	}
}
