package address

import (
	"bytes"
	"crypto/rand"
	"fmt"
)

// Metadata returns the answer to a request for metadata (WS-MetadataExchange, 2004/09, over
// SOAP 1.2) whose wsa:MessageID is id: a WSDL document, in UTF-8, that Single returned.
func Metadata(single []byte, id string) []byte {
	_, wsdl, _ := bytes.Cut(single, []byte("?>"))
	var b bytes.Buffer
	fmt.Fprintf(&b, `<s:Envelope xmlns:s="%s" xmlns:a="%s"><s:Header><a:Action s:mustUnderstand="1">http://schemas.xmlsoap.org/ws/2004/09/transfer/GetResponse</a:Action>`,
		nsEnvelope12, nsAddressing[0])
	fmt.Fprintf(&b, `<a:MessageID>urn:uuid:%s</a:MessageID>`, newUUID())
	if id != "" {
		fmt.Fprintf(&b, `<a:RelatesTo>%s</a:RelatesTo>`, escape(id))
	}
	fmt.Fprintf(&b, `</s:Header><s:Body><m:Metadata xmlns:m="%s"><m:MetadataSection Dialect="%s">`, nsMEX, nsWSDL)
	b.Write(bytes.TrimSpace(wsdl))
	b.WriteString(`</m:MetadataSection></m:Metadata></s:Body></s:Envelope>`)
	return b.Bytes()
}

// newUUID returns a random one (RFC 9562, section 5.4).
func newUUID() string {
	var u [16]byte
	rand.Read(u[:])
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
