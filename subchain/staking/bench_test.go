package staking_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos/election"
	"github.com/rootstem/rootstem/subchain/staking"
)

// BenchmarkBlock is what the election costs in a block of no transactions: the module's
// hooks and its view, over a state in memory. The boundary is the most expensive block.
func BenchmarkBlock(b *testing.B) {
	for _, n := range []uint64{36, 100} {
		w := newWorld(b, int(n), func(c *staking.Config) {
			c.Params.Candidates, c.Params.Delegates, c.Params.Seats = election.MaxCandidates, n, n
			c.Params.EpochLength = 120
		})
		w.registerAll(int(n), descending)
		w.to(5, 10)
		require.Len(b, w.epoch, int(n))
		for name, ordinary := range map[string]bool{"ordinary": true, "boundary": false} {
			b.Run(fmt.Sprintf("seats=%d/%s", n, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					b.StopTimer()
					for place := w.height % 120; ordinary && (place < 2 || place > 117) || !ordinary && place != 0; place = w.height % 120 {
						w.block()
					}
					b.StartTimer()
					w.block()
				}
			})
		}
	}
}
