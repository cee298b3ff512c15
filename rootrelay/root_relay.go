package rootrelay

import (
	"fmt"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// Deposit locks the value in the escrow of the subchain dst and sends it, with a
// payload or without, to receiver there. deadline is in ms on the clock of dst; an
// amount that was not delivered before it becomes claimable by the caller. gasLimit is
// what the receiver's onReceive gets, if there is a payload. Deposit returns the
// message's nonce in lane 0 from the root.
func (r *Root) Deposit(ctx *module.Payable, dst uint64, receiver ledger.Address, deadline, gasLimit uint64, payload []byte) (uint64, error) {
	s, err := r.open(&ctx.Context, dst)
	if err != nil {
		return 0, err
	}
	if deadline <= s.Time {
		return 0, fmt.Errorf("%w: the destination is at %d", ErrDeadline, s.Time)
	}
	m := module.Message{
		Dst: dst, Nonce: r.forwarded.Get(ctx, Lane{0, dst, 0}), Deadline: deadline,
		Sender: ctx.Sender(), Receiver: receiver, Amount: ctx.Value(), GasLimit: gasLimit, Payload: payload,
	}
	if err := checkBounds(&m); err != nil {
		return 0, err
	}
	add(ctx, &r.locked, &m.Amount)
	r.credit(&ctx.Context, dst, &m.Amount)
	r.forward(&ctx.Context, m)
	return m.Nonce, nil
}

// Relay takes message m, the leaf at index of the outbox under the checkpoint seq of
// its source, from whoever brings it. Its nonce must be the next of its lane. Relay
// forwards it, settles it here if it is for the root, or bounces it, and returns
// whether it did not bounce.
func (r *Root) Relay(ctx *module.Context, seq uint64, m module.Message, index uint64, proof []ledger.Hash) (bool, error) {
	if err := r.proveLeaf(ctx, m.Src, seq, index, m.Leaf(), proof); err != nil {
		return false, err
	}
	l := laneOf(&m)
	if next := r.arrived.Get(ctx, l); m.Nonce != next {
		return false, fmt.Errorf("%w: nonce %d, not %d", ErrOrder, m.Nonce, next)
	}
	r.arrived.Set(ctx, l, m.Nonce+1)
	if err := r.admit(ctx, &m); err != nil {
		r.acknowledge(ctx, ackOf(&m, Bounced, []byte(err.Error())))
		return false, nil
	}
	if err := r.debit(ctx, m.Src, &m.Amount); err != nil {
		return false, err
	}
	if m.Dst != 0 {
		r.credit(ctx, m.Dst, &m.Amount)
		r.forward(ctx, m)
		return true, nil
	}
	r.pay(ctx, m.Receiver, &m.Amount)
	r.acknowledge(ctx, ackOf(&m, Done, nil))
	return true, nil
}

// admit returns why the root does not forward m.
func (r *Root) admit(ctx *module.Context, m *module.Message) error {
	if err := checkBounds(m); err != nil {
		return err
	}
	now := ctx.Time()
	if m.Dst != 0 {
		s, err := r.open(ctx, m.Dst)
		if err != nil {
			return err
		}
		now = s.Time
	}
	if now >= m.Deadline {
		return fmt.Errorf("%w has passed", ErrDeadline)
	}
	if have := r.escrow.Get(ctx, m.Src); have.Lt(&m.Amount) {
		return fmt.Errorf("%w: %s of %s wei", ErrEscrow, have.Dec(), m.Amount.Dec())
	}
	return nil
}

// Settle takes the acknowledgement a of the message m, which the root forwarded with
// this order: the leaf at index of the outbox under the checkpoint seq of m's
// destination. A message that was not done gives its amount back to the source.
func (r *Root) Settle(ctx *module.Context, seq uint64, m module.Message, order uint64, a Ack, index uint64, proof []ledger.Hash) error {
	if err := r.proveLeaf(ctx, m.Dst, seq, index, a.Leaf(), proof); err != nil {
		return err
	}
	if !a.answers(&m) || a.Status != Done && a.Status != Failed && a.Status != Expired {
		return ErrAck
	}
	return r.finish(ctx, &m, order, a)
}

// Timeout gives back the amount of message m, which the root forwarded with this
// order, if the last checkpoint of its destination shows a time at or after its
// deadline and a cursor that has not passed it: it can no longer execute there.
func (r *Root) Timeout(ctx *module.Context, m module.Message, order uint64) error {
	s, err := r.subchain(ctx, m.Dst)
	if err != nil {
		return err
	}
	if s.Seq == 0 || s.Time < m.Deadline {
		return fmt.Errorf("%w has not passed", ErrDeadline)
	}
	if r.cursors.Get(ctx, laneOf(&m)) > order {
		return fmt.Errorf("%w: it was delivered", ErrOrder)
	}
	return r.finish(ctx, &m, order, ackOf(&m, TimedOut, nil))
}

// finish deletes a message's commitment, first of all, and undoes the move of its
// amount unless it was done.
func (r *Root) finish(ctx *module.Context, m *module.Message, order uint64, a Ack) error {
	id := idOf(m)
	if leaf := r.commitments.Get(ctx, id); leaf.IsZero() || leaf != ForwardLeaf(order, a.Message) {
		return ErrCommitment
	}
	r.commitments.Delete(ctx, id)
	if a.Status != Done {
		if err := r.debit(ctx, m.Dst, &m.Amount); err != nil {
			return err
		}
		if m.Src == 0 {
			r.pay(ctx, m.Sender, &m.Amount)
		} else {
			r.credit(ctx, m.Src, &m.Amount)
		}
	}
	r.settled.Emit(ctx, MessageSettled{Dst: m.Dst, Message: a.Message, Status: a.Status})
	r.acknowledge(ctx, a)
	return nil
}

// proveLeaf checks a leaf under a checkpoint of src.
func (r *Root) proveLeaf(ctx *module.Context, src, seq, index uint64, leaf ledger.Hash, proof []ledger.Hash) error {
	s, err := r.subchain(ctx, src)
	if err != nil {
		return err
	}
	if seq == 0 || seq > s.Seq {
		return fmt.Errorf("%w: %d of subchain %d", ErrUnknown, seq, src)
	}
	c := r.checkpoints.Get(ctx, CheckpointID{src, seq})
	return prove(ctx, c.MessagesRoot, c.MessageCount, index, leaf, proof)
}

// Claim pays the caller all that is claimable by it and returns the amount, in wei.
func (r *Root) Claim(ctx *module.Context) (uint256.Int, error) {
	who := ctx.Sender()
	amount := r.claims.Get(ctx, who)
	if amount.IsZero() {
		return amount, ErrNothing
	}
	r.claims.Delete(ctx, who)
	if err := sub(ctx, &r.claimable, &amount); err != nil {
		return amount, err
	}
	if err := sub(ctx, &r.locked, &amount); err != nil {
		return amount, err
	}
	if !ctx.Transfer(who, amount) {
		return amount, errBooks
	}
	r.claimed.Emit(ctx, Claimed{Account: who, Amount: amount})
	return amount, nil
}

// credit adds to a subchain's escrow.
func (r *Root) credit(ctx *module.Context, id uint64, amount *uint256.Int) {
	have := r.escrow.Get(ctx, id)
	r.escrow.Set(ctx, id, *have.Add(&have, amount))
}

// debit takes from a subchain's escrow.
func (r *Root) debit(ctx *module.Context, id uint64, amount *uint256.Int) error {
	have := r.escrow.Get(ctx, id)
	if have.Lt(amount) {
		return fmt.Errorf("%w: %s of %s wei", ErrEscrow, have.Dec(), amount.Dec())
	}
	r.escrow.Set(ctx, id, *have.Sub(&have, amount))
	return nil
}

// pay makes an amount claimable.
func (r *Root) pay(ctx *module.Context, who ledger.Address, amount *uint256.Int) {
	if amount.IsZero() {
		return
	}
	have := r.claims.Get(ctx, who)
	r.claims.Set(ctx, who, *have.Add(&have, amount))
	add(ctx, &r.claimable, amount)
	r.credited.Emit(ctx, Credited{Account: who, Amount: *amount})
}
