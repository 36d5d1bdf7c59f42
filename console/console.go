// Package console serves the operator: health for probes, metrics, and the commands
// of a running broker on a Unix socket or, on Windows, a named pipe.
package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"twohop/proxy"
)

// Config is what the console shows and does. All functions are called concurrently.
type Config struct {
	Log      *slog.Logger                        // for what is no command at all
	Ready    func() error                        // nil while calls are served
	Registry *prometheus.Registry                // for /metrics
	Reload   func(user string) (*Outcome, error) // reads the configuration again
	Routes   func() []proxy.LiveRoute            // how the targets of each route are

	// Upgrade starts the program anew and hands over to it; it returns when that serves.
	Upgrade func(user string) (*Successor, error)

	// Prune removes audit records that are older than a time and returns how many.
	Prune func(user string, before time.Time) (int64, error)

	// Read records that somebody reads the audit log with a command and a filter; it may
	// be read when this returned nil.
	Read func(user, command, filter string) error

	// Extend gives an exception days more and returns its new last day.
	Extend func(user, exception string, days int) (lastDay string, err error)
}

// Outcome says what a reload changed.
type Outcome struct {
	Changes  []string `json:"changes"`
	Warnings []string `json:"warnings,omitempty"`
	Restart  []string `json:"restart,omitempty"` // changed keys that count from the next start only
}

// Reading says how somebody reads the audit log.
type Reading struct {
	Command string `json:"command"` // show, tail, export
	Filter  string `json:"filter"`  // as it was typed
}

// Bytes of a reading, and of what is recorded of it.
const (
	maxReading = 64 << 10
	maxCommand = 32
	maxFilter  = 1024
)

// printable returns at most n bytes of text, with a space for what cannot be seen.
func printable(text string, n int) string {
	text = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return ' '
		}
		return c
	}, text)
	if len(text) > n {
		text = strings.ToValidUTF8(text[:n], "") + "..."
	}
	return text
}

// Successor says which process serves in the place of which.
type Successor struct {
	Process int `json:"process"`
	Old     int `json:"old"`
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

// Scrapes that gather the metrics at the same time, and how long one may take.
const (
	maxScrapes    = 8
	scrapeTimeout = 20 * time.Second
)

// Admin serves health and /metrics: at a loopback address, or behind a Guard.
func Admin(c Config) http.Handler {
	mux := http.NewServeMux()
	c.health(mux)
	mux.Handle("GET /metrics", promhttp.HandlerFor(c.Registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes, Timeout: scrapeTimeout}))
	return mux
}

// Commands serves the commands of a running broker. It belongs where only the operator
// gets in, which Listen sees to: it asks for no credential. user tells the OS user of a
// request, for the log and the audit record.
func Commands(c Config, user func(*http.Request) string) http.Handler {
	mux := http.NewServeMux()
	c.health(mux)
	mux.HandleFunc("POST /reload", func(w http.ResponseWriter, r *http.Request) {
		outcome, err := c.Reload(user(r))
		answer(w, outcome, err)
	})
	mux.HandleFunc("POST /routes", func(w http.ResponseWriter, r *http.Request) {
		answer(w, map[string]any{"routes": c.Routes()}, nil)
	})
	mux.HandleFunc("POST /upgrade", func(w http.ResponseWriter, r *http.Request) {
		successor, err := c.Upgrade(user(r))
		answer(w, successor, err)
	})
	mux.HandleFunc("POST /exceptions/{name}/extend", func(w http.ResponseWriter, r *http.Request) {
		days, _ := strconv.Atoi(r.URL.Query().Get("days")) // 0 for what is no number, which Extend refuses
		lastDay, err := c.Extend(user(r), r.PathValue("name"), days)
		answer(w, map[string]string{"lastDay": lastDay}, err)
	})
	mux.HandleFunc("POST /audit/prune", func(w http.ResponseWriter, r *http.Request) {
		before, err := time.Parse(time.RFC3339, r.URL.Query().Get("before"))
		var lines int64
		if err == nil {
			lines, err = c.Prune(user(r), before)
		}
		answer(w, map[string]int64{"lines": lines}, err)
	})
	mux.HandleFunc("POST /audit/read", func(w http.ResponseWriter, r *http.Request) {
		var what Reading
		err := json.NewDecoder(io.LimitReader(r.Body, maxReading)).Decode(&what)
		if err != nil || what.Command == "" {
			err = errors.New("a reading of the audit log has a command and a filter")
		} else {
			err = c.Read(user(r), printable(what.Command, maxCommand), printable(what.Filter, maxFilter))
		}
		answer(w, map[string]bool{"recorded": true}, err)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		c.Log.Warn("no such command", "user", user(r), "method", r.Method, "path", r.URL.Path)
		http.NotFound(w, r)
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
