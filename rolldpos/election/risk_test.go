package election_test

import (
	"math"
	"math/big"
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos/election"
)

func TestRiskReproducesTheKnownFigures(t *testing.T) {
	p, err := election.Rolled(36, 8, 24)
	require.NoError(t, err)
	require.Equal(t, "0.0243", p.FloatString(4))
	inverse, _ := new(big.Rat).Inv(p).Float64()
	require.Equal(t, 41.0, math.Round(inverse), "one committee in 41")
	for n, want := range map[int][2]float64{24: {0.0885, 0.0895}, 100: {0.00065, 0.00075}, 250: {2.5e-7, 3.5e-7}} {
		p, err := election.Drawn(n, big.NewRat(1, 5))
		require.NoError(t, err)
		got, _ := p.Float64()
		require.Greater(t, got, want[0], n)
		require.Less(t, got, want[1], n)
	}
}

// Every committee of small sizes, counted one by one.
func TestRolledCountsEveryCommittee(t *testing.T) {
	for delegates := 1; delegates <= 10; delegates++ {
		for seats := 1; seats <= delegates; seats++ {
			for bad := 0; bad <= delegates; bad++ {
				var all, unsafe int64
				for set := range uint(1) << delegates {
					if bits.OnesCount(set) != seats {
						continue
					}
					all++
					if bits.OnesCount(set&(1<<bad-1)) > (seats-1)/3 {
						unsafe++
					}
				}
				p, err := election.Rolled(delegates, bad, seats)
				require.NoError(t, err)
				require.Zero(t, p.Cmp(big.NewRat(unsafe, all)), "%d of %d, %d bad", seats, delegates, bad)
			}
		}
	}
}

func TestWithAllSeatedTheRiskIsNoneOrCertain(t *testing.T) {
	for bad, want := range map[int]int64{0: 0, 11: 0, 12: 1, 36: 1} {
		p, err := election.Rolled(36, bad, 36)
		require.NoError(t, err)
		require.Zero(t, p.Cmp(big.NewRat(want, 1)), bad)
	}
}

func TestAYearsRiskIsThatOfAnyOfItsEpochs(t *testing.T) {
	p := big.NewRat(1, 41)
	want := new(big.Rat).SetInt64(1)
	for range 24 {
		want.Mul(want, big.NewRat(40, 41))
	}
	exact, _ := want.Sub(big.NewRat(1, 1), want).Float64()
	got, _ := election.Ever(p, 24).Float64()
	require.Equal(t, exact, got)
	tiny := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Lsh(big.NewInt(1), 120))
	got, _ = election.Ever(tiny, 1000).Float64()
	require.InEpsilon(t, 1000/math.Pow(2, 120), got, 1e-9)
}

func TestRiskRefusesCommitteesThatCannotBe(t *testing.T) {
	for _, x := range [][3]int{{4, 1, 5}, {4, 5, 4}, {4, -1, 4}, {4, 1, 0}} {
		_, err := election.Rolled(x[0], x[1], x[2])
		require.ErrorIs(t, err, election.ErrRisk)
	}
	_, err := election.Drawn(0, big.NewRat(1, 5))
	require.ErrorIs(t, err, election.ErrRisk)
	_, err = election.Drawn(4, big.NewRat(6, 5))
	require.ErrorIs(t, err, election.ErrRisk)
}
