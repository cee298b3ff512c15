package rootrelay

import (
	"errors"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/module"
)

// errBooks cannot happen: what the relay holds covers what it owes.
var errBooks = errors.New("rootrelay: the books do not balance")

// add adds to a stored sum of wei.
func add(ctx module.Writer, sum *module.Item[uint256.Int], amount *uint256.Int) {
	have := sum.Get(ctx)
	sum.Set(ctx, *have.Add(&have, amount))
}

// sub takes from a stored sum of wei, which cannot be below the amount.
func sub(ctx module.Writer, sum *module.Item[uint256.Int], amount *uint256.Int) error {
	have := sum.Get(ctx)
	if have.Lt(amount) {
		return errBooks
	}
	sum.Set(ctx, *have.Sub(&have, amount))
	return nil
}
