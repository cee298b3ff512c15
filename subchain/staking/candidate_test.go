package staking_test

import (
	"crypto/ed25519"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos/bls"
	"github.com/rootstem/rootstem/rolldpos/election"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/subchain/staking"
)

// longEpochs keep epochs out of tests that are about one.
func longEpochs(c *staking.Config) { c.Params.EpochLength = 100 }

func TestRegistrationNeedsBothProofsOfPossession(t *testing.T) {
	w := newWorld(t, 3, longEpochs)
	p, other := w.people[0], w.people[1]
	for name, x := range map[string]struct {
		err   error
		spoil func(a []any)
	}{
		"ed25519 proof":          {staking.ErrPossession, func(a []any) { a[1].([]byte)[3] ^= 1 }},
		"short proof":            {staking.ErrPossession, func(a []any) { a[1] = a[1].([]byte)[:63] }},
		"another's proof":        {staking.ErrPossession, func(a []any) { a[0], a[1] = other.public(), w.papers(other, 0)[1] }},
		"BLS proof":              {staking.ErrPossession, func(a []any) { a[3].([]byte)[9] ^= 1 }},
		"BLS proof of another":   {staking.ErrPossession, func(a []any) { s := bls.Prove(other.bls); a[3] = s[:] }},
		"no BLS proof":           {staking.ErrPossession, func(a []any) { a[3] = []byte{} }},
		"another's BLS key":      {staking.ErrPossession, func(a []any) { k := other.bls.Public().Bytes(); a[2] = k[:] }},
		"BLS key":                {staking.ErrKey, func(a []any) { a[2].([]byte)[9] ^= 1 }},
		"BLS key at infinity":    {staking.ErrKey, func(a []any) { k := make([]byte, 96); k[0] = 0xc0; a[2] = k }},
		"ed25519 of small order": {staking.ErrKey, func(a []any) { a[0] = [32]byte{1} }},
		"commission above all":   {staking.ErrAmount, func(a []any) { a[4] = uint64(1001) }},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.papers(p, 0)
			x.spoil(a)
			w.refused(x.err, p, 1000, registerMethod, a...)
		})
	}
	w.refused(staking.ErrAmount, p, 999, registerMethod, w.papers(p, 0)...)
	w.register(p, 1000, 0)
	w.refused(staking.ErrRegistered, p, 1000, registerMethod, w.papers(p, 0)...)
	stolen := *other
	stolen.key = p.key
	w.refused(staking.ErrKey, other, 1000, registerMethod, w.papers(&stolen, 0)...)
	c := w.candidate(p)
	require.True(t, c.active)
	require.Equal(t, p.public(), c.id.Key)
	require.EqualValues(t, 1000, c.weight.Uint64())
	require.Equal(t, []uint64{1000, 0}, []uint64{first(w.books().Bonded), w.balance(p.address) + 1000 - wealth})
}

func TestAProofOfPossessionIsBoundToChainModuleOperatorAndBothKeys(t *testing.T) {
	base := func() (uint64, ledger.Address, ledger.Address, []byte) {
		return 7, ledger.Address{1}, ledger.Address{2}, make([]byte, 96)
	}
	id, m, o, k := base()
	want := staking.PossessionDigest(id, m, o, k)
	require.Equal(t, "0xe1b969bdf2beb0b017d59ac8f431a8f0fa1aa29c44a47ad20738e37ca66225ed", want.String(), "the digest is frozen")
	require.NotEqual(t, want, staking.PossessionDigest(id+1, m, o, k))
	require.NotEqual(t, want, staking.PossessionDigest(id, o, o, k))
	require.NotEqual(t, want, staking.PossessionDigest(id, m, m, k))
	k[95]++
	require.NotEqual(t, want, staking.PossessionDigest(id, m, o, k))
}

func TestANewcomerDisplacesWhoRanksLastOnlyByRankingHigher(t *testing.T) {
	w := newWorld(t, 10, longEpochs) // 8 candidates at most
	w.registerAll(8, descending)     // the last has 1930
	w.refused(staking.ErrRank, w.people[8], 1929, registerMethod, w.papers(w.people[8], 0)...)
	w.register(w.people[8], 1931, 0)
	require.False(t, w.candidate(w.people[7]).active)
	require.True(t, w.candidate(w.people[8]).active)
	require.EqualValues(t, 1930, first(w.candidate(w.people[7]).x.Self), "the displaced keeps his stake")
	w.refused(staking.ErrRank, w.people[7], 0, "bond()")
	w.vote(w.people[0], w.people[7], 100, 0)
	w.must(w.people[7], 0, "bond()")
	require.True(t, w.candidate(w.people[7]).active)
	require.False(t, w.candidate(w.people[8]).active)
	var list []ledger.Address
	w.view([]any{&list}, "candidates()")
	require.ElementsMatch(t, addresses(w.people[:8]...), list)
}

func TestSelfStakeMayFallToTheLeastOrToNothing(t *testing.T) {
	w := newWorld(t, 2, longEpochs)
	w.register(w.people[0], 2000, 0)
	p := w.people[0]
	w.refused(staking.ErrAmount, p, 0, "unbond(uint256)", number(1001))
	w.refused(staking.ErrAmount, p, 0, "unbond(uint256)", number(0))
	w.refused(staking.ErrAmount, p, 0, "unbond(uint256)", number(3000))
	w.refused(staking.ErrAmount, w.people[1], 0, "unbond(uint256)", number(1))
	w.refused(staking.ErrUnknown, w.people[1], 0, "resign()")
	w.refused(staking.ErrUnknown, w.people[1], 5, "bond()")
	w.must(p, 0, "unbond(uint256)", number(1000))
	w.must(p, 0, "resign()")
	require.False(t, w.candidate(p).active)
	require.EqualValues(t, 2000, first(w.books().Unbonding))
	w.refused(staking.ErrNothing, p, 0, "resign()")
	w.refused(staking.ErrAmount, p, 999, "bond()")
	w.must(p, 1000, "bond()")
	require.True(t, w.candidate(p).active)
}

