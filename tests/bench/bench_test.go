//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"twohop/routes"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "burn" { // checkClocks starts its own binary
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

func TestTheClockAgreesWithRusage(t *testing.T) {
	clock, rusage, err := checkClocks()
	if err != nil {
		t.Fatal(err)
	}
	if clock <= 0 || rusage <= 0 {
		t.Errorf("a busy loop took %v by the clock and %v by rusage", clock, rusage)
	}
}

func TestAClockOfNoProcessIsAnError(t *testing.T) {
	if _, err := cpuTime([]int{1 << 22}); err == nil { // the kernel's own are below
		t.Error("no error")
	}
}

func TestTheRoutesFileIsValid(t *testing.T) {
	s := &stage{Dir: t.TempDir(), Plain: "127.0.0.1:1001", Old: "127.0.0.1:1002", KeyHash: strings.Repeat("0", 64),
		Pin: "sha256/" + strings.Repeat("A", 43) + "=", Expires: time.Now().AddDate(0, 1, 0).Format(time.DateOnly)}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.certificate("", key); err != nil {
		t.Fatal(err)
	}
	file, err := s.render("routes.yaml", map[string]string{"Address": "127.0.0.1:1003", "Port": "1003", "Admin": "127.0.0.1:1004"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := routes.Load(file, text, time.Now()); err != nil {
		t.Error(err)
	}
}

func TestWrkResultsAreRead(t *testing.T) {
	for name, c := range map[string]struct {
		out  string
		want result
		fail bool
	}{
		"a clean run":     {"Running\nRESULT 100 2000000 0 250 900\n", result{count: 100, wall: 2 * time.Second, p50: 250 * time.Microsecond, p99: 900 * time.Microsecond}, false},
		"failed requests": {"RESULT 100 2000000 3 250 900\n", result{}, true},
		"no request":      {"RESULT 0 2000000 0 0 0\n", result{}, true},
		"no result":       {"unable to connect\n", result{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseWrk([]byte(c.out))
			if (err != nil) != c.fail {
				t.Fatalf("error: %v", err)
			}
			if !c.fail && (got.count != c.want.count || got.wall != c.want.wall || got.p50 != c.want.p50 || got.p99 != c.want.p99) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestTheReport(t *testing.T) {
	run := func(count int, cpu, p50 time.Duration) sample {
		return sample{result: result{count: count, wall: time.Second, p50: p50, p99: 2 * p50}, cpu: cpu, resident: 10 << 20, peak: 11 << 20}
	}
	table := table{work: work{name: "1k", about: "a GET", unit: "request"}, samples: map[string][]sample{}}
	for _, cpu := range []time.Duration{300, 100, 200} {
		table.add("twohop", run(1000, cpu*time.Millisecond, 2*time.Millisecond))
		table.add("nginx", run(4000, 200*time.Millisecond, time.Millisecond))
		table.add(direct, run(8000, 0, time.Millisecond/2))
	}
	var out strings.Builder
	table.print(&out)
	want := `
**1k**: a GET

| | CPU µs/request | twohop ÷ it | requests/s | p50 ms | p99 ms | added p50, p99 ms | RSS MiB | peak MiB |
| --- | --: | --: | --: | --: | --: | --: | --: | --: |
| twohop | 200.0 (100.0–300.0) | 1.00 | 1000 | 2.00 | 4.00 | 1.50, 3.00 | 10.0 | 11.0 |
| nginx | 50.0 | 4.00 | 4000 | 1.00 | 2.00 | 0.50, 1.00 | 10.0 | 11.0 |
| direct |  |  | 8000 | 0.50 | 1.00 |  |  |  |
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
}

func TestQuantiles(t *testing.T) {
	values := []int{5, 1, 4, 2, 3}
	if got := [3]int{quantile(values, 0), quantile(values, 0.5), quantile(values, 0.99)}; got != [3]int{1, 3, 5} {
		t.Errorf("got %v", got)
	}
	if got := quantile([]int(nil), 0.5); got != 0 {
		t.Errorf("of nothing: %d", got)
	}
}
