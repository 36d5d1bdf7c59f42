package routes

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// reporters are the functions that take what is wrong and the fix as their last two
// arguments.
var reporters = []string{"fail", "reject", "warn", "note"}

var verb = regexp.MustCompile(`%[a-z]`)

// Every message that the package can print is printed for some file in
// testdata/invalid.
func TestEveryMessageIsShownOnce(t *testing.T) {
	var shown strings.Builder
	wants, err := filepath.Glob("testdata/invalid/*.want")
	if err != nil || len(wants) == 0 {
		t.Fatal(err)
	}
	for _, name := range wants {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		shown.Write(text)
	}
	sources, _ := filepath.Glob("*.go")
	found := 0
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			for _, text := range messageParts(n) {
				for _, part := range verb.Split(text, -1) {
					if part = strings.TrimSpace(part); len(part) < 4 {
						continue
					}
					if found++; !strings.Contains(shown.String(), part) {
						t.Errorf("%v: no file in testdata/invalid makes this message: %q", fset.Position(n.Pos()), part)
					}
				}
			}
			return true
		})
	}
	if found < 150 {
		t.Errorf("only %d messages found", found)
	}
}

// messageParts returns the literal parts of what a call or a mistake says.
func messageParts(n ast.Node) (parts []string) {
	var args []ast.Expr
	switch n := n.(type) {
	case *ast.CallExpr:
		name := ""
		switch f := n.Fun.(type) {
		case *ast.SelectorExpr:
			name = f.Sel.Name
		case *ast.Ident:
			name = f.Name
		}
		if slices.Contains(reporters, name) && len(n.Args) >= 3 {
			args = n.Args[len(n.Args)-2:]
		} else if name == "notForm" {
			args = n.Args[1:]
		}
	case *ast.CompositeLit:
		if id, ok := n.Type.(*ast.Ident); ok && id.Name == "mistake" && len(n.Elts) == 3 {
			args = n.Elts[:2]
		}
	}
	for _, arg := range args {
		ast.Inspect(arg, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				text, err := strconv.Unquote(lit.Value)
				if err == nil {
					parts = append(parts, text)
				}
			}
			return true
		})
	}
	return parts
}
