package certs

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

// Options are what Open needs besides the configuration. The zero value is good.
type Options struct {
	Logger *slog.Logger     // default: logs nothing
	Now    func() time.Time // default: time.Now
	Poll   time.Duration    // how often the files are read again; default: 5 s

	// OnChange is told of each change, one at a time, from the goroutine that made
	// it: the poller's, or that of Open or Update. It must return soon and must not
	// call Update or Close.
	OnChange func(Event)
}

// Manager serves the front door's certificates and keeps them up to date. It is
// safe for concurrent use.
type Manager struct {
	opts  Options
	cache *certmagic.Cache
	magic atomic.Pointer[certmagic.Config]

	stop   context.CancelFunc
	polled sync.WaitGroup
	once   sync.Once

	mu     sync.Mutex // one Update, poll or Close at a time
	closed bool
	cfg    Config
	set    *loaded
	local  *local // nil without a local CA
	ailing string // why the local certificate could not be renewed, as last told

	// door is read-locked while a handshake picks its certificate, and guards what
	// pick and Certificates use. It is never held while a file is read.
	door     sync.RWMutex
	fallback string
	serving  []Info
	hashes   []string // in the cache, by certmagic's reckoning
}

// Open reads the certificates, makes the local CA if the configuration asks for
// one and there is none, and begins to watch for changes. Mistakes in the
// configuration come back all at once, each a *fault.Field. ctx bounds Open alone;
// the caller must Close the Manager.
func Open(ctx context.Context, c Config, o Options) (*Manager, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Poll <= 0 {
		o.Poll = 5 * time.Second
	}
	m := &Manager{opts: o}
	m.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return m.magic.Load(), nil },
		// All that certmagic has to say of certificates that it does not manage is
		// said by our events, with the file's name.
		Logger: zap.NewNop(),
	})
	if err := m.Update(ctx, c); err != nil {
		m.cache.Stop()
		return nil, err
	}
	polling, stop := context.WithCancel(context.Background())
	m.stop = stop
	m.polled.Go(func() { m.watch(polling) })
	return m, nil
}

// Update puts c in place of the present configuration, all or nothing: if it
// returns an error the old certificates are served as before. Mistakes come back
// as from Open. Every file is read anew, so one that is broken on disk fails the
// Update although its old content is still served. Open connections and session
// tickets are not touched. An Event comes only of a new local CA.
func (m *Manager) Update(ctx context.Context, c Config) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return errors.New("certs: closed")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	now := m.opts.Now()
	set, err := c.load(now)
	if err != nil {
		return err
	}
	var l *local
	if c.Local {
		// Last, because it writes.
		if l, err = openLocal(c.Dir, c.Hosts, now); err != nil {
			return err
		}
	}
	if err := m.serve(ctx, c, set, l); err != nil {
		return err
	}
	m.cfg, m.set, m.local, m.ailing = c, set, l, ""
	if l != nil && l.made != "" {
		m.tell(l.event(c.Dir))
	}
	return nil
}

// Close stops the watching and returns once no goroutine is left. Handshakes under
// way still get a certificate. It always returns nil and may be called again.
func (m *Manager) Close() error {
	m.once.Do(func() {
		m.stop()
		m.polled.Wait()
		m.mu.Lock()
		m.closed = true
		m.mu.Unlock()
		m.cache.Stop()
	})
	return nil
}
