package rolldpos

import "errors"

// Hash names a block. The core never looks inside.
type Hash = [32]byte

// View counts the attempts of an epoch to add a block; the first is 1, and 0 stands
// for the block on which the epoch builds.
type View uint64

// Epoch counts the terms of committees.
type Epoch uint64

// Kind is what a vote says.
type Kind uint8

// The kinds of votes; their values are signed and on the wire.
const (
	Prepare Kind = 1 // the block is valid and well placed
	Commit  Kind = 2 // the block is notarised, and I shall not nullify its view
	Nullify Kind = 3 // the view may pass without a block; the hash is zero
)

// String returns the kind's name.
func (k Kind) String() string {
	switch k {
	case Prepare:
		return "prepare"
	case Commit:
		return "commit"
	case Nullify:
		return "nullify"
	}
	return "unknown"
}

// Limits of what is decoded, kept and sent.
const (
	MaxSeats          = 255     // of a committee
	MaxNullifications = 32      // in a proposal
	MaxMessage        = 1 << 20 // bytes of an encoded message
	window            = 32      // views ahead of ours whose votes are kept
	maxAnswer         = 64      // certificates in one answer to a Status
	maxView           = 1 << 62 // above it a view or an epoch is refused
)

// Errors. ErrInvalid is wrapped by all that hostile bytes can cause.
var (
	ErrInvalid   = errors.New("rolldpos: invalid data")
	ErrEncoding  = wrap("malformed encoding")
	ErrSignature = wrap("signature does not verify")
	ErrQuorum    = wrap("fewer signers than a quorum")
	ErrBitmap    = wrap("signer bitmap does not fit the committee or the signatures")
	ErrKind      = wrap("unknown or unfit kind of vote")
	ErrEpoch     = wrap("epoch differs from the committee's")
	ErrView      = wrap("view out of range")
	ErrSeat      = wrap("no such seat")
	ErrCommittee = wrap("committee without seats, with too many, or with an unfit or repeated key")

	ErrConfig    = errors.New("rolldpos: unfit configuration")
	ErrStarted   = errors.New("rolldpos: restore after the first step")
	ErrConflict  = errors.New("rolldpos: records hold conflicting votes of one seat")
	ErrFork      = errors.New("rolldpos: two certificates that cannot both be honest")
	ErrExecution = errors.New("rolldpos: own execution contradicts a certified block")
)

type dataError string

func wrap(text string) error          { return dataError("rolldpos: " + text) }
func (e dataError) Error() string     { return string(e) }
func (e dataError) Is(err error) bool { return err == ErrInvalid }

// Signer signs digests with the seat's ed25519 key (RFC 8032, the 32 bytes being the
// message). It is called inside Step and must not keep state that could refuse.
type Signer interface {
	Sign(digest [32]byte) [64]byte
}

// Config of a Core. All fields but Seat, Signer and the two times are required.
type Config struct {
	Genesis   Hash       // identifies the chain; signed with every vote
	Committee *Committee // of the epoch; not changed afterwards
	Seat      int        // ours, or Observer
	Signer    Signer     // nil for an observer
	Anchor    Hash       // the final block on which the epoch builds
	Delta     uint64     // ms within which messages usually arrive; 0: 500
	MaxDelta  uint64     // ms, the cap of Δ's growth; 0: 20 times Delta
	// Abstain is the highest view in which the seat must sign nothing, because it may
	// have signed there what its log does not show; 0 if there is none.
	Abstain View
	// Query, if it is not 0, says that the log may lack its end and that nothing tells
	// how much: the seat signs no vote before q − 1 others have said where they are, and
	// then none up to the view after the highest of theirs. It is a number that the seat
	// has never used before, so that old answers do not count. More than f such seats at
	// once, or a committee of one, cannot be helped: the latter ignores it.
	Query uint64
}

// Observer is the Seat of a core that follows and never signs or sends.
const Observer = -1

// Broadcast is the Outgoing.To that means every other seat.
const Broadcast = -1

// Input is one of Start, Tick, Received, Built, Verified, Demand and
// FinalizedElsewhere.
type Input interface{ input() }

