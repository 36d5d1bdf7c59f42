package audit

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"twohop/audit/trail"
)

// victim appends as fast as it can and says which records were acknowledged, until it
// is killed. Its segments are short, so that some kills come while one is sealed.
func victim(dir string) {
	l, err := Open(Config{Dir: dir, Options: trail.Options{SegmentBytes: 64 << 10, Checkpoint: 5 * time.Millisecond}})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for w := range 16 {
		go func() {
			for i := 0; ; i++ {
				r := sample()
				r.ID = fmt.Sprintf("%d-%d-%d", os.Getpid(), w, i)
				if l.Append(r) != nil {
					return
				}
				os.Stdout.WriteString(r.ID + "\n")
			}
		}()
	}
	select {}
}

// TestKillLosesNoAcknowledgedRecord kills a process that writes, fifty times, each time
// one that goes on where the one before was killed. The log verifies after each, against
// the checkpoint that was kept before.
func TestKillLosesNoAcknowledgedRecord(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, kept := t.TempDir(), []string(nil)
	acknowledged := map[string]bool{}
	torn := 0
	for run := range 50 {
		killed(t, self, dir, 50+37*run%400, acknowledged)
		// What a restart finds and mends.
		l, err := Open(Config{Dir: dir})
		if err != nil {
			t.Fatalf("run %d: %v", run, err)
		}
		if l.Found().Torn > 0 {
			torn++
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		keys, err := trail.PublicKeys(dir)
		if err != nil {
			t.Fatal(err)
		}
		r, err := trail.Verify(l.Trail(), keys, kept)
		if err != nil || len(r.Problems) > 0 {
			t.Fatalf("run %d: %v, %v", run, r, err)
		}
		kept = []string{r.Last}
	}
	segments, err := trail.Log{Dir: dir + "/log-1"}.Segments()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range segments {
		for line, err := range s.Lines() {
			var r struct{ Unmapped struct{ Call string } }
			if err == nil {
				err = json.Unmarshal(line.Text, &r)
			}
			if err != nil {
				t.Fatal(err)
			}
			delete(acknowledged, r.Unmapped.Call)
		}
	}
	for id := range acknowledged {
		t.Errorf("%s was acknowledged and is not stored", id)
	}
	t.Logf("%d segments, %d torn lines", len(segments), torn)
}

// killed runs a victim and kills it after so many acknowledgements.
func killed(t *testing.T, self, dir string, after int, acknowledged map[string]bool) {
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "TWOHOP_TEST_AUDIT_DIR="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	n := 0
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		acknowledged[lines.Text()] = true
		if n++; n == after {
			cmd.Process.Kill() // and read on what it still said
		}
	}
	if cmd.Wait(); n < after {
		t.Fatalf("the process ended by itself: %v", acknowledged)
	}
}
