package console

import (
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	freeFailures = 5           // of an address, answered at once
	oneMoreEvery = time.Second // and then
	sumEvery     = time.Minute // between two lines of an address
	maxSums      = 64          // addresses that are told apart; the others share a line
)

// failures counts what went wrong at the admin address, by who did it: the first is
// logged at once and the others in sums, so that a scanner cannot fill the log.
type failures struct {
	log *slog.Logger

	mu sync.Mutex
	by map[netip.Prefix]*failing
}

type failing struct {
	tokens *rate.Limiter
	more   int // since the last line
	cause  string
}

func newFailures(log *slog.Logger) *failures {
	return &failures{log: log, by: map[netip.Prefix]*failing{}}
}

// add counts a failure of peer, host:port, and reports whether there were so many that
// its answer should be slow.
func (f *failures) add(peer, cause string) (slow bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	from := networkOf(peer)
	x := f.by[from]
	if x == nil && len(f.by) >= maxSums {
		from = netip.Prefix{}
		x = f.by[from]
	}
	if x == nil {
		x = &failing{tokens: rate.NewLimiter(rate.Every(oneMoreEvery), freeFailures)}
		f.by[from] = x
		f.log.Warn("refused at the admin address", "peer", nameOf(from), "cause", cause)
		time.AfterFunc(sumEvery, func() { f.sum(from, x) })
	} else {
		x.more++
		x.cause = cause
	}
	return !x.tokens.Allow()
}

// sum logs what came since the last line, and forgets who has stopped.
func (f *failures) sum(from netip.Prefix, x *failing) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if x.more == 0 {
		delete(f.by, from)
		return
	}
	f.log.Warn("refused at the admin address again", "peer", nameOf(from), "times", x.more, "within", sumEvery, "last_cause", x.cause)
	x.more = 0
	time.AfterFunc(sumEvery, func() { f.sum(from, x) })
}

func nameOf(p netip.Prefix) string {
	switch {
	case !p.IsValid():
		return "elsewhere"
	case p.IsSingleIP():
		return p.Addr().String()
	}
	return p.String()
}
