package staking_test

import (
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/subchain/staking"
	"github.com/rootstem/rootstem/vm"
)

func number(x uint64) uint256.Int { return *uint256.NewInt(x) }

func first(x uint256.Int) uint64 { return x.Uint64() }

func TestVotesElectADelegateAndWithdrawingThemDropsHim(t *testing.T) {
	w := newWorld(t, 8, nil)
	w.registerAll(7, descending) // the seventh is not among six
	voter, low := w.people[7], w.people[6]
	w.vote(voter, low, 1000, 100_000)
	require.EqualValues(t, 1940+1500, first(w.candidate(low).weight))
	w.to(4, 1)
	require.Equal(t, low.address, w.epoch[0].Payee, "first by weight")
	require.NotContains(t, payees(w.epoch), w.people[5].address)
	w.must(voter, 0, "withdraw(uint64)", uint64(1))
	require.EqualValues(t, 1940+1500, first(w.candidate(low).weight), "it fades at the epoch's end")
	w.to(5, 2)
	require.EqualValues(t, 1940+750, first(w.candidate(low).weight))
	w.to(6, 2)
	require.EqualValues(t, 1940, first(w.candidate(low).weight))
	w.to(8, 1)
	require.NotContains(t, payees(w.epoch), low.address)
}

func TestAWithdrawnVoteIsPaidAfterItsNoticeTheUnbondingTimeAndItsFading(t *testing.T) {
	for name, x := range map[string]struct {
		lock, fade uint64
		blocks     int // until it is free
	}{
		"unbonding time": {0, 1, 30}, "notice": {50_000, 1, 50}, "fading": {0, 6, 52},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 2, func(c *staking.Config) { c.Params.Fade = x.fade })
			w.register(w.people[0], 1000, 0)
			voter := w.people[1]
			id := w.vote(voter, w.people[0], 500, x.lock)
			w.refused(staking.ErrLocked, voter, 0, "claim(uint64)", id)
			w.refused(staking.ErrBallot, w.people[0], 0, "claim(uint64)", id)
			w.refused(staking.ErrBallot, w.people[0], 0, "withdraw(uint64)", id)
			w.to(1, 9)
			w.must(voter, 0, "withdraw(uint64)", id) // block 9
			w.refused(staking.ErrWithdrawn, voter, 0, "withdraw(uint64)", id)
			w.refused(staking.ErrWithdrawn, voter, 0, "harvest(uint64)", id)
			for w.height < uint64(9+x.blocks-1) {
				w.refused(staking.ErrLocked, voter, 0, "claim(uint64)", id)
			}
			w.block()
			w.must(voter, 0, "claim(uint64)", id)
			require.EqualValues(t, wealth, w.balance(voter.address))
			w.refused(staking.ErrBallot, voter, 0, "claim(uint64)", id)
			require.Zero(t, first(w.books().Voted))
		})
	}
}

func TestVotesOutOfBoundsAreRefused(t *testing.T) {
	w := newWorld(t, 2, longEpochs)
	w.register(w.people[0], 1000, 0)
	w.refused(staking.ErrAmount, w.people[1], 9, "vote(address,uint64)", w.people[0].address, uint64(0))
	w.refused(staking.ErrAmount, w.people[1], 10, "vote(address,uint64)", w.people[0].address, uint64(100_001))
	w.refused(staking.ErrUnknown, w.people[1], 10, "vote(address,uint64)", w.people[1].address, uint64(0))
	w.refused(staking.ErrBallot, w.people[1], 0, "withdraw(uint64)", uint64(0))
	w.refused(staking.ErrNothing, w.people[1], 0, "collect()")
	require.Zero(t, first(w.books().Voted))
}

func TestMoreCoinsThanTheArithmeticIsMadeForAreRefused(t *testing.T) {
	w := newWorld(t, 2, nil)
	rich := w.state.accounts[w.people[0].address]
	rich.Balance.Lsh(uint256.NewInt(1), 200)
	w.state.accounts[w.people[0].address] = rich
	m := w.message(w.people[0].address, module.AddressOf(staking.Name), 0, nil)
	m.Value.Lsh(uint256.NewInt(1), 161)
	r := w.block(m)[0]
	require.Equal(t, vm.Reverted, r.Status)
	require.Contains(t, reason(r), staking.ErrAmount.Error())
}

func TestFadingEndsWhenACandidateLeavesAndDoesNotComeBack(t *testing.T) {
	w := newWorld(t, 2, nil)
	p, voter := w.people[0], w.people[1]
	w.register(p, 1000, 0)
	a, b := w.vote(voter, p, 400, 0), w.vote(voter, p, 600, 0)
	w.must(voter, 0, "withdraw(uint64)", a)
	w.must(p, 0, "resign()")
	w.must(p, 1000, "bond()")
	require.EqualValues(t, 1600, first(w.candidate(p).weight))
	w.must(voter, 0, "withdraw(uint64)", b)
	require.EqualValues(t, 1600, first(w.candidate(p).weight))
	w.to(2, 2)
	require.EqualValues(t, 1300, first(w.candidate(p).weight))
	w.to(3, 2)
	require.EqualValues(t, 1000, first(w.candidate(p).weight))
	w.to(5, 2)
	require.EqualValues(t, 1000, first(w.candidate(p).weight))
}
