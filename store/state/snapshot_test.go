package state

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/ledger"
)

func chunkFor(t *testing.T, v *View, at Cursor, limit int) *Chunk {
	c, err := v.Chunk(at, limit)
	require.NoError(t, err)
	wire, err := DecodeChunk(c.Encode())
	require.NoError(t, err)
	return wire
}

func snapshotSource(t *testing.T) (naiveState, *State, *View) {
	s, st := openState(t, "")
	rng := rand.New(rand.NewPCG(51, 52))
	model := make(naiveState)
	v := apply(t, empty(t, st), randomChanges(rng, model, 400)...)
	big := ledger.Change{Address: ledger.Address{19: 7}, Account: ledger.Account{Nonce: 9}, Code: []byte{0xfe}}
	for i := range 300 {
		big.Storage = append(big.Storage, ledger.Slot{Key: ledger.Hash{1: byte(i), 2: byte(i >> 8)}, Value: ledger.Hash{31: 1}})
	}
	big.Account.CodeHash = ledger.Keccak(big.Code)
	model.apply([]ledger.Change{big})
	v = apply(t, v, big)
	commit(t, s, st, v)
	old := model.clone()
	// The snapshot is of an older block than the newest.
	commit(t, s, st, apply(t, v, randomChanges(rng, model, 200)...))
	return old, st, v
}

func TestASnapshotRebuildsTheState(t *testing.T) {
	model, _, v := snapshotSource(t)
	for _, limit := range []int{1_000, 6_000, 1 << 20} {
		dir := t.TempDir()
		s, err := store.Open(store.Config{Dir: dir})
		require.NoError(t, err)
		st, err := Open(s)
		require.NoError(t, err)
		imp, err := st.Import(v.Root())
		require.NoError(t, err)
		chunks := 0
		for at, more := imp.Next(); more; at, more = imp.Next() {
			require.NoError(t, imp.Add(chunkFor(t, v, at, limit)), "%v", at)
			if chunks++; chunks%7 != 0 {
				continue
			}
			require.ErrorIs(t, imp.Finish(), ErrImporting)
			_, err = st.View(v.Root())
			require.ErrorIs(t, err, ErrImporting)
			require.ErrorIs(t, st.Check(), ErrImporting)
			require.NoError(t, s.Close())
			s, err = store.Open(store.Config{Dir: dir})
			require.NoError(t, err)
			st, err = Open(s)
			require.NoError(t, err)
			imp, err = st.Import(v.Root())
			require.NoError(t, err)
		}
		t.Logf("limit %d: %d chunks", limit, chunks)
		require.NoError(t, imp.Finish())
		require.NoError(t, st.Check())
		at, err := st.View(v.Root())
		require.NoError(t, err)
		requireAll(t, model, at)
		_, err = st.Import(v.Root())
		require.ErrorIs(t, err, ErrNotEmpty)
		next := model.clone()
		more := apply(t, at, randomChanges(rand.New(rand.NewPCG(1, 1)), next, 50)...)
		commit(t, s, st, more)
		requireAll(t, next, more)
		requireAll(t, model, at)
		require.NoError(t, s.Close())
	}
}

func TestALyingChunkIsNamedAndTheImportGoesOn(t *testing.T) {
	_, _, v := snapshotSource(t)
	_, st := openState(t, "")
	imp, err := st.Import(ledger.Hash{1})
	require.NoError(t, err)
	require.Error(t, imp.Add(chunkFor(t, v, Cursor{}, 1<<20)), "another root")
	imp, err = st.Import(v.Root())
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(61, 62))
	refused := 0
	for at, more := imp.Next(); more; at, more = imp.Next() {
		honest := chunkFor(t, v, at, 1_000)
		for range 12 {
			c := chunkFor(t, v, at, 1_000)
			if !lie(rng, c) {
				continue
			}
			err := imp.Add(c)
			require.ErrorIs(t, err, ErrChunk, "%v: %+v", at, c)
			var named *ChunkError
			require.ErrorAs(t, err, &named)
			require.Equal(t, at, named.At)
			require.ErrorContains(t, err, at.String())
			same, _ := imp.Next()
			require.Equal(t, at, same)
			refused++
		}
		require.NoError(t, imp.Add(honest))
	}
	require.NoError(t, imp.Finish())
	require.NoError(t, st.Check())
	require.Greater(t, refused, 300)
	t.Logf("%d lies refused", refused)
}

// lie changes what a chunk says, if it can.
func lie(rng *rand.Rand, c *Chunk) bool {
	flip := func(list [][]byte) bool {
		if len(list) == 0 {
			return false
		}
		x := list[rng.IntN(len(list))]
		if len(x) == 0 {
			return false
		}
		x[rng.IntN(len(x))] ^= 1 << rng.IntN(8)
		return true
	}
	if len(c.Codes) > 0 {
		return flip(c.Codes)
	}
	switch n := len(c.Keys); rng.IntN(8) {
	case 0:
		return flip(c.Values)
	case 1:
		return flip(c.Proof)
	case 2:
		if n == 0 {
			return false
		}
		c.Keys[rng.IntN(n)][rng.IntN(32)] ^= 1
	case 3:
		if n == 0 {
			return false
		}
		i := rng.IntN(n)
		c.Keys, c.Values = append(c.Keys[:i:i], c.Keys[i+1:]...), append(c.Values[:i:i], c.Values[i+1:]...)
	case 4:
		if n == 0 {
			return false
		}
		c.Keys, c.Values = append(c.Keys, c.Keys[n-1]), append(c.Values, c.Values[n-1])
	case 5:
		if len(c.Proof) == 0 {
			return false
		}
		c.Proof = c.Proof[:len(c.Proof)-1]
	case 6:
		c.Proof = append(c.Proof, []byte{0xc0})
	case 7:
		if n < 2 {
			return false
		}
		c.Keys[0], c.Keys[1] = c.Keys[1], c.Keys[0]
	}
	return true
}

func TestAnImportOfAnotherRootBeginsAgain(t *testing.T) {
	_, _, v := snapshotSource(t)
	_, st := openState(t, "")
	imp, err := st.Import(v.Root())
	require.NoError(t, err)
	at, _ := imp.Next()
	require.NoError(t, imp.Add(chunkFor(t, v, at, 1_000)))
	imp, err = st.Import(ledger.EmptyRoot)
	require.NoError(t, err)
	c, err := empty(t, v.state).Chunk(Cursor{}, 1_000)
	require.NoError(t, err)
	require.NoError(t, imp.Add(c))
	_, more := imp.Next()
	require.False(t, more)
	require.NoError(t, imp.Finish())
	require.NoError(t, st.Check())
}

func FuzzDecodeChunk(f *testing.F) {
	f.Add((&Chunk{Depth: 3, Keys: []ledger.Hash{{1}}, Values: [][]byte{{1}}, Proof: [][]byte{{2}}}).Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := DecodeChunk(b)
		if err != nil {
			require.ErrorIs(t, err, ErrChunk)
			return
		}
		require.Equal(t, b, c.Encode())
		_ = c.verify(ledger.Hash{1}, new([32]byte), func(b []byte) ([]byte, error) { return b, nil })
		for _, x := range c.Proof {
			_, _ = parseNode(x)
			_, _ = decodeBranch(x)
			_, _ = decodeDiff(x)
		}
	})
}
