package staking

import (
	"fmt"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/rolldpos/election"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// Ballot is a vote.
type Ballot struct {
	Owner     ledger.Address `abi:"owner"`
	Candidate ledger.Address `abi:"candidate"` // his operator account
	Amount    uint256.Int    `abi:"amount"`    // wei
	Weight    uint256.Int    `abi:"weight"`
	Index     uint256.Int    `abi:"index"` // the candidate's, up to which it was harvested
	Lock      uint64         `abi:"lock"`  // notice, ms
	Left      uint64         `abi:"left"`  // when it was withdrawn, ms; 0: it counts
	Epoch     uint64         `abi:"epoch"` // in which it was withdrawn
}

// VoteCast is emitted when a ballot is made.
type VoteCast struct {
	ID        uint64         `abi:"id,indexed"`
	Owner     ledger.Address `abi:"owner,indexed"`
	Candidate ledger.Address `abi:"candidate,indexed"`
	Amount    uint256.Int    `abi:"amount"`
	Weight    uint256.Int    `abi:"weight"`
}

// VoteWithdrawn is emitted when a ballot ceases to count.
type VoteWithdrawn struct {
	ID uint64 `abi:"id,indexed"`
}

// Vote locks the value, at least MinVote, as a vote for a candidate, named by its
// operator. lock is the notice in milliseconds, at most MaxLock: the longer, the more the
// vote weighs. It counts until it is withdrawn.
func (s *Staking) Vote(ctx *module.Payable, candidate ledger.Address, lock uint64) (uint64, error) {
	value := ctx.Value()
	switch {
	case value.Lt(&s.params.MinVote):
		return 0, fmt.Errorf("%w: vote of %s wei, at least %s", ErrAmount, value.Dec(), s.params.MinVote.Dec())
	case lock > s.params.MaxLock:
		return 0, fmt.Errorf("%w: notice of %d ms, at most %d", ErrAmount, lock, s.params.MaxLock)
	}
	if _, err := s.candidate(ctx, candidate); err != nil {
		return 0, err
	}
	if err := s.take(ctx, func(b *Books) { b.Voted.Add(&b.Voted, &value) }); err != nil {
		return 0, err
	}
	x := s.standings.Get(ctx, candidate)
	if x.Barred {
		return 0, ErrBarred
	}
	weight := s.params.VoteWeight(value, lock)
	x.Votes.Add(&x.Votes, &weight)
	s.standings.Set(ctx, candidate, x)
	id := s.count.Get(ctx) + 1
	s.count.Set(ctx, id)
	s.ballots.Set(ctx, id, Ballot{
		Owner: ctx.Sender(), Candidate: candidate, Amount: value, Weight: weight, Index: x.Index, Lock: lock,
	})
	s.voted.Emit(ctx, VoteCast{ID: id, Owner: ctx.Sender(), Candidate: candidate, Amount: value, Weight: weight})
	return id, nil
}

// ballot loads a ballot of the caller.
func (s *Staking) ballot(ctx module.Reader, id uint64) (Ballot, error) {
	b := s.ballots.Get(ctx, id)
	if b.Amount.IsZero() || b.Owner != ctx.Sender() {
		return Ballot{}, fmt.Errorf("%w: %d", ErrBallot, id)
	}
	return b, nil
}

// Withdraw begins the notice of a ballot of the caller: it earns nothing from now on and
// its weight fades.
func (s *Staking) Withdraw(ctx *module.Context, id uint64) error {
	b, err := s.ballot(ctx, id)
	if err != nil {
		return err
	}
	if b.Left != 0 {
		return ErrWithdrawn
	}
	x := s.standings.Get(ctx, b.Candidate)
	s.harvest(ctx, &b, &x)
	e, _ := s.epoch(ctx)
	b.Left, b.Epoch = ctx.Time(), e
	s.ballots.Set(ctx, id, b)
	if err := move(&x.Votes, nil, &b.Weight); err != nil {
		return err
	}
	if s.ranks.Has(ctx, b.Candidate) {
		slope := x.Fading.Add(b.Weight, s.params.Fade)
		at := Ending{Operator: b.Candidate, Series: x.Series, Epoch: e + s.params.Fade - 1}
		sum := s.endings.Get(ctx, at)
		s.endings.Set(ctx, at, *sum.Add(&sum, &slope))
	}
	s.standings.Set(ctx, b.Candidate, x)
	s.withdrawn.Emit(ctx, VoteWithdrawn{ID: id})
	return nil
}

// Harvest turns what a ballot of the caller has earned into his credit.
func (s *Staking) Harvest(ctx *module.Context, id uint64) error {
	b, err := s.ballot(ctx, id)
	if err != nil {
		return err
	}
	if b.Left != 0 {
		return ErrWithdrawn
	}
	x := s.standings.Get(ctx, b.Candidate)
	s.harvest(ctx, &b, &x)
	s.ballots.Set(ctx, id, b)
	return nil
}

func (s *Staking) harvest(ctx *module.Context, b *Ballot, x *Standing) {
	earned := earned(b, x)
	b.Index = x.Index
	s.credit(ctx, b.Owner, &earned)
}

// earned is what a ballot has earned since it was harvested.
func earned(b *Ballot, x *Standing) uint256.Int {
	var rise uint256.Int
	return election.Earned(b.Weight, *rise.Sub(&x.Index, &b.Index))
}

// Claim pays the stake of a withdrawn ballot out to its owner, once its notice and the
// unbonding time have passed and its weight has faded.
func (s *Staking) Claim(ctx *module.Context, id uint64) error {
	b, err := s.ballot(ctx, id)
	if err != nil {
		return err
	}
	e, _ := s.epoch(ctx)
	switch {
	case b.Left == 0:
		return fmt.Errorf("%w: ballot %d is not withdrawn", ErrLocked, id)
	case ctx.Time()-b.Left <= max(b.Lock, s.params.Unbond.Millis), e < b.Epoch+s.params.Fade:
		return fmt.Errorf("%w: ballot %d", ErrLocked, id)
	}
	books := s.books.Get(ctx)
	if err := move(&books.Voted, nil, &b.Amount); err != nil {
		return err
	}
	s.books.Set(ctx, books)
	s.ballots.Delete(ctx, id)
	return s.pay(ctx, b.Owner, b.Amount)
}
