package routes

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"twohop/translate/wsdl"
)

// Contract returns the contract of a route, nil for a route without one or with one that
// could not be read.
func (t *Table) Contract(r *Route) *wsdl.Contract {
	if r.SOAP == nil {
		return nil
	}
	return t.contracts[string(r.SOAP.Contract)].contract
}

// contractRead is a contract that was read, or why it was not.
type contractRead struct {
	contract *wsdl.Contract
	err      error
}

// contract reads a route's contract, each file once however many routes name it.
func (c *checker) contract(path string, r *Route) {
	name := string(r.SOAP.Contract)
	if name == "" || c.digests[name].err != nil {
		return // not there, which is reported
	}
	l, known := c.contracts[name]
	if !known {
		l.contract, l.err = wsdl.Load(name)
		if c.contracts == nil {
			c.contracts = map[string]contractRead{}
		}
		c.contracts[name] = l
		if l.err == nil {
			c.follow(name, l.contract.Files)
		}
	}
	if l.err != nil {
		c.failFor(path, &mistake{"the contract cannot be used: " + l.err.Error(), "mend the file, or save it and its imports anew", true})
		return
	}
	for i, w := range l.contract.Warnings {
		if known {
			return // said at the first route
		}
		if i == mostWarnings {
			c.warn(path, fmt.Sprintf("the contract has %d more mistakes that were read all the same", len(l.contract.Warnings)-i), "see whether calls are as they should be")
			return
		}
		c.warn(path, fmt.Sprintf("%s:%d: %s", w.File, w.Line, w.What), "the contract is read all the same; see whether calls are as they should be")
	}
}

// mostWarnings bounds what is said of one contract.
const mostWarnings = 5

// follow makes the digest of a contract one of all its files, and adds them to the hash.
func (t *Table) follow(name string, files []string) {
	sum := sha256.New()
	for _, file := range files {
		one, _ := t.digests.of(file)
		sum.Write([]byte(one))
	}
	whole := hex.EncodeToString(sum.Sum(nil))
	t.digests[name] = digest{sum: whole}
	t.hash = chain(t.hash, []byte(whole))
	t.followed = append(t.followed, files)
}

// followedNow adds to hash what follow would add if the files were read now.
func (t *Table) followedNow(hash string) string {
	for _, files := range t.followed {
		sum, now := sha256.New(), digests{}
		for _, file := range files {
			one, _ := now.of(file)
			sum.Write([]byte(one))
		}
		hash = chain(hash, []byte(hex.EncodeToString(sum.Sum(nil))))
	}
	return hash
}
