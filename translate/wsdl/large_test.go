package wsdl

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// generate writes a contract whose schema has a number of types in a number of files, each
// type with as many elements, and an operation for every tenth.
func generate(t testing.TB, types, files, elements int) (main string, size int) {
	t.Helper()
	schemas, operations := make([]strings.Builder, files), [4]strings.Builder{}
	for i := range types {
		f := i * files / types
		b := &schemas[f]
		fmt.Fprintf(b, "<xs:complexType name=\"Type%d\"><xs:annotation><xs:documentation>What type %d is, in the words of its owner.</xs:documentation></xs:annotation><xs:sequence>\n", i, i)
		for j := range elements {
			to := (i*31 + j*7) % types
			fmt.Fprintf(b, "<xs:element name=\"element%dOfType%d\" type=\"n%d:Type%d\" minOccurs=\"0\" maxOccurs=\"unbounded\" nillable=\"true\"/>\n", j, i, to*files/types, to)
		}
		fmt.Fprintf(b, "</xs:sequence><xs:attribute name=\"id\" type=\"xs:int\"/></xs:complexType><xs:element name=\"Element%d\" type=\"n%d:Type%d\"/>\n", i, f, i)
		if i%10 == 0 {
			fmt.Fprintf(&operations[0], "<message name=\"M%d\"><part name=\"p\" element=\"n%d:Element%d\"/></message>\n", i, f, i)
			fmt.Fprintf(&operations[1], "<operation name=\"Op%d\"><input message=\"d:M%d\"/><output message=\"d:M%d\"/></operation>\n", i, i, i)
			fmt.Fprintf(&operations[2], "<operation name=\"Op%d\"><s:operation soapAction=\"urn:%d\"/><input><s:body use=\"literal\"/></input><output><s:body use=\"literal\"/></output></operation>\n", i, i)
		}
	}
	var spaces, imports strings.Builder
	for f := range files {
		fmt.Fprintf(&spaces, " xmlns:n%d=\"urn:n%d\"", f, f)
		fmt.Fprintf(&imports, "<xs:import namespace=\"urn:n%d\" schemaLocation=\"s%d.xsd\"/>\n", f, f)
	}
	all := []string{"main.wsdl", strings.TrimSuffix(open, ">") + spaces.String() + ">\n<types><xs:schema>" + imports.String() + "</xs:schema></types>\n" + operations[0].String() +
		"<portType name=\"P\">" + operations[1].String() + "</portType><binding name=\"B\" type=\"d:P\">" + soapDoc + operations[2].String() +
		"</binding><service name=\"S\"><port name=\"P\" binding=\"d:B\"/></service></definitions>"}
	for f := range files {
		own := fmt.Sprintf("<xs:import namespace=\"urn:n%d\" schemaLocation=\"s%d.xsd\"/>\n", f, f)
		all = append(all, fmt.Sprintf("s%d.xsd", f), fmt.Sprintf("<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" targetNamespace=\"urn:n%d\"%s>\n", f, &spaces)+
			strings.Replace(imports.String(), own, "", 1)+schemas[f].String()+"</xs:schema>")
	}
	for i := 1; i < len(all); i += 2 {
		size += len(all[i])
	}
	return save(t, all...), size
}

func TestALargeContractTakesLittleMemory(t *testing.T) {
	main, size := generate(t, 2000, 1, 17)
	if size < 4<<20 {
		t.Fatalf("the contract has only %d bytes", size)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	c, err := Load(main)
	runtime.ReadMemStats(&after)
	if err != nil || len(c.Warnings) > 0 || len(c.Services[0].Ports[0].Operations) != 200 {
		t.Fatalf("error %v, %+v", err, c)
	}
	// All that was allocated on the way: what is in memory at a time is less.
	if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib > 60 {
		t.Errorf("%d MiB were allocated for a contract of %d MiB", mib, size>>20)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if mib := int64(after.HeapAlloc-before.HeapAlloc) >> 20; mib > 30 {
		t.Errorf("%d MiB are kept", mib)
	}
	runtime.KeepAlive(c)
}

func TestAContractOfManyFiles(t *testing.T) {
	main, _ := generate(t, 500, 50, 4)
	c, err := Load(main)
	if err != nil || len(c.Files) != 51 || len(c.Warnings) > 0 || filepath.Base(c.Files[0]) != "main.wsdl" {
		t.Fatalf("error %v, files %v, warnings %v", err, c.Files, c.Warnings)
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, c := range []struct{ types, files, elements int }{{2000, 1, 17}, {2000, 50, 17}} {
		main, size := generate(b, c.types, c.files, c.elements)
		b.Run(fmt.Sprintf("%d types in %d files", c.types, c.files), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				if _, err := Load(main); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
