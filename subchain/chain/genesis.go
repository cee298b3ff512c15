package chain

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// ErrGenesis reports a genesis that no chain can start from, or one that is not
// the genesis of the data directory.
var ErrGenesis = errors.New("chain: genesis")

// Validator is one seat of the committee.
type Validator struct {
	Key ed25519.PublicKey
	// Payee receives the tips of the blocks that the seat proposes. Zero stands for
	// an address derived from Key, which nobody can spend from.
	Payee ledger.Address
}

// Allocation is an account that exists from the start.
type Allocation struct {
	Address ledger.Address
	Balance uint256.Int // wei
	Nonce   uint64
	Code    []byte
	Storage []ledger.Slot
}

// Genesis fixes a chain. Its hash, the hash of block 0, covers every field.
type Genesis struct {
	Name     string
	ChainID  uint64
	Time     uint64 // milliseconds since 1970
	GasLimit uint64 // per block; 0 means 30,000,000
	// BaseFee is the price of gas in block 1 and the floor ever after, in wei. Zero
	// makes a chain free of charge for good.
	BaseFee uint256.Int
	// EpochLength counts blocks; 0 means 10,000.
	EpochLength uint64
	// Committee sits in epoch 1, and in every epoch unless a module elects.
	Committee []Validator
	Alloc     []Allocation
	// Modules is the hash of the schedule of modules and their configuration.
	Modules ledger.Hash
}

const (
	defaultGasLimit    = 30_000_000
	defaultEpochLength = 10_000
	maxName            = 64
)

// normal returns g with defaults filled in and allocations in ascending order.
func (g Genesis) normal() (Genesis, error) {
	if g.Name == "" || len(g.Name) > maxName {
		return g, fmt.Errorf("%w: the name must have 1 to %d bytes", ErrGenesis, maxName)
	}
	if g.ChainID == 0 {
		return g, fmt.Errorf("%w: chain id is zero", ErrGenesis)
	}
	if g.GasLimit == 0 {
		g.GasLimit = defaultGasLimit
	}
	if g.EpochLength == 0 {
		g.EpochLength = defaultEpochLength
	}
	g.Alloc = slices.Clone(g.Alloc)
	slices.SortFunc(g.Alloc, func(a, b Allocation) int { return slices.Compare(a.Address[:], b.Address[:]) })
	for i := range g.Alloc {
		if i > 0 && g.Alloc[i].Address == g.Alloc[i-1].Address {
			return g, fmt.Errorf("%w: %s is allocated twice", ErrGenesis, g.Alloc[i].Address)
		}
		slots := slices.Clone(g.Alloc[i].Storage)
		slices.SortFunc(slots, func(a, b ledger.Slot) int { return slices.Compare(a.Key[:], b.Key[:]) })
		g.Alloc[i].Storage = slots
	}
	if _, err := g.seats(); err != nil {
		return g, fmt.Errorf("%w: %w", ErrGenesis, err)
	}
	return g, nil
}

// seats returns the committee of epoch 1, and of every epoch unless a module elects.
func (g *Genesis) seats() (*seats, error) {
	keys := make([]ed25519.PublicKey, len(g.Committee))
	payees := make([]ledger.Address, len(g.Committee))
	for i := range g.Committee {
		keys[i], payees[i] = g.Committee[i].Key, g.Committee[i].Payee
	}
	return newSeats(keys, payees)
}

// epoch returns the epoch that a height belongs to: 1 for heights 1 to
// EpochLength. Block 0 belongs to epoch 0, whose committee is that of epoch 1.
func (g *Genesis) epoch(height uint64) uint64 {
	if height == 0 {
		return 0
	}
	return (height-1)/g.EpochLength + 1
}

// last reports whether a height closes its epoch.
func (g *Genesis) last(height uint64) bool { return height%g.EpochLength == 0 }

// changes lists the accounts of block 0 that the genesis allocates.
func (g *Genesis) changes() []ledger.Change {
	out := make([]ledger.Change, 0, len(g.Alloc))
	for i := range g.Alloc {
		a := &g.Alloc[i]
		c := ledger.Change{Address: a.Address, Storage: a.Storage}
		c.Account = ledger.Account{Nonce: a.Nonce, Balance: a.Balance, CodeHash: ledger.EmptyCodeHash}
		if len(a.Code) > 0 {
			c.Code = a.Code
			c.Account.CodeHash = ledger.Keccak(a.Code)
		}
		out = append(out, c)
	}
	return out
}

// parameters is the hash of what the state of block 0 does not show. It stands in
// the place of the parent's hash in block 0.
func (g *Genesis) parameters(first *seats) ledger.Hash {
	p := rlp.AppendBytes(nil, []byte("rootstem.genesis.v1"))
	p = rlp.AppendBytes(p, []byte(g.Name))
	p = rlp.AppendUint(p, g.ChainID)
	p = rlp.AppendUint(p, g.EpochLength)
	p = rlp.AppendBytes(p, g.Modules[:])
	var seats []byte
	for i, key := range first.keys {
		seat := rlp.AppendBytes(nil, key)
		seats = rlp.AppendList(seats, rlp.AppendBytes(seat, first.payees[i][:]))
	}
	return ledger.Keccak(rlp.AppendList(nil, rlp.AppendList(p, seats)))
}
