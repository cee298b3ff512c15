package staking

import (
	"fmt"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/election"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// CandidateSlashed is emitted when a candidate is proved guilty.
type CandidateSlashed struct {
	Operator ledger.Address `abi:"operator,indexed"`
	Reporter ledger.Address `abi:"reporter,indexed"`
	Epoch    uint64         `abi:"epoch"`  // in which he was guilty
	Amount   uint256.Int    `abi:"amount"` // wei that he lost
	Reward   uint256.Int    `abi:"reward"` // wei of it for the reporter
}

// SubmitEvidence proves guilt by two votes or two proposals of one seat, encoded as
// rolldpos encodes messages; see election.Guilty. The candidate who registered the key
// loses a part of his self-stake, bonded and unbonding, and is barred for good; a seat
// that he has stays empty. The caller gets the reporter's part as credit. Evidence counts
// once for a candidate.
func (s *Staking) SubmitEvidence(ctx *module.Context, first, second []byte) error {
	operator, epoch, err := s.convict(ctx, first, second)
	if err != nil {
		return err
	}
	s.leave(ctx, operator)
	x, u, b := s.standings.Get(ctx, operator), s.unbonding.Get(ctx, operator), s.books.Get(ctx)
	fromBonded, fromUnbonding, reward := s.params.Slashed(x.Self, u.Amount)
	x.Barred = true
	x.Self.Sub(&x.Self, &fromBonded)
	u.Amount.Sub(&u.Amount, &fromUnbonding)
	if err := move(&b.Bonded, &b.Pool, &fromBonded); err != nil {
		return err
	}
	if err := move(&b.Unbonding, &b.Pool, &fromUnbonding); err != nil {
		return err
	}
	if err := move(&b.Pool, &b.Owed, &reward); err != nil {
		return err
	}
	s.standings.Set(ctx, operator, x)
	s.unbonding.Set(ctx, operator, u)
	s.books.Set(ctx, b)
	s.credit(ctx, ctx.Sender(), &reward)
	var amount uint256.Int
	s.slashed.Emit(ctx, CandidateSlashed{
		Operator: operator, Reporter: ctx.Sender(), Epoch: epoch,
		Amount: *amount.Add(&fromBonded, &fromUnbonding), Reward: reward,
	})
	return nil
}

// convict returns whom the messages prove guilty, in which epoch.
func (s *Staking) convict(ctx *module.Context, first, second []byte) (operator ledger.Address, epoch uint64, err error) {
	ctx.UseGas(2 * gasEd25519)
	a, err := rolldpos.DecodeMessage(first)
	if err != nil {
		return operator, 0, fmt.Errorf("%w: %w", ErrEvidence, err)
	}
	b, err := rolldpos.DecodeMessage(second)
	if err != nil {
		return operator, 0, fmt.Errorf("%w: %w", ErrEvidence, err)
	}
	at, err := election.Epoch(a)
	if err != nil {
		return operator, 0, fmt.Errorf("%w: %w", ErrEvidence, err)
	}
	epoch = uint64(at)
	t := s.terms.Get(ctx, epoch)
	now, _ := s.epoch(ctx)
	if t.Generation == 0 || epoch > now ||
		t.EndHeight != 0 && s.params.Evidence.Passed(t.EndTime, t.EndHeight, ctx.Time(), ctx.Height()) {
		return operator, 0, fmt.Errorf("%w: of epoch %d", ErrEvidence, epoch)
	}
	c := committeeOf(epoch, s.committees.Get(ctx, t.Generation))
	seat, err := election.Guilty(rolldpos.Hash(ctx.GenesisHash()), c, a, b)
	if err != nil {
		return operator, 0, fmt.Errorf("%w: %w", ErrEvidence, err)
	}
	operator = s.owners.Get(ctx, ledger.Hash(c.Keys[seat]))
	switch {
	case operator.IsZero():
		return operator, 0, fmt.Errorf("%w: seat %d is no candidate's", ErrUnknown, seat)
	case s.standings.Get(ctx, operator).Barred:
		return operator, 0, ErrBarred
	}
	return operator, epoch, nil
}

// EvidenceCall is the call data of SubmitEvidence for what a core reports. What justifies
// a proposal is left out.
func EvidenceCall(e rolldpos.Evidence) ([]byte, error) {
	var both [2][]byte
	for i := range both {
		switch {
		case e.Votes[i] != nil:
			both[i] = e.Votes[i].AppendBinary(nil)
		case e.Proposals[i] != nil:
			p := *e.Proposals[i]
			p.ParentCert, p.Nullified = nil, nil
			both[i] = p.AppendBinary(nil)
		default:
			return nil, ErrEvidence
		}
	}
	return module.Pack("submitEvidence(bytes,bytes)", both[0], both[1])
}

// BeaconCall is the call data of SubmitBeacon.
func BeaconCall(round uint64, signature [48]byte) ([]byte, error) {
	return module.Pack("submitBeacon(uint64,bytes)", round, signature[:])
}
