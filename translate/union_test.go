package translate

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"twohop/translate/wsdl"
)

// TestAUnionOfUnionsIsWalkedOnce would not end if each union were walked through both its
// members: 2^60 ways.
func TestAUnionOfUnionsIsWalkedOnce(t *testing.T) {
	text, err := os.ReadFile("testdata/orders.wsdl")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(`<xs:simpleType name="Color"><xs:union memberTypes="tns:u60 tns:u60"/></xs:simpleType><xs:simpleType name="u0"><xs:restriction base="xs:int"/></xs:simpleType>`)
	for i := range 60 {
		fmt.Fprintf(&b, `<xs:simpleType name="u%d"><xs:union memberTypes="tns:u%d tns:u%d"/></xs:simpleType>`, i+1, i, i)
	}
	before, rest, _ := strings.Cut(string(text), `<xs:simpleType name="Color">`)
	_, after, _ := strings.Cut(rest, "</xs:simpleType>")
	file := t.TempDir() + "/orders.wsdl"
	if err := os.WriteFile(file, []byte(before+b.String()+after), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := wsdl.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := request(s.Operation("Find"), `{"Color":5}`); err != nil || inBody(got) != `<n0:Find><n0:Color>5</n0:Color></n0:Find>` {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := request(s.Operation("Find"), `{"Color":"red"}`); err == nil || !strings.Contains(err.Error(), "expected xs:int") {
		t.Errorf("got %v", err)
	}
}
