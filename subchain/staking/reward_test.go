package staking_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/subchain/staking"
	"github.com/rootstem/rootstem/vm"
)

func paying(c *staking.Config) {
	c.Params.BlockReward, c.Params.EpochBonus = number(100), number(600)
}

// fill puts coins into the pool by a plain transfer.
func (w *world) fill(from *person, amount uint64) {
	r := w.block(w.message(from.address, module.AddressOf(staking.Name), amount, nil))[0]
	require.Equal(w.t, vm.Success, r.Status, reason(r))
}

func TestBlocksAndTheBonusAreSharedWithVoters(t *testing.T) {
	w := newWorld(t, 6, func(c *staking.Config) {
		paying(c)
		c.Params.EpochLength, c.Params.Seats, c.Params.Delegates = 12, 4, 4
	})
	w.registerAll(4, func(int) uint64 { return 1000 }) // commission 10 %
	w.fill(w.people[5], 100_000)
	id := w.vote(w.people[5], w.people[0], 3000, 0)
	w.to(5, 3)
	// In epoch 4 each of the four seats proposed three blocks: 300 and 150 of the bonus.
	require.EqualValues(t, 450, w.credit(w.people[1]), "no votes: all is the operator's")
	// 450: commission 45, and of 405 a quarter by self-stake, rounded up for him.
	require.EqualValues(t, 45+102, w.credit(w.people[0]))
	w.must(w.people[5], 0, "harvest(uint64)", id)
	require.EqualValues(t, 302, w.credit(w.people[5]), "303, of which rounding keeps less than one")
	before := w.balance(w.people[5].address)
	w.must(w.people[5], 0, "collect()")
	require.Equal(t, before+302, w.balance(w.people[5].address))
	w.refused(staking.ErrNothing, w.people[5], 0, "collect()")
}

func TestWithoutIssueRewardsShrinkToThePool(t *testing.T) {
	w := newWorld(t, 6, func(c *staking.Config) {
		paying(c)
		c.Params.EpochLength, c.Params.Seats, c.Params.Delegates = 12, 4, 4
	})
	w.registerAll(4, func(int) uint64 { return 1000 })
	w.fill(w.people[5], 900) // of 1,800
	w.to(5, 3)
	for _, p := range w.people[:4] {
		require.EqualValues(t, 225, w.credit(p))
	}
	require.Zero(t, first(w.books().Pool))
	w.to(6, 3)
	require.EqualValues(t, 225, w.credit(w.people[0]))
}

func TestWithIssueWhatThePoolLacksIsMinted(t *testing.T) {
	w := newWorld(t, 6, func(c *staking.Config) {
		paying(c)
		c.Params.EpochLength, c.Params.Seats, c.Params.Delegates, c.Issue = 12, 4, 4, true
	})
	w.registerAll(4, func(int) uint64 { return 1000 })
	w.fill(w.people[5], 900)
	w.to(5, 3)
	require.EqualValues(t, 450, w.credit(w.people[0]))
	require.EqualValues(t, 4*1000+1800, w.balance(module.AddressOf(staking.Name)))
}

func TestAnUnproductiveDelegateIsOnProbationAndComesBack(t *testing.T) {
	w := newWorld(t, 5, func(c *staking.Config) {
		paying(c)
		c.Params.EpochLength, c.Issue = 20, true
	})
	w.registerAll(5, func(int) uint64 { return 1000 })
	w.to(4, 1)
	lazy := w.people[2]
	w.idle[lazy.address] = true
	w.to(5, 1) // epoch 4: no block of his, the others 5 each
	delete(w.idle, lazy.address)
	w.to(5, 3)
	require.Zero(t, w.credit(lazy))
	require.EqualValues(t, 5*100+120, w.credit(w.people[0]))
	require.EqualValues(t, 6, w.candidate(lazy).x.Until)
	require.NotContains(t, w.ranking(7), lazy.address, "the end of epoch 4 counts it")
	require.Contains(t, w.ranking(6), lazy.address, "frozen before")
	w.to(6, 2)
	require.NotContains(t, w.ranking(8), lazy.address)
	w.to(7, 2)
	require.NotContains(t, payees(w.epoch), lazy.address)
	require.Contains(t, w.ranking(9), lazy.address, "two epochs' ends were missed")
}

func TestASeatOfNobodyEarnsNothing(t *testing.T) {
	w := newWorld(t, 2, func(c *staking.Config) { paying(c); c.Issue = true })
	w.to(3, 1)
	require.Zero(t, w.balance(module.AddressOf(staking.Name)))
}

func TestAMemberOfTheFirstCommitteeIsPaidOnceHisKeyIsRegistered(t *testing.T) {
	w := newWorld(t, 4, func(c *staking.Config) {
		paying(c)
		c.Issue = true
		for i := range c.Committee {
			p := newPerson(t, i)
			c.Committee[i] = staking.Seat{Key: p.public(), Payee: p.address}
		}
	})
	w.register(w.people[0], 1000, 0)
	w.to(2, 3)
	require.EqualValues(t, 3*100+150, w.credit(w.people[0]))
	require.Zero(t, w.credit(w.people[1]))
	var seats []staking.Seat
	w.view([]any{&seats}, "committee(uint64)", uint64(1))
	require.Equal(t, w.cfg.Committee, seats)
}

func TestEpochsAreForgottenAfterTheUnbondingWindow(t *testing.T) {
	w := newWorld(t, 8, nil)
	w.registerAll(8, descending)
	w.to(12, 1)
	var term staking.Term
	for e := uint64(1); e < 7; e++ { // epoch 7 ended at block 70, 41 blocks before 111
		w.view([]any{&term}, "term(uint64)", e)
		require.Equal(t, staking.Term{}, term, e)
		var seats []staking.Seat
		w.view([]any{&seats}, "committee(uint64)", e)
		require.Empty(t, seats)
	}
	w.view([]any{&term}, "term(uint64)", uint64(9))
	require.EqualValues(t, 90, term.EndHeight)
	require.NotEqual(t, ledger.Address{}, w.epoch[0].Payee)
}
