package audit

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// victim appends as fast as it can and says which records were acknowledged, until it
// is killed.
func victim(dir string) {
	l, err := Open(dir, time.Now())
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for w := range 16 {
		go func() {
			for i := 0; ; i++ {
				r := sample()
				r.ID = fmt.Sprintf("%d-%d", w, i)
				if l.Append(r) != nil {
					return
				}
				os.Stdout.WriteString(r.ID + "\n")
			}
		}()
	}
	select {}
}

// TestKillLosesNoAcknowledgedRecord kills a process that writes, five times.
func TestKillLosesNoAcknowledgedRecord(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for run := range 5 {
		dir := t.TempDir()
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), "TWOHOP_TEST_AUDIT_DIR="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var acknowledged []string
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			acknowledged = append(acknowledged, lines.Text())
			if len(acknowledged) == 300+100*run {
				cmd.Process.Kill() // and read on what it still said
			}
		}
		cmd.Wait()
		stored := map[string]bool{}
		names, _ := filepath.Glob(filepath.Join(dir, "*.jsonl"))
		if len(names) != 1 {
			t.Fatalf("the files are %v", names)
		}
		data, err := os.ReadFile(names[0])
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			var r struct{ Unmapped struct{ Call string } }
			if !strings.HasSuffix(line, "\n") {
				break // torn by the kill, and so not acknowledged
			}
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatalf("%v in %q", err, line)
			}
			stored[r.Unmapped.Call] = true
		}
		for _, id := range acknowledged {
			if !stored[id] {
				t.Errorf("run %d: %s was acknowledged and is not stored", run, id)
			}
		}
		total += len(acknowledged)
	}
	t.Logf("%d records were acknowledged", total)
}
