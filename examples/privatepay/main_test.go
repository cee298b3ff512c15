package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/ringsig"
)

func Example() {
	if err := run(os.Stdout); err != nil {
		panic(err)
	}
	// Output:
	// the car finds 1 of 16 outputs, worth 100
	// everybody sees: one of 16 outputs was spent, two of unknown amount were made, the fee is 5
	// the charging point finds 1, worth 60, from the car: true
	// the car spends the same coin again: this coin was spent before
}

func TestThePoolRefusesAChangedTransfer(t *testing.T) {
	p, err := newPool()
	require.NoError(t, err)
	a, err := newWallet("a")
	require.NoError(t, err)
	require.NoError(t, p.deposit(a, a, 10))
	require.NoError(t, p.deposit(a, a, 20))
	coins, err := a.coins(p)
	require.NoError(t, err)
	require.Len(t, coins, 2)
	for name, bend := range map[string]func(*transfer){
		"fee":           func(x *transfer) { x.fee++ },
		"key":           func(x *transfer) { x.outputs[0].key = p.outputs[0].key },
		"tag":           func(x *transfer) { x.outputs[0].tag[0] ^= 1 },
		"sealed amount": func(x *transfer) { x.outputs[0].sealed[0] ^= 1 },
		"commitment":    func(x *transfer) { x.outputs[0].amount = p.outputs[0].amount },
		"offset":        func(x *transfer) { x.offset = p.outputs[0].amount },
		"outputs":       func(x *transfer) { x.outputs = nil },
		"few members":   func(x *transfer) { x.members-- },
		"many members":  func(x *transfer) { x.members++ },
	} {
		x, err := a.transfer(p, coins[1], 5, payment{a, 15})
		require.NoError(t, err)
		bend(x)
		require.Error(t, p.apply(x), name)
	}
	_, err = a.transfer(p, coins[1], 5, payment{a, 16})
	require.Error(t, err, "more would come out than went in")
	x, err := a.transfer(p, coins[1], 5, payment{a, 15})
	require.NoError(t, err)
	require.NoError(t, p.apply(x))
	require.ErrorIs(t, p.apply(x), errSpent)
	require.Equal(t, map[ringsig.Tag]bool{x.signature.Tag(): true}, p.spent)
}