// Start begins the epoch's work. It comes once, after Restore; only
// FinalizedElsewhere and Demand have an effect before it.
type Start struct{}

// Tick says that Ready.Wake has come. Early or superfluous ticks are harmless.
type Tick struct{}

// Received is a message from any peer. Everything in it is checked.
type Received struct{ Message Message }

// Built answers a BuildRequest with the same View and Parent. Last says that the
// block ends the epoch. The driver has executed the block and holds its body; the
// block's header carries View and Parent.
type Built struct {
	View   View
	Parent Hash
	Block  Hash
	Last   bool
}

// Verified answers a VerifyRequest with the same View and Block. Last says that the
// block ends the epoch.
type Verified struct {
	View  View
	Block Hash
	Valid bool
	Last  bool
}

// Demand says whether there is work for a block on top of the newest notarised one:
// an executable transaction that it and its ancestors do not hold, a heartbeat or an
// epoch's end that is due. The last value holds until the next. Demand{false} in place
// of Built says that a BuildRequest found nothing to build; it is repeated once an
// empty block is needed to make the parent final.
type Demand struct{ Pending bool }

// FinalizedElsewhere is a commit certificate that block sync found, or that the
// driver stored before a restart. The driver has executed the block. It is checked
// like a received one, but not multicast, and may precede Start.
type FinalizedElsewhere struct {
	Certificate *Certificate
	Last        bool
}

func (Start) input()              {}
func (Tick) input()               {}
func (Received) input()           {}
func (Built) input()              {}
func (Verified) input()           {}
func (Demand) input()             {}
func (FinalizedElsewhere) input() {}

// Ready says what the driver does after a Step, in this order: make Persist and the
// bodies named in Bodies durable with one sync, then Send, then the rest in any
// order. The slices belong to the driver.
type Ready struct {
	Persist  [][]byte        // records for the epoch's log, in order; see DecodeRecord
	Bodies   []Hash          // blocks whose bodies must be in the same sync as Persist
	Send     []Outgoing      // may be lost, repeated and reordered on the way
	Build    []BuildRequest  // for the current view
	Verify   []VerifyRequest // each is asked once, but after a Restore again
	Final    []Finalized     // views ascend strictly
	Evidence []Evidence      // proofs of guilt, once per seat, view and sort
	Faults   []error         // ErrFork, ErrExecution: the node must stop and tell its operator
	Wake     uint64          // ms, when the next Tick is wanted; 0: none
}

// Outgoing is a message to one seat or to all others. Loopback is not needed.
type Outgoing struct {
	To      int // seat or Broadcast
	Message Message
}

// BuildRequest asks for a new block on Parent, which the driver has executed, with
// View in its header. Empty blocks are fine. The driver answers Built, or Demand{false}
// if the block would be empty and Demand was true, or nothing if it cannot: the view is
// then nullified. The first Built of a view counts.
type BuildRequest struct {
	View   View
	Parent Hash
}

// VerifyRequest asks the driver to obtain a block's body, to execute the block and
// to answer Verified. It is asked once; the driver keeps trying until it has the
// body or a block of a later view is final. Headers that are merely early (their time is ahead
// of the clock) are answered late, not with false.
//
// Without Notarised, the block's header must carry exactly View and Parent, and the
// driver has executed Parent. With Notarised, q seats have certified the block in
// View: its header's view is at most View, Parent is zero and taken from the header,
// and the driver also fetches and executes ancestors that it lacks.
type VerifyRequest struct {
	View      View
	Block     Hash
	Parent    Hash
	Notarised bool
}

// Finalized says that Block is final, and with it all its ancestors: those that
// were not listed before the driver finds through parent links, oldest first. The first
// Ready after a Restore lists the newest final block that the log knows once more, and
// an epoch's last block may be final in two views: listing twice is harmless.
type Finalized struct {
	Block       Hash
	Certificate *Certificate // of kind Commit
}

// Evidence is guilt that anyone can check: two signed statements of one seat in one
// epoch and view, of which an honest seat signs only one. Either both votes or both
// proposals are set.
type Evidence struct {
	Seat      int
	Votes     [2]*Vote
	Proposals [2]*Proposal
}
