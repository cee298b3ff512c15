package module

import (
	"fmt"
	"reflect"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// Election is what the module that an Entry marks with Election says after every
// block, from the state that the block left, in its view
//
//	Election(v *module.View) (module.Election, error)
//
// The chain puts it into its headers and begins epochs with the committees that it
// names.
type Election struct {
	// Next are the ed25519 keys, in the order of the seats, of the committee of the
	// epoch after this block's; empty while it is undecided. If it is empty, or no
	// valid committee, at an epoch's last block, the old committee stays.
	Next [][32]byte
	// Payees are the accounts that the blocks of Next's seats pay, as many as Next. A
	// zero address stands for one that nobody can spend from.
	Payees []ledger.Address
	Beacon ledger.Hash // newest beacon's randomness, zero before the first
	// ChainKey is the key of the threshold certificates: 96 bytes, or empty without
	// one.
	ChainKey []byte
	// Group is the encoded threshold group of the current epoch, the one of this block:
	// chain key and public shares by seat; empty without one.
	Group []byte
}

// electionFunc is the view of an electing module.
type electionFunc = func(*View) (Election, error)

func electionSelector() [4]byte { return abi.Selector("election()") }

func (r *Registry) registerElection(m *instance) error {
	if !m.entry.Election {
		return nil
	}
	if r.election != nil && r.election != m.deployed {
		return fmt.Errorf("%w: %q elects already", ErrSchedule, r.election.name)
	}
	r.election = m.deployed
	me := m.bySelector[electionSelector()]
	if me == nil || m.value.Method(me.index).Type() != reflect.TypeFor[electionFunc]() {
		return fmt.Errorf("%w: a module that elects needs a method Election that is a %s", ErrModule, reflect.TypeFor[electionFunc]())
	}
	return nil
}

// Elects reports whether a module elects the committees at a height. Without one
// they are static.
func (r *Registry) Elects(height uint64) bool {
	return r.election != nil && r.election.at(height) != nil
}

// Election asks the module that elects. The answer is zero, an undecided election,
// without one and if the call fails or runs out of [HookGas]. The error is a fault of
// the host.
func (r *Registry) Election(s *vm.Session) (e Election, err error) {
	if r.election == nil {
		return e, nil
	}
	selector := electionSelector()
	res, err := s.System(r.election.address, selector[:], HookGas)
	if err != nil {
		return e, fmt.Errorf("module %q: election: %w", r.election.name, err)
	}
	if res.Status != vm.Success || Unpack(res.Return, &e) != nil {
		return Election{}, nil
	}
	return e, nil
}
