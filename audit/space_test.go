package audit

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const mib = 1 << 20

func TestTheRoomFollowsTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		free, size, broken := int64(10<<30), int64(100<<30), error(nil)
		set := func(n int64, err error) {
			mu.Lock()
			defer mu.Unlock()
			free, broken = n, err
		}
		var told []string
		s, err := NewSpace(SpaceConfig{Dir: "d", Free: func(string) (int64, int64, error) {
			mu.Lock()
			defer mu.Unlock()
			return free, size, broken
		},
			Changed: func(r Room, d Disk) { told = append(told, fmt.Sprintf("%v %d", r, d.Free/mib)) }})
		if err != nil {
			t.Fatal(err)
		}
		go s.Watch(t.Context())
		for _, step := range []struct {
			free int64
			room Room
		}{
			{1024 * mib, Ample}, {1023 * mib, Scarce}, {1100 * mib, Scarce}, {1152 * mib, Ample},
			{1000 * mib, Scarce}, {128 * mib, Scarce}, {127 * mib, Full}, {140 * mib, Full}, {144 * mib, Scarce}, {0, Full}, {9999 * mib, Ample},
		} {
			set(step.free, nil)
			time.Sleep(time.Second)
			synctest.Wait()
			if s.Room() != step.room {
				t.Errorf("with %d MiB the room is %v, want %v", step.free/mib, s.Room(), step.room)
			}
			var no *NoRoom
			if errors.As(s.Err(), &no) != (step.room == Full) || no != nil && (no.Free != step.free || no.Stop != 128*mib) {
				t.Errorf("with %d MiB: %v", step.free/mib, s.Err())
			}
		}
		set(0, errors.New("gone"))
		time.Sleep(time.Second)
		synctest.Wait()
		if s.Room() != Ample {
			t.Error("what cannot be seen counts")
		}
		want := []string{"scarce 1023", "ample 1152", "scarce 1000", "full 127", "scarce 144", "full 0", "ample 9999"}
		if d := cmp.Diff(want, told); d != "" {
			t.Error(d)
		}
	})
}

func TestTheLimitsFitTheDisk(t *testing.T) {
	for _, c := range []struct {
		name                string
		size, reserve, stop int64
		want                Disk
	}{
		{"a large disk", 1 << 40, 0, 0, Disk{Reserve: 1 << 30, Stop: 128 * mib}},
		{"a small one", 2000 * mib, 0, 0, Disk{Reserve: 100 * mib, Stop: 20 * mib}},
		{"a tiny one", 64 << 10, 0, 0, Disk{Reserve: 3276, Stop: 655}},
		{"what is given counts", 2000 * mib, 500 * mib, 200 * mib, Disk{Reserve: 500 * mib, Stop: 200 * mib}},
	} {
		s, err := NewSpace(SpaceConfig{Reserve: c.reserve, Stop: c.stop, Free: func(string) (int64, int64, error) { return c.size, c.size, nil }})
		c.want.Free, c.want.Size = c.size, c.size
		if err != nil || s.Disk() != c.want || s.Room() != Ample {
			t.Errorf("%s: %+v, %v, %v", c.name, s.Disk(), s.Room(), err)
		}
	}
}

func TestFreeSpace(t *testing.T) {
	free, size, err := FreeSpace(t.TempDir())
	if err != nil || free < 0 || size <= 0 || free > size {
		t.Errorf("%d of %d, %v", free, size, err)
	}
	if _, err := NewSpace(SpaceConfig{Dir: "/nowhere/at/all", Free: FreeSpace}); err == nil {
		t.Error("a directory that is not there has free space")
	}
}
