package election_test

import (
	"encoding/binary"
	"math/big"
	"slices"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/rolldpos/election"
)

func wei(x uint64) uint256.Int { return *uint256.NewInt(x) }

func seed(i uint64) [32]byte { return keccak.Sum256(binary.BigEndian.AppendUint64(nil, i)) }

// candidates returns one of each weight, operators in ascending order.
func candidates(weights ...uint64) (out []election.Candidate) {
	for i, w := range weights {
		out = append(out, election.Candidate{Operator: [20]byte{19: byte(i + 1)}, Weight: wei(w)})
	}
	return out
}

func params() election.Params {
	p := election.Default()
	p.BlockReward, p.EpochBonus = wei(1000), wei(10_007)
	return p
}

func TestDefaultParametersAreValidAndEveryUnfitOneIsNamed(t *testing.T) {
	p := election.Default()
	require.NoError(t, p.Validate())
	for name, spoil := range map[string]func(*election.Params){
		"Candidates":  func(p *election.Params) { p.Candidates = election.MaxCandidates + 1 },
		"Delegates":   func(p *election.Params) { p.Delegates = p.Candidates + 1 },
		"Seats":       func(p *election.Params) { p.Seats = p.Delegates + 1 },
		"MinSeats":    func(p *election.Params) { p.MinSeats = 0 },
		"EpochLength": func(p *election.Params) { p.EpochLength = 23 },
		"Ranked":      func(p *election.Params) { p.Ranked, p.Seats = true, 24 },
		"MinSelf":     func(p *election.Params) { p.MinSelf.Clear() },
		"MinVote":     func(p *election.Params) { p.MinVote.Clear() },
		"MaxLock":     func(p *election.Params) { p.MaxLock = 0 },
		"Bonus":       func(p *election.Params) { p.Bonus = 10_001 },
		"Fade":        func(p *election.Params) { p.Fade = 0 },
		"Threshold":   func(p *election.Params) { p.Threshold = 101 },
		"Probation":   func(p *election.Params) { p.Probation = 1 << 32 },
		"BlockReward": func(p *election.Params) { p.BlockReward.Lsh(uint256.NewInt(1), 96) },
		"Slash":       func(p *election.Params) { p.Slash = 0 },
		"Reporter":    func(p *election.Params) { p.Reporter = 501 },
		"Evidence":    func(p *election.Params) { p.Evidence.Blocks = 0 },
		"Unbond":      func(p *election.Params) { p.Unbond.Blocks = p.Evidence.Blocks },
		"too long":    func(p *election.Params) { p.Unbond.Millis = 1 << 42 },
	} {
		p := election.Default()
		spoil(&p)
		err := p.Validate()
		require.ErrorIs(t, err, election.ErrParams, name)
		require.ErrorContains(t, err, name)
	}
}

func TestAWindowEndsWhenBothTimeAndBlocksHavePassed(t *testing.T) {
	w := election.Window{Millis: 10, Blocks: 3}
	require.False(t, w.Passed(100, 7, 110, 11))
	require.False(t, w.Passed(100, 7, 111, 10))
	require.True(t, w.Passed(100, 7, 111, 11))
	require.False(t, w.Passed(100, 7, 50, 1))
}

func TestTheHeaviestAreDelegatesAndTiesGoToTheLowerOperator(t *testing.T) {
	in := candidates(5, 9, 0, 9, 7, 5)
	before := slices.Clone(in)
	top := election.Top(in, 4)
	require.Equal(t, []election.Candidate{in[1], in[3], in[4], in[0]}, top)
	require.Equal(t, before, in)
	require.Len(t, election.Top(in, 10), 5, "who has no weight is none")
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.Permutation(in).Draw(t, "order")
		require.Equal(t, top, election.Top(order, 4))
	})
}

func TestAVoteWeighsItsStakeAndABonusForItsNotice(t *testing.T) {
	p := params()
	require.EqualValues(t, 1000, first(p.VoteWeight(wei(1000), 0)))
	require.EqualValues(t, 1250, first(p.VoteWeight(wei(1000), p.MaxLock/2)))
	require.EqualValues(t, 1500, first(p.VoteWeight(wei(1000), p.MaxLock)))
	require.EqualValues(t, 1500, first(p.VoteWeight(wei(1000), p.MaxLock*5)))
	most := election.MaxStake()
	p.Bonus, p.MaxLock = 10_000, 1<<42-1
	got := p.VoteWeight(most, p.MaxLock)
	require.Equal(t, *new(uint256.Int).Mul(&most, uint256.NewInt(11)), got, "the largest does not overflow")
}

func first(x uint256.Int) uint64 { return x.Uint64() }

