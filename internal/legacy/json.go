package legacy

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	maxBody  = 1 << 20 // of an order or a SOAP request
	bodyTime = time.Minute
)

// JSON returns a warehouse's JSON service. Each one numbers its own orders.
//
//	GET  /stock/{item}       the item's level; 404 for an unknown one
//	POST /orders             201, the order's number, the body as it came, and an absolute Location
//	GET  /orders/{number}    an order's state
//	GET  /login              sets a session cookie with Domain and Path
//	ANY  /status/{code}      answers with that status, 200 to 599
//	POST /echo               sends the body back while it arrives; X-Seen-* headers tell how the request looked
//	GET  /stream?bytes=N     N bytes, chunked, or with a Content-Length if &length=1
//	GET  /slow?ms=N          answers after N milliseconds
//	GET  /drip?n=N&ms=M      N lines, one every M milliseconds, each flushed
//	GET  /truncate?bytes=N   announces 2N bytes, sends N and closes the connection
//
// Bytes are at most 8 GiB, milliseconds at most 60,000, lines at most 10,000. Errors are {"error": "..."}.
func JSON() http.Handler {
	var orders atomic.Int64
	lines := ledger()
	mux := http.NewServeMux()
	for pattern, h := range map[string]handler{
		"GET /stock/{item}":    getStock,
		"POST /orders":         func(w http.ResponseWriter, r *http.Request) error { return postOrder(w, r, &orders) },
		"GET /orders/{number}": func(w http.ResponseWriter, r *http.Request) error { return getOrder(w, r, &orders) },
		"GET /login":           getLogin,
		"/status/{code}":       anyStatus,
		"POST /echo":           postEcho,
		"GET /stream":          func(w http.ResponseWriter, r *http.Request) error { return getStream(w, r, lines) },
		"GET /slow":            getSlow,
		"GET /drip":            getDrip,
		"GET /truncate":        func(w http.ResponseWriter, r *http.Request) error { return getTruncate(w, r, lines) },
	} {
		mux.Handle(pattern, h)
	}
	return mux
}

// handler answers a request. It returns an error only if it has written nothing.
type handler func(http.ResponseWriter, *http.Request) error

// refusal is an error with the status to answer it with.
type refusal struct {
	status int
	text   string
}

func (e refusal) Error() string { return e.text }

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := h(w, r)
	if err == nil {
		return
	}
	status := http.StatusInternalServerError
	if e, ok := errors.AsType[refusal](err); ok {
		status = e.status
	}
	writeJSON(w, status, map[string]string{"error": err.Error()})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.Encode(v)
}

func getStock(w http.ResponseWriter, r *http.Request) error {
	level, ok := findStock(r.PathValue("item"))
	if !ok {
		return refusal{http.StatusNotFound, fmt.Sprintf("no item %q in this warehouse", r.PathValue("item"))}
	}
	writeJSON(w, http.StatusOK, level)
	return nil
}

type order struct {
	Order    string          `json:"order"`
	Status   string          `json:"status"`
	Received json.RawMessage `json:"received,omitempty"`
}

func postOrder(w http.ResponseWriter, r *http.Request, orders *atomic.Int64) error {
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return refusal{http.StatusBadRequest, "the order is not a JSON object"}
	}
	number := fmt.Sprintf("SO-%06d", orders.Add(1))
	w.Header().Set("Location", ownURL(r)+"/orders/"+number)
	writeJSON(w, http.StatusCreated, order{number, "accepted", body})
	return nil
}

func getOrder(w http.ResponseWriter, r *http.Request, orders *atomic.Int64) error {
	number := r.PathValue("number")
	var n int64
	if _, err := fmt.Sscanf(number, "SO-%d", &n); err != nil || n < 1 || n > orders.Load() || fmt.Sprintf("SO-%06d", n) != number {
		return refusal{http.StatusNotFound, fmt.Sprintf("no order %q", number)}
	}
	writeJSON(w, http.StatusOK, order{Order: number, Status: "accepted"})
	return nil
}

func getLogin(w http.ResponseWriter, _ *http.Request) error {
	http.SetCookie(w, &http.Cookie{Name: "WMSSESSION", Value: rand.Text(), Domain: HostName, Path: "/", HttpOnly: true})
	writeJSON(w, http.StatusOK, map[string]string{"user": "erp"})
	return nil
}

func anyStatus(w http.ResponseWriter, r *http.Request) error {
	code, err := strconv.Atoi(r.PathValue("code"))
	if err != nil || code < 200 || code > 599 {
		return refusal{http.StatusBadRequest, "the status must be 200 to 599"}
	}
	if code == http.StatusNoContent || code == http.StatusNotModified {
		w.WriteHeader(code)
		return nil
	}
	writeJSON(w, code, map[string]any{"status": code, "text": http.StatusText(code)})
	return nil
}

// readBody reads a body of at most maxBody bytes within bodyTime.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is over %d bytes", maxBody)}
	}
	if err != nil {
		return nil, refusal{http.StatusBadRequest, "the body ended early"}
	}
	return body, nil
}

// ownURL is the address that the request reached, whatever its Host says: old services put their own into their
// answers.
func ownURL(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	addr, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if addr == nil {
		return scheme + "://" + r.Host
	}
	return scheme + "://" + addr.String()
}
