package door

import (
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	reportEvery = time.Minute
	mostLines   = 1000 // networks named in one report
)

// report says in one line for each network and minute what was refused.
type report struct {
	log    *slog.Logger
	mu     sync.Mutex
	counts map[string]map[string]int // by network and reason
	timer  *time.Timer
}

// note counts one refusal, and reports whether it is the first of its kind from that
// network within the minute.
func (r *report) note(network, reason string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = map[string]map[string]int{}
		r.timer = time.AfterFunc(reportEvery, r.flush)
	}
	if r.counts[network] == nil {
		if len(r.counts) >= mostLines {
			network = "other networks"
		}
		if r.counts[network] == nil {
			r.counts[network] = map[string]int{}
		}
	}
	r.counts[network][reason]++
	return r.counts[network][reason] == 1
}

// flush writes the report and starts a new one.
func (r *report) flush() {
	r.mu.Lock()
	counts := r.counts
	r.counts = nil
	if r.timer != nil {
		r.timer.Stop()
	}
	r.mu.Unlock()
	for _, network := range slices.Sorted(maps.Keys(counts)) {
		attrs := []any{"network", network}
		for _, reason := range slices.Sorted(maps.Keys(counts[network])) {
			attrs = append(attrs, reason, counts[network][reason])
		}
		r.log.Warn("turned away at the front door within a minute", attrs...)
	}
}
