package audit

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// TallyConfig bounds what callers that nobody knows may write into the log.
type TallyConfig struct {
	Every   time.Duration // within which refusals are counted together
	Records int           // of a network and cause within Every that have a record each
	Budget  int64         // bytes a day for those records and the lines of what was counted

	Space *Space
	Now   func() time.Time

	// Noted is told of every refusal: of a call or a handshake, recorded by itself or counted.
	Noted func(what string, recorded bool)
}

// What Noted and an aggregated line tell of.
const (
	Calls      = "call"
	Handshakes = "handshake"
)

// Tally stands before a Log. It counts refusals of callers that nobody knows, and
// handshakes that failed, instead of recording each, so that a scanner cannot fill the
// disk: the first few of a network have records of their own, and one line for the
// network follows. A caller that is known has the same with a hundred for each code, so
// that one that retries without a pause cannot either. It is safe for concurrent use.
//
// What is counted is in memory until its line is written, and a crash loses it: at most
// what came within Every, or since the disk was full.
type Tally struct {
	TallyConfig
	log    appender
	budget *rate.Limiter

	mu     sync.Mutex
	sums   map[party]*sum
	timer  *time.Timer // nil while there is nothing to write
	closed bool

	writing sync.Mutex // one writes lines at a time
}

// appender is what a Tally needs of a *Log; a test replaces it.
type appender interface {
	Append(*Record) error
	append(line []byte) error
	Healthy() error
}

// party is whose refusals are counted together.
type party struct {
	what    string
	network netip.Prefix // the zero Prefix for all networks that are not told apart
	caller  string       // by name, from any network; "" for one that nobody knows
}

const (
	ofOneCaller = 100  // refusals for one code within Every that have a record each
	mostParties = 1000 // that are told apart within Every
	hourly      = 24   // the part of a day's budget that may be written at once
	day         = 24 * time.Hour
)

// NewTally returns a Tally that writes to log. Close it before the log.
func NewTally(c TallyConfig, log appender) *Tally {
	perSecond := float64(c.Budget) / day.Seconds()
	return &Tally{TallyConfig: c, log: log, sums: map[party]*sum{}, budget: rate.NewLimiter(rate.Limit(perSecond), int(c.Budget/hourly))}
}

// Healthy returns nil while new calls are taken, else why not: the log's error, or that of
// a disk without room, a *NoRoom.
func (t *Tally) Healthy() error {
	if err := t.log.Healthy(); err != nil {
		return err
	}
	return t.Space.Err()
}

// Append does what Log.Append does, but for refusals that are only counted, which do not
// wait for the disk: it sets their Counted. While the disk is full every refusal is.
func (t *Tally) Append(r *Record) error {
	if r.Stage != End || r.Outcome != Refused {
		return t.log.Append(r)
	}
	room := t.Space.Room()
	if !r.Unknown && room != Full && t.fits(r) {
		return t.log.Append(r)
	}
	if err := t.log.Healthy(); err != nil {
		return err
	}
	line := t.refused(r, room)
	if r.Counted = line == nil; r.Counted {
		return nil
	}
	return t.log.append(line)
}

// fits reports whether the refusal of a known caller is among those that have a record.
func (t *Tally) fits(r *Record) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.sum(party{what: Calls, caller: r.Caller}).cause(r.Code)
	if c.recorded >= ofOneCaller {
		return false
	}
	c.recorded++
	return true
}

// refused returns r's line when it may have one of its own, or else counts it.
func (t *Tally) refused(r *Record, room Room) (line []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	who := party{what: Calls, network: r.Network}
	if !r.Unknown && room != Full {
		who = party{what: Calls, caller: r.Caller}
	}
	s := t.sum(who)
	c := s.cause(r.Code)
	if room == Ample && s.network.IsValid() && c.recorded < t.Records {
		line = t.afford(r)
	}
	if line != nil {
		c.recorded++
	} else if s.add(c, r.Logged) {
		s.samples = append(s.samples, exampleOf(r))
	}
	t.Noted(Calls, line != nil)
	return line
}

// afford returns r's line when the budget has room for it. Half of what may be written at
// once is kept for the lines of networks.
func (t *Tally) afford(r *Record) []byte {
	now := t.Now()
	if t.budget.TokensAt(now) < float64(t.budget.Burst())/2 {
		return nil
	}
	line := r.line(nil)
	if !t.budget.AllowN(now, len(line)+1) {
		return nil
	}
	return line
}

// Handshake counts a TLS handshake with a caller that failed, or a connection that was
// not let in.
func (t *Tally) Handshake(h *Handshake) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.sum(party{what: Handshakes, network: h.Network})
	if s.add(s.cause(h.Cause), h.Time) {
		s.samples = append(s.samples, h.example())
	}
	t.Noted(Handshakes, false)
}

// sum returns the sum of who, or of all others when there are too many; t.mu is held.
func (t *Tally) sum(who party) *sum {
	s := t.sums[who]
	if s == nil && len(t.sums) >= mostParties && who.caller == "" {
		who.network = netip.Prefix{}
		s = t.sums[who]
	}
	if s == nil {
		s = &sum{party: who, causes: map[string]*cause{}}
		t.sums[who] = s
		if t.timer == nil && !t.closed {
			t.timer = time.AfterFunc(t.Every, t.flush)
		}
	}
	return s
}

// flush writes what was counted and begins anew. While the disk is full it keeps on
// counting, without telling networks apart.
func (t *Tally) flush() {
	t.writing.Lock()
	defer t.writing.Unlock()
	room := t.Space.Room()
	t.mu.Lock()
	sums := t.sums
	t.sums, t.timer = map[party]*sum{}, nil
	if room == Full && !t.closed {
		for _, s := range merge(sums) {
			t.sum(s.party) // arms the timer
			t.sums[s.party] = s
		}
		sums = nil
	}
	t.mu.Unlock()
	t.write(sums, room)
}

// write writes a line for each caller and each network with the most refusals first, and one for those
// that the budget or the disk has no room for. That one is written on credit: the next
// day has less.
func (t *Tally) write(sums map[party]*sum, room Room) {
	byCount := func(a, b *sum) int { return cmp.Compare(b.count, a.count) }
	rest := map[party]*sum{}
	for _, s := range slices.SortedFunc(maps.Values(sums), byCount) {
		if s.count == 0 {
			continue
		}
		now := t.Now()
		line := s.line(now)
		if s.caller != "" { // there are as many as the configuration has
			if t.log.append(line) != nil {
				return
			}
		} else if room != Ample || !s.network.IsValid() || !t.budget.AllowN(now, len(line)+1) {
			rest[s.party] = s
		} else if t.log.append(line) != nil {
			return // the log is broken, and tells that itself
		}
	}
	for _, s := range merge(rest) {
		now := t.Now()
		line := s.line(now)
		t.budget.ReserveN(now, len(line)+1)
		if t.log.append(line) != nil {
			return
		}
	}
}

// Close writes what was counted. The log must still be open.
func (t *Tally) Close() {
	t.mu.Lock()
	t.closed = true
	if t.timer != nil {
		t.timer.Stop()
	}
	t.mu.Unlock()
	t.flush()
}
