package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"twohop/audit/index"
	"twohop/audit/trail"
	"twohop/internal/durable"
)

func auditVerifyCommand() *command {
	return &command{
		name: "verify", usage: "[DIR|FILE] [--key KEYS] [--checkpoint FILE] [--save FILE] [--lines-only]", args: 1,
		about: "prove that no line of the audit log was changed, removed, added or moved",
		long: `Reads the audit log in the directory DIR, or in audit.dir of a routes.yaml, and compares each
line with the checkpoints that were signed as it was written. It needs no broker and no
network; a copy of the directory will do. Give the public keys that you kept with --key:
without it the keys in DIR count, which who changed the log could have changed as well.

The log alone cannot show that its end was cut off, nor that its newest segment was
written anew by somebody who has the key of now. A checkpoint that you kept elsewhere
can: --save writes the newest ones to a file, and --checkpoint compares with them next time.

Exit status: 0 nothing was changed, 1 something was, or could not be read.

Example: twohop audit verify /var/lib/twohop/audit --key audit-keys --checkpoint last --save last`,
		flags: func(f *flag.FlagSet) {
			f.String("key", "", "file with the public `KEYS` that you kept, or one key")
			f.String("checkpoint", "", "`FILE` with checkpoints that you kept")
			f.String("save", "", "write the newest checkpoints to `FILE`, if nothing is wrong")
			f.Bool("lines-only", false, "leave out the indexes, which takes a fifth of the time")
		},
		run: func(ctx context.Context, e *env, in *invocation) error {
			dir, _, err := auditDir(e, in, 0)
			if err != nil {
				return err
			}
			v := &verifying{env: e, dir: dir, linesOnly: in.on("lines-only"), origins: map[string]bool{}}
			ended := make(chan error, 1)
			go func() { ended <- v.run(in.text("key"), in.text("checkpoint"), in.text("save")) }()
			select {
			case err := <-ended:
				return err
			case <-ctx.Done():
				return errors.New("it was interrupted; nothing is proven")
			}
		},
	}
}

// verifying is a run of twohop audit verify.
type verifying struct {
	*env
	dir         string
	keys, known []string
	own         bool // the keys are those of the directory itself
	linesOnly   bool
	origins     map[string]bool // of the logs that were verified
	wrong       int
	unknown     int // logs without a key
	last        []string
}

func (v *verifying) run(key, checkpoint, save string) error {
	logs, err := auditLogs(v.dir)
	if err != nil {
		return err
	}
	if err := v.take(key, checkpoint, save); err != nil {
		return err
	}
	for _, l := range logs {
		r, err := verifyLive(l, v.keys, v.known)
		if err != nil {
			return err
		}
		v.print(r)
		if err := v.indexes(l); err != nil {
			return err
		}
	}
	v.missing()
	if v.own {
		fmt.Fprintln(v.stdout, "the keys are those in the directory itself; with --key and the keys that you kept it shows more")
	}
	if v.wrong > 0 {
		return hinted{fmt.Errorf("the audit log is not as it was written: %s", counted(v.wrong, "problem")), "keep the directory as it is; what was changed is named above"}
	}
	if v.unknown > 0 {
		return hinted{fmt.Errorf("%s not verified: no key given is of it", counted(v.unknown, "log")), "--key takes the file that twohop audit init printed, with a key for each log"}
	}
	if save == "" || len(v.last) == 0 {
		return nil
	}
	if err := durable.WriteFile(save, []byte(strings.Join(v.last, "\n")), 0o644); err != nil {
		return hinted{err, "--save names a file in a directory that is there and can be written"}
	}
	return nil
}

// take reads what the reviewer kept. The file to save to is not there the first time.
func (v *verifying) take(key, checkpoint, save string) (err error) {
	dir := v.dir
	if logs, _ := trail.Logs(dir); len(logs) == 1 && logs[0].Dir == dir { // a log alone: its keys lie above it
		dir = filepath.Dir(dir)
	}
	switch _, parsed := trail.KeyOrigin(key); {
	case key == "":
		v.own = true
		v.keys, err = trail.PublicKeys(dir)
	case parsed == nil:
		v.keys = []string{key}
	default:
		v.keys, err = trail.ReadKeys(key)
	}
	for _, k := range v.keys {
		if _, parsed := trail.KeyOrigin(k); parsed != nil && err == nil {
			err = parsed
		}
	}
	if err == nil && len(v.keys) == 0 {
		err = fmt.Errorf("%s holds no key", key)
	}
	if err != nil {
		return hinted{err, "--key names the file that twohop audit init or twohop audit keys printed, or is one of its keys"}
	}
	if _, err := os.Stat(checkpoint); checkpoint != "" && checkpoint == save && errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(v.stdout, "there is no %s yet: nothing is compared with it this first time\n", checkpoint)
		return nil
	}
	if checkpoint != "" {
		if v.known, err = trail.ReadCheckpoints(checkpoint); err != nil {
			return hinted{err, "--checkpoint names a file that --save wrote"}
		}
	}
	return nil
}

