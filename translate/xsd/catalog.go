package xsd

import (
	"bytes"
	"embed"
	"fmt"

	"twohop/translate/document"
)

// known holds, in our own words, as much of well-known schemas as contracts use of them.
//
//go:embed catalog/*.xsd
var known embed.FS

var catalog = map[string]string{
	document.XML: "xml.xsd",
	soapEncoding: "soap11-encoding.xsd",
	"http://www.w3.org/2003/05/soap-encoding":             "soap12-encoding.xsd",
	"http://schemas.xmlsoap.org/soap/envelope/":           "soap11-envelope.xsd",
	"http://www.w3.org/2003/05/soap-envelope":             "soap12-envelope.xsd",
	"http://www.w3.org/2005/08/addressing":                "addressing.xsd",
	"http://schemas.xmlsoap.org/ws/2004/08/addressing":    "addressing-2004.xsd",
	"http://www.w3.org/2005/05/xmlmime":                   "xmlmime.xsd",
	"http://www.w3.org/2004/11/xmlmime":                   "xmlmime-2004.xsd",
	"http://www.w3.org/2004/08/xop/include":               "xop.xsd",
	"http://www.w3.org/2000/09/xmldsig#":                  "xmldsig.xsd",
	"http://schemas.microsoft.com/2003/10/Serialization/": "serialization.xsd",
	"http://ws-i.org/profiles/basic/1.1/xsd":              "swaref.xsd",
}

// fromCatalog reads a well-known schema. It is false when there is none for the namespace.
func (r *Reader) fromCatalog(space string) bool {
	name, ok := catalog[space]
	if !ok {
		return false
	}
	if r.catalog[space] {
		return true
	}
	r.catalog[space] = true
	data, err := known.ReadFile("catalog/" + name)
	if err == nil {
		var root *document.Node
		if root, err = document.Parse(bytes.NewReader(data)); err == nil {
			err = r.Add("built-in "+name, root)
		}
	}
	if err != nil {
		panic(fmt.Sprintf("the built-in schema %s: %v", name, err)) // it is a part of the program, and tested
	}
	if array := r.tables[types][Name{soapEncoding, "Array"}]; array != nil {
		r.typeOf(array).Array = &Array{Item: r.anyType(), Dims: "[]"}
	}
	return true
}

// Known reports whether the schema of a namespace is built in, so that an import of it
// needs no file.
func Known(space string) bool { return catalog[space] != "" || space == Namespace }

// BuiltIn returns the document of a built-in schema.
func BuiltIn(space string) (data []byte, ok bool) {
	name, ok := catalog[space]
	if !ok {
		return nil, false
	}
	data, err := known.ReadFile("catalog/" + name)
	return data, err == nil
}
