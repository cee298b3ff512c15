package rootrelay_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos/light"
	"github.com/rootstem/rootstem/rootrelay"
	"github.com/rootstem/rootstem/subchain/ledger"
)

func TestDeviceFindsItsCheckpointInTheRootsState(t *testing.T) {
	w := newWorld(t, 2)
	w.settle()
	for _, s := range w.subs {
		w.deposit(s, alice, alice, 500)
		w.settle()
		require.NotZero(t, s.seq)
		for seq := uint64(1); seq <= s.seq; seq++ {
			var x rootrelay.Checkpoint
			w.root.view(atRoot(), rootrelay.ViewCall("checkpoint(uint64,uint64)",
				rootrelay.Number(s.number), rootrelay.Number(seq)), &x)
			got, err := w.root.state.Storage(atRoot(), light.CheckpointSlot(s.number, seq))
			require.NoError(t, err)
			require.False(t, got.IsZero())
			require.Equal(t, x.Block, got)
		}
	}
}

func TestCheckpointMayNameAChainKey(t *testing.T) {
	w, a, _ := ready(t)
	w.anchorAll(a)
	send(a, 5, 0, bob, never, "")
	must(w.root, carrier, atRoot(), 0, a.forge(a.last(), func(_ *ledger.Header, x *ledger.Anchor) { x.ChainKey[0] = 1 }))
}
