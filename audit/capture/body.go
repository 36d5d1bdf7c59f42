package capture

import (
	"mime"
	"net/http"
	"slices"
	"strings"

	"twohop/audit"
)

// Body takes the beginning of one body as it passes. It is not safe for concurrent use.
type Body struct {
	plan *Plan
	form form
	why  string // it is not kept; "" when it is
	text []byte
	cut  bool
}

// Body returns a Body for a message with the header h, nil when the plan keeps no bodies.
// It holds at most the plan's Max bytes.
func (p *Plan) Body(h http.Header) *Body {
	if p == nil || len(p.types) == 0 {
		return nil
	}
	b := &Body{plan: p}
	types, codings := h["Content-Type"], h["Content-Encoding"]
	if len(types) != 1 {
		b.why = otherType
		return b
	}
	media, params, err := mime.ParseMediaType(types[0])
	set := params["charset"]
	switch {
	case err != nil, !slices.Contains(p.types, media):
		b.why = otherType
	case len(codings) > 0 && !strings.EqualFold(strings.Join(codings, ","), "identity"):
		b.why = encoded
	case set != "" && !strings.EqualFold(set, "utf-8") && !strings.EqualFold(set, "us-ascii"):
		b.why = otherCharset
	}
	b.form = formOf(media)
	return b
}

// Write takes what there is room for. It never fails.
func (b *Body) Write(p []byte) (int, error) {
	n := len(p)
	if room := b.plan.max - len(b.text); n > room {
		p, b.cut = p[:room], true
	}
	if b.why == "" {
		b.text = append(b.text, p...)
	}
	return n, nil
}

// redacted returns what is kept of the body, or in the Kept why nothing is. whole says that
// all of the body was written.
func (b *Body) redacted(whole bool) ([]byte, audit.Kept) {
	if b.why != "" {
		return nil, audit.Kept{LeftOut: b.why}
	}
	out, short, err := b.plan.redact(b.form, b.text, b.cut || !whole)
	if err != nil {
		return nil, audit.Kept{LeftOut: err.Error()}
	}
	return out, audit.Kept{Bytes: int64(len(out)), Cut: short}
}
