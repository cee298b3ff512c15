package election_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/election"
)

// FuzzGuilty shows that no pair of decoded messages panics, and that only what the
// committee signed proves anything.
func FuzzGuilty(f *testing.F) {
	b := newBench()
	good := [][2]rolldpos.Message{
		{b.vote(3, 5, commit, 1, 2), b.vote(3, 5, commit, 2, 2)},
		{b.vote(3, 5, commit, 1, 2), b.vote(3, 5, nullify, 0, 2)},
		{b.proposal(3, 5, 1, 4), b.proposal(3, 5, 2, 4)},
		{&rolldpos.Status{Epoch: 3}, &rolldpos.Certificate{Epoch: 3, View: 1, Kind: commit, Block: rolldpos.Hash{1}}},
	}
	for _, pair := range good {
		f.Add(pair[0].AppendBinary(nil), pair[1].AppendBinary(nil))
	}
	f.Fuzz(func(t *testing.T, x, y []byte) {
		first, err := rolldpos.DecodeMessage(x)
		if err != nil {
			return
		}
		second, err := rolldpos.DecodeMessage(y)
		if err != nil {
			return
		}
		seat, err := election.Guilty(b.genesis, b.c, first, second)
		if err != nil {
			require.Zero(t, seat)
			return
		}
		again, err := election.Guilty(b.genesis, b.c, second, first)
		require.NoError(t, err)
		require.Equal(t, seat, again)
		_, err = election.Guilty(seed(1), b.c, first, second)
		require.Error(t, err, "it holds for another chain too")
	})
}
