//go:build !windows

package audit

import "golang.org/x/sys/unix"

// FreeSpace is for SpaceConfig.Free: what this process may use, as statfs(2) has it.
func FreeSpace(dir string) (free, size int64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), int64(s.Blocks) * int64(s.Bsize), nil
}
