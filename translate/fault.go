package translate

import (
	"bytes"
	"strings"

	"twohop/translate/markup"
	"twohop/translate/xsd"
)

// fault reads a SOAP Fault, whose start tag is at hand, and returns it as the error.
func (d *decoder) fault(soap string) error {
	f := &Fault{}
	for {
		kind, err := d.child()
		if err != nil {
			return err
		}
		if kind == markup.End {
			break
		}
		if err := d.faultPart(f, string(d.r.Name().Local)); err != nil {
			return err
		}
	}
	return f
}

// faultPart reads a child of a Fault: of SOAP 1.1 (section 4.4), which hosts qualify now
// and then, or of SOAP 1.2 (Part 1, section 5.4).
func (d *decoder) faultPart(f *Fault, name string) (err error) {
	switch name {
	case "faultcode":
		f.Code, err = d.code()
	case "faultstring":
		f.Reason, err = d.words()
	case "faultactor", "Role":
		f.Actor, err = d.words()
	case "Code":
		return d.codes(f)
	case "Reason":
		return d.each(func(string) error {
			text, err := d.words()
			if f.Reason == "" {
				f.Reason = text
			}
			return err
		})
	case "detail", "Detail":
		return d.detail(f)
	default:
		return d.r.Skip()
	}
	return err
}

// each calls do at every child of the element at hand; do reads to its end tag.
func (d *decoder) each(do func(name string) error) error {
	for {
		kind, err := d.child()
		if err != nil || kind == markup.End {
			return err
		}
		if err := do(string(d.r.Name().Local)); err != nil {
			return err
		}
	}
}

func (d *decoder) words() (string, error) {
	text, err := d.gather()
	return strings.TrimSpace(string(text)), err
}

// code reads a fault code: without its prefix if it is one of SOAP's own.
func (d *decoder) code() (string, error) {
	kind, err := d.r.Next()
	var text []byte
	for ; err == nil && kind == markup.Text; kind, err = d.r.Next() {
		text = append(text, d.r.Text()...)
	}
	if err != nil {
		return "", err
	}
	if kind == markup.Start {
		return "", d.unexpected()
	}
	s := strings.TrimSpace(string(text))
	if prefix, local, ok := strings.Cut(s, ":"); ok {
		if space, _ := d.r.Lookup([]byte(prefix)); space == ns11 || space == ns12 {
			return local, nil
		}
	}
	return s, nil
}

// codes reads Code: its Value, and the Value of its innermost Subcode.
func (d *decoder) codes(f *Fault) error {
	return d.each(func(name string) (err error) {
		switch name {
		case "Value":
			f.Code, err = d.code()
			return err
		case "Subcode":
			return d.subcode(f)
		}
		return d.r.Skip()
	})
}

func (d *decoder) subcode(f *Fault) error {
	return d.each(func(name string) (err error) {
		switch name {
		case "Value":
			f.Sub, err = d.code()
			return err
		case "Subcode":
			return d.subcode(f)
		}
		return d.r.Skip()
	})
}

// detail reads the children of a fault's detail: typed by the faults that the operation
// declares, else by the elements of the contract, else as XML under #any.
func (d *decoder) detail(f *Fault) error {
	x := &decoder{op: d.op, msg: d.op.Output, r: d.r, most: d.op.service.options.Cap}
	var any []byte
	seen := map[string]bool{}
	x.text("{")
	err := d.each(func(name string) error {
		n := xsd.Name{Space: d.r.Name().Space, Local: name}
		el := d.op.faultElement(n)
		if el != nil && f.Name == "" {
			f.Name = name
		}
		if el == nil {
			el = d.op.service.Contract.Schema.Elements[n]
		}
		if el == nil || seen[name] { // a name stands once in an object
			xml, err := d.r.AppendElement(nil)
			if err != nil {
				return err
			}
			if len(any) > 0 {
				any = append(any, ',')
			}
			any = appendJSON(any, xml)
			return nil
		}
		if seen[name] = true; len(x.out) > 1 {
			x.text(",")
		}
		x.out = append(appendJSON(x.out, []byte(name)), ':')
		return x.value(el)
	})
	if err != nil {
		return inside(err, "detail")
	}
	if len(any) > 0 {
		if len(x.out) > 1 {
			x.text(",")
		}
		x.text(`"#any":[` + string(any) + "]")
	}
	x.text("}")
	if len(x.out) > len("{}") {
		f.Detail = bytes.Clone(x.out)
	}
	return nil
}

// faultElement returns the element of a fault that the operation declares, nil for none.
func (o *Operation) faultElement(n xsd.Name) *xsd.Element {
	for _, f := range o.Faults {
		if f.Element != nil && f.Element.Name == n {
			return f.Element
		}
	}
	return nil
}
