package blocks

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
)

func TestPruningKeepsWhatThePolicySays(t *testing.T) {
	for _, step := range []int{1, 3, 40} {
		db := memory(t)
		s := mustOpen(t, db, Policy{Blocks: 25, Certificates: 50}, limits{blocks: 16, postings: 60})
		w := newWorld(uint64(30 + step))
		for len(w.all) < 240 {
			mustAppend(t, db, s, w.take(step)...)
			require.NoError(t, s.Check())
		}
		n := uint64(len(w.all))
		require.Equal(t, n-25, s.Floor())
		for i, want := range w.all {
			height := uint64(i)
			r, err := s.Block(height)
			if height < n-25 {
				require.ErrorIs(t, err, ErrPruned)
				r, err = s.Header(height)
				require.Empty(t, r.Block.Transactions)
			}
			require.NoError(t, err)
			require.Equal(t, want.Hash, r.Hash)
			require.Equal(t, want.Anchor, r.Anchor)
			if height < n-50 && want.Anchor.Seq == 0 {
				require.Empty(t, r.Certificate)
			} else {
				require.Equal(t, want.Certificate, r.Certificate)
			}
			for _, tx := range want.Block.Transactions {
				_, _, err := s.Transaction(tx.Hash())
				if height < n-25 {
					require.ErrorIs(t, err, ErrUnknown)
				} else {
					require.NoError(t, err)
				}
			}
		}
		require.Less(t, len(s.bounds().sections), 25)
	}
}

// A stricter policy takes hold within a bounded number of blocks, each of which
// removes a bounded number; a laxer one begins where pruning has come to.
func TestAPolicyMayChange(t *testing.T) {
	db := memory(t)
	s := mustOpen(t, db, Policy{}, small())
	w := newWorld(40)
	mustAppend(t, db, s, w.take(200)...)
	s = mustOpen(t, db, Policy{Blocks: 10}, small())
	require.Zero(t, s.Floor())
	for want := uint64(pruneStep); want < 150; want += pruneStep {
		mustAppend(t, db, s, w.next())
		require.Equal(t, want, s.Floor())
		require.NoError(t, s.Check())
	}
	mustAppend(t, db, s, w.take(60)...)
	floor := uint64(len(w.all)) - 10
	require.Equal(t, floor, s.Floor())
	s = mustOpen(t, db, Policy{}, small())
	mustAppend(t, db, s, w.take(60)...)
	require.Equal(t, floor, s.Floor())
	got, err := collect(s, &ledger.LogFilter{}, floor, 1000)
	require.NoError(t, err)
	require.Equal(t, w.scan(&ledger.LogFilter{}, floor, 1000, false), got)
}
