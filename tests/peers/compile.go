//go:build linux

package peers

import (
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

//go:embed mono/*.cs
var callerSources embed.FS

// monoCaller compiles the callers of this package.
func monoCaller(t testing.TB) string {
	t.Helper()
	sources := map[string]string{}
	names, err := fs.Glob(callerSources, "mono/*.cs")
	if err != nil {
		t.Fatalf("peers: %v", err)
	}
	for _, name := range names {
		text, err := callerSources.ReadFile(name)
		if err != nil {
			t.Fatalf("peers: %v", err)
		}
		sources[filepath.Base(name)] = string(text)
	}
	return MonoCompile(t, sources, "System.Net.Http", "System.ServiceModel", "System.Runtime.Serialization", "System.Xml")
}

// MonoCompile compiles C# files (by name) that use the given assemblies and returns the
// path of the program, for MonoRun. What was compiled once, by any process of this user,
// is taken from a cache below os.TempDir under the hash of all that went into it.
func MonoCompile(t testing.TB, sources map[string]string, assemblies ...string) string {
	t.Helper()
	names := slices.Sorted(maps.Keys(sources))
	digest := sha256.New()
	fmt.Fprintf(digest, "%q", assemblies)
	for _, name := range names {
		fmt.Fprintf(digest, "%q%q", name, sources[name])
	}
	cache := ownDir(t, fmt.Sprintf("peers-mono-%d", os.Getuid()))
	program := filepath.Join(cache, fmt.Sprintf("%x.exe", digest.Sum(nil)[:12]))
	if _, err := os.Stat(program); err == nil {
		return program
	}

	dir := t.TempDir()
	fresh := filepath.Join(dir, "program.exe")
	args := []string{"-out:" + fresh, "-warnaserror"}
	for _, a := range assemblies {
		args = append(args, "-r:"+a)
	}
	for _, name := range names {
		writeFile(t, filepath.Join(dir, name), sources[name])
		args = append(args, filepath.Join(dir, name))
	}
	if r := run(t, 60*time.Second, "", nil, "mcs", args...); r.ExitCode != 0 {
		t.Fatalf("peers: mcs: exit %d\n%s%s", r.ExitCode, r.Stdout, r.Stderr)
	}
	if err := keep(fresh, program); err != nil {
		t.Fatalf("peers: %v", err)
	}
	return program
}

// ownDir makes a directory below os.TempDir. Programs from it are run, so one that
// another user made or may write to is refused.
func ownDir(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join(os.TempDir(), name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatalf("peers: %v", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		t.Fatalf("peers: %v", err)
	}
	owner := info.Sys().(*syscall.Stat_t).Uid
	if !info.IsDir() || info.Mode().Perm() != 0o700 || int(owner) != os.Getuid() {
		t.Fatalf("peers: %s (%v, owner %d) is not a directory of ours alone; remove it", dir, info.Mode(), owner)
	}
	return dir
}

// keep puts a copy of fresh at path in one step: test binaries of several packages may
// compile the same program at the same time.
func keep(fresh, path string) error {
	text, err := os.ReadFile(fresh)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "new-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // fails once it was renamed
	if _, err := temp.Write(text); err != nil {
		temp.Close()
		return err
	}
	if err := temp.Close(); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
