package rootrelay

import (
	"errors"
	"fmt"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// Errors of a Gateway.
var (
	ErrDetached = errors.New("rootrelay: the subchain is not attached to its root yet")
	ErrAttach   = errors.New("rootrelay: the first message does not attach this subchain")
	ErrGas      = errors.New("rootrelay: too little gas for the call that the message pays for")
)

// AckGas is the gas of a sender's onAck. Its failure has no effect.
const AckGas = 200_000

// Gateway is the module with which a subchain takes part in the relay: it sends and
// delivers messages, mints against the root's escrow and burns, and decides which
// blocks are checkpoints. Register it as GatewayName with Entry.Gateway, Entry.Mint
// and Entry.Reentrant set.
type Gateway struct {
	// The root chain, its registry, and the committee of its epoch RootEpoch, from
	// which the gateway follows the root's headers.
	RootChainID   uint64         `module:"config"`
	RootGenesis   ledger.Hash    `module:"config"`
	RootEpoch     uint64         `module:"config"`
	RootCommittee ledger.Hash    `module:"config"`
	Registry      ledger.Address `module:"config"`
	// A block is a checkpoint if the outbox or a cursor changed since the last one
	// and it is at least MinGap blocks above it (0: any block), if it is MaxGap
	// blocks above it (0: never), or if its height is a multiple of EpochBlocks
	// (0: never). A chain whose committee changes sets EpochBlocks to the length of
	// an epoch, so that the root learns every committee.
	MinGap      uint64 `module:"config"`
	MaxGap      uint64 `module:"config"`
	EpochBlocks uint64 `module:"config"`

	id       module.Item[uint64] // 0 before attachment
	revision module.Item[uint64]
	trust    module.Item[trust]

	last module.Item[mark]
	// before is the block hash of the checkpoint before last.
	before module.Item[ledger.Hash]

	outbox      module.Outbox
	nonces      module.Map[Lane, uint64]           // next to send
	commitments module.Map[MessageID, ledger.Hash] // leaf of a sent message without acknowledgement
	cursors     module.Map[Lane, uint64]           // next order to deliver
	lanes       module.List[Lane]                  // that have a cursor
	deliveries  module.Item[uint64]                // messages delivered, whatever became of them
	minted      module.Item[uint256.Int]
	burned      module.Item[uint256.Int]

	attached     module.Event[Attached]
	sent         module.Event[MessageSent]
	delivered    module.Event[MessageDelivered]
	acknowledged module.Event[AckSent]
	settled      module.Event[MessageSettled]
	answered     module.Event[SenderTold]
}

// mark is what a checkpoint leaves for the decision about the next.
type mark struct {
	Seq, Height, Count, Deliveries uint64
	Block                          ledger.Hash // zero until the next block begins
}

// Attached is emitted when the subchain learns its id.
type Attached struct {
	Subchain uint64 `abi:"subchain,indexed"`
	Revision uint64 `abi:"revision"`
}

// MessageSent is emitted with every message leaf of a subchain's outbox.
type MessageSent struct {
	Dst     uint64         `abi:"dst,indexed"`
	Index   uint64         `abi:"index"` // of the leaf
	Message module.Message `abi:"message"`
}

// MessageDelivered is emitted when a message is delivered, whatever became of it.
type MessageDelivered struct {
	Src     uint64      `abi:"src,indexed"`
	Message ledger.Hash `abi:"message,indexed"` // leaf
	Status  uint8       `abi:"status"`
}

// AckSent is emitted with every acknowledgement leaf of an outbox.
type AckSent struct {
	Src   uint64 `abi:"src,indexed"` // chain to which it goes
	Index uint64 `abi:"index"`       // of the leaf
	Ack   Ack    `abi:"ack"`
}

// MessageSettled is emitted when a sent message is acknowledged.
type MessageSettled struct {
	Dst     uint64      `abi:"dst,indexed"`
	Message ledger.Hash `abi:"message,indexed"` // leaf
	Status  uint8       `abi:"status"`
}

// SenderTold is emitted when a sender's onAck was called. Heard says whether it
// succeeded.
type SenderTold struct {
	Message ledger.Hash `abi:"message,indexed"` // leaf
	Heard   bool        `abi:"heard"`
}

// Send burns the value and sends it, with a payload or without, to receiver on the
// chain dst, where 0 is the root. lane is below Lanes; messages of one lane arrive in
// order. deadline is in ms on the clock of dst: a message that has not been delivered
// before it is given back. gasLimit is what the receiver's onReceive gets, if there
// is a payload. Send returns the message's nonce in its lane.
func (g *Gateway) Send(ctx *module.Payable, dst uint64, lane uint32, receiver ledger.Address, deadline, gasLimit uint64, payload []byte) (uint64, error) {
	id := g.id.Get(ctx)
	if id == 0 {
		return 0, ErrDetached
	}
	if deadline == 0 {
		return 0, fmt.Errorf("%w is zero", ErrDeadline)
	}
	l := Lane{id, dst, lane}
	m := module.Message{
		Src: id, Dst: dst, Lane: lane, Nonce: g.nonces.Get(ctx, l), Deadline: deadline,
		Sender: ctx.Sender(), Receiver: receiver, Amount: ctx.Value(), GasLimit: gasLimit, Payload: payload,
	}
	if err := checkBounds(&m); err != nil {
		return 0, err
	}
	if !ctx.Burn(ctx.Self(), m.Amount) {
		return 0, errBooks
	}
	add(ctx, &g.burned, &m.Amount)
	g.nonces.Set(ctx, l, m.Nonce+1)
	leaf := m.Leaf()
	g.commitments.Set(ctx, idOf(&m), leaf)
	index := g.outbox.Append(ctx, leaf)
	g.sent.Emit(ctx, MessageSent{Dst: dst, Index: index, Message: m})
	return m.Nonce, nil
}
