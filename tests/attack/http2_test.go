//go:build linux

package attack

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// h2 is a caller that writes HTTP/2 frame by frame. Its methods report no errors: a front
// may close at any time, and reading shows it.
type h2 struct {
	conn *tls.Conn
	*http2.Framer
	block bytes.Buffer
	enc   *hpack.Encoder
	dec   *hpack.Decoder
}

// openH2 sends the preface and our SETTINGS.
func (f *front) openH2() (*h2, error) {
	c, err := f.dial("h2")
	if err != nil {
		return nil, err
	}
	h := &h2{conn: c, Framer: http2.NewFramer(c, c), dec: hpack.NewDecoder(4096, nil)}
	h.AllowIllegalWrites, h.AllowIllegalReads = true, true
	h.enc = hpack.NewEncoder(&h.block)
	io.WriteString(c, http2.ClientPreface)
	h.WriteSettings()
	return h, nil
}

// encode returns a header block of "name=value".
func (h *h2) encode(fields ...string) []byte {
	h.block.Reset()
	for _, f := range fields {
		at := strings.IndexByte(f[1:], '=') + 1
		h.enc.WriteField(hpack.HeaderField{Name: f[:at], Value: f[at+1:]})
	}
	return bytes.Clone(h.block.Bytes())
}

// headers opens a stream with a header list.
func (h *h2) headers(stream uint32, end bool, fields ...string) {
	h.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: h.encode(fields...), EndHeaders: true, EndStream: end})
}

// get is a well-formed header list.
func get(more ...string) []string {
	return append([]string{":method=GET", ":scheme=https", ":authority=localhost", ":path=/open/a"}, more...)
}

func post(more ...string) []string {
	return append([]string{":method=POST", ":scheme=https", ":authority=localhost", ":path=/open/a"}, more...)
}

// endOfCase is the data of the PING that follows a case: its answer tells that the
// connection lives.
var endOfCase = [8]byte{'t', 'h', 'e', ' ', 'e', 'n', 'd'}

// http2 sends a case on stream 1 and reads until that stream has ended and the connection
// has shown whether it lives.
func (f *front) http2(a attack) (o outcome) {
	h, err := f.openH2()
	if err != nil {
		return outcome{trouble: err.Error()}
	}
	defer h.conn.Close()
	switch {
	case a.frames != nil:
		a.frames(h)
	case a.data != "":
		h.headers(1, false, a.fields...)
		h.WriteData(1, true, []byte(a.data))
	default:
		h.headers(1, true, a.fields...)
	}
	h.WritePing(false, endOfCase)
	var statuses []string
	done, alive := false, false
	for !done || !alive {
		h.conn.SetReadDeadline(time.Now().Add(patience))
		if !done && alive {
			h.conn.SetReadDeadline(time.Now().Add(silence))
		}
		frame, err := h.ReadFrame()
		if err != nil {
			o.closed = !timedOut(err)
			break
		}
		switch fr := frame.(type) {
		case *http2.HeadersFrame:
			if status := h.status(fr.HeaderBlockFragment()); fr.StreamID == 1 && status != "" {
				statuses = append(statuses, status)
			}
			done = done || fr.StreamID == 1 && fr.StreamEnded()
		case *http2.DataFrame:
			done = done || fr.StreamID == 1 && fr.StreamEnded()
		case *http2.RSTStreamFrame:
			if fr.StreamID == 1 && !done && fr.ErrCode != http2.ErrCodeNo {
				statuses = append(statuses, fmt.Sprintf("RST_STREAM %s", fr.ErrCode))
			}
			done = done || fr.StreamID == 1
		case *http2.GoAwayFrame:
			o.closed = true
			if fr.ErrCode != http2.ErrCodeNo {
				statuses = append(statuses, fmt.Sprintf("GOAWAY %s", fr.ErrCode))
				done, alive = true, true
			}
		case *http2.PingFrame:
			alive = alive || fr.IsAck() && fr.Data == endOfCase
		case *http2.SettingsFrame:
			if !fr.IsAck() {
				h.WriteSettingsAck()
			}
		}
	}
	o.answers = strings.Join(statuses, " ")
	if o.answers == "" {
		o.answers = "-"
	}
	return o
}

// status reads the status of an answer.
func (h *h2) status(block []byte) string {
	fields, _ := h.dec.DecodeFull(block) // what cannot be read has no status
	for _, f := range fields {
		if f.Name == ":status" {
			return f.Value
		}
	}
	return ""
}
