package describe

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"twohop/translate/wsdl"
)

// stock is a route to our own small contract.
func stock(t testing.TB) Input {
	t.Helper()
	return route(t, filepath.Join("testdata", "stock.wsdl"))[0]
}

// route returns an Input for each SOAP port of a contract.
func route(t testing.TB, file string) []Input {
	t.Helper()
	c, err := wsdl.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []Input
	for _, s := range c.Services {
		for _, p := range s.Ports {
			if p.Protocol == wsdl.SOAP11 || p.Protocol == wsdl.SOAP12 {
				list = append(list, Input{Route: "stock", URL: "https://broker.example.com/stock", Contract: c, Port: p, APIKey: true})
			}
		}
	}
	return list
}

// contracts calls f for each of our contracts, and for those in the folder that CONTRACTS
// names: SOURCES.tsv there has a name and the main file in each line.
func contracts(t *testing.T, f func(t *testing.T, in Input)) {
	files := map[string]string{"stock": filepath.Join("testdata", "stock.wsdl")}
	if dir := os.Getenv("CONTRACTS"); dir != "" {
		text, err := os.ReadFile(filepath.Join(dir, "SOURCES.tsv"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if field := strings.Split(line, "\t"); len(field) > 1 && field[0] != "name" {
				files[field[0]] = filepath.Join(dir, field[0], field[1])
			}
		}
	}
	for name, file := range files {
		t.Run(name, func(t *testing.T) {
			for i, in := range route(t, file) {
				if i >= 3 {
					return // forty ports of one kind
				}
				t.Run(in.Port.Name, func(t *testing.T) { f(t, in) })
			}
		})
	}
}
