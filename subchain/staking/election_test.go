package staking_test

import (
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos/bls"
	"github.com/rootstem/rootstem/rolldpos/election"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/subchain/staking"
	"github.com/rootstem/rootstem/vm"
)

// descending gives earlier people more self-stake.
func descending(i int) uint64 { return 2000 - 10*uint64(i) }

func TestTheFirstCommitteeSitsUntilARankingFrozenTwoEpochsBefore(t *testing.T) {
	w := newWorld(t, 8, nil)
	w.registerAll(8, descending)
	w.to(2, 1)
	require.Equal(t, w.cfg.Committee, w.epoch)
	w.to(3, 1)
	require.Equal(t, w.cfg.Committee, w.epoch)
	require.Equal(t, addresses(w.people[:6]...), w.ranking(4), "frozen at the end of epoch 1")
	w.to(4, 1)
	require.Equal(t, addresses(w.people[:6]...), payees(w.epoch), "by weight: no key, and Ranked")
	for i, s := range w.epoch {
		require.Equal(t, w.people[i].public(), s.Key)
	}
	require.True(t, w.next.Beacon.IsZero())
}

func TestWithoutKeyAndWithoutRankedTheCommitteeStays(t *testing.T) {
	w := newWorld(t, 8, func(c *staking.Config) { c.Params.Ranked = false })
	w.registerAll(8, descending)
	w.to(7, 1)
	require.Equal(t, w.cfg.Committee, w.epoch)
}

func TestFewerDelegatesThanTheLeastCommitteeLeaveItAsItIs(t *testing.T) {
	w := newWorld(t, 8, nil)
	w.registerAll(3, descending)
	w.to(5, 1)
	require.Equal(t, w.cfg.Committee, w.epoch)
	w.register(w.people[3], 1500, 0)
	w.to(7, 1)
	require.Equal(t, w.cfg.Committee, w.epoch)
	w.to(8, 1)
	require.Equal(t, addresses(w.people[:4]...), payees(w.epoch), "fewer than seats shrink it")
}

// withKey is a chain whose key is known from epoch 1 on, with 8 candidates.
func withKey(t *testing.T, change func(*staking.Config)) *world {
	w := newWorld(t, 8, func(c *staking.Config) {
		c.Params.Ranked, c.Params.Seats = false, 4
		if change != nil {
			change(c)
		}
	})
	w.registerAll(8, descending)
	w.finish()
	return w
}

const beaconMethod = "submitBeacon(uint64,bytes)"

func TestTheCommitteeIsRolledFromRankingAndBeaconAsTheRulesSay(t *testing.T) {
	w := withKey(t, nil)
	w.to(2, 5)
	w.must(w.people[0], 0, beaconMethod, uint64(2), w.beacon(2))
	require.Equal(t, ledger.Hash(sha256.Sum256(w.beacon(2))), w.next.Beacon)
	w.to(3, 1)
	w.block()
	require.Len(t, w.next.Next, 4, "decided in the first block: the beacon was there")
	ranked := w.ranking(4)
	delegates := make([]election.Candidate, len(ranked))
	for i, a := range ranked {
		delegates[i] = election.Candidate{Operator: a, Weight: w.candidate(w.people[i]).weight}
	}
	order, err := w.cfg.Params.Roll(delegates, sha256.Sum256(w.beacon(2)), 4)
	require.NoError(t, err)
	for seat, i := range order {
		require.Equal(t, ranked[i], w.next.Payees[seat])
	}
	key := w.group.Public().Bytes()
	require.Equal(t, key[:], w.next.ChainKey)
	require.Equal(t, []byte("group"), w.next.Group)
}

func TestABeaconCountsUntilTheFirst2fPlus1BlocksOfTheNextEpochAreOver(t *testing.T) {
	w := withKey(t, nil) // the first committee has f = 1
	w.to(3, 2)
	require.Empty(t, w.next.Next)
	w.must(w.people[0], 0, beaconMethod, uint64(2), w.beacon(2))
	require.Len(t, w.next.Next, 4)
	require.NotEqual(t, w.cfg.Committee[0].Key, w.next.Next[0])

	w = withKey(t, nil)
	w.to(3, 3)
	require.Empty(t, w.next.Next)
	w.must(w.people[0], 0, beaconMethod, uint64(2), w.beacon(2)) // the third block
	require.NotEqual(t, w.cfg.Committee[0].Key, w.next.Next[0])

	w = withKey(t, nil)
	w.to(3, 4)
	require.Len(t, w.next.Next, 4, "decided without a beacon")
	for i, s := range w.cfg.Committee {
		require.Equal(t, s.Key, w.next.Next[i])
		require.Equal(t, s.Payee, w.next.Payees[i])
	}
	w.refused(staking.ErrBeacon, w.people[0], 0, beaconMethod, uint64(2), w.beacon(2))
	w.to(4, 1)
	require.Equal(t, w.cfg.Committee, w.epoch)
}

