package vm

import (
	"encoding/binary"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// keccakMemo remembers hashes of 64 bytes: the slots of Solidity's mappings, which
// code computes again for every access. An input has one place in it.
type keccakMemo [256]struct {
	in   [64]byte
	out  uint256.Int
	used bool
}

// sum sets w to the hash of in.
func (m *keccakMemo) sum(w *uint256.Int, in *[64]byte) {
	mixed := binary.LittleEndian.Uint64(in[24:])*0x9e3779b97f4a7c15 ^ binary.LittleEndian.Uint64(in[56:])*0xc2b2ae3d27d4eb4f
	e := &m[mixed*0xff51afd7ed558ccd>>56]
	if e.in != *in || !e.used {
		e.in, e.out, e.used = *in, keccakWord(in[:]), true
	}
	*w = e.out
}

func keccakWord(in []byte) (w uint256.Int) {
	h := ledger.Keccak(in)
	w.SetBytes32(h[:])
	return w
}
