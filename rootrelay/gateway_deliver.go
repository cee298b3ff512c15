package rootrelay

import (
	"fmt"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// Deliver takes message m, which the root forwarded with this order, from whoever
// brings it: its forward leaf is at index of the outbox under a final header of the
// root. header is the RLP, anchor what its AnchorHash is the hash of, committee and
// certificate the ones that finalised it. order must be the next of the lane. Deliver
// consumes it whatever becomes of the message, and returns that: Done, Failed or
// Expired. It fails, and changes nothing, if the gas does not suffice for the call
// that the message pays for.
func (g *Gateway) Deliver(ctx *module.Context, header, anchor, committee, certificate []byte, m module.Message, order, index uint64, proof []ledger.Hash) (uint8, error) {
	leaf := m.Leaf()
	if err := g.rootLeaf(ctx, header, anchor, committee, certificate, ForwardLeaf(order, leaf), index, proof); err != nil {
		return 0, err
	}
	id := g.id.Get(ctx)
	if id == 0 {
		if err := g.attach(ctx, &m); err != nil {
			return 0, err
		}
		id = m.Dst
	}
	if m.Dst != id {
		return 0, fmt.Errorf("%w: for %d, not %d", ErrDestination, m.Dst, id)
	}
	if err := g.advance(ctx, laneOf(&m), order); err != nil {
		return 0, err
	}
	status, result := Done, []byte(nil)
	if !isAttachment(&m) {
		var err error
		if status, result, err = g.execute(ctx, &m); err != nil {
			return 0, err
		}
	}
	ack := ackOf(&m, status, result)
	index = g.outbox.Append(ctx, ack.Leaf())
	g.delivered.Emit(ctx, MessageDelivered{Src: m.Src, Message: leaf, Status: status})
	g.acknowledged.Emit(ctx, AckSent{Src: m.Src, Index: index, Ack: ack})
	return status, nil
}

// attach takes the subchain's id from the first message of the root.
func (g *Gateway) attach(ctx *module.Context, m *module.Message) error {
	if !isAttachment(m) {
		return ErrDetached
	}
	a, err := decodeAttachment(m.Payload)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAttach, err)
	}
	genesis := ctx.GenesisHash()
	if a.genesis != genesis || a.subchain == 0 || a.subchain != m.Dst || a.registry != g.Registry || a.rootChainID != g.RootChainID {
		return ErrAttach
	}
	g.id.Set(ctx, a.subchain)
	g.revision.Set(ctx, a.revision)
	g.last.Set(ctx, mark{Height: ctx.Height(), Block: genesis})
	g.attached.Emit(ctx, Attached{Subchain: a.subchain, Revision: a.revision})
	return nil
}

// isAttachment says whether m is the message with which the root answers a
// registration: no other message from the root has nonce 0 in lane 0.
func isAttachment(m *module.Message) bool { return m.Src == 0 && m.Lane == 0 && m.Nonce == 0 }

// advance consumes an order of a lane.
func (g *Gateway) advance(ctx *module.Context, l Lane, order uint64) error {
	next := g.cursors.Get(ctx, l)
	if order != next {
		return fmt.Errorf("%w: order %d, not %d", ErrOrder, order, next)
	}
	if next == 0 {
		if l.Src != 0 && g.lanes.Len(ctx) >= MaxLanes {
			return fmt.Errorf("%w: %d have delivered already", ErrLanes, MaxLanes)
		}
		g.lanes.Append(ctx, l)
	}
	g.cursors.Set(ctx, l, next+1)
	g.deliveries.Set(ctx, g.deliveries.Get(ctx)+1)
	return nil
}

// execute runs a message that was accepted. An error means that the delivery must
// not count.
func (g *Gateway) execute(ctx *module.Context, m *module.Message) (status uint8, result []byte, err error) {
	if ctx.Time() >= m.Deadline {
		return Expired, nil, nil
	}
	if err := checkBounds(m); err != nil {
		return Failed, []byte(err.Error()), nil
	}
	g.mint(ctx, m.Receiver, &m.Amount)
	if len(m.Payload) == 0 || ctx.CodeSize(m.Receiver) == 0 {
		return Done, nil, nil
	}
	if !affords(ctx, m.GasLimit) {
		return 0, nil, fmt.Errorf("%w: %d", ErrGas, m.GasLimit)
	}
	result, ok := ctx.Receive(m)
	if ok {
		return Done, result, nil
	}
	if !ctx.Burn(m.Receiver, m.Amount) {
		return 0, nil, errBooks
	}
	return Failed, result, sub(ctx, &g.minted, &m.Amount)
}

// callOverhead is more than what a call costs its caller beside the gas that it
// passes on: the account, its delegation (EIP-7702), the input.
const callOverhead = 30_000

// affords reports whether a call with exactly this gas is possible now, of which a
// 64th of the rest stays here (EIP-150).
func affords(ctx *module.Context, gas uint64) bool {
	have := ctx.Gas()
	if have < callOverhead {
		return false
	}
	have -= callOverhead
	return have-have/64 >= gas
}

// Acknowledge takes the acknowledgement a of the message m that this chain sent, from
// whoever brings it: a's leaf is at index of the outbox under a final header of the
// root (see Deliver). A message that was not done gives its amount back. Then the
// sender's onAck is called, if it has code; what becomes of that has no effect.
func (g *Gateway) Acknowledge(ctx *module.Context, header, anchor, committee, certificate []byte, m module.Message, a Ack, index uint64, proof []ledger.Hash) error {
	if err := g.rootLeaf(ctx, header, anchor, committee, certificate, a.Leaf(), index, proof); err != nil {
		return err
	}
	if !a.answers(&m) || a.Status < Done || a.Status > TimedOut {
		return ErrAck
	}
	id := idOf(&m)
	if leaf := g.commitments.Get(ctx, id); leaf.IsZero() || leaf != a.Message {
		return ErrCommitment
	}
	g.commitments.Delete(ctx, id)
	if a.Status != Done {
		g.mint(ctx, m.Sender, &m.Amount)
	}
	g.settled.Emit(ctx, MessageSettled{Dst: m.Dst, Message: a.Message, Status: a.Status})
	if ctx.CodeSize(m.Sender) == 0 {
		return nil
	}
	if !affords(ctx, AckGas) {
		return fmt.Errorf("%w: %d", ErrGas, uint64(AckGas))
	}
	heard := ctx.Acknowledge(&m, a.Result, a.Status == Done, AckGas)
	g.answered.Emit(ctx, SenderTold{Message: a.Message, Heard: heard})
	return nil
}

// mint creates coin against the root's escrow.
func (g *Gateway) mint(ctx *module.Context, to ledger.Address, amount *uint256.Int) {
	if amount.IsZero() {
		return
	}
	add(ctx, &g.minted, amount)
	ctx.Mint(to, *amount)
}
