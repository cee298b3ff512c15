package ringsig

import (
	"errors"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestDecoysAreDistinctSortedAndHoldTheSpentOutput(t *testing.T) {
	rng := newSeeded(1)
	for _, c := range []struct{ population, size int }{{2, 2}, {3, 2}, {16, 16}, {100, 11}, {1000, 64}, {5000, 1024}} {
		for _, own := range []int{0, c.population / 2, c.population - 1} {
			members, place, err := Decoys(rng, c.population, own, c.size)
			require.NoError(t, err)
			require.Len(t, members, c.size)
			require.True(t, slices.IsSorted(members))
			require.Len(t, slices.Compact(slices.Clone(members)), c.size)
			require.Equal(t, own, members[place])
			require.GreaterOrEqual(t, members[0], 0)
			require.Less(t, members[c.size-1], c.population)
		}
	}
}

func TestDecoysRefuseImpossibleRings(t *testing.T) {
	for _, c := range [][3]int{{10, 0, 11}, {10, 10, 5}, {10, -1, 5}, {10, 0, 1}, {10, 0, 0}, {10, 0, -3}, {1, 0, 1}, {1 << 20, 0, MaxRing + 1}} {
		_, _, err := Decoys(newSeeded(1), c[0], c[1], c[2])
		require.ErrorIs(t, err, ErrRing)
	}
	_, _, err := Decoys(nil, 10, 0, 5)
	require.ErrorIs(t, err, ErrRandom)
	_, _, err = Decoys(iotest.ErrReader(errors.New("broken")), 10, 0, 5)
	require.ErrorIs(t, err, ErrRandom)
}

func ageClass(population, i int) int { return bits.Len(uint(population-i)) - 1 }

// spendAge draws a spent output whose age is uniform over classes below limit.
func spendAge(rng *rand.Rand, population, limit int) int {
	class := rng.IntN(limit)
	low, high := 1<<class, 2<<class
	return population - low - rng.IntN(high-low)
}

// The doc's analysis: an observer who knows how ages of spent outputs are
// distributed guesses the member whose age is likeliest against a decoy's.
func TestDecoysHideASpendOfLogarithmicAge(t *testing.T) {
	const population, size, runs = 1 << 16, 11, 4000
	rng, seed := rand.New(rand.NewPCG(1, 1)), newSeeded(2)
	newest, oldest := 0, 0
	counts := make([]int, bits.Len(uint(population)))
	for range runs {
		own := spendAge(rng, population, len(counts)-1)
		members, place, err := Decoys(seed, population, own, size)
		require.NoError(t, err)
		if place == size-1 {
			newest++
		}
		if place == 0 {
			oldest++
		}
		for _, m := range members {
			if m != own {
				counts[ageClass(population, m)]++
			}
		}
	}
	// Guessing the newest or the oldest succeeds about once in 11.
	require.InDelta(t, 1.0/size, float64(newest)/runs, 0.03)
	require.InDelta(t, 1.0/size, float64(oldest)/runs, 0.03)
	for class, n := range counts[6 : len(counts)-1] { // small classes run out of members
		require.InDelta(t, 1.0/float64(len(counts)-1), float64(n)/(runs*(size-1)), 0.02, "class %d", class+6)
	}
}

// What is not hidden: who spends at once what he receives is found more often.
func TestDecoysHideAnEagerSpenderWorse(t *testing.T) {
	const population, size, runs = 1 << 16, 11, 2000
	rng, seed := rand.New(rand.NewPCG(1, 1)), newSeeded(2)
	newest := 0
	for range runs {
		own := spendAge(rng, population, 4) // one of the newest 15
		_, place, err := Decoys(seed, population, own, size)
		require.NoError(t, err)
		if place == size-1 {
			newest++
		}
	}
	rate := float64(newest) / runs
	t.Logf("the newest member is the spender's in %.0f %% of rings of %d", 100*rate, size)
	require.Greater(t, rate, 2.0/size)
	require.Less(t, rate, 0.5)
}
