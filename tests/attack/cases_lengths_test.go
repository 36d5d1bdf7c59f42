//go:build linux

package attack

import "strings"

// lengths are lies about Content-Length.
func lengths() family {
	length := func(values ...string) string {
		lines := make([]string, len(values))
		for i, v := range values {
			lines[i] = "Content-Length:" + v
		}
		return req("POST /open/a", lines...)
	}
	return family{"Content-Length", "A body's length in two readings puts the end of one request into another (RFC 9112, section 6.3).", []attack{
		{name: "an honest length", send: length(" 5") + "hello", want: passed("POST /open/a").body("hello").with("Content-Length: 5")},
		{name: "twice the same", send: length(" 5", " 5") + "hello", want: passed("POST /open/a").body("hello").with("Content-Length: 5"), nginx: "refuses any second length; RFC 9110, section 8.6, lets a recipient take equal ones as one"},
		{name: "twice, the longer first", send: length(" 5", " 0") + "hello", want: refused("400")},
		{name: "twice, the shorter first", send: length(" 0", " 46") + hidden, want: refused("400")},
		{name: "a list of the same", send: length(" 5, 5") + "hello", want: refused("400"), haproxy: "takes a list of equal lengths as one, as RFC 9110, section 8.6, allows"},
		{name: "a list of different ones", send: length(" 5, 6") + "hello!", want: refused("400")},
		{name: "a plus sign", send: length(" +5") + "hello", want: refused("400")},
		{name: "a minus sign", send: length(" -5") + "hello", want: refused("400")},
		{name: "hexadecimal", send: length(" 0x5") + "hello", want: refused("400")},
		{name: "a digit group", send: length(" 1_0") + "helloworld", want: refused("400")},
		{name: "leading zeros", send: length(" 005") + "hello", want: passed("POST /open/a").body("hello")},
		{name: "no blank before it", send: length("5") + "hello", want: passed("POST /open/a").body("hello")},
		{name: "blanks around it", send: length(" \t 5 \t ") + "hello", want: passed("POST /open/a").body("hello").with("Content-Length: 5"), nginx: "takes no tab there; RFC 9110, section 5.5, does"},
		{name: "a blank inside", send: length(" 5 0") + "hello", want: refused("400")},
		{name: "a decimal point", send: length(" 5.0") + "hello", want: refused("400")},
		{name: "a letter behind it", send: length(" 5a") + "hello", want: refused("400")},
		{name: "empty", send: length(" ") + "hello", want: refused("400")},
		{name: "2^63", send: length(" 9223372036854775808") + "hello", want: refused("400")},
		{name: "2^64 + 5, which may wrap", send: length(" 18446744073709551621") + "hello", want: refused("400")},
		{name: "more digits than any number has", send: length(" "+strings.Repeat("9", 400)) + "hello", want: refused("400")},
		{name: "a vertical tab before it", send: length(" \v5") + "hello", want: refused("400")},
		{name: "a no-break space before it", send: length(" \u00a05") + "hello", want: refused("400")},
		{name: "a blank before the colon", send: req("POST /open/a", "Content-Length : 5") + "hello", want: refused("400")},
		{name: "an underscore in the name", send: req("POST /open/a", "Content_Length: 46") + hidden, want: passed("POST /open/a").then("GET /open/hidden")},
		{name: "no length, and bytes behind it", send: req("POST /open/a") + hidden, want: passed("POST /open/a").then("GET /open/hidden")},
		{name: "zero, and a request behind it", send: length(" 0") + hidden, want: passed("POST /open/a").then("GET /open/hidden")},
		{name: "a body that is cut", send: length(" 50") + "hello", half: true, want: cutAt("400 or -", "POST /open/a")},
	}}
}
