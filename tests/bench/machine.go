//go:build linux

package main

import (
	"bytes"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// describe says what the figures were measured on, as lines of Markdown.
func describe(s *stage, o options, rounds int) (string, error) {
	disk, synced, err := syncTime(s.Dir)
	if err != nil {
		return "", err
	}
	clock, rusage, err := checkClocks()
	if err != nil {
		return "", err
	}
	var kernel unix.Utsname
	if err := unix.Uname(&kernel); err != nil {
		return "", err
	}
	programs := []string{runtime.Version(), version("nginx", "nginx", "-v"), version("HAProxy", "haproxy", "-v"), version("OpenSSL", "openssl", "version")}
	if bin := caddyOf(s); exists(bin) {
		programs = append(programs, "Caddy "+caddyVersion(bin))
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s, %d CPUs (%s), Linux %s, %s.\n", time.Now().Format(time.DateOnly), runtime.NumCPU(), processor(),
		unix.ByteSliceToString(kernel.Release[:]), strings.Join(programs, ", "))
	fmt.Fprintf(&out, "%d rounds, one proxy after the other in each; %v a run; %d connections; paced: %d requests/s; idle: %d connections.\n",
		rounds, o.seconds, o.connections, o.rate, o.idle)
	fmt.Fprintf(&out, "nginx and HAProxy with %d worker; Go programs with GOMAXPROCS=%d. Load and target run beside them on the same CPUs.\n", s.Workers, runtime.GOMAXPROCS(0))
	fmt.Fprintf(&out, "twohop's audit log is on %s, where one fdatasync of 1 KiB takes %v (median).\n", disk, synced.Round(time.Microsecond))
	fmt.Fprintf(&out, "CPU is read from each process's CPU clock; for a busy loop it says %v, and rusage %v.\n", clock.Round(time.Millisecond), rusage.Round(time.Millisecond))
	return out.String(), nil
}

// syncTime appends and syncs in dir, as the audit log does, and names the file system.
func syncTime(dir string) (disk string, median time.Duration, err error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return "", 0, err
	}
	names := map[int64]string{unix.EXT4_SUPER_MAGIC: "ext4", unix.XFS_SUPER_MAGIC: "xfs", unix.BTRFS_SUPER_MAGIC: "btrfs",
		unix.OVERLAYFS_SUPER_MAGIC: "overlayfs", unix.TMPFS_MAGIC: "tmpfs, which is no disk: choose another with -dir"}
	disk, known := names[int64(fs.Type)]
	if !known {
		disk = fmt.Sprintf("file system %#x", fs.Type)
	}
	f, err := os.Create(filepath.Join(dir, "sync"))
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	var took []time.Duration
	for range 200 {
		begun := time.Now()
		if _, err := f.Write(make([]byte, 1024)); err != nil {
			return "", 0, err
		}
		if err := unix.Fdatasync(int(f.Fd())); err != nil {
			return "", 0, err
		}
		took = append(took, time.Since(begun))
	}
	return disk, quantile(took, 0.5), nil
}

// processor is the name that the kernel gives the CPU.
func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	if m := regexp.MustCompile(`model name\s*: (.*)`).FindSubmatch(info); m != nil {
		return string(m[1])
	}
	return runtime.GOARCH
}

// version asks a program for its version.
func version(name, program, flag string) string {
	out, _ := exec.Command(program, flag).CombinedOutput()
	return name + " " + string(regexp.MustCompile(`\d+\.\d+[.\d]*`).Find(out))
}

// caddyVersion reads the version of the module that bin was built from.
func caddyVersion(bin string) string {
	info, err := buildinfo.ReadFile(bin)
	if err != nil {
		return "?"
	}
	return info.Main.Version
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