func TestWeightIsAtMostLeverageTimesTheSelfStake(t *testing.T) {
	p := params()
	p.Leverage = 3
	require.EqualValues(t, 30, first(p.Weight(wei(10), wei(15), wei(6))))
	require.EqualValues(t, 29, first(p.Weight(wei(10), wei(15), wei(4))))
	p.Leverage = 0
	require.EqualValues(t, 31, first(p.Weight(wei(10), wei(15), wei(6))))
}

func TestWithdrawnVotesFadeToExactlyNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fade := rapid.Uint64Range(1, 64).Draw(t, "fade")
		var f election.Fading
		ends := map[uint64]*uint256.Int{}
		var last, start uint256.Int
		for e := range uint64(40) {
			for range rapid.IntRange(0, 2).Draw(t, "withdrawals") {
				w := wei(rapid.Uint64().Draw(t, "weight"))
				start.Add(&start, &w)
				slope := f.Add(w, fade)
				if ends[e+fade-1] == nil {
					ends[e+fade-1] = new(uint256.Int)
				}
				ends[e+fade-1].Add(ends[e+fade-1], &slope)
			}
			last = f.Left
			require.False(t, start.Lt(&f.Left), "fading weight exceeds what was withdrawn")
			step(&f, ends[e])
			require.False(t, last.Lt(&f.Left), "fading weight rises")
		}
		for e := uint64(40); e < 40+fade; e++ {
			step(&f, ends[e])
		}
		require.Equal(t, election.Fading{}, f)
	})
}

func step(f *election.Fading, ended *uint256.Int) {
	if ended == nil {
		ended = new(uint256.Int)
	}
	f.Step(*ended)
}

func TestACommitteeHasDistinctSeatsAndFollowsFromTheBeacon(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := params()
		p.ByStake = rapid.Bool().Draw(t, "by stake")
		n := rapid.IntRange(4, 60).Draw(t, "delegates")
		p.Seats = rapid.Uint64Range(4, 60).Draw(t, "seats")
		var w []uint64
		for range n {
			w = append(w, rapid.Uint64Range(1, 1<<50).Draw(t, "weight"))
		}
		delegates := candidates(w...)
		beacon := seed(rapid.Uint64().Draw(t, "beacon"))
		seats, err := p.Roll(delegates, beacon, 7)
		require.NoError(t, err)
		require.Len(t, seats, min(n, int(p.Seats)))
		sorted := slices.Clone(seats)
		slices.Sort(sorted)
		require.Len(t, slices.Compact(sorted), len(seats))
		require.True(t, sorted[0] >= 0 && sorted[len(sorted)-1] < n)
		again, err := p.Roll(delegates, beacon, 7)
		require.NoError(t, err)
		require.Equal(t, seats, again)
	})
}

func TestBeaconAndEpochChangeTheRoll(t *testing.T) {
	p := params()
	delegates := candidates(slices.Repeat([]uint64{5}, 36)...)
	a, err := p.Roll(delegates, seed(1), 1)
	require.NoError(t, err)
	b, err := p.Roll(delegates, seed(2), 1)
	require.NoError(t, err)
	c, err := p.Roll(delegates, seed(1), 2)
	require.NoError(t, err)
	require.NotEqual(t, a, b)
	require.NotEqual(t, a, c)
}

// The rolls are consensus: a change of them is a change of every chain.
func TestTheRollOfAGivenBeaconIsFrozen(t *testing.T) {
	p := params()
	var w []uint64
	for i := range uint64(36) {
		w = append(w, 1000*i+1)
	}
	var all []byte
	for _, byStake := range []bool{false, true} {
		for _, seats := range []uint64{7, 24, 36} {
			p.ByStake, p.Seats = byStake, seats
			for e := range uint64(50) {
				out, err := p.Roll(candidates(w...), seed(e), e)
				require.NoError(t, err)
				for _, x := range out {
					all = append(all, byte(x))
				}
			}
		}
	}
	h := keccak.Sum256(all)
	require.Equal(t, "dffd0348ed2d50a9", big.NewInt(0).SetBytes(h[:8]).Text(16))
}

func TestFewerDelegatesThanTheLeastCommitteeAreRefused(t *testing.T) {
	p := params()
	_, err := p.Roll(candidates(1, 2, 3), seed(1), 1)
	require.ErrorIs(t, err, election.ErrCandidates)
	_, err = p.Rank(candidates(1, 2, 3))
	require.ErrorIs(t, err, election.ErrCandidates)
	p.ByStake, p.Seats = true, 4
	_, err = p.Roll(candidates(1, 2, 3, 0, 5), seed(1), 1)
	require.ErrorIs(t, err, election.ErrCandidates, "nothing could draw who has no weight")
	order, err := p.Rank(candidates(4, 3, 2, 1))
	require.NoError(t, err)
	require.Equal(t, []int{0, 1, 2, 3}, order)
}

