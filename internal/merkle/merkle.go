// Package merkle is the append-only tree over messages: binary, with an explicit
// index and count, so that a proof has exactly one length and shape.
//
// The shape is that of RFC 6962, section 2.1: a tree of n > 1 leaves splits at the
// largest power of two below n, so that an append touches only the right edge. The
// hashes differ: Keccak-256 with one prefix byte for each kind of input,
//
//	leaf = keccak256(0x00 ‖ data)           data: 32 bytes
//	node = keccak256(0x01 ‖ left ‖ right)
//	root = keccak256(0x02 ‖ count ‖ top)    count: 8 bytes, big-endian
//
// where top is the hash of the tree, 32 zero bytes for the empty one. A leaf is
// never a node, and the root binds the count: no proof can speak of another index
// than the one it is checked for, of an index that is not there, or of a tree that
// lost its last leaves. No root is zero.
package merkle

import (
	"encoding/binary"
	"errors"
	"math/bits"

	"github.com/rootstem/rootstem/internal/keccak"
)

// Errors of this package. ErrIndex and ErrProof refuse a proof, ErrFrontier an
// encoding.
var (
	ErrIndex    = errors.New("merkle: index is not below the count")
	ErrProof    = errors.New("merkle: proof does not lead from the leaf to the root")
	ErrFrontier = errors.New("merkle: malformed frontier")
)

// MaxCount bounds the leaves of a tree that is read or verified, far below where
// counting would overflow.
const MaxCount = 1 << 62

// Leaf hashes the data of a leaf.
func Leaf(data [32]byte) [32]byte { return keccak.Sum256([]byte{0}, data[:]) }

// Node hashes two neighbours.
func Node(left, right [32]byte) [32]byte { return keccak.Sum256([]byte{1}, left[:], right[:]) }

// Seal binds the count of leaves to the hash of their tree.
func Seal(count uint64, top [32]byte) [32]byte {
	return keccak.Sum256(binary.BigEndian.AppendUint64([]byte{2}, count), top[:])
}

// Root returns the root over the data of leaves.
func Root[H ~[32]byte](leaves []H) H {
	if len(leaves) == 0 {
		return H(Seal(0, [32]byte{}))
	}
	return H(Seal(uint64(len(leaves)), top(leaves)))
}

func top[H ~[32]byte](leaves []H) [32]byte {
	if len(leaves) == 1 {
		return Leaf([32]byte(leaves[0]))
	}
	k := split(len(leaves))
	return Node(top(leaves[:k]), top(leaves[k:]))
}

// split returns the largest power of two below n > 1.
func split(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }

// Prove returns the hashes beside the way from leaf index to the top, lowest
// first, or nil if index is not below len(leaves). A tree of one leaf has the
// empty proof.
func Prove[H ~[32]byte](leaves []H, index uint64) []H {
	if index >= uint64(len(leaves)) {
		return nil
	}
	proof := make([]H, 0, bits.Len(uint(len(leaves))))
	return prove(proof, leaves, int(index))
}

func prove[H ~[32]byte](proof, leaves []H, index int) []H {
	if len(leaves) == 1 {
		return proof
	}
	k := split(len(leaves))
	if index < k {
		return append(prove(proof, leaves[:k], index), H(top(leaves[k:])))
	}
	return append(prove(proof, leaves[k:], index-k), H(top(leaves[:k])))
}

// Verify checks that leaf is the data at index under a root over count leaves. It
// refuses an index that is not below count, a count above MaxCount, a zero root
// and a proof of any but the exact length.
func Verify[H ~[32]byte](root H, count, index uint64, leaf H, proof []H) error {
	if index >= count || count > MaxCount {
		return ErrIndex
	}
	if root == (H{}) {
		return ErrProof
	}
	h := Leaf([32]byte(leaf))
	// at counts the subtrees left of h on its level, last those left of the level's last.
	at, last := index, count-1
	for _, p := range proof {
		switch {
		case last == 0:
			return ErrProof
		case at&1 == 1:
			h = Node([32]byte(p), h)
		case at < last:
			h = Node(h, [32]byte(p))
		default:
			// h is the last of its level without a neighbour, so it rises as it is.
			for at&1 == 0 {
				at, last = at>>1, last>>1
			}
			h = Node([32]byte(p), h)
		}
		at, last = at>>1, last>>1
	}
	if last != 0 || Seal(count, h) != [32]byte(root) {
		return ErrProof
	}
	return nil
}
