// Package console serves the operator: health for probes, metrics, and the commands
// of a running broker on a Unix socket.
package console

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Config is what the console shows and does. All functions are called concurrently.
type Config struct {
	Ready    func() error                        // nil while calls are served
	Registry *prometheus.Registry                // for /metrics
	Reload   func(user string) (*Outcome, error) // reads the configuration again
}

// Outcome says what a reload changed.
type Outcome struct {
	Changes  []string `json:"changes"`
	Warnings []string `json:"warnings,omitempty"`
	Restart  []string `json:"restart,omitempty"` // changed keys that count from the next start only
}

// Health serves /healthz (the process runs) and /readyz (it takes calls).
func Health(c Config) http.Handler {
	mux := http.NewServeMux()
	c.health(mux)
	return mux
}

func (c Config) health(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := c.Ready(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
}

// Admin serves health and /metrics, for a loopback address.
func Admin(c Config) http.Handler {
	mux := http.NewServeMux()
	c.health(mux)
	mux.Handle("GET /metrics", promhttp.HandlerFor(c.Registry, promhttp.HandlerOpts{}))
	return mux
}

// Commands serves the commands of a running broker. It belongs on a Unix socket that
// only the operator can open: it asks for no credential. user tells the OS user of a
// request, for the log.
func Commands(c Config, user func(*http.Request) string) http.Handler {
	mux := http.NewServeMux()
	c.health(mux)
	mux.HandleFunc("POST /reload", func(w http.ResponseWriter, r *http.Request) {
		outcome, err := c.Reload(user(r))
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			w.WriteHeader(http.StatusConflict)
			json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
			return
		}
		json.NewEncoder(w).Encode(outcome)
	})
	return mux
}
