// Package console serves the operator: health for probes, metrics, and the commands
// of a running broker on a Unix socket.
package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Config is what the console shows and does. All functions are called concurrently.
type Config struct {
	Ready    func() error                        // nil while calls are served
	Registry *prometheus.Registry                // for /metrics
	Reload   func(user string) (*Outcome, error) // reads the configuration again

	// Extend gives an exception days more and returns its new last day.
	Extend func(user, exception string, days int) (lastDay string, err error)
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
		answer(w, outcome, err)
	})
	mux.HandleFunc("POST /exceptions/{name}/extend", func(w http.ResponseWriter, r *http.Request) {
		days, err := strconv.Atoi(r.FormValue("days"))
		if err != nil {
			answer(w, nil, errors.New("days is not a number"))
			return
		}
		lastDay, err := c.Extend(user(r), r.PathValue("name"), days)
		answer(w, map[string]string{"lastDay": lastDay}, err)
	})
	return mux
}

// answer writes what a command came to as JSON.
func answer(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusConflict)
		v = map[string]string{"error": err.Error()}
	}
	json.NewEncoder(w).Encode(v)
}