// A chi-square test with a fixed seed: 99.9 % of fair samples stay below the bound.
func TestUniformRollsSeatEveryDelegateAndEveryOrderAlike(t *testing.T) {
	p := params()
	p.Seats = 2
	delegates := candidates(1, 1<<40, 5, 1<<60) // weights do not matter
	const rounds = 24_000
	count := map[[2]int]float64{}
	for e := range uint64(rounds) {
		s, err := p.Roll(delegates, seed(77), e)
		require.NoError(t, err)
		count[[2]int(s)]++
	}
	require.Len(t, count, 12)
	var chi float64
	for _, n := range count {
		chi += (n - rounds/12) * (n - rounds/12) / (rounds / 12)
	}
	require.Less(t, chi, 31.26, "11 degrees of freedom")
}

func TestRollsByStakeFollowTheWeightsDrawByDraw(t *testing.T) {
	p := params()
	p.MinSeats, p.Seats, p.ByStake = 1, 2, true
	w := []float64{1, 2, 5}
	delegates := candidates(1, 2, 5)
	const rounds = 30_000
	count := map[[2]int]float64{}
	for e := range uint64(rounds) {
		s, err := p.Roll(delegates, seed(78), e)
		require.NoError(t, err)
		slices.Sort(s)
		count[[2]int(s)]++
	}
	var chi float64
	for _, pair := range [][2]int{{0, 1}, {0, 2}, {1, 2}} {
		a, b := w[pair[0]], w[pair[1]]
		want := rounds * (a/8*b/(8-a) + b/8*a/(8-b))
		chi += (count[pair] - want) * (count[pair] - want) / want
	}
	require.Less(t, chi, 13.82, "2 degrees of freedom")
}

func TestASeatBelowTheThresholdOfItsShareIsUnproductive(t *testing.T) {
	p := params() // 80 %
	require.Equal(t, []bool{false, false, true, false}, p.Unproductive([]uint64{12, 11, 7, 10}))
	require.Equal(t, []bool{false, false, false, false}, p.Unproductive([]uint64{12, 12, 8, 8}))
	require.Equal(t, []bool{false, false, false, false}, p.Unproductive([]uint64{3, 0, 0, 0}), "no full turn, no judgement")
	require.Empty(t, p.Unproductive(nil))
}

func TestRewardsArePaidByBlocksAndTheBonusToTheProductive(t *testing.T) {
	p := params()
	got := p.Rewards([]uint64{12, 11, 7, 10}, []bool{false, true, false, false})
	require.Equal(t, []uint256.Int{wei(12_000 + 2501), wei(0), wei(7000), wei(10_000 + 2501)}, got)
}

// amount draws up to MaxStake, small ones often.
func amount(t *rapid.T, name string) (x uint256.Int) {
	x.SetBytes(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, name))
	return x
}

func TestSharingNeverCreatesMoney(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		reward, self := amount(t, "reward"), amount(t, "self")
		var votes []uint256.Int
		var total uint256.Int
		for range rapid.IntRange(0, 8).Draw(t, "votes") {
			v := amount(t, "vote")
			votes = append(votes, v)
			total.Add(&total, &v)
		}
		op, voters := election.Split(reward, rapid.Uint64Range(0, 1100).Draw(t, "commission"), self, total)
		require.Equal(t, reward, *new(uint256.Int).Add(&op, &voters), "the parts make up the reward")
		if total.IsZero() {
			require.True(t, voters.IsZero())
			return
		}
		var given, paid, rise uint256.Int
		for range rapid.IntRange(1, 4).Draw(t, "rewards") {
			raise, g := election.Index(voters, total)
			require.False(t, voters.Lt(&g))
			given.Add(&given, &g)
			rise.Add(&rise, &raise)
			if rapid.Bool().Draw(t, "harvest") {
				for _, v := range votes {
					e := election.Earned(v, rise)
					paid.Add(&paid, &e)
				}
				rise.Clear()
			}
		}
		for _, v := range votes {
			e := election.Earned(v, rise)
			paid.Add(&paid, &e)
		}
		require.False(t, given.Lt(&paid), "votes earn more than was given")
	})
}

func TestSlashingTakesItsPartOfBondedAndUnbondingStake(t *testing.T) {
	p := params()
	p.Slash, p.Reporter = 333, 100
	a, b, r := p.Slashed(wei(1000), wei(10))
	require.Equal(t, []uint64{333, 4, 33}, []uint64{a.Uint64(), b.Uint64(), r.Uint64()})
	rapid.Check(t, func(t *rapid.T) {
		p.Slash = rapid.Uint64Range(1, 1000).Draw(t, "slash")
		x, y := amount(t, "bonded"), amount(t, "unbonding")
		a, b, r := p.Slashed(x, y)
		require.False(t, x.Lt(&a))
		require.False(t, y.Lt(&b))
		require.False(t, new(uint256.Int).Add(&a, &b).Lt(&r))
		require.Equal(t, x.IsZero(), a.IsZero(), "who has anything loses something")
	})
}
