package legacy

import (
	"strings"
	"testing"
)

func TestParseGetStock(t *testing.T) {
	header := func(content string) string {
		return strings.Replace(request("A1001"), "<s:Body>", "<s:Header>"+content+"</s:Header><s:Body>", 1)
	}
	in := func(from, to string) string { return strings.Replace(request("A1001"), from, to, 1) }
	for name, c := range map[string]struct{ body, item, code, text string }{
		"a request":                      {request("A1001"), "A1001", "", ""},
		"space around the item":          {request("\n  A1001\t"), "A1001", "", ""},
		"a comment in the item":          {request("A1<!-- x -->001"), "A1001", "", ""},
		"CDATA":                          {request("<![CDATA[M8/25]]>"), "M8/25", "", ""},
		"headers that may be ignored":    {header(`<a xmlns="x"><b>1</b><c/></a><d xmlns="y"/>`), "A1001", "", ""},
		"mustUnderstand of another kind": {header(`<a xmlns="x" mustUnderstand="1"/>`), "A1001", "", ""},
		"mustUnderstand is 0":            {header(`<a xmlns="x" s:mustUnderstand="0"/>`), "A1001", "", ""},
		"mustUnderstand is 1":            {header(`<a xmlns="x" s:mustUnderstand="1"/>`), "", "MustUnderstand", "header a is not understood"},
		"nothing":                        {"", "", "Client", "the request is empty"},
		"JSON":                           {`{"item":"A1001"}`, "", "Client", "text where an element"},
		"no XML at all":                  {"<<<", "", "Client", "not well-formed"},
		"a cut request":                  {request("A1001")[:150], "", "Client", "not well-formed"},
		"a document type":                {in("?><", "?><!DOCTYPE s [<!ENTITY a 'b'>]><"), "", "Client", "document type declaration"},
		"a late document type":           {request("A1001") + "<!DOCTYPE s>", "", "Client", "document type declaration"},
		"an entity of nobody's":          {request("&a;"), "", "Client", "not well-formed"},
		"a processing instruction":       {in("<s:Body>", "<?php 1?><s:Body>"), "", "Client", "processing instruction"},
		"another encoding":               {in("utf-8", "iso-8859-1"), "", "Client", "not well-formed"},
		"another root":                   {"<a/>", "", "VersionMismatch", "not a SOAP 1.1 Envelope"},
		"a second root":                  {request("A1001") + "<a/>", "", "Client", "after the Envelope"},
		"text after the end":             {request("A1001") + "x", "", "Client", "text where an element"},
		"no Body":                        {in("s:Body", "s:Other"), "", "Client", "Other in"},
		"an empty Body":                  {`<s:Envelope xmlns:s="` + envelopeNS + `"><s:Body/></s:Envelope>`, "", "Client", "GetStock is missing"},
		"an operation of another name":   {strings.ReplaceAll(request("A1001"), "GetStock", "SetStock"), "", "Client", "SetStock in"},
		"an unqualified operation":       {in(` xmlns="urn:legacy"`, ""), "", "Client", `GetStock in ""`},
		"an unqualified item":            {in("<item>", `<item xmlns="">`), "", "Client", `item in ""`},
		"two items":                      {in("</item>", "</item><item>B</item>"), "", "Client", "unexpected element item in GetStock"},
		"two operations":                 {in("</GetStock>", `</GetStock><GetStock xmlns="urn:legacy"/>`), "", "Client", "unexpected element GetStock in Body"},
		"an element in the item":         {request("<b/>"), "", "Client", "unexpected element b in a value"},
		"no item":                        {in("<item>A1001</item>", ""), "", "Client", "item is missing"},
		"an empty item":                  {request(" "), "", "Client", "1 to 64 characters"},
		"a long item":                    {request(strings.Repeat("Ü", 65)), "", "Client", "1 to 64 characters"},
		"a deep header":                  {header(strings.Repeat("<a>", 40) + strings.Repeat("</a>", 40)), "", "Client", "more than 32 deep"},
	} {
		t.Run(name, func(t *testing.T) {
			item, f := parseGetStock(strings.NewReader(c.body))
			if f == nil {
				f = &fault{}
			}
			if item != c.item || f.Code != c.code || !strings.Contains(f.Text, c.text) {
				t.Errorf("got %q, %+v", item, f)
			}
		})
	}
}

// FuzzParseGetStock checks that a request is either refused or names an item that can be asked for again.
func FuzzParseGetStock(f *testing.F) {
	f.Add(request("A1001"))
	f.Add(request("<![CDATA[M8/25]]>"))
	f.Add(strings.Replace(request("&#xDC;"), "<s:Body>", `<s:Header><a s:mustUnderstand="1"/></s:Header><s:Body>`, 1))
	f.Add("<!DOCTYPE a [<!ENTITY b 'c'>]>" + request("&b;"))
	f.Fuzz(func(t *testing.T, body string) {
		item, refused := parseGetStock(strings.NewReader(body))
		if (item == "") != (refused != nil) {
			t.Fatalf("item %q with fault %+v", item, refused)
		}
		if refused != nil {
			return
		}
		if again, refused := parseGetStock(strings.NewReader(request(escape(item)))); again != item {
			t.Fatalf("%q was read as %q, %+v", item, again, refused)
		}
	})
}
