package staking

import (
	"errors"
	"fmt"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/election"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// Name is the module's name by convention, from which its address follows.
const Name = "staking"

// Errors.
var (
	ErrConfig     = errors.New("staking: unfit configuration")
	ErrKey        = errors.New("staking: unfit key, or one that is taken")
	ErrPossession = errors.New("staking: no proof of possession")
	ErrRegistered = errors.New("staking: the account is a candidate already")
	ErrUnknown    = errors.New("staking: no such candidate")
	ErrBarred     = errors.New("staking: the candidate is barred for good")
	ErrAmount     = errors.New("staking: amount out of bounds")
	ErrRank       = errors.New("staking: there are enough candidates that rank higher")
	ErrBallot     = errors.New("staking: no such ballot of this account")
	ErrWithdrawn  = errors.New("staking: the ballot is withdrawn already")
	ErrLocked     = errors.New("staking: the stake is locked still")
	ErrNothing    = errors.New("staking: nothing to pay out")
	ErrEvidence   = errors.New("staking: evidence is malformed or too late")
	ErrBeacon     = errors.New("staking: beacon is malformed, known already or too late")

	// errBooks cannot happen: what the module holds covers what it owes.
	errBooks = errors.New("staking: the books do not balance")
)

// Seat is a seat of a committee: its ed25519 key and who its blocks pay.
type Seat struct {
	Key   [32]byte       `abi:"key"`
	Payee ledger.Address `abi:"payee"`
}

// Config is part of the chain's genesis.
type Config struct {
	Params    election.Params
	Committee []Seat         // of epoch 1, the chain's genesis'; at most election.MaxDelegates
	Keys      ledger.Address // of who holds the threshold key; zero: there is none
	Issue     bool           // rewards beyond the pool are minted; needs module.Entry.Mint
}

// Staking is the module.
type Staking struct {
	params    election.Params `module:"config"`
	committee []Seat          `module:"config"`
	keys      ledger.Address  `module:"config"`
	issue     bool            `module:"config"`

	identities module.Map[ledger.Address, Identity]
	owners     module.Map[ledger.Hash, ledger.Address] // operator by ed25519 key
	standings  module.Map[ledger.Address, Standing]
	seated     module.Map[ledger.Address, uint64] // last epoch in which the operator sits
	ranks      module.Set[ledger.Address]         // who may be ranked
	endings    module.Map[Ending, uint256.Int]    // slopes that end
	unbonding  module.Map[ledger.Address, Unbonding]
	ballots    module.Map[uint64, Ballot]
	count      module.Item[uint64] // ballots ever cast; ids are 1…count
	credits    module.Map[ledger.Address, uint256.Int]
	books      module.Item[Books]

	terms      module.Map[uint64, Term]   // by epoch
	committees module.Map[uint64, []Seat] // by generation
	oldest     module.Item[uint64]        // epoch whose term is kept
	frozen     module.Map[uint64, Ranking]
	proposed   module.Map[Tally, uint64]  // blocks
	beacons    module.Map[uint64, Beacon] // by round modulo two
	newest     module.Item[uint64]        // round of the newest beacon
	lastKey    module.Item[Key]

	registered module.Event[CandidateRegistered]
	left       module.Event[CandidateLeft]
	bonded     module.Event[SelfStakeChanged]
	voted      module.Event[VoteCast]
	withdrawn  module.Event[VoteWithdrawn]
	paid       module.Event[Paid]
	slashed    module.Event[CandidateSlashed]
	probation  module.Event[OnProbation]
	decided    module.Event[CommitteeDecided]
	drawn      module.Event[BeaconSubmitted]
}

// Identity is what a candidate registered. It never changes.
type Identity struct {
	Key        [32]byte    `abi:"key"` // ed25519
	BLS        [3][32]byte `abi:"bls"` // 96 bytes, compressed
	Commission uint64      `abi:"commission"`
}

// Standing is what changes of a candidate.
type Standing struct {
	Self   uint256.Int     `abi:"self"`  // bonded self-stake, wei
	Votes  uint256.Int     `abi:"votes"` // weight of the ballots that are not withdrawn
	Fading election.Fading `abi:"fading"`
	Index  uint256.Int     `abi:"index"` // earned by a unit of Votes' weight, in 2^-64 wei
	Series uint64          `abi:"series"`
	Until  uint64          `abi:"until"` // on probation in the rankings of earlier epochs' ends
	Barred bool            `abi:"barred"`
}

// Ending names the slopes of a candidate's fading votes that end with an epoch. Series
// counts the times that he left the candidates, with which all fading ends.
type Ending struct {
	Operator ledger.Address
	Series   uint64
	Epoch    uint64
}

// Unbonding is self-stake that was withdrawn, counted from the last withdrawal.
type Unbonding struct {
	Amount uint256.Int `abi:"amount"` // wei
	Time   uint64      `abi:"time"`   // ms
	Height uint64      `abi:"height"`
	Epoch  uint64      `abi:"epoch"`
}

// Term is an epoch: its committee and, once it is over, its end.
type Term struct {
	Generation uint64 `abi:"generation"` // of the committee; 0 while undecided
	EndTime    uint64 `abi:"endTime"`    // of its last block, ms; 0 until then
	EndHeight  uint64 `abi:"endHeight"`
}

// Ranking is the frozen delegates for an epoch.
type Ranking struct {
	Epoch     uint64
	Delegates []Delegate
}

// Delegate is a frozen rank.
type Delegate struct {
	Operator ledger.Address
	Weight   uint256.Int
}

// New returns a module, or an error that wraps ErrConfig.
func New(c Config) (*Staking, error) {
	if err := c.Params.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	payees := map[ledger.Address]bool{}
	first := rolldpos.Committee{}
	for i := range c.Committee {
		s := &c.Committee[i]
		if !s.Payee.IsZero() && payees[s.Payee] {
			return nil, fmt.Errorf("%w: two seats pay %s", ErrConfig, s.Payee)
		}
		payees[s.Payee] = true
		first.Keys = append(first.Keys, s.Key[:])
	}
	if err := first.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if len(c.Committee) > election.MaxDelegates {
		return nil, fmt.Errorf("%w: a first committee of %d seats", ErrConfig, len(c.Committee))
	}
	if election.Slots(len(c.Committee)) >= c.Params.EpochLength {
		return nil, fmt.Errorf("%w: an epoch is too short for the first committee's beacon", ErrConfig)
	}
	return &Staking{params: c.Params, committee: append([]Seat(nil), c.Committee...), keys: c.Keys, issue: c.Issue}, nil
}

// Config returns what New was given, so that whoever assembles a chain can compare it
// with the chain's genesis: the epochs' length and the first committee must agree.
func (s *Staking) Config() Config {
	return Config{Params: s.params, Committee: append([]Seat(nil), s.committee...), Keys: s.keys, Issue: s.issue}
}

// epoch returns the epoch of the block and its place in it, from 1 on.
func (s *Staking) epoch(v module.Reader) (epoch, place uint64) {
	h := max(v.Height(), 1) - 1
	return h/s.params.EpochLength + 1, h%s.params.EpochLength + 1
}

// candidate loads a candidate.
func (s *Staking) candidate(v module.Reader, operator ledger.Address) (Identity, error) {
	id := s.identities.Get(v, operator)
	if id.Key == [32]byte{} {
		return id, fmt.Errorf("%w: %s", ErrUnknown, operator)
	}
	return id, nil
}

// weight is what counts of a candidate.
func (s *Staking) weight(x *Standing) uint256.Int {
	return s.params.Weight(x.Self, x.Votes, x.Fading.Left)
}
