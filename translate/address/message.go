package address

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/textproto"
	"strings"
	"unicode/utf16"
)

// Message is what the beginning of a SOAP message tells.
type Message struct {
	Version int      // of SOAP: 11 or 12
	ID      string   // wsa:MessageID
	Actions []string // wsa:Action headers; more than one when they are of several versions
	Empty   bool     // the body has no element
	Space   string   // namespace of the body's first element
	Local   string   // its name
	Ends    []End
}

// End is an address in the header that says where a message goes or its answer.
type End struct {
	Name    string // To, ReplyTo or FaultTo
	Address string
	at      span // in what was read; nothing when it must not change
}

// EncryptedBody reports whether the body's element is hidden by encryption.
func (m *Message) EncryptedBody() bool { return m.Local == "EncryptedData" && m.Space == nsEncryption }

// Errors of Read beside *Malformed.
var (
	ErrShort    = errors.New("the message goes on before its operation is told")
	ErrNotSOAP  = errors.New("the body is not a SOAP message")
	ErrEncoding = errors.New("the encoding of the message is not one that can be read here")
	ErrRoot     = errors.New("the root of the multipart message is not its first part, or is encoded")
	ErrNotRoot  = errors.New("the first element of the body says that it is not the message's root")
)

const (
	nsEncoding   = "http://schemas.xmlsoap.org/soap/encoding/"
	nsEncryption = "http://www.w3.org/2001/04/xmlenc#"
	nsSignature  = "http://www.w3.org/2000/09/xmldsig#"
	nsUtility    = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
)

// Read reads the beginning of a message up to the first element in its body: an envelope, or
// the root of a multipart message (MTOM, SOAP with attachments). whole says that data is all of it.
// ErrShort asks for more data. Everything up to that element was read strictly, so that a
// service cannot find another operation in it.
func Read(data []byte, whole bool, contentType string) (*Message, error) {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || !mayBeSOAP(media) {
		return nil, ErrNotSOAP
	}
	base, charset := 0, strings.ToLower(params["charset"])
	if media == "multipart/related" {
		from, to, inner, err := rootPart(data, whole, params)
		if err != nil {
			return nil, err
		}
		data, base, charset = data[from:to], from, Charset(inner.Get("Content-Type"))
	}
	if len(data) < 4 && !whole {
		return nil, ErrShort
	}
	f, err := sniff(data, charset)
	if err != nil || twoBytes(data, charset) && bytes.Contains(data, []byte("<![CDATA[")) {
		return nil, ErrEncoding
	}
	if f != ascii {
		cut := len(data) &^ 1
		if !whole && cut >= 2 && utf16.IsSurrogate(rune(unit(data[cut-2:], f))) {
			cut -= 2 // perhaps half a pair
		}
		if data, err = narrow(data[:cut], f); err != nil {
			return nil, ErrEncoding
		}
	}
	plain := bytes.TrimPrefix(data, utf8BOM)
	base += len(data) - len(plain)
	r := reader{scanner: scanner{data: plain}, m: &Message{}}
	if err := r.read(); err == io.ErrUnexpectedEOF {
		if whole {
			return nil, ErrNotSOAP
		}
		return nil, ErrShort
	} else if err != nil {
		return nil, err
	}
	r.settle(base, f)
	return r.m, nil
}

// mayBeSOAP reports whether a service may take a body of this type for a message. One of
// another type it may read as something else, such as the fields of a form.
func mayBeSOAP(media string) bool {
	return media == "multipart/related" || media == "text/xml" || media == "application/xml" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+xml")
}

