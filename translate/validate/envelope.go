package validate

import (
	"bytes"
	"io"

	"twohop/translate/markup"
)

// The namespaces of SOAP 1.1 and 1.2 envelopes.
const (
	soap11 = "http://schemas.xmlsoap.org/soap/envelope/"
	soap12 = "http://www.w3.org/2003/05/soap-envelope"
)

// Envelope validates every element in the Body of a SOAP message, as Body does; a Fault is
// not looked at, since contracts rarely declare all that stands in one. charset is what the
// transport says about the encoding, "" for nothing. A message without a Body is valid.
func (v *Validator) Envelope(message []byte, charset string) error {
	// Escaped and in UTF-8 an element is longer than it came, by no more than this.
	r := markup.NewReader(bytes.NewReader(message), charset, markup.Limits{Element: 6 * len(message)})
	soap := ""
	for {
		k, err := r.Next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case k != markup.Start:
			continue
		}
		name := r.Name()
		own := name.Space == soap11 || name.Space == soap12
		switch {
		case r.Depth() == 1:
			soap = name.Space
		case r.Depth() == 2 && (name.Space != soap || string(name.Local) != "Body"), own && r.Depth() == 3 && string(name.Local) == "Fault":
			err = r.Skip()
		case r.Depth() == 3:
			err = v.child(r)
		}
		if err != nil {
			return err
		}
	}
}

// child validates the element that has just started.
func (v *Validator) child(r *markup.Reader) error {
	body, err := r.AppendElement(nil)
	if err != nil {
		return err
	}
	return v.Body(body)
}
