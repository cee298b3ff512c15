package state

import (
	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/internal/rlp"
)

// ref is how a node is referred to by its parent: by the Keccak-256 of its encoding,
// or by the encoding itself if that has less than 32 bytes. Its zero value refers to
// nothing.
type ref struct {
	b [32]byte
	n uint8 // bytes of b in use
}

func refOf(encoded []byte) (r ref) {
	if len(encoded) < 32 {
		r.n = uint8(copy(r.b[:], encoded))
		return r
	}
	r.b, r.n = keccak.Sum256(encoded), 32
	return r
}

func rootRef(root [32]byte) ref { return ref{root, 32} }

func (r *ref) appendTo(dst []byte) []byte {
	switch r.n {
	case 0:
		return append(dst, 0x80)
	case 32:
		dst = append(dst, 0xa0)
	}
	return append(dst, r.b[:r.n]...)
}

// leaf is a key with its value, which is not empty.
type leaf struct {
	key   [32]byte
	value []byte
}

// child is a place for a node, under a branch or at the root. Its zero value is an
// empty place. Children that are shared between views never change.
type child struct {
	// branch is the node in memory. Without it the node is a leaf or has to be
	// loaded.
	branch *branch
	// leaf is the leaf, if it is known.
	leaf *leaf
	// ref is zero while a node in memory is not hashed yet.
	ref ref
	// isLeaf tells a leaf from a branch. It means nothing at a root that is only
	// known by its hash.
	isLeaf bool
}

func (c *child) empty() bool { return c.branch == nil && c.leaf == nil && c.ref.n == 0 }

func leafChild(l *leaf) child { return child{leaf: l, isLeaf: true} }

// branch is a branch node of the Merkle Patricia trie together with the extension
// node before it, if it has one. At least two of its children are not empty. A
// branch that was hashed does not change any more.
type branch struct {
	skip   []byte // nibbles of the extension, one in a byte
	kids   [16]child
	record []byte // what the store holds for it; nil before it is hashed
}

// Nodes of this trie hold keys of 32 bytes, so that no branch has a value of its
// own.

func nibble(key *[32]byte, i int) byte {
	if i&1 == 0 {
		return key[i>>1] >> 4
	}
	return key[i>>1] & 15
}

// common returns how many nibbles from depth on the keys share.
func common(a, b *[32]byte, depth int) int {
	i := depth
	for i < 64 && nibble(a, i) == nibble(b, i) {
		i++
	}
	return i - depth
}

// commonSkip returns how many nibbles of skip the key has at depth.
func commonSkip(key *[32]byte, depth int, skip []byte) int {
	for i, x := range skip {
		if nibble(key, depth+i) != x {
			return i
		}
	}
	return len(skip)
}

func nibbles(key *[32]byte, from, to int) []byte {
	out := make([]byte, to-from)
	for i := range out {
		out[i] = nibble(key, from+i)
	}
	return out
}

// appendCompact appends the hex-prefix encoding of n nibbles (Yellow Paper,
// appendix C) as an RLP string.
func appendCompact(dst []byte, n int, at func(int) byte, isLeaf bool) []byte {
	var first byte
	if isLeaf {
		first = 0x20
	}
	i := 0
	if n&1 == 1 {
		first |= 0x10 | at(0)
		i = 1
	}
	if size := n/2 + 1; size > 1 {
		dst = append(dst, 0x80+byte(size))
	}
	dst = append(dst, first)
	for ; i < n; i += 2 {
		dst = append(dst, at(i)<<4|at(i+1))
	}
	return dst
}

// appendLeaf appends the encoding of a leaf at a depth.
func appendLeaf(dst []byte, l *leaf, depth int) []byte {
	var buf [192]byte
	p := appendCompact(buf[:0], 64-depth, func(i int) byte { return nibble(&l.key, depth+i) }, true)
	p = rlp.AppendBytes(p, l.value)
	return rlp.AppendList(dst, p)
}

// appendBranch appends the encoding of the branch without its extension. All its
// children are hashed.
func (b *branch) appendBranch(dst []byte) []byte {
	var buf [16*33 + 1]byte
	p := buf[:0]
	for i := range b.kids {
		p = b.kids[i].ref.appendTo(p)
	}
	return rlp.AppendList(dst, append(p, 0x80))
}

// appendExtension appends the encoding of the extension to a branch.
func (b *branch) appendExtension(dst []byte, to ref) []byte {
	var buf [80]byte
	p := appendCompact(buf[:0], len(b.skip), func(i int) byte { return b.skip[i] }, false)
	return rlp.AppendList(dst, to.appendTo(p))
}

// hash returns the reference to the branch, extension included. All its children
// are hashed.
func (b *branch) hash() ref {
	var buf [16*33 + 8]byte
	r := refOf(b.appendBranch(buf[:0]))
	if len(b.skip) > 0 {
		r = refOf(b.appendExtension(buf[:0], r))
	}
	return r
}