func TestHostileBeaconsAreRefused(t *testing.T) {
	w := withKey(t, nil)
	w.to(2, 4)
	good := w.beacon(2)
	for name, sig := range map[string][]byte{
		"short": good[:47], "long": append(w.beacon(2), 0), "empty": nil, "of another round": w.beacon(3), "no point": make([]byte, 48),
	} {
		t.Log(name)
		w.refused(staking.ErrBeacon, w.people[0], 0, beaconMethod, uint64(2), sig)
		if w.height%w.cfg.Params.EpochLength == 9 {
			break
		}
	}
	w = withKey(t, nil)
	w.to(2, 4)
	for _, round := range []uint64{0, 1, 3, 1 << 63} {
		w.refused(staking.ErrBeacon, w.people[0], 0, beaconMethod, round, w.beacon(round))
	}
	w.must(w.people[0], 0, beaconMethod, uint64(2), good)
	w.refused(staking.ErrBeacon, w.people[0], 0, beaconMethod, uint64(2), good)

	w = newWorld(t, 1, nil)
	w.refused(staking.ErrBeacon, w.people[0], 0, beaconMethod, uint64(1), w.beacon(1)) // no key yet
}

func TestALateStakeChangeDoesNotAlterAFrozenElection(t *testing.T) {
	run := func(late bool) (rolled [][]ledger.Address) {
		w := withKey(t, nil)
		w.to(2, 1)
		w.block() // the end of epoch 1 is frozen for epoch 4
		if late {
			w.vote(w.people[7], w.people[7], 20_000, 100_000)
			w.must(w.people[5], 0, "resign()")
		}
		w.to(2, 5)
		w.must(w.people[0], 0, beaconMethod, uint64(2), w.beacon(2))
		w.to(3, 5)
		w.must(w.people[0], 0, beaconMethod, uint64(3), w.beacon(3))
		w.to(4, 1)
		rolled = append(rolled, payees(w.epoch))
		w.to(5, 1)
		return append(rolled, payees(w.epoch))
	}
	early, late := run(false), run(true)
	require.Equal(t, early[0], late[0], "epoch 4")
	require.NotEqual(t, early[1], late[1], "epoch 5 counts it")
}

func TestTheKeyOfTheRoundsEndVerifiesItsBeacon(t *testing.T) {
	w := newWorld(t, 8, func(c *staking.Config) { c.Params.Ranked, c.Params.Seats = false, 4 })
	w.registerAll(8, descending)
	w.to(3, 1)
	w.finish() // only now: nobody could sign round 2
	require.Equal(t, w.cfg.Committee[0].Key, w.next.Next[0], "without a key nothing is waited for")
	w.refused(staking.ErrBeacon, w.people[0], 0, beaconMethod, uint64(2), w.beacon(2))
	w.must(w.people[0], 0, beaconMethod, uint64(3), w.beacon(3))
	w.to(4, 1)
	w.block()
	require.NotEqual(t, w.cfg.Committee[0].Key, w.next.Next[0])
}

func TestABeaconBelongsToTheKeyOfItsRoundAfterTheEraHasTurned(t *testing.T) {
	w := withKey(t, nil)
	w.to(3, 1)
	w.finish() // the key of the second era
	m := sha256.Sum256([]byte{7: 2})
	sig := newPerson(t, 10_001).bls.Sign(bls.DrandQuicknetDST, m[:])
	w.refused(staking.ErrBeacon, w.people[0], 0, beaconMethod, uint64(2), sig[:])
	w.must(w.people[0], 0, beaconMethod, uint64(2), w.beacon(2))
	require.NotEqual(t, w.cfg.Committee[0].Key, w.next.Next[0])
	w.refused(staking.ErrBeacon, w.people[0], 0, beaconMethod, uint64(3), w.beacon(3))
}