// verifyLive verifies a log that a broker may be writing. What it does between two files
// can look like a problem; then it is looked at again.
func verifyLive(l trail.Log, keys, known []string) (*trail.Report, error) {
	for try := 0; ; try++ {
		r, err := trail.Verify(l, keys, known)
		if err == nil && len(r.Problems) == 0 || try == 2 {
			return r, err
		}
		if !l.Held() {
			return r, err
		}
		time.Sleep(time.Second)
	}
}

func (v *verifying) print(r *trail.Report) {
	fmt.Fprintf(v.stdout, "%s, %s\n", r.Log.Name(), either(r.Origin, "which does not say what it is"))
	for _, p := range r.Problems {
		fmt.Fprintf(v.stdout, "  WRONG: %s\n", p)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(v.stdout, "  note: %s\n", n)
	}
	if r.Unknown {
		v.unknown++
		fmt.Fprintln(v.stdout, "  not verified: no key given is of this log")
		return
	}
	v.origins[r.Origin] = true
	if v.wrong += len(r.Problems); len(r.Problems) > 0 || r.Size == 0 {
		return
	}
	v.last = append(v.last, r.Last)
	const form = "2006-01-02 15:04:05"
	left := max(0, r.Size-r.Signed-1) // the last checkpoint's own line says what is signed
	fmt.Fprintf(v.stdout, "  ok: %s in %s from %s to %s UTC are as they were written\n", counted(int(r.Lines-left), "line"), counted(r.Segments, "segment"), r.From.UTC().Format(form), r.To.UTC().Format(form))
	fmt.Fprintf(v.stdout, "  size %d, root %v, %s by %s\n", r.Size, r.Root, counted(r.Checkpoints, "checkpoint"), counted(r.Keys, "key"))
	if r.Pruned > 0 {
		fmt.Fprintf(v.stdout, "  the lines before line %d were pruned, as the log says\n", r.Pruned)
	}
	if left > 0 {
		fmt.Fprintf(v.stdout, "  not proven: the last %s came after the last checkpoint, of %s UTC\n", counted(int(left), "line"), r.SignedAt.UTC().Format(form))
	}
	if r.Proven > 0 {
		fmt.Fprintf(v.stdout, "  proven by the checkpoint that you kept: the lines before line %d\n", r.Proven)
	} else {
		fmt.Fprintln(v.stdout, "  not proven without a checkpoint kept elsewhere: that the end was not cut off, nor the last segment written anew by somebody with its key")
	}
}

// indexes looks whether the indexes say what the lines say: one that does not would hide
// calls from twohop audit show. Several are read at a time.
func (v *verifying) indexes(l trail.Log) error {
	if v.linesOnly {
		return nil
	}
	segments, err := l.Segments()
	if err != nil {
		return err
	}
	found := make([]error, len(segments))
	var work errgroup.Group
	work.SetLimit(runtime.GOMAXPROCS(0))
	for i, s := range segments {
		if s.Compressed() {
			work.Go(func() error {
				found[i] = index.Check(s)
				return nil
			})
		}
	}
	work.Wait()
	for i, err := range found {
		switch {
		case errors.Is(err, index.ErrDiffers):
			v.wrong++
			fmt.Fprintf(v.stdout, "  WRONG: %s: the index does not say what the lines say: it may hide calls from twohop audit show; twohop audit index makes it again\n", filepath.Base(segments[i].Beside(".index")))
		case err != nil && !errors.Is(err, fs.ErrNotExist): // pruned just now
			v.wrong++
			fmt.Fprintf(v.stdout, "  WRONG: %s: %v\n", filepath.Base(segments[i].Path()), err)
		}
	}
	return nil
}

// missing looks for logs that a key or a checkpoint speaks of and that are not there. A
// directory that was put together elsewhere, from what a sink got, lacks those that nobody
// wrote to.
func (v *verifying) missing() {
	_, err := os.Stat(filepath.Join(v.dir, "public-keys"))
	for _, key := range v.keys {
		if origin, parsed := trail.KeyOrigin(key); err == nil && parsed == nil && !v.origins[origin] && v.unknown == 0 {
			v.absent(origin, "key")
		}
	}
	for _, msg := range v.known {
		if c, err := trail.ParseCheckpoint(msg); err == nil && c.Size > 0 && !v.origins[c.Origin] {
			v.absent(c.Origin, "checkpoint")
		}
	}
}

func (v *verifying) absent(origin, what string) {
	v.origins[origin] = true // and told
	v.wrong++
	fmt.Fprintf(v.stdout, "WRONG: the log %s is missing; there is a %s of it\n", origin, what)
}
