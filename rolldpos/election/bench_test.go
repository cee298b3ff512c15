package election_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func BenchmarkRoll(b *testing.B) {
	for _, byStake := range []bool{false, true} {
		for _, n := range []int{36, 100} {
			p := params()
			p.ByStake, p.Seats = byStake, uint64(n*2/3)
			delegates := candidates(slices.Repeat([]uint64{1 << 60}, n)...)
			b.Run(fmt.Sprintf("byStake=%t/delegates=%d", byStake, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					_, err := p.Roll(delegates, seed(1), 1)
					require.NoError(b, err)
				}
			})
		}
	}
}
