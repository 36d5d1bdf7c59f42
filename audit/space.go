package audit

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// Room is how much is left on the disk of the audit log.
type Room int32

const (
	Ample  Room = iota // everything is recorded
	Scarce             // the reserve: refusals of callers that nobody knows are only counted
	Full               // no new call is taken; those that run are recorded to their end
)

func (r Room) String() string { return [...]string{"ample", "scarce", "full"}[r] }

// SpaceConfig says how much room must be left, in bytes. 0 stands for the default:
// 1 GiB and 128 MiB, or 5 % and 1 % of the file system where that is less.
type SpaceConfig struct {
	Dir           string // on the file system that is looked at
	Reserve, Stop int64

	// Free returns the bytes that may still be written to the file system of dir, and
	// its size.
	Free func(dir string) (free, size int64, err error)

	// Changed is told of each change, from the goroutine that looked.
	Changed func(Room, Disk)
}

// Disk is what was last seen of the file system.
type Disk struct {
	Free, Size    int64 // bytes
	Reserve, Stop int64 // bytes that are asked for
}

// Space watches the room that the audit log has. It is safe for concurrent use.
type Space struct {
	SpaceConfig
	room atomic.Int32
	disk atomic.Pointer[Disk]
}

const (
	reserve      = 1 << 30
	reserveShare = 20 // 5 %
	stop         = 128 << 20
	stopShare    = 100 // 1 %
)

// NewSpace looks for the first time. What it sees is not told to Changed.
func NewSpace(c SpaceConfig) (*Space, error) {
	s := &Space{SpaceConfig: c}
	d, err := s.see()
	if err != nil {
		return nil, fmt.Errorf("audit: the free space of %s: %w", c.Dir, err)
	}
	s.disk.Store(&d)
	s.room.Store(int32(d.room(Ample)))
	return s, nil
}

// lookEvery is the time in which a burst of records must not use up what is between
// service that stops and a disk that is full: 40,000 records/s take some 10 MiB of it.
const lookEvery = 250 * time.Millisecond

// Watch looks until ctx is done.
func (s *Space) Watch(ctx context.Context) {
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			s.look()
		}
	}
}

// look looks once. What cannot be seen stays as it was: the log's own errors say more.
func (s *Space) look() {
	d, err := s.see()
	if err != nil {
		return
	}
	s.disk.Store(&d)
	old := s.Room()
	if now := d.room(old); now != old {
		s.room.Store(int32(now))
		s.Changed(now, d)
	}
}

func (s *Space) see() (Disk, error) {
	free, size, err := s.Free(s.Dir)
	d := Disk{Free: free, Size: size, Reserve: s.Reserve, Stop: s.Stop}
	if d.Reserve == 0 {
		d.Reserve = min(reserve, size/reserveShare)
	}
	if d.Stop == 0 {
		d.Stop = min(stop, size/stopShare)
	}
	return d, err
}

// room says how much room there is for one that was last at old. To get back to more, an
// eighth above the limit must be free, so that a disk at the limit does not go to and fro.
func (d Disk) room(old Room) Room {
	short := func(limit int64, is bool) bool { return d.Free < limit || is && d.Free < limit+limit/8 }
	switch {
	case short(d.Stop, old == Full):
		return Full
	case short(d.Reserve, old >= Scarce):
		return Scarce
	}
	return Ample
}

// Room returns how much room there is.
func (s *Space) Room() Room { return Room(s.room.Load()) }

// Disk returns what was last seen.
func (s *Space) Disk() Disk { return *s.disk.Load() }

// Err returns a *NoRoom while no new call may be taken, else nil.
func (s *Space) Err() error {
	if s.Room() != Full {
		return nil
	}
	d := s.Disk()
	return &NoRoom{d.Free, d.Stop}
}

// NoRoom says that the disk has less free space than new calls need. It ends by itself
// when there is more.
type NoRoom struct{ Free, Stop int64 } // bytes

func (e *NoRoom) Error() string {
	return fmt.Sprintf("audit: %d MiB are free on the disk of the audit log and new calls need %d MiB (audit.stop)", e.Free>>20, e.Stop>>20)
}
