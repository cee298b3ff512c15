package state

import (
	"bytes"
)

// builder computes the root of a trie from its entries in ascending order of keys,
// and holds one path of it in memory.
type builder struct {
	// emit is given the records of all branches, those below before those above, if
	// it is not nil. It may keep neither slice.
	emit func(path, record []byte) error
	// depth is where the trie begins: its keys agree in that many nibbles.
	depth int

	last *leaf
	open []openBranch // from the top down
	err  error
}

// openBranch is a branch to which entries may still come.
type openBranch struct {
	depth int // of the nibble at which it branches
	b     *branch
}

// add adds an entry. Keys must ascend; it keeps value.
func (t *builder) add(key [32]byte, value []byte) error {
	if t.last == nil {
		t.last = &leaf{key, value}
		return t.err
	}
	if bytes.Compare(t.last.key[:], key[:]) >= 0 {
		return corrupt("keys out of order")
	}
	t.close(common(&t.last.key, &key, 0))
	t.last = &leaf{key, value}
	return t.err
}

// close attaches the last leaf, and what is complete because the next key branches
// off at a depth.
func (t *builder) close(at int) {
	c := leafChild(t.last)
	for {
		// c goes into the deeper of the branch at hand and the one to come.
		if n := len(t.open); n == 0 || t.open[n-1].depth < at {
			t.open = append(t.open, openBranch{at, new(branch)})
		}
		top := &t.open[len(t.open)-1]
		t.seal(&c, top.depth+1)
		top.b.kids[nibble(&t.last.key, top.depth)] = c
		if top.depth == at {
			return
		}
		// The branch is complete; its path ends where its parent branches.
		c = child{branch: top.b}
		from := top.depth
		t.open = t.open[:len(t.open)-1]
		parent := at
		if n := len(t.open); n > 0 {
			parent = max(parent, t.open[n-1].depth)
		}
		c.branch.skip = nibbles(&t.last.key, parent+1, from)
	}
}

// seal hashes a child that lies at a depth on the last key's path.
func (t *builder) seal(c *child, depth int) {
	if c.leaf != nil {
		var buf [256]byte
		c.ref = refOf(appendLeaf(buf[:0], c.leaf, depth))
		return
	}
	b := c.branch
	b.record = b.encode()
	c.ref = b.hash()
	if t.emit != nil && t.err == nil {
		t.err = t.emit(nibbles(&t.last.key, 0, depth), b.record)
	}
	c.branch = nil // its children are not needed any more
}

// finish returns the reference to the whole trie, at its depth.
func (t *builder) finish() (child, error) {
	if t.last == nil {
		return child{}, t.err
	}
	c := leafChild(t.last)
	for n := len(t.open); n > 0; n = len(t.open) {
		top := t.open[n-1]
		t.seal(&c, top.depth+1)
		top.b.kids[nibble(&t.last.key, top.depth)] = c
		parent := t.depth - 1
		if n > 1 {
			parent = t.open[n-2].depth
		}
		c = child{branch: top.b}
		c.branch.skip = nibbles(&t.last.key, parent+1, top.depth)
		t.open = t.open[:n-1]
	}
	t.seal(&c, t.depth)
	return c, t.err
}
