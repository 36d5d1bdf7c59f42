package routes

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "write the .want files anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// today is when the test files are read.
var today = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

const testKey = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// head is what a file needs before its targets and routes.
const head = `listen: [{address: ":8443", hosts: [localhost, a.example, b.example, c.example]}]
certificates: {local: true}
callers:
  fno: {api_key: {sha256: "` + testKey + `"}}
  uat: {api_key: {sha256: "00000000000000000000000000000000000000000000000000000000000000aa"}}
`

// load reads src, which must be free of mistakes.
func load(t testing.TB, src string) *Table {
	t.Helper()
	table, err := Load("routes.yaml", []byte(src), today)
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	return table
}

// mistakes reads src and returns what is wrong with it.
func mistakes(t testing.TB, src string) ErrorList {
	t.Helper()
	_, err := Load("routes.yaml", []byte(src), today)
	if err == nil {
		return nil
	}
	return err.(ErrorList)
}

// writeFiles writes files into a new directory and returns it.
func writeFiles(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// stockWSDL is the contract of the valid file.
func stockWSDL(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("testdata/valid/files/stock.wsdl")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
