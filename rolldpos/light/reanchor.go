package light

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// ErrCheckpoint refuses a header that is not the checkpoint which the root holds.
var ErrCheckpoint = errors.New("light: not the block of the root's checkpoint")

// Registration says where the root chain keeps a subchain's checkpoints. It is trusted.
type Registration struct {
	Registry ledger.Address // of the root's module rootrelay.Root
	Subchain uint64         // the id that it gave the subchain
}

// CheckpointProof shows a checkpoint in the root's state. It may come from anybody.
type CheckpointProof struct {
	Seq     uint64   // of the checkpoint
	Header  []byte   // RLP of its block's header
	Account [][]byte // trie nodes from the root's state root to the registry's account
	Slot    [][]byte // trie nodes from the account's storage root to CheckpointSlot
}

// CheckpointSlot is the storage slot in which rootrelay.Root keeps the block hash of a
// subchain's checkpoint: that of checkpoints[subchain][seq] with the base slot which
// subchain/module gives a field of this name.
func CheckpointSlot(subchain, seq uint64) ledger.Hash {
	slot := ledger.Keccak([]byte("rootstem.slot.v1"), []byte("checkpoints"))
	for _, key := range []uint64{subchain, seq} {
		word := binary.BigEndian.AppendUint64(make([]byte, 24), key)
		slot = ledger.Keccak(word, slot[:])
	}
	return slot
}

// Reanchor takes the header of a checkpoint that the root chain has accepted, whatever
// the time since the client's last header. root is a header of the root chain that the
// caller trusts, such as one that another Client has just returned. The client's chain
// key stays; where it has expired, LearnKey takes the header's. Errors: ErrMissing,
// ErrCheckpoint, ErrFuture, ErrRollback, ErrFork, and those that wrap ledger.ErrProof.
func (c *Client) Reanchor(now uint64, root *Header, at Registration, p *CheckpointProof) (*Header, error) {
	if root == nil || p == nil {
		return nil, ErrMissing
	}
	h, err := decode(p.Header)
	if err != nil {
		return nil, err
	}
	block, err := root.Slot(at.Registry, p.Account, CheckpointSlot(at.Subchain, p.Seq), p.Slot)
	if err != nil {
		return nil, fmt.Errorf("light: checkpoint %d: %w", p.Seq, err)
	}
	if block.IsZero() || block != h.Hash() {
		return nil, fmt.Errorf("%w: number %d of subchain %d", ErrCheckpoint, p.Seq, at.Subchain)
	}
	if err := c.follows(now, h); err != nil {
		return nil, err
	}
	c.accept(h)
	return h, nil
}
