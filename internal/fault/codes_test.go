package fault

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// sources calls visit with every Go file of the module that is not a test.
func sources(t *testing.T, visit func(name string, f *ast.File)) {
	t.Helper()
	files := token.NewFileSet()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		visit(name, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// declared returns the constants of type Code: name in Go -> code.
func declared(t *testing.T) map[string]Code {
	t.Helper()
	codes := map[string]Code{}
	f, err := parser.ParseFile(token.NewFileSet(), "catalogue.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			if typ, ok := v.Type.(*ast.Ident); ok && typ.Name == "Code" {
				codes[v.Names[0].Name] = Code(strings.Trim(v.Values[0].(*ast.BasicLit).Value, `"`))
			}
		}
		return true
	})
	return codes
}

// inFault returns X of an expression fault.X, "" for any other.
func inFault(e ast.Expr) string {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if pkg, ok := s.X.(*ast.Ident); !ok || pkg.Name != "fault" {
		return ""
	}
	return s.Sel.Name
}

func TestEveryCodeIsDescribedAndProduced(t *testing.T) {
	codes := declared(t)
	if len(codes) < 40 {
		t.Fatalf("only %d codes were found", len(codes))
	}
	for name, code := range codes {
		if _, ok := byCode[code]; !ok {
			t.Errorf("%s (%s) is not in the catalogue", name, code)
		}
	}
	if len(codes) != len(entries) {
		t.Errorf("%d codes are declared, %d described", len(codes), len(entries))
	}
	produced := map[string]bool{}
	sources(t, func(file string, f *ast.File) {
		if f.Name.Name == "fault" {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			switch inFault(call.Fun) {
			case "Code":
				t.Errorf("%s makes a code of its own", file)
			case "New":
				name := inFault(call.Args[0])
				if _, known := codes[name]; !known {
					t.Errorf("%s: fault.New with a code that is not a constant of the catalogue", file)
				}
				produced[name] = true
			}
			return true
		})
	})
	for name := range codes {
		if !produced[name] {
			t.Errorf("%s is produced nowhere in the product", name)
		}
	}
}
