package node

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// signer signs votes with the seat's key.
type signer struct{ key ed25519.PrivateKey }

func (s signer) Sign(digest [32]byte) (sig [64]byte) {
	copy(sig[:], ed25519.Sign(s.key, digest[:]))
	return sig
}

// restore executes the stored bodies again and begins the current epoch.
func (n *Node) restore(ctx context.Context) error {
	head := n.chain.Head()
	stored, err := n.keeper.pending()
	if err != nil {
		return err
	}
	for _, b := range stored {
		if b.Header.Height > head.Block.Header.Height {
			n.bodies.put(b, len(b.AppendRLP(nil)))
		}
	}
	for _, b := range stored {
		if b.Header.Height > head.Block.Header.Height {
			if _, err := n.execute(b.Header.Hash()); err != nil && !waits(err) {
				return fmt.Errorf("node: executing stored block %d again: %w", b.Header.Height, err)
			}
		}
	}
	if n.lost, n.doubt, err = n.keeper.lost(); err != nil {
		return err
	}
	if err := n.resetPool(); err != nil {
		return err
	}
	if err := n.endorseSince(ctx, head); err != nil {
		return err
	}
	n.partials.final(head)
	return n.begin(ctx, n.keeper.records)
}

// begin makes the core of the epoch of the next block. The log of an epoch is read
// when the node starts; while it runs, no epoch begins twice.
func (n *Node) begin(ctx context.Context, log func(epoch uint64, final rolldpos.View) ([][]byte, error)) error {
	if n.flush(); n.fault != nil {
		return n.fault
	}
	head := n.chain.Head()
	epoch, _ := n.chain.Epoch(head.Block.Header.Height + 1)
	cfg, err := n.consensusOf(epoch)
	if err != nil {
		return err
	}
	core, err := rolldpos.New(cfg)
	if err != nil {
		return fmt.Errorf("node: consensus of epoch %d: %w", epoch, err)
	}
	var final *rolldpos.Certificate
	if len(head.Certificate) > 0 && head.Block.Header.Epoch == epoch {
		if final, err = rolldpos.DecodeCertificate(head.Certificate); err != nil {
			return fmt.Errorf("node: certificate of the head: %w", err)
		}
	}
	records, err := log(epoch, viewOf(final))
	if err != nil {
		return err
	}
	if err := core.Restore(records); err != nil {
		return fmt.Errorf("node: restoring epoch %d: %w", epoch, err)
	}
	n.core, n.committee, n.epoch, n.seat = core, cfg.Committee, epoch, cfg.Seat
	n.seated.Store(cfg.Seat != rolldpos.Observer)
	n.build, n.waiting, n.finals, n.demand = nil, nil, nil, false
	n.verified.turn(cfg.Committee)
	n.log.Info("epoch begins", "epoch", epoch, "seat", cfg.Seat, "height", head.Block.Header.Height, "records", len(records))
	if final != nil {
		n.step(ctx, rolldpos.FinalizedElsewhere{Certificate: final})
	}
	n.step(ctx, rolldpos.Start{})
	for _, m := range n.ahead.take(epoch) {
		n.step(ctx, rolldpos.Received{Message: m})
	}
	n.evaluate(ctx)
	return n.fault
}

// consensusOf configures the core of an epoch: its committee, the seat that this node has
// there, and the views in which it must sign nothing.
func (n *Node) consensusOf(epoch uint64) (cfg rolldpos.Config, err error) {
	committee, err := n.chain.Committee(epoch)
	if err != nil {
		return cfg, err
	}
	first, err := n.anchor(epoch)
	if err != nil {
		return cfg, err
	}
	cfg = rolldpos.Config{
		Genesis: n.chain.Genesis(), Committee: committee.Checking(n.verified.check), Seat: n.seatIn(committee),
		Anchor: first, Delta: uint64(n.cfg.Delta.Milliseconds()), Abstain: abstention(n.lost, epoch),
	}
	if cfg.Abstain > 0 {
		n.log.Warn("the store lacks votes that this seat has signed: abstaining", "epoch", epoch, "view", cfg.Abstain)
	}
	if cfg.Seat == rolldpos.Observer {
		return cfg, nil
	}
	cfg.Signer = signer{n.cfg.Key}
	if n.doubt {
		n.log.Warn("the watermark of this seat is gone: asking the others before any vote", "epoch", epoch)
		cfg.Query, err = unused()
	}
	return cfg, err
}

