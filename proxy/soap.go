package proxy

import (
	"encoding/xml"
	"mime"
	"net/http"
	"strings"
)

// soapVersion is the SOAP version that a caller speaks.
type soapVersion int

const (
	notSOAP soapVersion = iota
	soap11
	soap12
)

// Namespaces and types of SOAP 1.1 (W3C Note, 2000) and 1.2 (W3C Recommendation, 2007).
const (
	ns11   = "http://schemas.xmlsoap.org/soap/envelope/"
	ns12   = "http://www.w3.org/2003/05/soap-envelope"
	type11 = "text/xml"
	type12 = "application/soap+xml"
	// nsDetail is the namespace of the detail element in our Faults.
	nsDetail = "urn:twohop:fault"
)

// speaksSOAP tells from the header whether a caller speaks SOAP: 1.2 has a media type
// of its own (RFC 3902); 1.1 must send SOAPAction (section 6.1.1), text/xml alone is
// any XML. A multipart message (MTOM, SwA) names the type of its root.
func speaksSOAP(h http.Header) soapVersion {
	_, action := h["Soapaction"]
	media, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	switch {
	case err != nil:
	case media == type12, strings.HasPrefix(media, "multipart/") && (strings.HasPrefix(params["start-info"], type12) || params["type"] == type12):
		return soap12
	}
	if action {
		return soap11
	}
	return notSOAP
}

// soapAction returns the action of a call without its quotes: the SOAPAction header
// of 1.1, or the action parameter of 1.2.
func soapAction(h http.Header) string {
	if v, ok := h["Soapaction"]; ok && len(v) == 1 {
		return strings.Trim(strings.TrimSpace(v[0]), `"`)
	}
	if ct := h.Get("Content-Type"); strings.Contains(ct, "action=") {
		_, params, _ := mime.ParseMediaType(ct)
		return params["action"]
	}
	return ""
}

// faultXML writes p as a SOAP Fault. The fault code says who is to mend it: the
// caller (Client, Sender) or the broker's side (Server, Receiver).
func faultXML(v soapVersion, p *problem) (contentType string, body []byte) {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?>`)
	atFault := p.Hop == "caller" || p.Status/100 == 4
	detail := func() {
		b.WriteString(`<error xmlns="` + nsDetail + `">`)
		for _, e := range p.elements() {
			b.WriteString("<" + e.name + ">" + escape(e.text) + "</" + e.name + ">")
		}
		b.WriteString("</error>")
	}
	text := escape(p.Title + ": " + p.Detail + ". " + p.Fix)
	if v == soap12 {
		code := map[bool]string{true: "Sender", false: "Receiver"}[atFault]
		b.WriteString(`<s:Envelope xmlns:s="` + ns12 + `"><s:Body><s:Fault><s:Code><s:Value>s:` + code + `</s:Value></s:Code><s:Reason><s:Text xml:lang="en">` + text + `</s:Text></s:Reason><s:Detail>`)
		detail()
		b.WriteString(`</s:Detail></s:Fault></s:Body></s:Envelope>`)
		return type12 + "; charset=utf-8", []byte(b.String())
	}
	code := map[bool]string{true: "Client", false: "Server"}[atFault]
	b.WriteString(`<s:Envelope xmlns:s="` + ns11 + `"><s:Body><s:Fault><faultcode>s:` + code + `</faultcode><faultstring xml:lang="en">` + text + `</faultstring><detail>`)
	detail()
	b.WriteString(`</detail></s:Fault></s:Body></s:Envelope>`)
	return type11 + "; charset=utf-8", []byte(b.String())
}

func escape(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // a strings.Builder does not fail
	return b.String()
}
