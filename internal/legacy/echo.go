package legacy

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// postEcho sends the body back piece by piece, so that neither side needs to hold it. A caller that sends a body
// larger than the sockets' buffers must read while it sends.
//
// The answer's headers tell how the request looked here:
//
//	X-Seen-Header-Count       header lines, without Host and Transfer-Encoding, which net/http takes away
//	X-Seen-Header-Names       their names, sorted, each once
//	X-Seen-Content-Length     the header's value, empty if there was none
//	X-Seen-Transfer-Encoding  "chunked" or empty
//	X-Seen-Host               the Host header
//	X-Seen-Path               the request target as it came, not decoded
//	X-Seen-Protocol           "HTTP/1.1"
//
// The answer has a Content-Length if the request had one.
func postEcho(w http.ResponseWriter, r *http.Request) error {
	control := http.NewResponseController(w)
	// Without it net/http would swallow the rest of the body at the first write.
	if err := control.EnableFullDuplex(); err != nil {
		return err
	}
	count := 0
	for _, values := range r.Header {
		count += len(values)
	}
	h := w.Header()
	h.Set("X-Seen-Header-Count", strconv.Itoa(count))
	h.Set("X-Seen-Header-Names", strings.Join(slices.Sorted(maps.Keys(r.Header)), ", "))
	h.Set("X-Seen-Content-Length", r.Header.Get("Content-Length"))
	h.Set("X-Seen-Transfer-Encoding", strings.Join(r.TransferEncoding, ", "))
	h.Set("X-Seen-Host", r.Host)
	h.Set("X-Seen-Path", r.RequestURI)
	h.Set("X-Seen-Protocol", r.Proto)
	if kind := r.Header.Get("Content-Type"); kind != "" {
		h.Set("Content-Type", kind)
	} else {
		h["Content-Type"] = nil // not guessed
	}
	if r.ContentLength >= 0 {
		h.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}

	// Read before the first write: a caller that expects 100 Continue gets it from the first read only.
	body := http.MaxBytesReader(w, r.Body, maxBytes)
	buf := make([]byte, 32<<10)
	for {
		control.SetReadDeadline(time.Now().Add(stallTime))
		n, err := body.Read(buf)
		if n > 0 {
			control.SetWriteDeadline(time.Now().Add(stallTime))
			if _, err := w.Write(buf[:n]); err != nil {
				panic(http.ErrAbortHandler)
			}
			if control.Flush() != nil {
				panic(http.ErrAbortHandler)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
	}
}
