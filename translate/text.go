package translate

import "twohop/translate/markup"

// appendText appends text as XML's content. An error names a character that XML cannot hold.
func appendText(dst, text []byte) ([]byte, error) { return markup.AppendText(dst, text) }

// appendAttr appends a value as it stands between the quotes of an attribute.
func appendAttr(dst []byte, value string) []byte {
	out, _ := markup.AppendAttr(dst, []byte(value))
	return out
}

// appendJSON appends text, which is UTF-8, as a JSON string.
func appendJSON(dst, text []byte) []byte {
	return append(appendEscaped(append(dst, '"'), text), '"')
}

// appendEscaped appends text as it stands between the quotes of a JSON string.
func appendEscaped(dst, text []byte) []byte {
	start := 0
	for i, c := range text {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(dst, text[start:]...)
}

const hexDigits = "0123456789abcdef"
