package trail

import (
	"crypto/sha256"
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// edge is the right edge of a Merkle tree: the roots of its largest complete subtrees,
// from left to right. It is all that is needed to add leaves and to tell the root.
type edge struct {
	size   int64
	hashes []tlog.Hash
}

// add appends a leaf.
func (e *edge) add(leaf tlog.Hash) {
	for n := e.size; n&1 == 1; n >>= 1 {
		last := len(e.hashes) - 1
		leaf = tlog.NodeHash(e.hashes[last], leaf)
		e.hashes = e.hashes[:last]
	}
	e.hashes = append(e.hashes, leaf)
	e.size++
}

// root returns the tree's hash; that of an empty tree is the hash of nothing (RFC 6962,
// section 2.1).
func (e *edge) root() tlog.Hash {
	if len(e.hashes) == 0 {
		return sha256.Sum256(nil)
	}
	root := e.hashes[len(e.hashes)-1]
	for _, left := range slices.Backward(e.hashes[:len(e.hashes)-1]) {
		root = tlog.NodeHash(left, root)
	}
	return root
}

// whole reports whether e has as many hashes as a tree of its size has.
func (e *edge) whole() bool {
	return e.size >= 0 && len(e.hashes) == bits.OnesCount64(uint64(e.size))
}

// unknown stands for the edge of a tree of which only the size is known: leaves can be
// added and counted, and no root will ever be right.
func unknown(size int64) edge {
	return edge{size, make([]tlog.Hash, bits.OnesCount64(uint64(size)))}
}

func (e *edge) clone() edge { return edge{e.size, slices.Clone(e.hashes)} }
