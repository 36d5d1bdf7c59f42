//go:build linux

// Command answer has twohop's codec, zeep, php-soap, node-soap and JAX-WS's binding parse the
// same SOAP answer of 5 MB with the same contract, and prints CPU time and throughput as
// Markdown: the best of the rounds of each, start-up and reading of the contract left out.
// A peer that is not installed is named and left out. zeep and php-soap need Debian's
// python3-zeep and php-soap, node-soap npm's soap on NODE_PATH, JAX-WS the package jaxws.
//
//	go run ./tests/bench/answer
package main

import (
	"bytes"
	"embed"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"twohop/translate"
	"twohop/translate/markup"
	"twohop/translate/wsdl"
)

//go:embed peers
var peers embed.FS

func main() {
	rounds := flag.Int("rounds", 10, "times that each parses the answer")
	contract := flag.String("contract", "translate/testdata/orders.wsdl", "the contract, whose operation Find is answered")
	flag.Parse()
	if err := run(*contract, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(contract string, rounds int) error {
	contract, err := filepath.Abs(contract)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "answer")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, peers); err != nil {
		return err
	}
	const rows = 25_000
	data := answer(rows)
	file := filepath.Join(dir, "answer.xml")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return err
	}
	fmt.Printf("%d rows, %.1f MB, best of %d\n\n| who | CPU ms | MB/s |\n| --- | --: | --: |\n", rows, float64(len(data))/1e6, rounds)
	line := func(who string, seconds float64) {
		fmt.Printf("| %s | %.1f | %.1f |\n", who, seconds*1000, float64(len(data))/1e6/seconds)
	}
	tokens, err := best(rounds, func() error { return read(data) })
	if err != nil {
		return err
	}
	line("twohop, tokens alone", tokens)
	c, err := wsdl.Load(contract)
	if err != nil {
		return err
	}
	s, err := translate.New(c, translate.Options{})
	if err != nil {
		return err
	}
	codec, err := best(rounds, func() error {
		stream := s.Operation("Find").Answer(bytes.NewReader(data), "", translate.JSON)
		defer stream.Close()
		_, err := io.Copy(io.Discard, stream)
		return err
	})
	if err != nil {
		return err
	}
	line("twohop, to JSON", codec)
	n := strconv.Itoa(rounds)
	for _, p := range []struct{ who, script string }{
		{"zeep", `/usr/bin/python3 peers/answer.py "$0" "$1" "$2"`},
		{"php-soap", `php peers/php.php "$0" "$1" "$2"`},
		{"node-soap", `node --stack-size=4000 peers/node.js "$0" "$1" "$2"`},
		{"JAX-WS (JAXB)", `exec 3>&1; { mkdir -p gen && wsimport -extension -Xnocompile -p gen -d . "$0" && CP=$(echo /usr/share/java/*.jar | tr ' ' :) && javac -cp "$CP" -d . gen/*.java peers/Jaxws.java; } >&2 && ` +
			`java -cp ".:$(echo /usr/share/java/*.jar | tr ' ' :)" Jaxws "$1" "$2"`},
	} {
		cmd := exec.Command("sh", "-c", p.script, contract, file, n)
		cmd.Dir = dir
		var complaints bytes.Buffer
		cmd.Stderr = &complaints
		out, err := cmd.Output()
		var seconds float64
		var seen int
		if _, scan := fmt.Sscan(string(out), &seconds, &seen); err != nil || scan != nil || seen != rows {
			lines := strings.Split(strings.TrimSpace(complaints.String()), "\n")
			fmt.Printf("| %s | left out: %v, %d rows: %s | |\n", p.who, err, seen, lines[len(lines)-1])
			continue
		}
		line(p.who, seconds)
	}
	return nil
}

// best is the least CPU time that f takes, that of the garbage collector included.
func best(rounds int, f func() error) (float64, error) {
	least := time.Hour
	for range rounds {
		begin := spent()
		if err := f(); err != nil {
			return 0, err
		}
		least = min(least, spent()-begin)
	}
	return least.Seconds(), nil
}

func spent() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // it fails for wrong arguments alone
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func read(data []byte) error {
	r := markup.NewReader(bytes.NewReader(data), "", markup.Limits{})
	for {
		if _, err := r.Next(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func answer(rows int) []byte {
	var b bytes.Buffer
	b.WriteString(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><FindResponse xmlns="urn:example:orders">`)
	for i := range rows {
		fmt.Fprintf(&b, `<Order status="open"><Id>%d</Id><Customer>Contoso Retail %d</Customer><Amount>%d.50</Amount><Date>2026-01-02T03:04:05Z</Date><Line><Item>A-%d</Item><Quantity>3</Quantity><Price>1.25</Price></Line></Order>`, i, i, i, i)
	}
	b.WriteString(`</FindResponse></s:Body></s:Envelope>`)
	return b.Bytes()
}
