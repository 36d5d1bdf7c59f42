//go:build linux

package attack

import "strings"

// syntax is what breaks the rules of lines and fields.
func syntax() family {
	fine := passed("GET /open/a")
	return family{"Lines and fields", "What one reader forgives, the next reads as something else (RFC 9112, sections 2.2, 3 and 5).", []attack{
		{name: "a folded field", send: req("GET /open/a", "X: y", " z"), want: fine, nginx: refusesFolds},
		{name: "a folded field with a tab", send: req("GET /open/a", "X: y", "\tz"), want: fine, nginx: refusesFolds},
		{name: "a blank before the first field", send: head("GET /open/a HTTP/1.1", " Host: localhost"), want: refused("400")},
		{name: "a blank before the colon", send: req("GET /open/a", "X : y"), want: refused("400")},
		{name: "a tab before the colon", send: req("GET /open/a", "X\t: y"), want: refused("400")},
		{name: "a blank in a name", send: req("GET /open/a", "X Y: z"), want: refused("400")},
		{name: "no colon", send: req("GET /open/a", "what is this"), want: refused("400")},
		{name: "an empty name", send: req("GET /open/a", ": y"), want: refused("400")},
		{name: "a NUL in a name", send: req("GET /open/a", "X\x00: y"), want: refused("400")},
		{name: "a NUL in a value", send: req("GET /open/a", "X: a\x00b"), want: refused("400"), haproxy: passesControl},
		{name: "a control character in a value", send: req("GET /open/a", "X: a\x01b"), want: refused("400"), nginx: passesControl, haproxy: passesControl},
		{name: "DEL in a value", send: req("GET /open/a", "X: a\x7fb"), want: refused("400"), nginx: passesControl, haproxy: passesControl},
		{name: "a bare CR in a value", send: req("GET /open/a", "X: a\rb"), want: refused("400")},
		{name: "a bare CR that hides a field", send: req("GET /open/a", "X: a\rX-Api-Key: "+key), want: refused("400")},
		{name: "a byte beyond ASCII in a name", send: req("GET /open/a", "X\xe9: y"), want: refused("400"), nginx: "drops the field and serves the call"},
		{name: "bytes beyond ASCII in a value", send: req("GET /open/a", "X: \xe9\xff"), want: fine.with("X: \xe9\xff")},
		{name: "a delimiter in a name", send: req("GET /open/a", "X(Y): z"), want: refused("400"), nginx: "drops the field and serves the call"},
		{name: "bare LF for every line end", send: "GET /open/a HTTP/1.1\nHost: localhost\n\n", want: fine},
		{name: "a bare LF behind one field", send: req("GET /open/a", "X: y\nZ: w"), want: fine.with("X: y", "Z: w")},
		{name: "a bare LF for the empty line", send: "GET /open/a HTTP/1.1\r\nHost: localhost\r\n\n", want: fine},
		{name: "a bare CR for a line end", send: "GET /open/a HTTP/1.1\rHost: localhost\r\n\r\n", want: refused("400")},
		{name: "CR CR LF", send: "GET /open/a HTTP/1.1\r\nHost: localhost\r\nX: y\r\r\n\r\n", want: refused("400"), nginx: "takes the CR off"},
		{name: "an empty line first", send: "\r\n" + req("GET /open/a"), want: refused("400"), nginx: takesBlankLine, haproxy: takesBlankLine},
		{name: "two empty lines first", send: "\r\n\r\n" + req("GET /open/a"), want: refused("400"), nginx: takesBlankLine, haproxy: takesBlankLine},
		{name: "blanks first", send: "  " + req("GET /open/a"), want: refused("400")},
		{name: "tabs as separators", send: "GET\t/open/a\tHTTP/1.1\r\nHost: localhost\r\n\r\n", want: refused("400"), haproxy: "takes a tab for a blank"},
		{name: "two blanks as a separator", send: "GET  /open/a HTTP/1.1\r\nHost: localhost\r\n\r\n", want: refused("400"), nginx: "takes several blanks for one", haproxy: "takes several blanks for one"},
		{name: "a blank in the path", send: req("GET /open/a b"), want: refused("400")},
		{name: "a blank behind the version", send: "GET /open/a HTTP/1.1 \r\nHost: localhost\r\n\r\n", want: refused("400"), nginx: "takes a blank there"},
		{name: "a NUL in the request line", send: req("GET /open/a\x00b"), want: refused("400")},
		{name: "a method with a slash", send: req("G/ET /open/a"), want: refused("400")},
		{name: "a method in lower case", send: req("get /open/a"), want: turnedAway("405"), haproxy: passesMethods},
		{name: "an unknown method", send: req("BREW /open/a"), want: turnedAway("405"), nginx: passesMethods, haproxy: passesMethods},
		{name: "a method of 8 KiB", send: req(strings.Repeat("M", 8<<10) + " /open/a"), want: turnedAway("405"), haproxy: passesMethods},
		{name: "an empty method", send: req(" /open/a"), want: refused("400")},
		{name: "a path of 32 KiB", send: req("GET /open/" + strings.Repeat("a", 32<<10)), want: passed("GET /open/" + strings.Repeat("a", 32<<10)), nginx: smallBuffer, haproxy: smallBuffer},
		{name: "a path of 128 KiB", send: req("GET /open/" + strings.Repeat("a", 128<<10)), want: refused("431")},
		{name: "a field of 128 KiB", send: req("GET /open/a", "X: "+strings.Repeat("y", 128<<10)), want: refused("431")},
		{name: "a name of 128 KiB", send: req("GET /open/a", strings.Repeat("X", 128<<10)+": y"), want: refused("431")},
		{name: "1000 fields", send: req("GET /open/a", strings.Split(strings.Repeat("X: y\n", 1000), "\n")[:1000]...), want: fine, nginx: smallBuffer, haproxy: "takes at most 101 fields; twohop counts bytes"},
		{name: "20000 fields", send: req("GET /open/a", strings.Split(strings.Repeat("X: y\n", 20000), "\n")[:20000]...), want: refused("431")},
	}}
}
