package staking

import (
	"fmt"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/rolldpos/election"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// Books is what the module holds, in wei, by what it is for.
type Books struct {
	Bonded    uint256.Int `abi:"bonded"`    // self-stakes of candidates
	Voted     uint256.Int `abi:"voted"`     // stakes of ballots, withdrawn ones included
	Unbonding uint256.Int `abi:"unbonding"` // withdrawn self-stake
	Owed      uint256.Int `abi:"owed"`      // credits and what ballots have earned
	Pool      uint256.Int `abi:"pool"`      // for rewards
}

// total is the sum, which stays below 2^163.
func (b *Books) total() (sum uint256.Int) {
	for _, x := range []*uint256.Int{&b.Bonded, &b.Voted, &b.Unbonding, &b.Owed, &b.Pool} {
		sum.Add(&sum, x)
	}
	return sum
}

// Paid is emitted when an account is paid.
type Paid struct {
	Account ledger.Address `abi:"account,indexed"`
	Amount  uint256.Int    `abi:"amount"` // wei
}

// take books coins that came in. All that the module ever holds is at most
// election.MaxStake, beyond which its arithmetic is not made for.
func (s *Staking) take(ctx module.Writer, add func(*Books)) error {
	b := s.books.Get(ctx)
	add(&b)
	total, most := b.total(), election.MaxStake()
	if most.Lt(&total) {
		return fmt.Errorf("%w: the module would hold more than 2^160 wei", ErrAmount)
	}
	s.books.Set(ctx, b)
	return nil
}

// move takes an amount from one book and gives it to another; nil is the world outside.
func move(from, to, amount *uint256.Int) error {
	if from.Lt(amount) {
		return errBooks
	}
	from.Sub(from, amount)
	if to != nil {
		to.Add(to, amount)
	}
	return nil
}

// pay sends coins that are booked in no account any more. No code of the receiver runs.
func (s *Staking) pay(ctx *module.Context, to ledger.Address, amount uint256.Int) error {
	if !ctx.Transfer(to, amount) {
		return errBooks
	}
	s.paid.Emit(ctx, Paid{Account: to, Amount: amount})
	return nil
}

// Receive takes a plain transfer into the pool.
func (s *Staking) Receive(ctx *module.Payable) error {
	value := ctx.Value()
	return s.take(ctx, func(b *Books) { b.Pool.Add(&b.Pool, &value) })
}

// Books returns what the module holds.
func (s *Staking) Books(v *module.View) (Books, error) { return s.books.Get(v), nil }

// Credit returns what an account can collect, in wei.
func (s *Staking) Credit(v *module.View, account ledger.Address) (uint256.Int, error) {
	return s.credits.Get(v, account), nil
}

// Collect pays the caller's credit out.
func (s *Staking) Collect(ctx *module.Context) (uint256.Int, error) {
	amount := s.credits.Get(ctx, ctx.Sender())
	if amount.IsZero() {
		return amount, ErrNothing
	}
	s.credits.Delete(ctx, ctx.Sender())
	b := s.books.Get(ctx)
	if err := move(&b.Owed, nil, &amount); err != nil {
		return uint256.Int{}, err
	}
	s.books.Set(ctx, b)
	return amount, s.pay(ctx, ctx.Sender(), amount)
}

// credit adds to what an account can collect; the amount is booked as owed already.
func (s *Staking) credit(ctx module.Writer, account ledger.Address, amount *uint256.Int) {
	if amount.IsZero() {
		return
	}
	have := s.credits.Get(ctx, account)
	s.credits.Set(ctx, account, *have.Add(&have, amount))
}
