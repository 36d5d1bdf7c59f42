package proxy

import (
	"encoding/xml"
	"mime"
	"net/http"
	"strings"

	"twohop/internal/fault"
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

// readSOAP tells from the header which SOAP version a caller speaks and which action it
// names, without its quotes. 1.2 has a media type of its own, with the action as a
// parameter (RFC 3902); 1.1 must send SOAPAction (section 6.1.1), text/xml alone is any
// XML. A multipart message (MTOM, SwA) names the type of its root. The body's operation
// is not looked at. An error says that the target might read another action than the
// one that routes are matched by; its call must be refused.
func readSOAP(h http.Header) (v soapVersion, action string, unclear error) {
	actions, types := h["Soapaction"], h["Content-Type"]
	if len(actions) > 0 {
		v, action = soap11, strings.Trim(strings.TrimSpace(actions[0]), `"`)
	}
	if len(types) > 0 && strings.Contains(strings.ToLower(types[0]), type12) {
		v = soap12
	}
	if len(actions) > 1 || len(types) > 1 {
		return v, action, fault.New(fault.BadRequest, "the header field SOAPAction or Content-Type is there more than once")
	}
	for _, value := range h["Connection"] {
		if lower := strings.ToLower(value); strings.Contains(lower, "soapaction") || strings.Contains(lower, "content-type") {
			return v, action, fault.New(fault.BadRequest, "Connection names SOAPAction or Content-Type, which are for the target")
		}
	}
	if len(types) == 0 || v == notSOAP {
		return v, action, nil
	}
	media, params, err := mime.ParseMediaType(types[0])
	if err != nil {
		return v, action, fault.New(fault.BadRequest, "the Content-Type of the SOAP message cannot be read").Because(err)
	}
	named := params["action"]
	if media == type11 && named == "" || media != type12 && !strings.HasPrefix(media, "multipart/") && named == "" {
		return v, action, nil
	}
	if inner := params["start-info"]; named == "" && inner != "" { // MTOM: the root's type in start-info
		if _, root, err := mime.ParseMediaType(inner); err == nil {
			named = root["action"]
		}
	}
	switch {
	case action == "":
		action = named
	case named != "" && named != action:
		return v, action, fault.New(fault.BadRequest, "SOAPAction and the action in Content-Type differ")
	}
	return v, action, nil
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
