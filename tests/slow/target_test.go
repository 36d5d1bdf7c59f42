//go:build linux

package slow

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"twohop/internal/legacy"
)

// target is a JSON service, with a path that reads no body and gives no answer.
func target(t testing.TB) string {
	ended := make(chan struct{})
	mux := http.NewServeMux()
	mux.Handle("/", legacy.JSON())
	mux.HandleFunc("/hole", func(http.ResponseWriter, *http.Request) { <-ended })
	s := httptest.NewServer(mux)
	t.Cleanup(func() {
		close(ended)
		s.CloseClientConnections()
		s.Close()
	})
	return s.Listener.Addr().String()
}
