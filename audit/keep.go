package audit

import (
	"errors"
	"path/filepath"
	"time"

	"twohop/audit/trail"
)

// How often is looked for what to compress, and for what to prune.
const (
	compressEvery = 10 * time.Second
	pruneEvery    = time.Hour
)

// keep compresses what is complete, and removes what is older than c.Keep, until the log
// is closed.
func (l *Log) keep(c Config) {
	compress, prune := time.NewTicker(compressEvery), time.NewTicker(pruneEvery)
	defer compress.Stop()
	defer prune.Stop()
	l.compress(c)
	l.retain(c)
	for {
		select {
		case <-l.closing:
			return
		case <-compress.C:
			l.compress(c)
		case <-prune.C:
			l.retain(c)
		}
	}
}

func (l *Log) compress(c Config) {
	err := l.each(c, func(log trail.Log) error {
		sealed, err := log.Sealed()
		for _, s := range sealed {
			select {
			case <-l.closing:
				return nil
			default:
			}
			if _, failed := s.Compress(c.Finish); failed != nil {
				err = errors.Join(err, failed)
			}
		}
		return err
	})
	if err != nil {
		c.Report(err)
	}
}

// each does something for every log that no other process writes. Its lock is one of its
// own: a process that starts must find the log free.
func (l *Log) each(c Config, do func(trail.Log) error) error {
	logs, err := trail.Logs(c.Dir)
	for _, log := range logs {
		if log != l.trail.Log && log.Held() {
			continue
		}
		lock, failed := trail.TryLock(filepath.Join(log.Dir, "chores.lock"))
		if errors.Is(failed, trail.ErrHeld) {
			continue
		}
		if failed == nil {
			failed = do(log)
			lock.Close()
		}
		err = errors.Join(err, failed)
	}
	return err
}

func (l *Log) retain(c Config) {
	if c.Keep <= 0 {
		return
	}
	if _, err := l.Prune(c.now().Add(-c.Keep), "twohop"); err != nil {
		c.Report(err)
	}
}

// Prune removes the complete segments whose lines are all older than a time, and records
// first who asked for it. It returns how many lines are gone.
func (l *Log) Prune(before time.Time, user string) (int64, error) {
	l.pruning.Lock()
	defer l.pruning.Unlock()
	lines, err := prune(l.trail, before, l.config.held(l.trail.Log), user, l.append, l.sign)
	logs, failed := trail.Logs(l.config.Dir)
	err = errors.Join(err, failed)
	for _, log := range logs {
		if log == l.trail.Log {
			continue
		}
		n, failed := PruneLog(log, before, l.config.held(log), user, l.config.Options)
		if lines += n; !errors.Is(failed, trail.ErrHeld) {
			err = errors.Join(err, failed)
		}
	}
	return lines, err
}

// PruneLog is Prune for a log that no process writes; trail.ErrHeld says that one does.
// Lines from held on stay; a negative one holds nothing.
func PruneLog(log trail.Log, before time.Time, held int64, user string, o trail.Options) (int64, error) {
	expired, _, err := log.Expired(before, held)
	if err != nil || len(expired) == 0 {
		return 0, err // and leave a log that nobody opens as it is
	}
	w, err := log.Open(o)
	if err != nil {
		return 0, err
	}
	n, err := prune(w, before, held, user, w.Append, w.Sign)
	return n, errors.Join(err, w.Close())
}

func prune(w *trail.Writer, before time.Time, held int64, user string, write func([]byte) error, sign func() error) (int64, error) {
	expired, end, err := w.Expired(before, held)
	if err != nil || len(expired) == 0 {
		return 0, err
	}
	if err := write(w.Pruned(end, user)); err != nil {
		return 0, err
	}
	if err := sign(); err != nil {
		return 0, err
	}
	return end - expired[0].First(), w.Remove(expired)
}
