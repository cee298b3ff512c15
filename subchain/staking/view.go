package staking

import (
	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// Election tells the chain what its headers commit to: the next committee once it is
// decided, the newest beacon, and what the holder of the keys answers.
func (s *Staking) Election(v *module.View) (module.Election, error) {
	e, _ := s.epoch(v)
	out := module.Election{ChainKey: s.ask(v, "chainKey()"), Group: s.ask(v, "group()")}
	for _, x := range s.seats(v, e+1) {
		out.Next = append(out.Next, x.Key)
		out.Payees = append(out.Payees, x.Payee)
	}
	if b, ok := s.beaconOf(v, s.newest.Get(v)); ok {
		out.Beacon = b
	}
	return out, nil
}

// Epoch returns the number of the current epoch and the block's place in it, from 1 on.
func (s *Staking) Epoch(v *module.View) (epoch, place uint64, err error) {
	epoch, place = s.epoch(v)
	return epoch, place, nil
}

// Committee returns the seats of an epoch in order; none if it is undecided or forgotten.
func (s *Staking) Committee(v *module.View, epoch uint64) ([]Seat, error) {
	return s.seats(v, epoch), nil
}

// Term returns what is kept of an epoch.
func (s *Staking) Term(v *module.View, epoch uint64) (Term, error) { return s.terms.Get(v, epoch), nil }

// Candidates returns the operators that may be ranked, in no order that means anything.
func (s *Staking) Candidates(v *module.View) ([]ledger.Address, error) {
	var out []ledger.Address
	for a := range s.ranks.All(v) {
		out = append(out, a)
	}
	return out, nil
}

// Candidate returns what an operator registered and how he stands; active says that he
// may be ranked, weight what counts of him now.
func (s *Staking) Candidate(v *module.View, operator ledger.Address) (id Identity, x Standing, weight uint256.Int, active bool, err error) {
	id, err = s.candidate(v, operator)
	if err != nil {
		return Identity{}, Standing{}, uint256.Int{}, false, err
	}
	x = s.standings.Get(v, operator)
	return id, x, s.weight(&x), s.ranks.Has(v, operator), nil
}

// Unbonding returns an operator's withdrawn self-stake, and whether Release would pay it.
func (s *Staking) Unbonding(v *module.View, operator ledger.Address) (u Unbonding, free bool, err error) {
	u = s.unbonding.Get(v, operator)
	return u, !u.Amount.IsZero() && s.free(v, operator, &u) == nil, nil
}

// Ballot returns a ballot and what it has earned since it was harvested, in wei.
func (s *Staking) Ballot(v *module.View, id uint64) (b Ballot, wei uint256.Int, err error) {
	b = s.ballots.Get(v, id)
	if b.Amount.IsZero() {
		return Ballot{}, wei, ErrBallot
	}
	if b.Left == 0 {
		x := s.standings.Get(v, b.Candidate)
		wei = earned(&b, &x)
	}
	return b, wei, nil
}

// Ranking returns the delegates that were frozen for an epoch, in order; none if it is
// not one of the next two.
func (s *Staking) Ranking(v *module.View, epoch uint64) ([]ledger.Address, error) {
	var out []ledger.Address
	for _, d := range s.ranking(v, epoch) {
		out = append(out, d.Operator)
	}
	return out, nil
}

// Beacon returns the randomness of one of the last two rounds, zero if it is not there.
func (s *Staking) Beacon(v *module.View, round uint64) (ledger.Hash, error) {
	b, _ := s.beaconOf(v, round)
	return b, nil
}

// Signatures names the methods' parameters in the ABI.
func (s *Staking) Signatures() map[string]string {
	return map[string]string{
		"Register":       "register(bytes32 key,bytes proof,bytes blsKey,bytes blsProof,uint64 commission)",
		"Unbond":         "unbond(uint256 amount)",
		"Release":        "release() returns (uint256 amount)",
		"Collect":        "collect() returns (uint256 amount)",
		"Credit":         "credit(address account) returns (uint256 amount)",
		"Vote":           "vote(address candidate,uint64 lock) returns (uint64 id)",
		"Withdraw":       "withdraw(uint64 id)",
		"Harvest":        "harvest(uint64 id)",
		"Claim":          "claim(uint64 id)",
		"SubmitEvidence": "submitEvidence(bytes first,bytes second)",
		"SubmitBeacon":   "submitBeacon(uint64 round,bytes signature)",
		"Epoch":          "epoch() returns (uint64 current,uint64 place)",
		"Committee":      "committee(uint64 number)",
		"Term":           "term(uint64 number)",
		"Candidate":      "candidate(address operator)",
		"Unbonding":      "unbonding(address operator)",
		"Ballot":         "ballot(uint64 id)",
		"Ranking":        "ranking(uint64 number) returns (address[] operators)",
		"Beacon":         "beacon(uint64 round) returns (bytes32 randomness)",
	}
}

// Gas gives the base gas of the methods that do more than their storage shows.
func (s *Staking) Gas() map[string]uint64 {
	return map[string]uint64{"Register": 20_000, "SubmitEvidence": 20_000, "SubmitBeacon": 10_000}
}
