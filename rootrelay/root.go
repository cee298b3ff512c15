package rootrelay

import (
	"errors"
	"fmt"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// Errors of a Root.
var (
	ErrBond       = errors.New("rootrelay: bond is too low")
	ErrRegistered = errors.New("rootrelay: the genesis is registered already")
	ErrPossession = errors.New("rootrelay: a seat has not signed the registration")
	ErrGenesis    = errors.New("rootrelay: not a genesis header")
	ErrUnknown    = errors.New("rootrelay: unknown subchain or checkpoint")
	ErrCheckpoint = errors.New("rootrelay: checkpoint does not follow the last one")
	ErrCommittee  = errors.New("rootrelay: not the committee of the epoch")
	ErrNothing    = errors.New("rootrelay: nothing to claim")
)

// Revision is that of every subchain until upgrades raise it.
const Revision = 1

// Root is the module of a root chain: it registers subchains, accepts their
// checkpoints, holds their escrow, and forwards their messages. Register it as
// RootName with Entry.Gateway and Entry.Reentrant set.
//
// Of the coin that it holds, each wei is a bond, or escrow of one subchain, or
// claimable by one account. Locked counts what came in and has not gone out apart
// from bonds; it always equals the sum of escrows and claimables.
type Root struct {
	MinBond     uint256.Int `module:"config"` // wei
	MaxInterval uint64      `module:"config"` // ms between checkpoints before a subchain is suspended; 0: no limit

	count       module.Item[uint64]                     // subchains; ids are 1…count
	ids         module.Map[ledger.Hash, uint64]         // by genesis hash
	subchains   module.Map[uint64, Subchain]            // by id
	committees  module.Map[EpochID, ledger.Hash]        // certified by the epoch before
	checkpoints module.Map[CheckpointID, Checkpoint]    //
	arrived     module.Map[Lane, uint64]                // next nonce to take from the source
	forwarded   module.Map[Lane, uint64]                // next order to give; for lanes from the root also the next nonce
	cursors     module.Map[Lane, uint64]                // next order that the destination expects, from its last checkpoint
	commitments module.Map[MessageID, ledger.Hash]      // forward leaf of a message without acknowledgement
	escrow      module.Map[uint64, uint256.Int]         // by subchain, wei
	claims      module.Map[ledger.Address, uint256.Int] // by account, wei
	locked      module.Item[uint256.Int]
	claimable   module.Item[uint256.Int] // sum of claims
	bonds       module.Item[uint256.Int] // sum of bonds
	outbox      module.Outbox

	registered   module.Event[Registered]
	accepted     module.Event[CheckpointAccepted]
	changed      module.Event[CodeChanged]
	sent         module.Event[MessageForwarded]
	acknowledged module.Event[AckSent]
	settled      module.Event[MessageSettled]
	credited     module.Event[Credited]
	claimed      module.Event[Claimed]
}

// Subchain is what the root knows of a subchain. Times are ms since 1970.
type Subchain struct {
	Owner        ledger.Address `abi:"owner"`
	Genesis      ledger.Hash    `abi:"genesis"`
	Revision     uint64         `abi:"revision"`
	Bond         uint256.Int    `abi:"bond"`         // wei
	Seq          uint64         `abi:"seq"`          // of the last checkpoint; 0 before the first
	Block        ledger.Hash    `abi:"block"`        // of the last checkpoint; the genesis before the first
	Height       uint64         `abi:"height"`       // of Block
	Time         uint64         `abi:"time"`         // of Block
	Seen         uint64         `abi:"seen"`         // when the root accepted it
	MessageCount uint64         `abi:"messageCount"` // leaves of the outbox at Block
	Epoch        uint64         `abi:"epoch"`        // of Block
	CodeHash     ledger.Hash    `abi:"codeHash"`     // of the last checkpoint's modules
	Lanes        uint64         `abi:"lanes"`        // cursors in the last checkpoint's anchor
}

// EpochID names an epoch of a subchain.
type EpochID struct{ Subchain, Epoch uint64 }

// CheckpointID names a checkpoint.
type CheckpointID struct{ Subchain, Seq uint64 }

// Checkpoint is what proofs refer to.
type Checkpoint struct {
	Block        ledger.Hash `abi:"block"`
	MessagesRoot ledger.Hash `abi:"messagesRoot"`
	MessageCount uint64      `abi:"messageCount"`
	Height       uint64      `abi:"height"`
	Time         uint64      `abi:"time"` // ms since 1970
}

// Registered is emitted when a subchain gets its id.
type Registered struct {
	Subchain uint64         `abi:"subchain,indexed"`
	Genesis  ledger.Hash    `abi:"genesis,indexed"`
	Owner    ledger.Address `abi:"owner,indexed"`
	Bond     uint256.Int    `abi:"bond"`
}

// CheckpointAccepted is emitted with every checkpoint.
type CheckpointAccepted struct {
	Subchain uint64      `abi:"subchain,indexed"`
	Seq      uint64      `abi:"seq,indexed"`
	Height   uint64      `abi:"height"`
	Block    ledger.Hash `abi:"block"`
}

// CodeChanged is emitted when a checkpoint names another code than the one before:
// the subchain's modules were upgraded. The root cannot judge the new code; the
// escrow bounds what it can do.
type CodeChanged struct {
	Subchain uint64      `abi:"subchain,indexed"`
	Seq      uint64      `abi:"seq,indexed"`
	CodeHash ledger.Hash `abi:"codeHash"`
}

// MessageForwarded is emitted with every forward leaf of the root's outbox.
type MessageForwarded struct {
	Dst     uint64         `abi:"dst,indexed"`
	Index   uint64         `abi:"index"` // of the leaf
	Order   uint64         `abi:"order"`
	Message module.Message `abi:"message"`
}

// Credited is emitted when an amount becomes claimable.
type Credited struct {
	Account ledger.Address `abi:"account,indexed"`
	Amount  uint256.Int    `abi:"amount"`
}

// Claimed is emitted when an account takes what it may claim.
type Claimed struct {
	Account ledger.Address `abi:"account,indexed"`
	Amount  uint256.Int    `abi:"amount"`
}

// subchain loads a registered subchain.
func (r *Root) subchain(ctx module.Reader, id uint64) (Subchain, error) {
	if id == 0 || id > r.count.Get(ctx) {
		return Subchain{}, fmt.Errorf("%w: %d", ErrUnknown, id)
	}
	return r.subchains.Get(ctx, id), nil
}

// open returns nil if messages to the subchain are accepted.
func (r *Root) open(ctx *module.Context, id uint64) (Subchain, error) {
	s, err := r.subchain(ctx, id)
	if err != nil {
		return s, fmt.Errorf("%w: no subchain %d", ErrDestination, id)
	}
	if r.MaxInterval != 0 && ctx.Time()-s.Seen > r.MaxInterval {
		return s, fmt.Errorf("%w: subchain %d is suspended", ErrDestination, id)
	}
	return s, nil
}

// forward numbers a message in its lane, remembers it and appends it to the outbox.
func (r *Root) forward(ctx *module.Context, m module.Message) {
	l := laneOf(&m)
	order := r.forwarded.Get(ctx, l)
	r.forwarded.Set(ctx, l, order+1)
	leaf := ForwardLeaf(order, m.Leaf())
	r.commitments.Set(ctx, idOf(&m), leaf)
	index := r.outbox.Append(ctx, leaf)
	r.sent.Emit(ctx, MessageForwarded{Dst: m.Dst, Index: index, Order: order, Message: m})
}

// acknowledge sends an outcome to the source of a message, unless that is the root.
func (r *Root) acknowledge(ctx *module.Context, a Ack) {
	if a.Src == 0 {
		return
	}
	index := r.outbox.Append(ctx, a.Leaf())
	r.acknowledged.Emit(ctx, AckSent{Src: a.Src, Index: index, Ack: a})
}

// Anchor tells the chain what its headers commit to: the outbox's root and, in the
// anchor, its count. A root chain makes no checkpoints.
func (r *Root) Anchor(ctx *module.View) (messagesRoot, domain ledger.Hash, a ledger.Anchor, err error) {
	return r.outbox.Root(ctx), ledger.Hash{}, ledger.Anchor{MessageCount: r.outbox.Count(ctx)}, nil
}
