package capture

import (
	"bytes"
	"encoding/json"
	"io"
)

// jsonReader is where a JSON document is read.
type jsonReader struct {
	*redactor
	keys *matcher
	nest []bool // of each open bracket: is it an object's?
	key  bool   // the next text in an object is a key
	hit  bool   // the value of this key is redacted
	hide int    // brackets that are open within a redacted value
}

// json redacts JSON. A key is compared as it is decoded, so that an escape hides nothing;
// of a key that is there twice both values are looked at.
func (r *redactor) json(paths []path) error {
	in := jsonReader{redactor: r, keys: newMatcher(paths)}
	dec := json.NewDecoder(bytes.NewReader(r.src))
	dec.UseNumber()
	for {
		tok, err := dec.Token()
		if err == io.EOF && len(in.nest)+in.hide > 0 {
			return errUnclosed
		} else if err == io.EOF {
			return r.take(len(r.src)) // blanks
		}
		if err == nil {
			err = in.token(tok, int(dec.InputOffset()))
		}
		if err != nil {
			return err
		}
	}
}

// token takes one token that ends at end.
func (in *jsonReader) token(tok json.Token, end int) error {
	delim, bracket := tok.(json.Delim)
	opens := bracket && (delim == '{' || delim == '[')
	switch {
	case opens && len(in.nest)+in.hide >= deepest:
		return errLeaveOut(tooDeep)
	case in.hide > 0:
		in.at = end
		if opens {
			in.hide++
		} else if bracket {
			in.hide--
		}
		if in.hide == 0 {
			in.over()
		}
		return nil
	case in.key && !bracket:
		in.key, in.hit = false, in.keys.push(tok.(string))
		return in.take(end)
	case in.hit:
		if err := in.put(append(in.gap(), `"`+mark+`"`...), end); err != nil {
			return err
		}
		if opens {
			in.hide = 1
			return nil
		}
	default:
		if err := in.take(end); err != nil {
			return err
		}
		if opens {
			in.nest, in.key = append(in.nest, delim == '{'), delim == '{'
			return nil
		}
		if bracket {
			in.nest = in.nest[:len(in.nest)-1]
		}
	}
	in.over()
	return nil
}

// over ends a value, which in an object has a key.
func (in *jsonReader) over() {
	in.hit = false
	if in.key = len(in.nest) > 0 && in.nest[len(in.nest)-1]; in.key {
		in.keys.pop()
	}
}

// gap returns what stands before the next token: blanks, a colon or a comma.
func (r *redactor) gap() []byte {
	rest := r.src[r.at:]
	return bytes.Clone(rest[:len(rest)-len(bytes.TrimLeft(rest, " \t\r\n:,"))])
}
