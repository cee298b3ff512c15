package ceremony

import (
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/dkg"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// Name is the module's name by convention, from which its address follows.
const Name = "keys"

// MaxSeats bounds the committees that make keys: a larger group would not fit into the
// largest transaction of EIP-7825.
const MaxSeats = 200

// Errors; those of rolldpos/dkg come wrapped or bare beside them.
var (
	ErrConfig    = errors.New("ceremony: unfit configuration")
	ErrNone      = errors.New("ceremony: there is no ceremony in this epoch")
	ErrKind      = errors.New("ceremony: another kind of message belongs here")
	ErrDeal      = errors.New("ceremony: not the deal that was accepted")
	ErrGroup     = errors.New("ceremony: group is not what a quorum acknowledged")
	ErrPublished = errors.New("ceremony: the group is published already")
	ErrLog       = errors.New("ceremony: malformed event")
)

// Gas of checks.
const (
	gasSignature = 3_000
	gasAgreement = 5_000
	gasPoint     = 6_000
	gasReveal    = 20_000
	gasStep      = 800
)

// Config is part of the chain's genesis.
type Config struct {
	EpochLength uint64 // blocks; the chain's
	// Place is the first block of a ceremony in its epoch, counted from 1. It must
	// come after the committee of the next epoch is decided.
	Place uint64
	// The lengths of the phases, in blocks. They must end before the epoch does.
	Enrol, Deal, Complain, Justify, Acknowledge uint64
	// Era is how many epochs a key serves; 0: as long as resharing succeeds. An era and
	// the devices' trust period must end before the stake of its first seats is free.
	Era uint64
	// Committees answers committee(uint64); if it is zero, Committee holds the
	// ed25519 keys of every epoch's seats.
	Committees ledger.Address
	Committee  [][32]byte
}

// Keys is the module.
type Keys struct {
	cfg Config `module:"config"`

	open   module.Item[opening]
	seats  module.Map[place, [32]byte] // ed25519 keys
	deals  module.Map[uint64, dealing] // by dealer
	acks   module.Map[uint64, ack]     // by seat
	era    module.Item[era]
	groups module.Map[uint64, group] // by epoch modulo two
	points module.Map[place, point]  // of groups: the key, and from 1 on the shares

	opened    module.Event[Opened]
	said      module.Event[Said]
	published module.Event[Published]
}

// opening is the newest ceremony.
type opening struct {
	Epoch          uint64 // that the shares are for
	Era            uint64
	Start          uint64 // height
	Seats, Dealers uint64
	Fresh          bool // a generation: the dealers are the seats
	ID             ledger.Hash
	Enrolled       ledger.Hash // bitmaps by seat
	Complained     ledger.Hash
}

// place is a seat of a committee, or a point of a group; Epoch is taken modulo two.
type place struct{ Epoch, Index uint64 }

// dealing is a deal that was accepted in the ceremony for an epoch.
type dealing struct {
	Epoch     uint64
	Deal      ledger.Hash // Keccak-256 of the message
	Accusers  ledger.Hash // bitmap by seat
	Justified bool
}

type ack struct {
	Epoch uint64
	Group ledger.Hash
}

// era is the newest key's: its number and the first epoch that it served.
type era struct{ Number, First uint64 }

type group struct{ Epoch, Era, Threshold, Shares uint64 }

type point struct{ Words [3][32]byte }

// Opened is emitted when a ceremony begins.
type Opened struct {
	Epoch uint64      `abi:"epoch,indexed"` // that the shares are for
	Era   uint64      `abi:"era"`
	Start uint64      `abi:"start"` // height at which Enrolling begins
	Fresh bool        `abi:"fresh"` // a new key is made
	ID    ledger.Hash `abi:"id"`    // dkg.Ceremony.ID
}

// Said is emitted for every message that is accepted.
type Said struct {
	Epoch   uint64 `abi:"epoch,indexed"`
	Message []byte `abi:"message"` // dkg.DecodeMessage reads it
}

// Published is emitted when the group of the next epoch is known.
type Published struct {
	Epoch uint64 `abi:"epoch,indexed"`
	Era   uint64 `abi:"era"`
	Key   []byte `abi:"key"`
}

// New returns a module, or an error that wraps ErrConfig.
func New(c Config) (*Keys, error) {
	plan := plan(&c, 1)
	for _, n := range []uint64{c.EpochLength, c.Place, c.Enrol, c.Deal, c.Complain, c.Justify, c.Acknowledge} {
		if n == 0 || n >= 1<<32 {
			return nil, fmt.Errorf("%w: %d blocks", ErrConfig, n)
		}
	}
	if plan.End() > c.EpochLength {
		return nil, fmt.Errorf("%w: a ceremony ends at place %d of %d", ErrConfig, plan.End(), c.EpochLength)
	}
	if c.Committees.IsZero() {
		if err := committee(1, c.Committee).Validate(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrConfig, err)
		}
		if len(c.Committee) > MaxSeats {
			return nil, fmt.Errorf("%w: %d seats", ErrConfig, len(c.Committee))
		}
	} else if len(c.Committee) != 0 {
		return nil, fmt.Errorf("%w: two sources of committees", ErrConfig)
	}
	return &Keys{cfg: c}, nil
}

// plan returns the phases of the ceremony in an epoch.
func plan(c *Config, epoch uint64) dkg.Plan {
	return dkg.Plan{
		Start: (epoch-1)*c.EpochLength + c.Place,
		Enrol: c.Enrol, Deal: c.Deal, Complain: c.Complain, Justify: c.Justify, Acknowledge: c.Acknowledge,
	}
}

// epoch returns the epoch of the block and its place in it, from 1 on.
func (k *Keys) epoch(v module.Reader) (epoch, place uint64) {
	h := max(v.Height(), 1) - 1
	return h/k.cfg.EpochLength + 1, h%k.cfg.EpochLength + 1
}

// committee makes the core's form of a committee.
func committee(epoch uint64, keys [][32]byte) *rolldpos.Committee {
	c := &rolldpos.Committee{Epoch: rolldpos.Epoch(epoch)}
	for i := range keys {
		c.Keys = append(c.Keys, keys[i][:])
	}
	return c
}

func at(epoch, index uint64) place { return place{epoch % 2, index} }

func has(bitmap ledger.Hash, i int) bool { return bitmap[i/8]>>(i%8)&1 == 1 }

func with(bitmap ledger.Hash, i int) ledger.Hash {
	bitmap[i/8] |= 1 << (i % 8)
	return bitmap
}

// expand returns the first n bits of a bitmap.
func expand(bitmap ledger.Hash, n uint64) []bool {
	out := make([]bool, n)
	for i := range out {
		out[i] = has(bitmap, i)
	}
	return out
}