// unused draws a number that no query has had, but with a chance of 2⁻⁶³.
func unused() (uint64, error) {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return 0, fmt.Errorf("node: query: %w", err)
	}
	return binary.BigEndian.Uint64(b[:]) | 1, nil
}

func noRecords(uint64, rolldpos.View) ([][]byte, error) { return nil, nil }

func viewOf(c *rolldpos.Certificate) rolldpos.View {
	if c == nil {
		return 0
	}
	return c.View
}

// anchor returns the hash of the last block of the epoch before.
func (n *Node) anchor(epoch uint64) (ledger.Hash, error) {
	for h := n.chain.Head().Block.Header.Height; ; h-- {
		r, err := n.chain.Header(h)
		if err != nil {
			return ledger.Hash{}, err
		}
		if h == 0 || r.Block.Header.Epoch < epoch {
			return r.Hash, nil
		}
	}
}

// step feeds the core and obeys it. What it wants kept and sent goes out with flush.
func (n *Node) step(ctx context.Context, in rolldpos.Input) {
	if n.fault != nil {
		return
	}
	epoch := n.epoch
	ready := n.core.Step(n.now(), in)
	n.verified.view.Store(uint64(n.core.View()))
	for _, err := range ready.Faults {
		n.fail(fmt.Errorf("%w: %w", ErrStopped, err))
		return
	}
	n.output.add(&ready)
	n.follow()
	for _, e := range ready.Evidence {
		n.log.Warn("evidence of guilt", "seat", e.Seat, "epoch", epoch)
		if n.cfg.Evidence != nil {
			n.cfg.Evidence(epoch, e)
		}
	}
	for _, v := range ready.Verify {
		n.waiting = append(n.waiting, waiting{VerifyRequest: v})
	}
	for i := range ready.Build {
		n.build = &ready.Build[i]
	}
	n.finals = append(n.finals, ready.Final...)
	n.wake = time.Time{}
	if ready.Wake != 0 {
		n.wake = n.started.Add(time.Duration(ready.Wake) * time.Millisecond)
	}
	if len(ready.Final)+len(ready.Verify)+len(ready.Build) > 0 {
		n.post(n.advance)
	}
}

// tick runs what is due.
func (n *Node) tick(ctx context.Context) {
	if !n.wake.IsZero() && !time.Now().Before(n.wake) {
		n.step(ctx, rolldpos.Tick{})
	}
	n.evaluate(ctx)
	n.advance(ctx)
}

// advance answers what the core waits for, as far as bodies and time allow. While
// there is progress it queues itself again, behind other events.
func (n *Node) advance(ctx context.Context) {
	if n.fault != nil {
		return
	}
	progress := n.finalize(ctx)
	progress = n.verify(ctx) || progress
	progress = n.propose(ctx) || progress
	if progress {
		n.post(n.advance)
	}
}

// finalize makes blocks final whose certificate has come and whose branch is
// executed.
func (n *Node) finalize(ctx context.Context) (progress bool) {
	for len(n.finals) > 0 && n.fault == nil {
		f := n.finals[0]
		r, err := n.execute(f.Block)
		if waits(err) {
			return progress
		}
		if err != nil {
			n.fail(fmt.Errorf("%w: executing a certified block: %w", ErrStopped, err))
			return progress
		}
		n.finals = n.finals[1:]
		progress = true
		_, last := n.chain.Epoch(r.Block.Header.Height)
		if n.commit(ctx, f.Block, f.Certificate) && last {
			if err := n.begin(ctx, noRecords); err != nil {
				n.fail(err)
			}
		}
	}
	return progress
}

