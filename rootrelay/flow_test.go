package rootrelay_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rootrelay"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

func at(name string) ledger.Address { return module.AddressOf(name) }

func TestValueTravelsFromRootToSubchainsAndBack(t *testing.T) {
	w := newWorld(t, 2)
	a, b := w.subs[0], w.subs[1]
	w.settle()
	w.deposit(a, alice, alice, 500)
	require.EqualValues(t, 500, w.escrow(a))
	w.settle()
	require.EqualValues(t, 500, a.balance(alice))

	must(a.chain, alice, atGate(), 200, rootrelay.SendCall(b.number, 1, bob, never, 0, nil))
	require.EqualValues(t, 300, a.balance(alice), "burned at the source")
	w.balanced()
	w.settle()
	require.EqualValues(t, 200, b.balance(bob))
	require.EqualValues(t, 300, w.escrow(a))
	require.EqualValues(t, 200, w.escrow(b))

	must(b.chain, bob, atGate(), 150, rootrelay.SendCall(0, 0, bob, never, 0, nil))
	w.settle()
	require.EqualValues(t, 150, w.claimable(bob))
	before := w.root.balance(bob)
	must(w.root, bob, atRoot(), 0, rootrelay.ClaimCall())
	require.EqualValues(t, before+150, w.root.balance(bob))
	w.balanced()
	refuses(w.root, bob, atRoot(), 0, rootrelay.ClaimCall(), "nothing to claim")
}
