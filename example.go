// Package twohop holds what belongs to the program as a whole: the example
// configuration, which the demo runs.
package twohop

import _ "embed"

// Example is the repository's routes.yaml.
//
//go:embed routes.yaml
var Example string

// ExampleContract is the contract that it names, contracts/stock.wsdl.
//
//go:embed contracts/stock.wsdl
var ExampleContract string
