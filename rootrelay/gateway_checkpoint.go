package rootrelay

import (
	"cmp"
	"slices"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// BeginBlock notes the hash of the last block if that was a checkpoint.
func (g *Gateway) BeginBlock(ctx *module.Context) error {
	g.note(ctx)
	return nil
}

func (g *Gateway) note(ctx *module.Context) {
	last := g.last.Get(ctx)
	if last.Seq == 0 || !last.Block.IsZero() || last.Height >= ctx.Height() {
		return
	}
	last.Block = ctx.BlockHash(last.Height)
	g.last.Set(ctx, last)
}

// EndBlock decides whether this block is a checkpoint. The decision depends on the
// state alone.
func (g *Gateway) EndBlock(ctx *module.Context) error {
	if g.id.Get(ctx) == 0 {
		return nil
	}
	g.note(ctx)
	last := g.last.Get(ctx)
	count, deliveries := g.outbox.Count(ctx), g.deliveries.Get(ctx)
	changed := count != last.Count || deliveries != last.Deliveries
	h := ctx.Height()
	gap := h - last.Height
	if !(changed && gap >= g.MinGap || g.MaxGap != 0 && gap >= g.MaxGap || g.EpochBlocks != 0 && h%g.EpochBlocks == 0) {
		return nil
	}
	g.before.Set(ctx, last.Block)
	g.last.Set(ctx, mark{Seq: last.Seq + 1, Height: h, Count: count, Deliveries: deliveries})
	return nil
}

// Anchor tells the chain what its headers commit to: the outbox's root, the anchor,
// and the domain under which a checkpoint is signed.
func (g *Gateway) Anchor(ctx *module.View) (messagesRoot, domain ledger.Hash, a ledger.Anchor, err error) {
	messagesRoot = g.outbox.Root(ctx)
	a = ledger.Anchor{MessageCount: g.outbox.Count(ctx)}
	if a.Subchain = g.id.Get(ctx); a.Subchain == 0 {
		return messagesRoot, domain, a, nil
	}
	a.Revision = g.revision.Get(ctx)
	last := g.last.Get(ctx)
	a.PrevCheckpoint = last.Block
	if last.Seq != 0 && last.Height == ctx.Height() {
		a.Seq, a.PrevCheckpoint = last.Seq, g.before.Get(ctx)
	}
	for i := range g.lanes.Len(ctx) {
		l := g.lanes.Get(ctx, i)
		a.Cursors = append(a.Cursors, ledger.Cursor{Peer: l.Src, Lane: l.Number, Next: g.cursors.Get(ctx, l)})
	}
	slices.SortFunc(a.Cursors, func(x, y ledger.Cursor) int {
		return cmp.Or(cmp.Compare(x.Peer, y.Peer), cmp.Compare(x.Lane, y.Lane))
	})
	domain = Domain(g.RootChainID, g.Registry, a.Subchain, a.Revision)
	return messagesRoot, domain, a, nil
}

// Status is what a gateway tells about itself.
type Status struct {
	Subchain   uint64 `abi:"subchain"` // 0 before attachment
	Revision   uint64 `abi:"revision"`
	Seq        uint64 `abi:"seq"`      // of the last checkpoint
	Height     uint64 `abi:"height"`   // of the last checkpoint
	Messages   uint64 `abi:"messages"` // leaves of the outbox
	Deliveries uint64 `abi:"deliveries"`
}

// Status returns where the gateway is.
func (g *Gateway) Status(ctx *module.View) (Status, error) {
	last := g.last.Get(ctx)
	return Status{
		Subchain: g.id.Get(ctx), Revision: g.revision.Get(ctx), Seq: last.Seq, Height: last.Height,
		Messages: g.outbox.Count(ctx), Deliveries: g.deliveries.Get(ctx),
	}, nil
}

// Supply returns all that the gateway ever minted and burned, in wei. The difference
// is the subchain's coin before fees that the chain burns; it never exceeds the
// root's escrow.
func (g *Gateway) Supply(ctx *module.View) (minted, burned uint256.Int, err error) {
	return g.minted.Get(ctx), g.burned.Get(ctx), nil
}

// Cursor returns the order of the next message that the gateway takes from src.
func (g *Gateway) Cursor(ctx *module.View, src uint64, lane uint32) (uint64, error) {
	return g.cursors.Get(ctx, Lane{src, g.id.Get(ctx), lane}), nil
}

// Nonce returns the nonce of the next message to dst.
func (g *Gateway) Nonce(ctx *module.View, dst uint64, lane uint32) (uint64, error) {
	return g.nonces.Get(ctx, Lane{g.id.Get(ctx), dst, lane}), nil
}

// Pending returns the leaf of a sent message without acknowledgement, or zero.
func (g *Gateway) Pending(ctx *module.View, dst uint64, lane uint32, nonce uint64) (ledger.Hash, error) {
	return g.commitments.Get(ctx, MessageID{g.id.Get(ctx), dst, lane, nonce}), nil
}
