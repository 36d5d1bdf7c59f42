//go:build linux

package attack

import (
	"io"
	"strings"

	"golang.org/x/net/http2"
)

// http2Framing are frames out of order.
func http2Framing() family {
	reset := turnedAway("RST_STREAM PROTOCOL_ERROR")
	goneAway := func(code string) want { return refused("GOAWAY " + code) }
	fine := passed("GET /open/a")
	return family{"HTTP/2 frames", "A connection whose state two sides see differently carries requests that nobody sent (RFC 9113, sections 4 to 6).", []attack{
		{name: "DATA before HEADERS", says: "DATA on stream 1", frames: func(h *h2) { h.WriteData(1, true, []byte(hidden)) }, want: goneAway("PROTOCOL_ERROR")},
		{name: "HEADERS on stream 0", says: "HEADERS on stream 0", frames: func(h *h2) { h.headers(0, true, get()...) }, want: goneAway("PROTOCOL_ERROR")},
		{name: "HEADERS on an even stream", says: "HEADERS on stream 2", frames: func(h *h2) { h.headers(2, true, get()...) }, want: goneAway("PROTOCOL_ERROR")},
		{name: "a stream below the last", says: "HEADERS on 3, then on 1", frames: func(h *h2) {
			h.headers(3, true, get()...)
			h.headers(1, true, get()...)
		}, want: maybe(goneAway("PROTOCOL_ERROR"), "GET /open/a"), race: true},
		{name: "DATA behind END_STREAM", says: "HEADERS with END_STREAM, DATA", frames: func(h *h2) {
			h.headers(1, true, get()...)
			h.WriteData(1, true, []byte(hidden))
		}, want: maybe(turnedAway("200 or RST_STREAM STREAM_CLOSED"), "GET /open/a"), race: true},
		{name: "a header block cut by another frame", says: "HEADERS without END_HEADERS, PING", frames: func(h *h2) {
			h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: h.encode(get()...), EndStream: true})
			h.WritePing(false, [8]byte{})
		}, want: goneAway("PROTOCOL_ERROR")},
		{name: "CONTINUATION of another stream", says: "HEADERS without END_HEADERS, CONTINUATION on 3", frames: func(h *h2) {
			h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: h.encode(get()...), EndStream: true})
			h.WriteContinuation(3, true, nil)
		}, want: goneAway("PROTOCOL_ERROR")},
		{name: "CONTINUATION by itself", says: "CONTINUATION", frames: func(h *h2) { h.WriteContinuation(1, true, h.encode(get()...)) }, want: goneAway("PROTOCOL_ERROR")},
		{name: "a header list in pieces", says: "HEADERS of one byte, CONTINUATION", frames: func(h *h2) {
			block := h.encode(get()...)
			h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block[:1], EndStream: true})
			h.WriteContinuation(1, true, block[1:])
		}, want: fine},
		{name: "HPACK that is none", says: "HEADERS with an index beyond the table", frames: func(h *h2) {
			h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0xff, 0xff, 0xff, 0x7f}, EndStream: true, EndHeaders: true})
		}, want: goneAway("COMPRESSION_ERROR")},
		{name: "a dynamic table beyond what was allowed", says: "HEADERS with a table size of 1 MiB", frames: func(h *h2) {
			h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: append([]byte{0x3f, 0xe1, 0xff, 0x3f}, h.encode(get()...)...), EndStream: true, EndHeaders: true})
		}, want: goneAway("COMPRESSION_ERROR")},
		{name: "trailers", says: "HEADERS, DATA `hello`, HEADERS `x-checksum`", frames: func(h *h2) {
			h.headers(1, false, post()...)
			h.WriteData(1, false, []byte("hello"))
			h.headers(1, true, "x-checksum=1")
		}, want: passed("POST /open/a").body("hello"), nginx: "knows no trailers in requests over HTTP/2", haproxy: passesTrailers},
		{name: "a pseudo field in trailers", says: "HEADERS, DATA `hello`, HEADERS `:path=/keyed/a`", frames: func(h *h2) {
			h.headers(1, false, post()...)
			h.WriteData(1, false, []byte("hello"))
			h.headers(1, true, ":path=/keyed/a")
		}, want: maybe(reset, "cut: POST /open/a")},
		{name: "content-length in trailers", says: "HEADERS, DATA `hello`, HEADERS `content-length=0`", frames: func(h *h2) {
			h.headers(1, false, post()...)
			h.WriteData(1, false, []byte("hello"))
			h.headers(1, true, "content-length=0")
		}, want: passed("POST /open/a").body("hello"), nginx: "knows no trailers in requests over HTTP/2", haproxy: "refuses this trailer; twohop drops what was not announced"},
		{name: "trailers without END_STREAM", says: "HEADERS, DATA, HEADERS without END_STREAM", frames: func(h *h2) {
			h.headers(1, false, post()...)
			h.WriteData(1, false, []byte("hello"))
			h.headers(1, false, "x-checksum=1")
		}, want: maybe(reset, "cut: POST /open/a")},
		{name: "padding that is longer than the frame", says: "DATA with 255 of padding in 5 bytes", frames: func(h *h2) {
			h.headers(1, false, post()...)
			h.WriteRawFrame(http2.FrameData, http2.FlagDataPadded|http2.FlagDataEndStream, 1, []byte("\xffhell"))
		}, want: maybe(goneAway("PROTOCOL_ERROR"), "cut: POST /open/a")},
		{name: "a stream that depends on itself", says: "HEADERS with a priority on its own stream", frames: func(h *h2) {
			h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: h.encode(get()...), EndStream: true, EndHeaders: true, Priority: http2.PriorityParam{StreamDep: 1, Weight: 1}})
		}, want: reset},
		{name: "a frame beyond 1 MiB", says: "DATA of 1 MiB and a byte", frames: func(h *h2) {
			h.headers(1, false, post()...)
			io.WriteString(h.conn, "\x10\x00\x01\x00\x01\x00\x00\x00\x01"+strings.Repeat("x", 1<<20+1))
		}, want: maybe(goneAway("FRAME_SIZE_ERROR"), "cut: POST /open/a"), nginx: "takes frames of any size, whatever it announced"},
		{name: "PUSH_PROMISE from a client", says: "PUSH_PROMISE", frames: func(h *h2) {
			h.WritePushPromise(http2.PushPromiseParam{StreamID: 1, PromiseID: 2, BlockFragment: h.encode(get()...), EndHeaders: true})
		}, want: goneAway("PROTOCOL_ERROR")},
		{name: "SETTINGS with a bad window", says: "SETTINGS_INITIAL_WINDOW_SIZE 2^31", frames: func(h *h2) {
			h.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 31})
		}, want: goneAway("FLOW_CONTROL_ERROR")},
		{name: "WINDOW_UPDATE of 0", says: "WINDOW_UPDATE of 0", frames: func(h *h2) { h.WriteWindowUpdate(0, 0) }, want: goneAway("PROTOCOL_ERROR")},
		{name: "WINDOW_UPDATE that overflows", says: "WINDOW_UPDATE of 2^31 - 1, twice", frames: func(h *h2) {
			h.WriteWindowUpdate(0, 1<<31-1)
			h.WriteWindowUpdate(0, 1<<31-1)
		}, want: goneAway("FLOW_CONTROL_ERROR")},
		{name: "an unknown frame", says: "a frame of type 0xbe, HEADERS", frames: func(h *h2) {
			h.WriteRawFrame(0xbe, 0xff, 0, []byte("what is this"))
			h.headers(1, true, get()...)
		}, want: fine},
		{name: "HTTP/1.1 behind the preface", says: "a request of HTTP/1.1 where a frame belongs", frames: func(h *h2) { io.WriteString(h.conn, hidden) }, want: goneAway("FRAME_SIZE_ERROR")},
	}}
}
