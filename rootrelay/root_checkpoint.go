package rootrelay

import (
	"fmt"

	"github.com/rootstem/rootstem/internal/merkle"
	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/light"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// SubmitCheckpoint accepts the next checkpoint of the subchain that the anchor names,
// from whoever brings it. header is the RLP of a header, anchor what its AnchorHash
// is the hash of (ledger.Anchor.Encode), committee that of the header's epoch, and
// signatures those of a quorum of it over rolldpos.CheckpointDigest under the
// subchain's Domain. The checkpoint must follow the last accepted one: the next
// sequence number, the last one's block as predecessor, a later height and time,
// counts and cursors that did not fall, and an epoch that is not earlier and whose
// committee an accepted header of the epoch before announced.
func (r *Root) SubmitCheckpoint(ctx *module.Context, header, anchor, committee, signatures []byte) error {
	chargeHash(ctx, len(header))
	h, err := ledger.DecodeHeader(header)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	a, err := openAnchor(ctx, h, anchor)
	if err != nil {
		return err
	}
	s, err := r.subchain(ctx, a.Subchain)
	if err != nil {
		return err
	}
	if err := follows(&s, h, a); err != nil {
		return err
	}
	if err := r.checkQuorum(ctx, &s, header, h, a, committee, signatures); err != nil {
		return err
	}
	if err := r.takeCursors(ctx, &s, a); err != nil {
		return err
	}
	if a.CodeHash != s.CodeHash {
		r.changed.Emit(ctx, CodeChanged{Subchain: a.Subchain, Seq: a.Seq, CodeHash: a.CodeHash})
	}
	s.Seq, s.Block, s.Height, s.Time = a.Seq, ledger.Keccak(header), h.Height, h.Time
	s.Seen, s.MessageCount, s.CodeHash = ctx.Time(), a.MessageCount, a.CodeHash
	s.Epoch = h.Epoch
	if next := (EpochID{a.Subchain, h.Epoch + 1}); !h.NextCommittee.IsZero() {
		r.committees.Set(ctx, next, h.NextCommittee)
	}
	r.subchains.Set(ctx, a.Subchain, s)
	r.checkpoints.Set(ctx, CheckpointID{a.Subchain, a.Seq}, Checkpoint{
		Block: s.Block, MessagesRoot: h.MessagesRoot, MessageCount: a.MessageCount, Height: h.Height, Time: h.Time,
	})
	r.accepted.Emit(ctx, CheckpointAccepted{Subchain: a.Subchain, Seq: a.Seq, Height: h.Height, Block: s.Block})
	return nil
}

// follows checks all that a checkpoint must have in common with the one before.
func follows(s *Subchain, h *ledger.Header, a *ledger.Anchor) error {
	zero := ledger.Hash{}
	switch {
	case a.Revision != s.Revision:
		return fmt.Errorf("%w: revision %d", ErrCheckpoint, a.Revision)
	case a.Seq != s.Seq+1:
		return fmt.Errorf("%w: sequence %d after %d", ErrCheckpoint, a.Seq, s.Seq)
	case a.PrevCheckpoint != s.Block:
		return fmt.Errorf("%w: another predecessor", ErrCheckpoint)
	case h.Epoch < s.Epoch:
		return fmt.Errorf("%w: epoch %d after %d", ErrCheckpoint, h.Epoch, s.Epoch)
	case h.Height <= s.Height || h.Time <= s.Time:
		return fmt.Errorf("%w: height or time does not grow", ErrCheckpoint)
	case a.MessageCount < s.MessageCount:
		return fmt.Errorf("%w: message count falls", ErrCheckpoint)
	case a.MessageCount == 0 && h.MessagesRoot != zero && h.MessagesRoot != merkle.Root[ledger.Hash](nil),
		a.MessageCount > 0 && (h.MessagesRoot == zero || a.MessageCount > merkle.MaxCount):
		return fmt.Errorf("%w: messages root and count disagree", ErrCheckpoint)
	case a.ExitRoot != zero, a.ExitSums != zero, a.DataHash != zero:
		return fmt.Errorf("%w: a field is set that is not in use", ErrCheckpoint)
	}
	return nil
}

// checkQuorum checks the committee's signatures of the checkpoint.
func (r *Root) checkQuorum(ctx *module.Context, s *Subchain, header []byte, h *ledger.Header, a *ledger.Anchor, committee, signatures []byte) error {
	c, err := r.openCommittee(ctx, a.Subchain, h.Epoch, committee)
	if err != nil {
		return err
	}
	sigs, err := rolldpos.DecodeSignatures(signatures)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	ctx.UseGas(gasSignature * uint64(len(sigs.Sigs)))
	domain := Domain(ctx.ChainID(), ctx.Self(), a.Subchain, s.Revision)
	if _, err := light.VerifyCheckpoint(c, domain, a.Seq, header, sigs); err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	return nil
}

// openCommittee decodes a committee and checks that it is the one of the epoch, which the
// epoch before has certified.
func (r *Root) openCommittee(ctx *module.Context, id, epoch uint64, raw []byte) (*rolldpos.Committee, error) {
	c, err := decodeCommittee(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCommittee, err)
	}
	want := r.committees.Get(ctx, EpochID{id, epoch})
	if want.IsZero() || c.Hash() != want || uint64(c.Epoch) != epoch {
		return nil, fmt.Errorf("%w: %d", ErrCommittee, epoch)
	}
	return c, nil
}

// Follow learns the committee of the epoch after that of a final header of a
// subchain, from whoever brings it, so that epochs without a checkpoint, as before
// the subchain is attached, break no chain of trust. certificate is a commit
// certificate of header by committee, which must be known already.
func (r *Root) Follow(ctx *module.Context, subchain uint64, header, committee, certificate []byte) error {
	s, err := r.subchain(ctx, subchain)
	if err != nil {
		return err
	}
	h, err := ledger.DecodeHeader(header)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	next := EpochID{subchain, h.Epoch + 1}
	if known := r.committees.Get(ctx, next); !known.IsZero() || h.NextCommittee.IsZero() {
		return fmt.Errorf("%w: %d is known, or the header does not tell it", ErrCommittee, h.Epoch+1)
	}
	c, err := r.openCommittee(ctx, subchain, h.Epoch, committee)
	if err != nil {
		return err
	}
	if err := checkFinal(ctx, s.Genesis, header, c, certificate); err != nil {
		return err
	}
	r.committees.Set(ctx, next, h.NextCommittee)
	return nil
}

// takeCursors stores the cursors, which never fall, leave no lane out that they once
// had, and never pass what the root forwarded.
func (r *Root) takeCursors(ctx *module.Context, s *Subchain, a *ledger.Anchor) error {
	var known uint64
	for _, c := range a.Cursors {
		l := Lane{c.Peer, a.Subchain, c.Lane}
		old := r.cursors.Get(ctx, l)
		if c.Next == 0 || c.Next < old || c.Next > r.forwarded.Get(ctx, l) {
			return fmt.Errorf("%w: cursor of lane %d from %d", ErrCheckpoint, c.Lane, c.Peer)
		}
		if old != 0 {
			known++
		}
		if old != c.Next {
			r.cursors.Set(ctx, l, c.Next)
		}
	}
	if known != s.Lanes {
		return fmt.Errorf("%w: a lane is missing", ErrCheckpoint)
	}
	s.Lanes = uint64(len(a.Cursors))
	return nil
}
