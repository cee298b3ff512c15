package node

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"errors"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// endorsements collects the seats' signatures over checkpoints until each has a
// quorum. Owned by Run's goroutine.
type endorsements struct {
	open  map[uint64]*ballot
	early map[uint64][]*endorsement // for checkpoints that are not final here yet
}

// ballot is one checkpoint on its way to a quorum.
type ballot struct {
	record    *chain.Record
	committee *rolldpos.Committee
	digest    ledger.Hash
	sigs      []*[64]byte // by seat
	count     int
	own       *endorsement
	asked     int // rounds since it opened
}

const (
	maxOpen  = 64 // checkpoints without a quorum that are remembered
	maxEarly = 64 // sequence numbers ahead of ours
)

func newEndorsements() *endorsements {
	return &endorsements{open: map[uint64]*ballot{}, early: map[uint64][]*endorsement{}}
}

// endorse signs the checkpoint that a final block carries, if it carries one. The
// signature is on disk before it is sent.
func (n *Node) endorse(r *chain.Record) error {
	seq := r.Anchor.Seq
	if seq == 0 {
		return nil
	}
	done, err := n.keeper.checkpoint(seq)
	if err != nil || done != nil {
		return err
	}
	committee, err := n.chain.Committee(r.Block.Header.Epoch)
	if err != nil {
		return err
	}
	b := &ballot{
		record: r, committee: committee, sigs: make([]*[64]byte, committee.Size()),
		digest: rolldpos.CheckpointDigest(r.Domain, seq, r.Hash),
	}
	delete(n.checks.open, seq-maxOpen)
	n.checks.open[seq] = b
	if seat := n.seatIn(committee); seat != rolldpos.Observer {
		if err := n.keeper.endorse(seq, r.Hash); err != nil {
			return err
		}
		b.own = &endorsement{seq: seq, hash: r.Hash, seat: seat, sig: signer{n.cfg.Key}.Sign(b.digest)}
		n.endorsed(b.own)
		if n.transport != nil {
			n.broadcast(b.own.encode())
		}
	}
	for _, e := range n.checks.early[seq] {
		n.endorsed(e)
	}
	delete(n.checks.early, seq)
	return nil
}

func (n *Node) seatIn(c *rolldpos.Committee) int {
	if n.cfg.Key == nil {
		return rolldpos.Observer
	}
	return c.Seat(n.cfg.Key.Public().(ed25519.PublicKey))
}

// endorseSince takes up the checkpoints that had no quorum when the node stopped.
func (n *Node) endorseSince(_ context.Context, head *chain.Record) error {
	newest, err := n.newestCheckpoint(head)
	if err != nil {
		return err
	}
	for seq := newest; seq > 0 && seq+maxOpen > newest; seq-- {
		r, err := n.chain.Checkpoint(seq)
		if err != nil {
			return err
		}
		if err := n.endorse(r); err != nil {
			return err
		}
	}
	return nil
}

// newestCheckpoint searches the highest sequence number that is final: sequence
// numbers are consecutive.
func (n *Node) newestCheckpoint(head *chain.Record) (uint64, error) {
	low, high := uint64(0), head.Block.Header.Height+1 // low is there (0: none needed), high is not
	for low+1 < high {
		mid := low + (high-low)/2
		_, err := n.chain.Checkpoint(mid)
		switch {
		case err == nil:
			low = mid
		case errors.Is(err, chain.ErrUnknown):
			high = mid
		default:
			return 0, err
		}
	}
	return low, nil
}

// endorsed counts a signature; with a quorum the checkpoint's certificate is kept.
func (n *Node) endorsed(e *endorsement) {
	b := n.checks.open[e.seq]
	if b == nil {
		n.checks.wait(e)
		return
	}
	if e.seat >= len(b.sigs) || b.sigs[e.seat] != nil || e.hash != b.record.Hash {
		return
	}
	if !ed25519.Verify(b.committee.Keys[e.seat], b.digest[:], e.sig[:]) {
		n.log.Debug("endorsement does not verify", "seat", e.seat, "seq", e.seq)
		return
	}
	b.sigs[e.seat] = &e.sig
	if b.count++; b.count < b.committee.Quorum() {
		return
	}
	signatures := rolldpos.Collect(b.sigs)
	if err := n.keeper.putCheckpoint(e.seq, signatures.AppendBinary(nil)); err != nil {
		n.fail(err)
		return
	}
	delete(n.checks.open, e.seq)
	n.log.Debug("checkpoint certified", "seq", e.seq, "height", b.record.Block.Header.Height)
}

// wait keeps an endorsement that came before its block was final here.
func (c *endorsements) wait(e *endorsement) {
	if len(c.early[e.seq]) >= rolldpos.MaxSeats || len(c.early) >= maxEarly && c.early[e.seq] == nil {
		return
	}
	c.early[e.seq] = append(c.early[e.seq], e)
}

// repeatEndorsements sends our signatures again for checkpoints without a quorum,
// and asks peers for certificates that they may have.
func (n *Node) repeatEndorsements() {
	for seq, b := range n.checks.open {
		b.asked++
		if b.own != nil {
			n.broadcast(b.own.encode())
		}
		if b.asked%4 == 0 {
			n.askCheckpoint(seq, b)
		}
	}
	head := n.chain.Head().Anchor.Seq
	for seq := range n.checks.early {
		if head != 0 && seq <= head {
			delete(n.checks.early, seq)
		}
	}
}

func (n *Node) askCheckpoint(seq uint64, b *ballot) {
	peers := n.transport.Peers()
	request := binary.BigEndian.AppendUint64([]byte{askCheckpoint}, seq)
	n.spawn(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
		defer cancel()
		for _, p := range peers {
			answer, err := n.transport.Request(ctx, p, request)
			if err != nil || len(answer) == 0 {
				continue
			}
			s, err := rolldpos.DecodeSignatures(answer)
			if err != nil || s.Verify(b.committee, b.digest) != nil {
				n.log.Debug("wrong checkpoint certificate", "peer", p, "seq", seq)
				continue
			}
			n.wait(ctx, func(context.Context) {
				if n.checks.open[seq] == nil {
					return
				}
				if err := n.keeper.putCheckpoint(seq, answer); err != nil {
					n.fail(err)
					return
				}
				delete(n.checks.open, seq)
			})
			return
		}
	})
}
