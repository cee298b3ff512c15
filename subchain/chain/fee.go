package chain

import (
	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// nextBaseFee is EIP-1559's rule with a floor: the base fee follows the use of gas
// around half of the limit by at most an eighth a block and never falls below the
// genesis' fee. A floor of zero keeps it at zero.
func nextBaseFee(parent *ledger.Header, floor *uint256.Int) uint256.Int {
	if floor.IsZero() {
		return uint256.Int{}
	}
	fee := parent.BaseFee
	target := parent.GasLimit / 2
	if parent.Height == 0 || parent.GasUsed == target || target == 0 {
		return fee
	}
	gap := parent.GasUsed - target
	if parent.GasUsed < target {
		gap = target - parent.GasUsed
	}
	var delta uint256.Int
	delta.Mul(&fee, uint256.NewInt(gap))
	delta.Div(&delta, uint256.NewInt(target))
	delta.Div(&delta, uint256.NewInt(8))
	if parent.GasUsed > target {
		if delta.IsZero() {
			delta.SetOne()
		}
		fee.Add(&fee, &delta)
		return fee
	}
	fee.Sub(&fee, &delta)
	if fee.Lt(floor) {
		return *floor
	}
	return fee
}
