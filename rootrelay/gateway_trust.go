package rootrelay

import (
	"fmt"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// trust says which committees of the root the gateway believes: that of the latest
// epoch of which it saw a header, and those of the epochs beside it. Height is that
// of the highest header of the epoch.
type trust struct {
	Epoch, Height           uint64
	Previous, Current, Next ledger.Hash // committees; zero means unknown
}

// trusted loads what the gateway believes. Block 0 is alone in epoch 0, so the
// committee of epoch 0 is that of epoch 1.
func (g *Gateway) trusted(ctx module.Reader) trust {
	t := g.trust.Get(ctx)
	if t.Current.IsZero() {
		t = trust{Epoch: g.RootEpoch, Current: g.RootCommittee}
		if g.RootEpoch == 0 {
			t.Next = g.RootCommittee
		}
	}
	return t
}

// committee returns the hash of the committee of an epoch, or zero.
func (t *trust) committee(epoch uint64) ledger.Hash {
	switch {
	case epoch == t.Epoch:
		return t.Current
	case epoch == t.Epoch+1:
		return t.Next
	case epoch+1 == t.Epoch:
		return t.Previous
	}
	return ledger.Hash{}
}

// learn takes over what a final header says about the next committee, and reports
// whether anything changed.
func (t *trust) learn(h *ledger.Header) bool {
	switch {
	case h.Epoch == t.Epoch+1:
		*t = trust{Epoch: h.Epoch, Height: h.Height, Previous: t.Current, Current: t.Next, Next: h.NextCommittee}
	case h.Epoch == t.Epoch && h.Height > t.Height && t.Next != h.NextCommittee:
		t.Height, t.Next = h.Height, h.NextCommittee
	default:
		return false
	}
	return true
}

// rootHeader checks that header is a final one of the root, and follows it.
func (g *Gateway) rootHeader(ctx *module.Context, header, committee, certificate []byte) (*ledger.Header, error) {
	h, err := ledger.DecodeHeader(header)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProof, err)
	}
	c, err := decodeCommittee(ctx, committee)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCommittee, err)
	}
	t := g.trusted(ctx)
	if want := t.committee(h.Epoch); want.IsZero() || c.Hash() != want || uint64(c.Epoch) != h.Epoch {
		return nil, fmt.Errorf("%w: %d, the gateway is at %d", ErrCommittee, h.Epoch, t.Epoch)
	}
	if err := checkFinal(ctx, g.RootGenesis, header, c, certificate); err != nil {
		return nil, err
	}
	if t.learn(h) {
		g.trust.Set(ctx, t)
	}
	return h, nil
}

// rootLeaf checks that leaf is at index of the outbox under a final header of the
// root, and follows that header.
func (g *Gateway) rootLeaf(ctx *module.Context, header, anchor, committee, certificate []byte, leaf ledger.Hash, index uint64, proof []ledger.Hash) error {
	h, err := g.rootHeader(ctx, header, committee, certificate)
	if err != nil {
		return err
	}
	a, err := openAnchor(ctx, h, anchor)
	if err != nil {
		return err
	}
	return prove(ctx, h.MessagesRoot, a.MessageCount, index, leaf, proof)
}

// Follow learns the root's next committee from a final header of the root, from
// whoever brings it. It is needed only when an epoch of the root passes without a
// message.
func (g *Gateway) Follow(ctx *module.Context, header, committee, certificate []byte) error {
	_, err := g.rootHeader(ctx, header, committee, certificate)
	return err
}

// Trusted returns the root's epoch that the gateway has reached, the hash of its
// committee and that of the next, zero if unknown.
func (g *Gateway) Trusted(ctx *module.View) (epoch uint64, committee, next ledger.Hash, err error) {
	t := g.trusted(ctx)
	return t.Epoch, t.Current, t.Next, nil
}