// rootPart finds the root of a multipart message (RFC 2387), which must come first: a
// later one could be named twice.
func rootPart(data []byte, whole bool, params map[string]string) (from, to int, header textproto.MIMEHeader, err error) {
	delimiter := []byte("--" + params["boundary"])
	if params["boundary"] == "" {
		return 0, 0, nil, ErrRoot
	}
	at := 0
	if bytes.HasPrefix(data, []byte("\r\n")) {
		at = 2
	}
	head := bytes.Index(data, []byte("\r\n\r\n"))
	switch {
	case head < 0 && whole:
		return 0, 0, nil, ErrRoot
	case head < 0:
		return 0, 0, nil, ErrShort
	case !bytes.HasPrefix(data[at:], delimiter), head < at+len(delimiter):
		return 0, 0, nil, ErrRoot
	}
	line, fields, _ := bytes.Cut(data[at+len(delimiter):head+4], []byte("\r\n"))
	if len(bytes.Trim(line, " \t")) > 0 {
		return 0, 0, nil, ErrRoot
	}
	header, err = mimeHeader(fields)
	if err != nil || !identity(header) || !first(header.Get("Content-Id"), params["start"]) {
		return 0, 0, nil, ErrRoot
	}
	from, to = head+4, len(data)
	if end := bytes.Index(data[from:], append([]byte("\r\n"), delimiter...)); end >= 0 {
		to = from + end
	}
	return from, to, header, nil
}

func mimeHeader(fields []byte) (textproto.MIMEHeader, error) {
	header := textproto.MIMEHeader{}
	for line := range bytes.SplitSeq(bytes.TrimSuffix(fields, []byte("\r\n\r\n")), []byte("\r\n")) {
		name, value, ok := strings.Cut(string(line), ":")
		if !ok || name == "" || strings.ContainsAny(name, " \t") {
			return nil, ErrRoot // a folded line too
		}
		header.Add(name, strings.TrimSpace(value))
	}
	for _, values := range header {
		if len(values) > 1 {
			return nil, ErrRoot
		}
	}
	return header, nil
}

// identity reports whether a part stands as it is (RFC 2045, section 6).
func identity(h textproto.MIMEHeader) bool {
	switch strings.ToLower(h.Get("Content-Transfer-Encoding")) {
	case "", "7bit", "8bit", "binary":
		return http.Header(h).Get("Content-Length") == ""
	}
	return false
}

func first(id, start string) bool {
	return start == "" || strings.Trim(id, "<>") == strings.Trim(start, "<>")
}

// reader reads the beginning of an envelope.
type reader struct {
	scanner
	m      *Message
	ids    []string // for each of m.Ends those of its elements, with blanks between and around
	outer  string   // ids of the envelope and its header
	refs   string   // ids that signatures cover
	sealed bool     // a signature may cover everything: all of it, or what cannot be told
}

func (r *reader) read() error {
	if k, err := r.next(); err != nil {
		return err
	} else if k != startTag || !r.isEnvelope() {
		return ErrNotSOAP
	}
	r.m.Version = 11
	if string(r.element.space) == nsEnvelope12 {
		r.m.Version = 12
	}
	r.outer = r.identifiers()
	for header := false; ; header = true {
		if err := r.child(); err != nil {
			return err
		}
		switch {
		case !bytes.Equal(r.element.space, r.open[0].space):
			return ErrNotSOAP
		case string(r.local) == "Body":
			return r.body()
		case string(r.local) != "Header" || header:
			return ErrNotSOAP
		}
		r.outer += r.identifiers()
		if err := r.header(); err != nil {
			return err
		}
	}
}

// child goes to the next start tag in the element that is open.
func (r *reader) child() error {
	for {
		switch k, err := r.next(); {
		case err == io.EOF:
			return ErrNotSOAP
		case err != nil:
			return err
		case k == startTag:
			return nil
		case k == endTag, len(bytes.TrimSpace(r.data[r.piece.from:r.piece.to])) > 0:
			return ErrNotSOAP
		}
	}
}

func (r *reader) body() error {
	for {
		switch k, err := r.next(); {
		case err != nil:
			return err
		case k == startTag:
			r.m.Space, r.m.Local = string(r.element.space), string(r.local)
			// A service may take the next element for the call then (SOAP 1.1, section 5.6).
			if root, err := r.value(nsEncoding, "root"); err != nil || root != "" && root != "1" {
				return ErrNotRoot
			}
			return nil
		case k == endTag:
			r.m.Empty = true
			return r.nothingMore()
		case len(bytes.TrimSpace(r.data[r.piece.from:r.piece.to])) > 0:
			return ErrNotSOAP
		}
	}
}

