package legacy

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const (
	maxBytes  = 8 << 30
	maxMillis = 60_000
	maxLines  = 10_000
	stallTime = time.Minute // how long a peer may take nothing, or send nothing, before its connection is cut
)

// ledger returns 1024 lines of 64 bytes, the content of every stream: byte i of a stream is byte i%65536 of it.
// It is made once for each handler and only read after that.
func ledger() []byte {
	var b bytes.Buffer
	for i := range 1024 {
		fmt.Fprintf(&b, "%06d;WH-NORTH;BIN-%05d;A%04d;%012.3f;kg;2026-01-31;OK..\n", i, i*7%99991, 1000+i, float64(i)*1.125)
	}
	return b.Bytes()
}

func getStream(w http.ResponseWriter, r *http.Request, lines []byte) error {
	n, err := number(r, "bytes", maxBytes)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=us-ascii")
	if r.URL.Query().Get("length") == "1" {
		w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
	}
	send(w, r, lines, n)
	return nil
}

func getTruncate(w http.ResponseWriter, r *http.Request, lines []byte) error {
	n, err := number(r, "bytes", maxBytes)
	if err != nil {
		return err
	}
	if n == 0 {
		return refusal{http.StatusBadRequest, "bytes must be at least 1: an empty answer cannot be cut"}
	}
	w.Header().Set("Content-Type", "text/plain; charset=us-ascii")
	w.Header().Set("Content-Length", strconv.FormatInt(2*n, 10))
	send(w, r, lines, n)
	http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// send writes n bytes of the ledger, over and over. Where it cannot, it cuts the connection: a chunked answer that
// merely stopped would look whole.
func send(w http.ResponseWriter, r *http.Request, lines []byte, n int64) {
	control := http.NewResponseController(w)
	for n > 0 {
		piece := lines[:min(n, int64(len(lines)))]
		control.SetWriteDeadline(time.Now().Add(stallTime))
		if _, err := w.Write(piece); err == http.ErrBodyNotAllowed {
			return // HEAD
		} else if err != nil || r.Context().Err() != nil {
			panic(http.ErrAbortHandler)
		}
		n -= int64(len(piece))
	}
}

func getSlow(w http.ResponseWriter, r *http.Request) error {
	ms, err := number(r, "ms", maxMillis)
	if err != nil {
		return err
	}
	pause(r.Context(), ms)
	writeJSON(w, http.StatusOK, map[string]int64{"waited_ms": ms})
	return nil
}

func getDrip(w http.ResponseWriter, r *http.Request) error {
	n, err := number(r, "n", maxLines)
	if err != nil {
		return err
	}
	ms, err := number(r, "ms", maxMillis)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=us-ascii")
	control := http.NewResponseController(w)
	for i := range n {
		if i > 0 {
			pause(r.Context(), ms)
		}
		control.SetWriteDeadline(time.Now().Add(stallTime))
		fmt.Fprintf(w, "line %d of %d\n", i+1, n)
		if control.Flush() != nil {
			panic(http.ErrAbortHandler)
		}
	}
	return nil
}

// pause waits, or cuts the connection when the request ends first.
func pause(ctx context.Context, ms int64) {
	timer := time.NewTimer(time.Duration(ms) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		panic(http.ErrAbortHandler)
	}
}

// number returns a query parameter that must be there, from 0 to most.
func number(r *http.Request, name string, most int64) (int64, error) {
	n, err := strconv.ParseInt(r.URL.Query().Get(name), 10, 64)
	if err != nil || n < 0 || n > most {
		return 0, refusal{http.StatusBadRequest, fmt.Sprintf("%s must be a number from 0 to %d", name, most)}
	}
	return n, nil
}
