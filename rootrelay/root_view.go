package rootrelay

import (
	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// Subchains returns how many are registered; their ids are 1 to that.
func (r *Root) Subchains(ctx *module.View) (uint64, error) { return r.count.Get(ctx), nil }

// Subchain returns the record of a registered subchain.
func (r *Root) Subchain(ctx *module.View, id uint64) (Subchain, error) { return r.subchain(ctx, id) }

// IDOf returns the id of the subchain with this genesis, or 0.
func (r *Root) IDOf(ctx *module.View, genesis ledger.Hash) (uint64, error) {
	return r.ids.Get(ctx, genesis), nil
}

// Checkpoint returns an accepted checkpoint, all zero if there is none.
func (r *Root) Checkpoint(ctx *module.View, subchain, seq uint64) (Checkpoint, error) {
	return r.checkpoints.Get(ctx, CheckpointID{subchain, seq}), nil
}

// Escrow returns what a subchain can at most take out, in wei.
func (r *Root) Escrow(ctx *module.View, subchain uint64) (uint256.Int, error) {
	return r.escrow.Get(ctx, subchain), nil
}

// Claimable returns what an account may claim, in wei.
func (r *Root) Claimable(ctx *module.View, account ledger.Address) (uint256.Int, error) {
	return r.claims.Get(ctx, account), nil
}

// Locked returns the coin that came in and has not gone out, without bonds, in wei.
func (r *Root) Locked(ctx *module.View) (uint256.Int, error) { return r.locked.Get(ctx), nil }

// Supply is the root's balance sheet, in wei. Locked equals Escrow plus Claimable, and
// Balance is at least Locked plus Bonds.
type Supply struct {
	Locked    uint256.Int `abi:"locked"`
	Escrow    uint256.Int `abi:"escrow"`    // sum over all subchains
	Claimable uint256.Int `abi:"claimable"` // sum over all accounts
	Bonds     uint256.Int `abi:"bonds"`     // sum over all subchains
	Balance   uint256.Int `abi:"balance"`   // of the module's account; coin forced onto it is nobody's
}

// Supply returns the balance sheet. The sum of escrows is added up anew.
func (r *Root) Supply(ctx *module.View) (Supply, error) {
	s := Supply{
		Locked: r.locked.Get(ctx), Claimable: r.claimable.Get(ctx), Bonds: r.bonds.Get(ctx),
		Balance: ctx.Balance(ctx.Self()),
	}
	for id := uint64(1); id <= r.count.Get(ctx); id++ {
		e := r.escrow.Get(ctx, id)
		s.Escrow.Add(&s.Escrow, &e)
	}
	return s, nil
}

// Arrived returns the nonce of the next message that the root takes from src to dst.
func (r *Root) Arrived(ctx *module.View, src, dst uint64, lane uint32) (uint64, error) {
	return r.arrived.Get(ctx, Lane{src, dst, lane}), nil
}

// Forwarded returns the order that the root gives to the next message from src to dst.
func (r *Root) Forwarded(ctx *module.View, src, dst uint64, lane uint32) (uint64, error) {
	return r.forwarded.Get(ctx, Lane{src, dst, lane}), nil
}

// Cursor returns the order of the next message from src that dst expects, as its last
// checkpoint says.
func (r *Root) Cursor(ctx *module.View, src, dst uint64, lane uint32) (uint64, error) {
	return r.cursors.Get(ctx, Lane{src, dst, lane}), nil
}

// Pending returns the forward leaf of a message without acknowledgement, or zero.
func (r *Root) Pending(ctx *module.View, src, dst uint64, lane uint32, nonce uint64) (ledger.Hash, error) {
	return r.commitments.Get(ctx, MessageID{src, dst, lane, nonce}), nil
}

// Committee returns the hash of a subchain's committee of an epoch, or zero if no
// accepted header told it.
func (r *Root) Committee(ctx *module.View, subchain, epoch uint64) (ledger.Hash, error) {
	return r.committees.Get(ctx, EpochID{subchain, epoch}), nil
}