// nothingMore reads to the end after an empty body: a second body would be what a careless
// reader finds.
func (r *reader) nothingMore() error {
	for {
		switch k, err := r.next(); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case k == startTag, k == text && len(bytes.TrimSpace(r.data[r.piece.from:r.piece.to])) > 0:
			return ErrNotSOAP
		}
	}
}

// header reads all headers.
func (r *reader) header() error {
	depth := r.depth()
	for {
		k, err := r.next()
		switch {
		case err != nil:
			return err
		case k == endTag && r.depth() < depth:
			return nil
		case k != startTag:
			continue
		case r.depth() == depth+1 && isAddressing(r.element.space):
			err = r.addressing()
		default:
			err = r.security()
		}
		if err != nil {
			return err
		}
	}
}

// addressing reads a header of WS-Addressing.
func (r *reader) addressing() error {
	switch name := string(r.local); name {
	case "MessageID":
		value, _, err := r.content()
		r.m.ID = strings.TrimSpace(value)
		return err
	case "Action":
		value, _, err := r.content()
		r.m.Actions = append(r.m.Actions, strings.TrimSpace(value))
		return err
	case "To":
		return r.end(name, r.identifiers())
	case "ReplyTo", "FaultTo":
		ids, depth := r.identifiers(), r.depth()
		for {
			switch k, err := r.next(); {
			case err != nil:
				return err
			case k == endTag && r.depth() < depth:
				return nil
			case k == startTag && r.depth() == depth+1 && isAddressing(r.element.space) && string(r.local) == "Address":
				if err := r.end(name, ids+r.identifiers()); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (r *reader) end(name, ids string) error {
	value, inner, err := r.content()
	r.m.Ends = append(r.m.Ends, End{name, strings.TrimSpace(value), r.trimmed(inner)})
	r.ids = append(r.ids, ids)
	return err
}

// identifiers returns what the element at hand may be referred to by.
func (r *reader) identifiers() string {
	ids := " "
	for _, a := range r.attrs {
		space, _ := r.attrSpace(a)
		if strings.EqualFold(string(a.local), "id") && (len(space) == 0 || string(space) == nsUtility || string(space) == nsXML) {
			id, err := decode(r.data[a.value.from:a.value.to])
			r.sealed = r.sealed || err != nil
			ids += id + " "
		}
	}
	return ids
}

// security notes what a signature covers.
func (r *reader) security() error {
	if r.element.is(nsEncryption, "EncryptedData") {
		r.sealed = true // there may be a signature in it
		return nil
	}
	if !r.element.is(nsSignature, "Reference") {
		return nil
	}
	uri, err := r.value("", "URI")
	if err != nil {
		return err
	}
	id, local := strings.CutPrefix(uri, "#")
	switch {
	case local && id != "" && !strings.ContainsAny(id, "()' "):
		r.refs += " " + id + " "
	case strings.HasPrefix(uri, "cid:"): // an attachment
	default:
		r.sealed = true
	}
	return nil
}

// settle takes back the places of addresses that a signature covers.
func (r *reader) settle(base int, f form) {
	for i := range r.m.Ends {
		e := &r.m.Ends[i]
		e.at.from += base
		e.at.to += base
		if r.sealed || f != ascii || r.covered(r.ids[i]+r.outer) {
			e.at = span{}
		}
	}
}

func (r *reader) covered(ids string) bool {
	for id := range strings.FieldsSeq(ids) {
		if strings.Contains(r.refs, " "+id+" ") {
			return true
		}
	}
	return false
}

// Redirect returns data, which m was read from, with every address replaced by what to
// returns for it, but for those that a signature covers. It returns data itself when
// nothing changes.
func (m *Message) Redirect(data []byte, to func(string) string) []byte {
	var edits []edit
	for _, e := range m.Ends {
		if e.at.to > e.at.from {
			if by := to(e.Address); by != e.Address {
				edits = append(edits, edit{e.at, escape(by)})
			}
		}
	}
	return apply(data, edits)
}
