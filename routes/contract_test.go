package routes

import (
	"os"
	"strings"
	"testing"
)

const contractRoute = head + `
routes:
  - {name: a, path: /a, callers: [fno], target: {url: "https://a.example"}}
  - {name: soap, path: /soap/*, callers: [fno], target: {url: "https://a.example"}, soap: {contract: main.wsdl}}
`

// A contract that moves its types into a file of its own.
func importing(t *testing.T) (contract, types string) {
	before, rest, _ := strings.Cut(stockWSDL(t), "<xs:schema ")
	schema, after, _ := strings.Cut(rest, "</xs:schema>")
	types = `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:stock" ` + schema + "</xs:schema>"
	return before + `<xs:schema><xs:import namespace="urn:stock" schemaLocation="types.xsd"/></xs:schema>` + after, types
}

func TestAChangeOfWhatAContractImportsIsNoticed(t *testing.T) {
	contract, types := importing(t)
	t.Chdir(writeFiles(t, map[string]string{"main.wsdl": contract, "types.xsd": types}))
	before := load(t, contractRoute)
	if err := os.WriteFile("routes.yaml", []byte(contractRoute), 0o600); err != nil {
		t.Fatal(err)
	}
	if c := before.Contract(&before.Routes[1]); c == nil || len(c.Files) != 2 || before.Contract(&before.Routes[0]) != nil {
		t.Fatalf("%+v", c)
	}
	if before.HashNow() != before.Hash() {
		t.Error("nothing changed, and the hash did")
	}
	if err := os.WriteFile("types.xsd", []byte(strings.Replace(types, "xs:decimal", "xs:string", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	after := load(t, contractRoute)
	if before.HashNow() == before.Hash() || after.Hash() != before.HashNow() {
		t.Errorf("before %s, now %s, after %s", before.Hash(), before.HashNow(), after.Hash())
	}
	if got := lines(Diff(before, after)); got != "! route soap has another contract" {
		t.Error(got)
	}
}

func TestAContractThatCannotBeUsedSwitchesItsRouteOff(t *testing.T) {
	contract, _ := importing(t)
	for name, files := range map[string]map[string]string{
		"gone":           {},
		"broken":         {"main.wsdl": contract[:200]},
		"without import": {"main.wsdl": contract},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(writeFiles(t, files))
			table, err := Load("routes.yaml", []byte(contractRoute), today)
			list, ok := err.(ErrorList)
			if !ok || list.Fatal() || !strings.Contains(list.Error(), "routes[1].soap.contract") {
				t.Fatal(err)
			}
			if off, _ := table.Affected(list); off[1] == nil || off[0] != nil || len(off) != 1 {
				t.Error(off)
			}
		})
	}
}
