package translate

import (
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strings"
)

// Bounds of a multipart answer.
const (
	mostParts  = 10_000
	longID     = 1 << 10  // bytes
	partHeader = 64 << 10 // bytes, with what stands between two parts
)

// parts reads the parts of a multipart message (RFC 2046, section 5.1) one after the other.
type parts struct {
	start string // Content-ID of the root, "" for the first part
	r     *multipart.Reader
	src   *metered
	seen  map[string]bool // Content-IDs
	n     int
}

func (m *parts) open(body io.Reader, contentType string) error {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" {
		return &Broken{What: "the multipart answer has no boundary"}
	}
	m.start, m.seen = strings.Trim(params["start"], "<>"), map[string]bool{}
	m.src = &metered{src: body, left: partHeader}
	m.r = multipart.NewReader(m.src, params["boundary"])
	return nil
}

// part is one part of a message. It is to be read to its end before the next.
type part struct {
	io.Reader
	id          string // Content-ID without its brackets, "" for none
	contentType string
}

// next returns io.EOF after the last part of a message that is whole.
func (m *parts) next() (*part, error) {
	m.src.left, m.src.bounded = partHeader, true
	raw, err := m.r.NextRawPart()
	if err == io.EOF {
		_, err := io.Copy(io.Discard, m.src) // what follows the last boundary means nothing
		if err == nil {
			err = io.EOF
		}
		return nil, err
	}
	if err != nil {
		return nil, m.unreadable(err)
	}
	m.src.bounded = false
	id := strings.Trim(raw.Header.Get("Content-Id"), "<>")
	switch m.n++; {
	case m.n > mostParts:
		return nil, &Broken{What: "the answer has too many parts"}
	case len(id) > longID:
		return nil, &Broken{What: "the Content-ID of a part of the answer is too long"}
	case id != "" && m.seen[id], len(raw.Header["Content-Id"]) > 1:
		return nil, &Broken{What: "two parts of the answer have the Content-ID " + id}
	case id != "":
		m.seen[id] = true
	}
	p := &part{raw, id, raw.Header.Get("Content-Type")}
	switch encoding := strings.ToLower(raw.Header.Get("Content-Transfer-Encoding")); encoding {
	case "", "7bit", "8bit", "binary":
	case "base64":
		p.Reader = base64.NewDecoder(base64.StdEncoding, raw)
	default:
		return nil, &Broken{What: "a part of the answer has the Content-Transfer-Encoding " + encoding}
	}
	p.Reader = &whole{p.Reader}
	return p, nil
}

// unreadable is why there is no next part.
func (m *parts) unreadable(err error) error {
	switch {
	case m.src.err != nil:
		return m.src.err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return io.ErrUnexpectedEOF
	}
	return &Broken{What: "the beginning of a part of the answer cannot be read"}
}

// charset returns that of a root; an error says that it cannot be one.
func (p *part) charset() (string, error) {
	media, params, err := mime.ParseMediaType(p.contentType)
	switch {
	case err != nil:
	case media == "application/xop+xml", media == "text/xml", media == "application/soap+xml", media == "application/xml":
		return params["charset"], nil
	}
	return "", &Broken{What: "the root of the multipart answer is no SOAP message, but " + p.contentType}
}

// whole tells the end of a part from an end in the middle of it.
type whole struct{ src io.Reader }

func (w *whole) Read(p []byte) (int, error) {
	n, err := w.src.Read(p)
	var corrupt base64.CorruptInputError
	switch {
	case err == io.ErrUnexpectedEOF:
		err = broken(err)
	case errors.As(err, &corrupt):
		err = &Broken{What: "a part of the answer is declared as base64 and is not"}
	}
	return n, err
}

// metered bounds what is read between parts, and keeps the source's error.
type metered struct {
	src     io.Reader
	bounded bool
	left    int
	err     error // not io.EOF
}

func (m *metered) Read(p []byte) (int, error) {
	if m.bounded && len(p) > m.left {
		p = p[:m.left]
	}
	if len(p) == 0 {
		m.err = &Broken{What: "there is too much between the parts of the answer"}
		return 0, m.err
	}
	n, err := m.src.Read(p)
	if m.left -= n; err != nil && err != io.EOF {
		m.err = err
	}
	return n, err
}
