package chain

import (
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
)

func TestNextBaseFeeIsEIP1559AboveAFloor(t *testing.T) {
	// The figures of the EIP's rule: an eighth up at full use, an eighth down at none.
	for _, c := range []struct{ fee, used, floor, want uint64 }{
		{1000, 30_000_000, 10, 1125},
		{1000, 0, 10, 875},
		{1000, 15_000_000, 10, 1000},
		{1000, 22_500_000, 10, 1062},
		{1000, 0, 900, 900},
		{1, 30_000_000, 1, 2},
		{0, 30_000_000, 0, 0},
	} {
		parent := &ledger.Header{Height: 5, GasLimit: 30_000_000, GasUsed: c.used, BaseFee: *uint256.NewInt(c.fee)}
		got := nextBaseFee(parent, uint256.NewInt(c.floor))
		require.Equal(t, c.want, got.Uint64(), "%+v", c)
	}
}
