package dkg

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkNode measures what one node does in a generation, and the bytes of a deal.
func BenchmarkNode(b *testing.B) {
	for _, n := range []int{4, 24, 36, 100} {
		w := newWorld(b, generation(1, from(0, n)...), nil, from(0, n), nil)
		w.enrol()
		first, err := w.seats[0].Deal(w.log)
		require.NoError(b, err)
		b.Run(fmt.Sprintf("deal/n=%d", n), func(b *testing.B) {
			for b.Loop() {
				_, err := w.seats[0].Deal(w.log)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(len(first.AppendBinary(nil))), "bytes")
		})
		b.Run(fmt.Sprintf("check/n=%d", n), func(b *testing.B) {
			for b.Loop() {
				require.NoError(b, w.log.rules.CheckDeal(first, w.log.enrolled, nil))
			}
		})
		w.deal()
		b.Run(fmt.Sprintf("receive/n=%d", n), func(b *testing.B) {
			for b.Loop() {
				bad, err := w.seats[0].receive(w.log)
				require.NoError(b, err)
				require.Empty(b, bad)
			}
		})
		b.Run(fmt.Sprintf("group/n=%d", n), func(b *testing.B) {
			for b.Loop() {
				w.log.group = nil
				_, err := w.log.Group(height(Acknowledging))
				require.NoError(b, err)
			}
		})
	}
}