// commit writes a block with its pending ancestors; false if it was final already
// or the node must stop.
func (n *Node) commit(ctx context.Context, hash ledger.Hash, c *rolldpos.Certificate) bool {
	if n.flush(); n.fault != nil {
		return false
	}
	records, err := n.chain.Finalize(hash, c.AppendBinary(nil))
	if err != nil {
		if errors.Is(err, chain.ErrConflict) {
			err = fmt.Errorf("%w: %w", ErrStopped, err)
		}
		n.fail(err)
		return false
	}
	for _, r := range records {
		n.log.Debug("block final", "height", r.Block.Header.Height, "view", r.Block.Header.View, "transactions", len(r.Block.Transactions))
		n.bodies.drop(r)
		n.cfg.Metrics.final(r)
		if err := n.endorse(r); err != nil {
			n.fail(err)
			return false
		}
		n.partials.final(r)
		if n.cfg.Final != nil {
			n.cfg.Final(r)
		}
	}
	if len(records) == 0 {
		return false
	}
	if err := n.resetPool(); err != nil {
		n.fail(err)
		return false
	}
	height := n.chain.Head().Block.Header.Height
	if height%forgetEvery == 0 {
		if err := n.keeper.forget(height); err != nil {
			n.fail(err)
			return false
		}
	}
	n.evaluate(ctx)
	return true
}

// resetPool moves the pool to the state of the head.
func (n *Node) resetPool() error {
	view, err := n.chain.StateOf(n.chain.Head())
	if err != nil {
		return err
	}
	return n.pool.Reset(view)
}

// forgetEvery is how many heights pass between two clean-ups of the log.
const forgetEvery = 16

// waiting is a block that the core wants verified.
type waiting struct{ rolldpos.VerifyRequest }

// verify answers the requests whose blocks can be judged now.
func (n *Node) verify(ctx context.Context) (progress bool) {
	open := n.waiting
	n.waiting = nil
	for _, w := range open {
		verdict, wait := n.judge(w.VerifyRequest)
		if n.fault != nil {
			return progress
		}
		if wait {
			n.waiting = append(n.waiting, w)
			continue
		}
		progress = true
		n.step(ctx, verdict)
	}
	n.waiting = n.current(n.waiting)
	return progress
}

// current drops requests that finality has passed, keeping the newest of many.
func (n *Node) current(list []waiting) []waiting {
	const most = 256
	if len(list) > most {
		list = list[len(list)-most:]
	}
	return list
}

// judge decides on a block, or says that it must wait for a body or for time.
func (n *Node) judge(w rolldpos.VerifyRequest) (v rolldpos.Verified, wait bool) {
	v = rolldpos.Verified{View: w.View, Block: w.Block}
	if b, ok := n.bodies.get(w.Block); ok && !n.chainHas(w.Block) {
		h := &b.Header
		if !w.Notarised && (h.View != uint64(w.View) || h.Parent != ledger.Hash(w.Parent) || h.Epoch != n.epoch) {
			return v, false
		}
		if early(h.Time) {
			return v, true
		}
	}
	r, err := n.execute(w.Block)
	switch {
	case waits(err):
		return v, true
	case errors.Is(err, chain.ErrBlock):
		n.log.Warn("invalid block proposed", "block", ledger.Hash(w.Block), "view", w.View, "error", err)
		return v, false
	case err != nil:
		n.fail(err)
		return v, true
	}
	h := &r.Block.Header
	_, v.Last = n.chain.Epoch(h.Height)
	v.Valid = h.Epoch == n.epoch && (w.Notarised && h.View <= uint64(w.View) ||
		h.View == uint64(w.View) && h.Parent == ledger.Hash(w.Parent) || w.Parent == w.Block)
	return v, false
}

func (n *Node) chainHas(hash ledger.Hash) bool {
	_, ok := n.chain.Executed(hash)
	return ok
}

// early reports whether a block's time is too far ahead of this clock.
func early(millis uint64) bool {
	return millis > uint64(time.Now().Add(maxDrift).UnixMilli())
}
