package proxy

import (
	"mime"
	"strconv"
	"strings"

	"twohop/translate"
)

// form is what an answer becomes, and how it is declared.
type form struct {
	translate.Form
	contentType string
}

// forms are what a caller may ask for, what is preferred first.
var forms = []struct {
	form
	media string
}{
	{form{translate.JSON, "application/json"}, "application/json"},
	{form{translate.XML, "application/xml; charset=utf-8"}, "application/xml"},
	{form{translate.XML, "text/xml; charset=utf-8"}, "text/xml"},
}

// accepted returns the form that a caller likes best (RFC 9110, section 12.5.1); false
// when it takes none.
func accepted(fields []string) (form, bool) {
	if len(fields) == 0 {
		return forms[0].form, true
	}
	best, most := form{}, 0.0
	for _, f := range forms {
		if q := quality(fields, f.media); q > most {
			best, most = f.form, q
		}
	}
	return best, most > 0
}

// quality is the weight of a media type: that of the range that names it most exactly.
func quality(fields []string, media string) float64 {
	weight, exact := 0.0, 0
	kind, _, _ := strings.Cut(media, "/")
	for _, field := range fields {
		for part := range strings.SplitSeq(field, ",") {
			name, params, err := mime.ParseMediaType(part)
			if err != nil {
				continue
			}
			rank := map[string]int{media: 3, kind + "/*": 2, "*/*": 1}[name]
			if rank <= exact {
				continue
			}
			exact, weight = rank, 1
			if q, err := strconv.ParseFloat(params["q"], 64); params["q"] != "" && err == nil {
				weight = q
			}
		}
	}
	return weight
}

// isJSON reports whether a Content-Type is JSON in UTF-8, which it is without saying so
// (RFC 8259, sections 8.1 and 11).
func isJSON(contentType string) bool {
	media, params, err := mime.ParseMediaType(contentType)
	if charset := params["charset"]; err != nil || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return false
	}
	return media == "application/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")
}
