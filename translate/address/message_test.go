package address

import (
	"bytes"
	"errors"
	"testing"
)

const message = "<?xml version='1.0'?>" + `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>` +
	`<a:Action> urn:a/Get </a:Action><a:MessageID>id</a:MessageID><a:To>http://front/x</a:To></s:Header><s:Body><Get xmlns="urn:a"/></s:Body></s:Envelope>`

const parts = "--b\r\nContent-Type: application/xop+xml; charset=utf-8\r\nContent-ID: <r>\r\n\r\n" + message + "\r\n--b--\r\n"

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name, contentType string
		data              []byte
	}{
		{"UTF-8", "application/soap+xml", []byte(message)},
		{"UTF-16", "application/soap+xml; charset=utf-16", widen([]byte("\uFEFF"+message), little)},
		{"the root of a multipart", `multipart/related; boundary=b; start="<r>"`, []byte(parts)},
		{"a multipart after an empty line", `multipart/related; boundary=b`, []byte("\r\n" + parts)},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := Read(c.data, true, c.contentType)
			if err != nil {
				t.Fatal(err)
			}
			if m.Version != 12 || m.Space != "urn:a" || m.Local != "Get" || m.ID != "id" || len(m.Actions) != 1 || m.Actions[0] != "urn:a/Get" || len(m.Ends) != 1 {
				t.Errorf("%+v", m)
			}
			// Every shorter beginning asks for more, until it tells the same.
			for n := range c.data {
				switch short, err := Read(c.data[:n], false, c.contentType); {
				case err == nil && (short.Local != m.Local || n < len(c.data)/2):
					t.Fatalf("%d bytes tell %+v", n, short)
				case err != nil && !errors.Is(err, ErrShort):
					t.Fatalf("%d bytes: %v", n, err)
				}
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(message), "text/xml")
	f.Add([]byte(parts), "multipart/related; boundary=b")
	f.Add(widen([]byte(message), big), "text/xml")
	f.Fuzz(func(t *testing.T, data []byte, contentType string) {
		m, err := Read(data, true, contentType)
		if err != nil {
			return
		}
		if same := m.Redirect(data, func(s string) string { return s }); !bytes.Equal(same, data) {
			t.Errorf("not the same bytes: %q", same)
		}
		for n := range data {
			if short, err := Read(data[:n], false, contentType); err == nil && (short.Local != m.Local || short.Space != m.Space) {
				t.Fatalf("%d bytes tell {%s}%s, all tell {%s}%s", n, short.Space, short.Local, m.Space, m.Local)
			}
		}
	})
}