func TestTheLargestElectionStaysBelowTheHooksGas(t *testing.T) {
	w := newWorld(t, election.MaxCandidates, func(c *staking.Config) {
		c.Params.Candidates, c.Params.Delegates, c.Params.Seats = election.MaxCandidates, election.MaxDelegates, election.MaxDelegates
		c.Params.EpochLength, c.Params.Threshold = 120, 100
		c.Params.BlockReward.SetUint64(1000)
		c.Params.EpochBonus.SetUint64(100_000)
		c.Issue = true
	})
	w.registerAll(len(w.people), descending)
	var batch []*ledger.Message
	for range 2 { // ids 1 to 100, and 101 to 200
		for i, p := range w.people {
			data, err := module.Pack("vote(address,uint64)", p.address, uint64(i))
			require.NoError(t, err)
			batch = append(batch, w.message(p.address, module.AddressOf(staking.Name), 1000, data))
		}
	}
	for ; len(batch) > 0; batch = batch[4:] {
		for _, r := range w.block(batch[:4]...) {
			require.Equal(t, vm.Success, r.Status, "%s", reason(r))
		}
	}
	w.to(4, 1)
	require.Len(t, w.epoch, election.MaxDelegates)
	for i, p := range w.people {
		w.must(p, 0, "withdraw(uint64)", uint64(i+101))
	}
	// The boundary to epoch 5 gives everybody the first reward and lets votes fade.
	w.to(5, 3)
	for _, p := range w.people {
		require.NotZero(t, w.credit(p))
		x := w.candidate(p).x
		require.False(t, x.Index.IsZero())
	}
	// The next one lets votes for all fade, the one after to nothing, while the order
	// turns round.
	for i, p := range w.people {
		w.must(p, 0, "withdraw(uint64)", uint64(i+1))
	}
	w.to(6, 2)
	for i, p := range w.people {
		w.vote(p, p, 1000+100*uint64(i), 0)
	}
	before := payees(w.epoch)
	for _, p := range w.people[:33] {
		w.idle[p.address] = true // from here on until epoch 7
	}
	w.to(7, 1)
	clear(w.idle)
	w.to(9, 2)
	require.NotEqual(t, before, payees(w.epoch))
	require.Len(t, w.ranking(11), election.MaxDelegates)
	for _, p := range w.people {
		require.Equal(t, election.Fading{}, w.candidate(p).x.Fading)
	}
	t.Logf("%d delegates: hooks use at most %v gas of %d", election.MaxDelegates, w.gas, module.HookGas)
}

func TestTheModuleIsOrdinaryForWallets(t *testing.T) {
	cfg := newWorld(t, 1, nil).cfg
	m, err := staking.New(cfg)
	require.NoError(t, err)
	require.Equal(t, cfg, m.Config())
	json, err := module.ABI(m)
	require.NoError(t, err)
	_, err = module.Solidity("IStaking", m)
	require.NoError(t, err)
	for _, name := range []string{"vote", "withdraw", "claim", "register", "submitEvidence", "submitBeacon", "election"} {
		require.Contains(t, string(json), `"name": "`+name+`"`)
	}
}

// The layout is what every chain's state holds: a change of it is a change of all chains.
func TestTheLayoutOfTheStateIsFrozen(t *testing.T) {
	w := newWorld(t, 1, nil)
	var all []byte
	for _, c := range w.modules.Genesis() {
		if c.Address == module.AddressOf(staking.Name) {
			for _, x := range c.Storage {
				all = append(append(all, x.Key[:]...), x.Value[:]...)
			}
		}
	}
	require.Equal(t, "0x6b95c3bbc275229baccfe96e5dfa72579084d3850cff674b5dcdaeb4be930205", ledger.Keccak(all).String())
}

func TestNewRefusesWhatCannotElect(t *testing.T) {
	good := newWorld(t, 1, nil).cfg
	for name, spoil := range map[string]func(*staking.Config){
		"parameters":    func(c *staking.Config) { c.Params.Seats = 0 },
		"no committee":  func(c *staking.Config) { c.Committee = nil },
		"a key twice":   func(c *staking.Config) { c.Committee = append(c.Committee[:3:3], c.Committee[0]) },
		"a payee twice": func(c *staking.Config) { c.Committee[1].Payee = c.Committee[0].Payee },
		"too many seats": func(c *staking.Config) {
			for i := range election.MaxDelegates {
				c.Committee = append(c.Committee, staking.Seat{Key: newPerson(t, 2000+i).public()})
			}
		},
		"no point": func(c *staking.Config) { c.Committee[1].Key = [32]byte{} },
		"a short epoch": func(c *staking.Config) {
			c.Params.EpochLength, c.Params.Seats, c.Params.Delegates, c.Params.MinSeats = 3, 1, 1, 1
		},
	} {
		c := good
		c.Committee = append([]staking.Seat(nil), good.Committee...)
		spoil(&c)
		_, err := staking.New(c)
		require.ErrorIs(t, err, staking.ErrConfig, name)
	}
}
