package relayer

import (
	"context"
	"fmt"

	"github.com/rootstem/rootstem/rootrelay"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// toSubchain carries what the root holds for s under the root's newest header.
func (r *Relayer) toSubchain(ctx context.Context, s *link) error {
	head, err := r.root.sync(ctx)
	if err != nil {
		return err
	}
	l, h, err := r.root.light(ctx, head)
	if err != nil || l == nil || h.Height == 0 {
		return err
	}
	anchor, err := ledger.DecodeAnchor(l.Anchor.Encoded)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrResponse, err)
	}
	count := anchor.MessageCount
	if s.in.first >= count {
		return nil
	}
	if err := r.root.check(count, h.MessagesRoot); err != nil {
		return err
	}
	if err := r.followRoot(ctx, s, h); err != nil {
		return err
	}
	proof := l.proof()
	if _, err := s.sync(ctx); err != nil {
		return err
	}
	return r.carry(ctx, &s.in, r.root.entries[:count], func(e *rootrelay.Entry) (outcome, error) {
		switch {
		case e.Message != nil && e.Message.Dst == s.id:
			return r.deliver(ctx, s, proof, e, r.root.prove(count, e.Index))
		case e.Ack != nil && e.Ack.Src == s.id:
			return r.acknowledge(ctx, s, proof, e, r.root.prove(count, e.Index))
		}
		return finished, nil
	})
}

func (l *light) proof() *rootrelay.RootProof {
	return &rootrelay.RootProof{
		Header: l.Header, Anchor: l.Anchor.Encoded, Committee: l.Committee, Certificate: l.Certificate,
	}
}

func (r *Relayer) deliver(ctx context.Context, s *link, p *rootrelay.RootProof, e *rootrelay.Entry, path []ledger.Hash) (outcome, error) {
	m := e.Message
	next, err := s.rpc.number(ctx, s.module, rootrelay.ViewCall("cursor(uint64,uint32)",
		rootrelay.Number(m.Src), rootrelay.Number(uint64(m.Lane))))
	if err != nil || next > e.Order {
		return finished, err
	}
	if next < e.Order {
		return early, nil
	}
	if err := r.transact(ctx, s.mirror, rootrelay.DeliverCall(p, m, e.Order, e.Index, path)); err != nil {
		return early, err
	}
	r.cfg.Logger.Info("message delivered", "from", m.Src, "to", m.Dst, "lane", m.Lane, "nonce", m.Nonce)
	return finished, nil
}

func (r *Relayer) acknowledge(ctx context.Context, s *link, p *rootrelay.RootProof, e *rootrelay.Entry, path []ledger.Hash) (outcome, error) {
	a := e.Ack
	w, err := s.rpc.view(ctx, s.module, rootrelay.ViewCall("pending(uint64,uint32,uint64)",
		rootrelay.Number(a.Dst), rootrelay.Number(uint64(a.Lane)), rootrelay.Number(a.Nonce)))
	if err != nil || w[0].IsZero() {
		return finished, err
	}
	sent, err := s.message(a)
	if err != nil {
		return early, err
	}
	return finished, r.transact(ctx, s.mirror, rootrelay.AcknowledgeCall(p, sent.Message, a, e.Index, path))
}

// followRoot shows the gateway a header of each epoch of the root that it has not
// reached, up to the epoch of h.
func (r *Relayer) followRoot(ctx context.Context, s *link, h *ledger.Header) error {
	reached, next, err := r.trusted(ctx, s)
	for err == nil {
		epoch := reached + 1
		if !next {
			epoch = reached // to learn the committee of the epoch after it
		}
		if epoch >= h.Epoch {
			return nil
		}
		l, err := r.root.inEpoch(ctx, epoch, h.Height)
		if err != nil {
			return err
		}
		if err := r.transact(ctx, s.mirror, rootrelay.FollowRootCall(l.proof())); err != nil {
			return err
		}
		before, knew := reached, next
		if reached, next, err = r.trusted(ctx, s); err != nil {
			return err
		}
		if reached == before && next == knew {
			return fmt.Errorf("%w: epoch %d of the root does not tell the next committee", ErrResponse, epoch)
		}
	}
	return err
}

// trusted returns the root's epoch that the gateway has reached, and whether it knows
// the committee of the next.
func (r *Relayer) trusted(ctx context.Context, s *link) (epoch uint64, next bool, err error) {
	w, err := s.rpc.view(ctx, s.module, rootrelay.ViewCall("trusted()"))
	if err != nil {
		return 0, false, err
	}
	if len(w) != 3 {
		return 0, false, fmt.Errorf("%w: trusted of %d words", ErrResponse, len(w))
	}
	epoch, err = toUint(w[0])
	return epoch, !w[2].IsZero(), err
}
