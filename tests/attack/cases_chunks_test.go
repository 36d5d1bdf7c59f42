//go:build linux

package attack

import "strings"

// chunks are odd chunks. A body in chunks goes to the target as it comes: the head is
// there before a later chunk turns out bad, and then the end never comes.
func chunks() family {
	cut := cutAt("400 or -", "POST /open/a")
	fine := passed("POST /open/a").body("hello")
	return family{"Chunks", "A chunk that two readers measure differently hides a request in a body (RFC 9112, section 7.1).", []attack{
		{name: "leading zeros", send: chunked() + "0005\r\nhello\r\n0\r\n\r\n", want: fine},
		{name: "the last chunk as 000", send: chunked() + "5\r\nhello\r\n000\r\n\r\n", want: fine},
		{name: "very many leading zeros", send: chunked() + strings.Repeat("0", 64) + "5\r\nhello\r\n0\r\n\r\n", want: cut, nginx: takesZeros, haproxy: takesZeros},
		{name: "0x", send: chunked() + "0x5\r\nhello\r\n0\r\n\r\n", want: cut},
		{name: "negative", send: chunked() + "-5\r\nhello\r\n0\r\n\r\n", want: cut},
		{name: "a plus sign", send: chunked() + "+5\r\nhello\r\n0\r\n\r\n", want: cut},
		{name: "2^64 + 5, which may wrap", send: chunked() + "10000000000000005\r\nhello\r\n0\r\n\r\n", want: cut},
		{name: "2^63", send: chunked() + "8000000000000000\r\nhello\r\n0\r\n\r\n", half: true, want: cut},
		{name: "no hexadecimal at all", send: chunked() + "xyz\r\nhello\r\n0\r\n\r\n", want: cut},
		{name: "an empty size", send: chunked() + "\r\nhello\r\n0\r\n\r\n", want: cut},
		{name: "a blank before the size", send: chunked() + " 5\r\nhello\r\n0\r\n\r\n", want: cut},
		{name: "a blank behind the size", send: chunked() + "5 \r\nhello\r\n0\r\n\r\n", want: fine},
		{name: "a tab behind the size", send: chunked() + "5\t\r\nhello\r\n0\r\n\r\n", want: fine},
		{name: "garbage behind the size", send: chunked() + "5 x\r\nhello\r\n0\r\n\r\n", want: cut, nginx: "skips what stands behind the size"},
		{name: "a NUL behind the size", send: chunked() + "5\x00\r\nhello\r\n0\r\n\r\n", want: cut},
		{name: "no CRLF behind the data", send: chunked() + "5\r\nhello0\r\n\r\n", want: cut},
		{name: "more data than said", send: chunked() + "5\r\nhello!!\r\n0\r\n\r\n", want: cut},
		{name: "less data than said", send: chunked() + "6\r\nhello\r\n0\r\n\r\n", want: cut, nginx: takesLF, haproxy: takesLF},
		{name: "a bare LF behind the size", send: chunked() + "5\nhello\r\n0\r\n\r\n", want: cut, nginx: takesLF, haproxy: takesLF},
		{name: "a bare LF behind the data", send: chunked() + "5\r\nhello\n0\r\n\r\n", want: cut, nginx: takesLF, haproxy: takesLF},
		{name: "bare LF everywhere", send: chunked() + "5\nhello\n0\n\n", want: cut, nginx: takesLF, haproxy: takesLF},
		{name: "a bare CR behind the size", send: chunked() + "5\rhello\r\n0\r\n\r\n", want: cut},
		{name: "a bare CR behind the data", send: chunked() + "5\r\nhello\r0\r\n\r\n", want: cut},
		{name: "an extension", send: chunked() + "5;name=value\r\nhello\r\n0\r\n\r\n", want: fine},
		{name: "an extension with a quoted CRLF", send: chunked() + "5;a=\"\r\nhello\r\n0\r\n\r\n", want: fine},
		{name: "an extension with a bare LF", send: chunked() + "5;a\nhello\r\n0\r\n\r\n", want: cut, nginx: takesLF, haproxy: takesLF},
		{name: "an extension with a bare LF that hides a request", send: chunked() + "2;\nxx\r\n2f\r\n0\r\n\r\n" + hidden + "\r\n0\r\n\r\n", want: cut},
		{name: "an extension with a bare CR", send: chunked() + "5;a\rb\r\nhello\r\n0\r\n\r\n", want: cut},
		{name: "an extension at the last chunk", send: chunked() + "5\r\nhello\r\n0;x=1\r\n\r\n", want: fine},
		{name: "an extension of 8 KiB", send: chunked() + "5;" + strings.Repeat("x", 8<<10) + "\r\nhello\r\n0\r\n\r\n", want: cut, nginx: takesLong, haproxy: takesLong},
		{name: "4000 chunks of one byte with long extensions", send: chunked() + strings.Repeat("1;"+strings.Repeat("x", 100)+"\r\na\r\n", 4000) + "0\r\n\r\n", half: true, want: cut, nginx: takesLong, haproxy: takesLong},
		{name: "no last chunk, and the end of the connection", send: chunked() + "5\r\nhello\r\n", half: true, want: cut},
		{name: "the last chunk without its empty line", send: chunked() + "5\r\nhello\r\n0\r\n", half: true, want: cut},
		{name: "a request behind the last chunk", send: chunked() + "5\r\nhello\r\n0\r\n\r\n" + hidden, want: fine, nginx: keepsAfterChunks, haproxy: keepsAfterChunks},
		{name: "two last chunks", send: chunked() + "5\r\nhello\r\n0\r\n\r\n0\r\n\r\n", want: want{answers: []string{"200"}, closed: true, reached: fine.reached}},
	}}
}
