package relayer

import (
	"context"
	"fmt"

	"github.com/rootstem/rootstem/internal/jsonrpc"
	"github.com/rootstem/rootstem/rootrelay"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// maxCheckpoints bounds what one pass submits.
const maxCheckpoints = 64

// record is what the relayer reads of rootrelay.Subchain.
type record struct {
	seq, time, epoch, count uint64
	root                    ledger.Hash // messages root of the last checkpoint
}

// The words of rootrelay.Subchain and rootrelay.Checkpoint in their ABI encoding.
const (
	wordSeq, wordTime, wordCount, wordEpoch, wordsSubchain = 4, 7, 9, 10, 13
	wordRoot, wordsCheckpoint                              = 1, 5
)

func (r *Relayer) record(ctx context.Context, id uint64) (rec record, err error) {
	w, err := r.root.rpc.view(ctx, r.root.module, rootrelay.ViewCall("subchain(uint64)", rootrelay.Number(id)))
	if err != nil {
		return rec, err
	}
	if len(w) != wordsSubchain {
		return rec, fmt.Errorf("%w: subchain of %d words", ErrResponse, len(w))
	}
	for _, f := range []struct {
		dst  *uint64
		word int
	}{{&rec.seq, wordSeq}, {&rec.time, wordTime}, {&rec.count, wordCount}, {&rec.epoch, wordEpoch}} {
		if *f.dst, err = toUint(w[f.word]); err != nil {
			return rec, err
		}
	}
	if rec.seq == 0 {
		return rec, nil
	}
	w, err = r.root.rpc.view(ctx, r.root.module,
		rootrelay.ViewCall("checkpoint(uint64,uint64)", rootrelay.Number(id), rootrelay.Number(rec.seq)))
	if err != nil {
		return rec, err
	}
	if len(w) != wordsCheckpoint {
		return rec, fmt.Errorf("%w: checkpoint of %d words", ErrResponse, len(w))
	}
	rec.root = w[wordRoot]
	return rec, nil
}

// checkpoints submits those that the root does not have, and returns what it has.
func (r *Relayer) checkpoints(ctx context.Context, s *link) (record, error) {
	rec, err := r.record(ctx, s.id)
	if err != nil {
		return rec, err
	}
	sent := 0
	for ; sent < maxCheckpoints; sent++ {
		var cp *checkpoint
		if err := s.rpc.Call(ctx, &cp, "rootstem_getCheckpoint", jsonrpc.Quantity(rec.seq+uint64(sent)+1)); err != nil {
			return rec, err
		}
		if cp == nil {
			break
		}
		h, err := ledger.DecodeHeader(cp.Header)
		if err != nil {
			return rec, fmt.Errorf("%w: %w", ErrResponse, err)
		}
		if err := r.followSubchain(ctx, s, rec.epoch, h); err != nil {
			return rec, err
		}
		data := rootrelay.SubmitCheckpointCall(cp.Header, cp.Anchor.Encoded, cp.Committee, cp.Signatures)
		if err := r.transact(ctx, r.root, data); err != nil {
			return rec, err
		}
		r.cfg.Logger.Info("checkpoint submitted", "id", s.id, "height", h.Height)
	}
	if sent == 0 {
		return rec, nil
	}
	return r.record(ctx, s.id)
}

// followSubchain shows the root a header of each epoch up to that of h whose
// successor's committee it does not know.
func (r *Relayer) followSubchain(ctx context.Context, s *link, from uint64, h *ledger.Header) error {
	for epoch := from; epoch < h.Epoch; epoch++ {
		known, err := r.root.rpc.view(ctx, r.root.module,
			rootrelay.ViewCall("committee(uint64,uint64)", rootrelay.Number(s.id), rootrelay.Number(epoch+1)))
		if err != nil {
			return err
		}
		if !known[0].IsZero() {
			continue
		}
		l, err := s.inEpoch(ctx, epoch, h.Height)
		if err != nil {
			return err
		}
		if err := r.transact(ctx, r.root, rootrelay.FollowSubchainCall(s.id, l.Header, l.Committee, l.Certificate)); err != nil {
			return err
		}
	}
	return nil
}

// toRoot carries the leaves under the subchain's last checkpoint.
func (r *Relayer) toRoot(ctx context.Context, s *link, rec record) error {
	if rec.count == 0 {
		return nil
	}
	if _, err := s.sync(ctx); err != nil {
		return err
	}
	if err := s.check(rec.count, rec.root); err != nil {
		return err
	}
	if _, err := r.root.sync(ctx); err != nil {
		return err
	}
	return r.carry(ctx, &s.out, s.entries[:rec.count], func(e *rootrelay.Entry) (outcome, error) {
		proof := s.prove(rec.count, e.Index)
		if m := e.Message; m != nil {
			next, err := r.root.rpc.number(ctx, r.root.module, rootrelay.ViewCall("arrived(uint64,uint64,uint32)",
				rootrelay.Number(m.Src), rootrelay.Number(m.Dst), rootrelay.Number(uint64(m.Lane))))
			if err != nil || next > m.Nonce {
				return finished, err
			}
			if next < m.Nonce {
				return early, nil
			}
			return finished, r.transact(ctx, r.root, rootrelay.RelayCall(rec.seq, m, e.Index, proof))
		}
		pending, err := r.pending(ctx, e.Ack.Src, e.Ack.Dst, e.Ack.Lane, e.Ack.Nonce)
		if err != nil || !pending {
			return finished, err
		}
		sent, err := r.root.message(e.Ack)
		if err != nil {
			return early, err
		}
		return finished, r.transact(ctx, r.root,
			rootrelay.SettleCall(rec.seq, sent.Message, sent.Order, e.Ack, e.Index, proof))
	})
}

// pending reports whether the root still waits for the end of a message.
func (r *Relayer) pending(ctx context.Context, src, dst uint64, lane uint32, nonce uint64) (bool, error) {
	w, err := r.root.rpc.view(ctx, r.root.module, rootrelay.ViewCall("pending(uint64,uint64,uint32,uint64)",
		rootrelay.Number(src), rootrelay.Number(dst), rootrelay.Number(uint64(lane)), rootrelay.Number(nonce)))
	if err != nil {
		return false, err
	}
	return !w[0].IsZero(), nil
}

// timeouts ends the messages to s whose deadline its last checkpoint has passed
// without them.
func (r *Relayer) timeouts(ctx context.Context, s *link, rec record) error {
	if rec.seq == 0 {
		return nil
	}
	return r.carry(ctx, &s.overdue, r.root.entries, func(e *rootrelay.Entry) (outcome, error) {
		m := e.Message
		if m == nil || m.Dst != s.id || m.Deadline == rootrelay.NoDeadline {
			return finished, nil
		}
		if m.Deadline > rec.time {
			return early, nil
		}
		if pending, err := r.pending(ctx, m.Src, m.Dst, m.Lane, m.Nonce); err != nil || !pending {
			return finished, err
		}
		cursor, err := r.root.rpc.number(ctx, r.root.module, rootrelay.ViewCall("cursor(uint64,uint64,uint32)",
			rootrelay.Number(m.Src), rootrelay.Number(m.Dst), rootrelay.Number(uint64(m.Lane))))
		if err != nil {
			return early, err
		}
		if cursor > e.Order {
			return finished, nil // its acknowledgement is on the way
		}
		return finished, r.transact(ctx, r.root, rootrelay.TimeoutCall(m, e.Order))
	})
}