func TestWithdrawnSelfStakeIsReleasedAfterTheUnbondingTimeAndBlocks(t *testing.T) {
	w := newWorld(t, 2, nil)
	p := w.people[0]
	w.register(p, 2000, 0)
	w.refused(staking.ErrNothing, p, 0, "release()")
	w.must(p, 0, "unbond(uint256)", number(500)) // 30 blocks and 30 s
	for range 30 {
		w.refused(staking.ErrLocked, p, 0, "release()")
	}
	before := w.balance(p.address)
	w.must(p, 0, "release()")
	require.Equal(t, before+500, w.balance(p.address))
	require.Zero(t, first(w.books().Unbonding))
	w.must(p, 0, "unbond(uint256)", number(100))
	for range 20 {
		w.block()
	}
	w.must(p, 0, "unbond(uint256)", number(100))
	for range 30 {
		w.refused(staking.ErrLocked, p, 0, "release()") // all of it waits anew
	}
	w.must(p, 0, "release()")
}

func TestStakeOfASeatIsLockedUntilUnbondingHasPassedSinceTheLastEpochOfTheSeat(t *testing.T) {
	w := newWorld(t, 7, nil)
	w.registerAll(7, descending)
	w.to(3, 2) // frozen at the end of epoch 2: sits in 4 and 5
	p := w.people[0]
	w.must(p, 0, "resign()")
	w.to(6, 1)
	require.NotContains(t, payees(w.epoch), p.address)
	var u staking.Unbonding
	var free bool
	w.view([]any{&u, &free}, "unbonding(address)", p.address)
	require.False(t, free)
	// Epoch 5 ended at height 50; 30 blocks and seconds later is block 80.
	for w.height < 80 {
		w.refused(staking.ErrLocked, p, 0, "release()")
	}
	before := w.balance(p.address)
	w.must(p, 0, "release()")
	require.Equal(t, before+2000, w.balance(p.address))
}

func TestAStayingCommitteeKeepsTheStakeOfItsSeatsLocked(t *testing.T) {
	w := newWorld(t, 4, func(c *staking.Config) {
		for i := range c.Committee { // the first committee are the people
			p := newPerson(t, i)
			c.Committee[i] = staking.Seat{Key: p.public(), Payee: p.address}
		}
	})
	w.registerAll(3, descending) // too few to elect anybody
	w.must(w.people[0], 0, "resign()")
	w.to(12, 1)
	w.refused(staking.ErrLocked, w.people[0], 0, "release()")
}

// unbondingFast unbonds within a third of an epoch, which leaves it to the seats and
// rankings how long stake is locked.
func unbondingFast(c *staking.Config) {
	c.Params.EpochLength = 40
	c.Params.Evidence, c.Params.Unbond = election.Window{Millis: 10_000, Blocks: 10}, election.Window{Millis: 12_000, Blocks: 12}
}

func TestStakeIsLockedWhileARankingThatNamesItsOwnerIsUndecided(t *testing.T) {
	w := newWorld(t, 7, unbondingFast)
	w.registerAll(7, descending)
	w.to(2, 2) // frozen at the end of epoch 1 for epoch 4, which epoch 3 decides
	p := w.people[0]
	w.must(p, 0, "resign()")
	w.to(3, 1)
	w.block()
	require.Contains(t, w.next.Payees, p.address)
	w.to(3, 20)
	w.refused(staking.ErrLocked, p, 0, "release()")
	w = newWorld(t, 7, func(c *staking.Config) { unbondingFast(c); c.Params.Ranked = false })
	w.registerAll(7, descending)
	w.to(2, 2)
	w.must(w.people[0], 0, "resign()")
	w.to(3, 40)
	w.refused(staking.ErrLocked, w.people[0], 0, "release()")
	w.must(w.people[0], 0, "release()")
}

func TestAMemberOfTheFirstCommitteeWhoRegistersIsLockedByHisSeat(t *testing.T) {
	w := newWorld(t, 8, func(c *staking.Config) {
		unbondingFast(c)
		for i := range c.Committee {
			p := newPerson(t, i)
			c.Committee[i] = staking.Seat{Key: p.public(), Payee: p.address}
		}
	})
	w.to(2, 2)
	for _, p := range w.people[1:7] {
		w.register(p, 1000, 0)
	}
	w.to(3, 5) // the first committee stays in epoch 4, as is decided
	p := w.people[0]
	w.register(p, 1000, 0)
	w.must(p, 0, "resign()")
	w.to(5, 1)
	require.NotContains(t, payees(w.epoch), p.address)
	for range 12 {
		w.refused(staking.ErrLocked, p, 0, "release()")
	}
	w.must(p, 0, "release()")
}

func TestAForeignSignatureOfTheSameKeyIsNoProof(t *testing.T) {
	w := newWorld(t, 1, nil)
	p := w.people[0]
	a := w.papers(p, 0)
	digest := staking.PossessionDigest(chainID+1, module.AddressOf(staking.Name), p.address, a[2].([]byte))
	a[1] = ed25519.Sign(p.key, digest[:])
	w.refused(staking.ErrPossession, p, 1000, registerMethod, a...)
}
