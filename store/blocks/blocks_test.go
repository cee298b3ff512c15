package blocks

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/ledger"
)

func TestWhatWasAppendedIsFoundByEveryName(t *testing.T) {
	db := memory(t)
	s := mustOpen(t, db, Policy{}, small())
	_, _, ok := s.Head()
	require.False(t, ok)
	w := newWorld(1)
	for len(w.all) < 300 {
		mustAppend(t, db, s, w.take(1+w.rng.IntN(5))...)
	}
	for range 2 { // the second time over what is on disk
		certified := uint64(len(w.all))
		for i := len(w.all) - 1; i >= 0; i-- {
			want := w.all[i]
			got, err := s.Block(uint64(i))
			require.NoError(t, err)
			require.Equal(t, want.Block.AppendRLP(nil), got.Block.AppendRLP(nil))
			require.Equal(t, want.Hash, got.Hash)
			require.Equal(t, want.Receipts, got.Receipts)
			require.Equal(t, want.Anchor, got.Anchor)
			require.Equal(t, want.Domain, got.Domain)
			require.Equal(t, want.Certificate, got.Certificate)
			height, err := s.Height(want.Hash)
			require.NoError(t, err)
			require.Equal(t, uint64(i), height)
			if len(want.Certificate) > 0 {
				certified = uint64(i)
			}
			if certified < uint64(len(w.all)) {
				found, err := s.Certified(uint64(i))
				require.NoError(t, err)
				require.Equal(t, certified, found)
			}
			if want.Anchor.Seq != 0 {
				height, err := s.Checkpoint(want.Anchor.Seq)
				require.NoError(t, err)
				require.Equal(t, uint64(i), height)
			}
			for j, tx := range want.Block.Transactions {
				height, index, err := s.Transaction(tx.Hash())
				require.NoError(t, err)
				require.Equal(t, uint64(i), height)
				require.Equal(t, j, index)
			}
		}
		head, hash, ok := s.Head()
		require.True(t, ok)
		require.Equal(t, uint64(len(w.all)-1), head)
		require.Equal(t, w.all[head].Hash, hash)
		require.NoError(t, s.Check())
		s = mustOpen(t, db, Policy{}, small())
	}
	_, err := s.Block(uint64(len(w.all)))
	require.ErrorIs(t, err, ErrUnknown)
	_, err = s.Height(ledger.Hash{1})
	require.ErrorIs(t, err, ErrUnknown)
	_, _, err = s.Transaction(ledger.Hash{1})
	require.ErrorIs(t, err, ErrUnknown)
	_, err = s.Checkpoint(w.seq + 1)
	require.ErrorIs(t, err, ErrUnknown)
	_, err = s.Certified(uint64(len(w.all)))
	require.ErrorIs(t, err, ErrUnknown)
}

func TestAppendRefusesWhatDoesNotContinueTheChain(t *testing.T) {
	db := memory(t)
	s := mustOpen(t, db, Policy{}, small())
	w := newWorld(2)
	w.take(4)
	require.ErrorIs(t, s.Append(db.Batch(), w.all[1]), ErrChain, "the first block has height 0")
	mustAppend(t, db, s, w.all[:2]...)
	require.ErrorIs(t, s.Append(db.Batch(), w.all[1]), ErrChain, "again")
	require.ErrorIs(t, s.Append(db.Batch(), w.all[3]), ErrChain, "a gap")
	require.ErrorIs(t, s.Append(db.Batch(), w.all[2], w.all[2]), ErrChain, "twice")
	other := *w.all[2].Block
	other.Header.Parent[0] ^= 1
	require.ErrorIs(t, s.Append(db.Batch(), &Record{Block: &other}), ErrChain, "another parent")
	short := *w.all[2]
	short.Receipts = append(short.Receipts, &ledger.Receipt{})
	require.ErrorIs(t, s.Append(db.Batch(), &short), ErrChain, "a receipt too many")
	require.NoError(t, s.Append(db.Batch()))
	mustAppend(t, db, s, w.all[2:]...)
}

func TestADroppedBatchLeavesNoTrace(t *testing.T) {
	db := memory(t)
	s := mustOpen(t, db, Policy{Blocks: 20}, limits{blocks: 16, postings: 40})
	w := newWorld(3)
	mustAppend(t, db, s, w.take(50)...)
	for len(w.all) < 150 {
		dropped := w.take(1 + w.rng.IntN(30))
		batch := db.Batch()
		require.NoError(t, s.Append(batch, dropped...))
		batch.Close()
		require.ErrorIs(t, batch.WriteSync(), store.ErrBatch)
		head, _, _ := s.Head()
		require.Equal(t, dropped[0].Block.Header.Height, head+1)
		require.NoError(t, s.Check())
		mustAppend(t, db, s, dropped...)
		require.NoError(t, s.Check())
	}
}

func TestAppendsOutOfOrderPanicInsteadOfCorrupting(t *testing.T) {
	db, err := store.Open(store.Config{})
	require.NoError(t, err)
	s := mustOpen(t, db, Policy{}, small())
	first, second := db.Batch(), db.Batch()
	w := newWorld(4)
	zero := w.next()
	require.NoError(t, s.Append(first, zero))
	require.NoError(t, s.Append(second, zero))
	require.NoError(t, first.WriteSync())
	require.Panics(t, func() { _ = second.WriteSync() })
	require.NoError(t, db.Close())
}

func TestReadersSeeABlockOnlyWhenItIsDurable(t *testing.T) {
	db := memory(t)
	s := mustOpen(t, db, Policy{}, small())
	w := newWorld(5)
	mustAppend(t, db, s, w.take(2)...)
	batch := db.Batch()
	r := w.next()
	require.NoError(t, s.Append(batch, r))
	_, err := s.Block(2)
	require.ErrorIs(t, err, ErrUnknown)
	_, err = s.Height(r.Hash)
	require.ErrorIs(t, err, ErrUnknown)
	require.NoError(t, batch.WriteSync())
	_, err = s.Block(2)
	require.NoError(t, err)
}

func TestAnUnfitPolicyIsRefused(t *testing.T) {
	db := memory(t)
	for _, p := range []Policy{{Certificates: 1}, {Blocks: 5, Certificates: 4}} {
		_, err := Open(db, p)
		require.ErrorIs(t, err, ErrPolicy)
	}
}

func TestAClosedStoreIsAnErrorEverywhere(t *testing.T) {
	db, err := store.Open(store.Config{})
	require.NoError(t, err)
	s := mustOpen(t, db, Policy{}, small())
	w := newWorld(6)
	mustAppend(t, db, s, w.take(200)...)
	require.NoError(t, db.Close())
	_, err = s.Block(1)
	require.ErrorIs(t, err, store.ErrClosed)
	_, err = s.Height(w.all[1].Hash)
	require.ErrorIs(t, err, store.ErrClosed)
	_, _, err = s.Transaction(ledger.Hash{})
	require.ErrorIs(t, err, store.ErrClosed)
	_, err = s.Certified(0)
	require.ErrorIs(t, err, store.ErrClosed)
	require.ErrorIs(t, s.Check(), store.ErrClosed)
	_, err = collect(s, &ledger.LogFilter{}, 0, 10)
	require.ErrorIs(t, err, store.ErrClosed)
	_, err = Open(db, Policy{})
	require.ErrorIs(t, err, store.ErrClosed)
}

// Every value of every table, with one byte changed or its end cut off, is
// refused by Check, and no read gives a wrong answer.
func TestADamagedValueIsFoundAndNeverAnAnswer(t *testing.T) {
	db := memory(t)
	s := mustOpen(t, db, Policy{}, limits{blocks: 16, postings: 60})
	w := newWorld(7)
	mustAppend(t, db, s, w.take(60)...)
	for _, table := range []table{
		s.meta, s.postings, s.certificates, s.numbers, s.transactions, s.checkpoints, s.sections,
	} {
		keys, values := everything(t, table)
		require.NotEmpty(t, keys, table.name)
		for range 30 {
			i := w.rng.IntN(len(keys))
			damaged := append([]byte(nil), values[i]...)
			switch w.rng.IntN(3) {
			case 0:
				damaged = damaged[:w.rng.IntN(len(damaged))]
			case 1:
				damaged = append(append([]byte(nil), values[(i+1)%len(values)]...), 0)
			default:
				damaged[w.rng.IntN(len(damaged))] ^= 1 << w.rng.IntN(8)
			}
			put(t, db, table, keys[i], damaged)
			require.ErrorIs(t, Check(db), store.ErrCorrupt, table.name)
			for height, want := range w.all {
				if got, err := s.Block(uint64(height)); err == nil {
					require.Equal(t, want.Receipts, got.Receipts)
					require.Equal(t, want.Certificate, got.Certificate)
					require.Equal(t, want.Block.AppendRLP(nil), got.Block.AppendRLP(nil))
				} else {
					require.ErrorIs(t, err, store.ErrCorrupt)
				}
			}
			put(t, db, table, keys[i], values[i])
		}
		// Nor does one of them go missing unseen.
		i := w.rng.IntN(len(keys))
		if table.name != s.certificates.name && table.name != s.meta.name {
			put(t, db, table, keys[i], nil)
			require.ErrorIs(t, Check(db), store.ErrCorrupt, table.name)
			put(t, db, table, keys[i], values[i])
		}
		require.NoError(t, Check(db))
	}
}

// Values moved to another key of their table fail the checksum.
func TestAValueUnderAnotherKeyIsRefused(t *testing.T) {
	db := memory(t)
	s := mustOpen(t, db, Policy{}, small())
	w := newWorld(8)
	mustAppend(t, db, s, w.take(10)...)
	for _, table := range []table{s.headers, s.bodies, s.receipts} {
		third, fourth := table.key(heightKey(3)), table.key(heightKey(4))
		value, err := table.space.Get(third)
		require.NoError(t, err)
		other, err := table.space.Get(fourth)
		require.NoError(t, err)
		put(t, db, table, third, other)
		_, err = s.Block(3)
		require.ErrorIs(t, err, store.ErrCorrupt)
		put(t, db, table, third, value)
	}
}

func everything(t *testing.T, in table) (keys, values [][]byte) {
	it := in.space.Iterate(nil, nil)
	defer it.Close()
	for it.Next() {
		keys = append(keys, append([]byte(nil), it.Key()...))
		values = append(values, append([]byte(nil), it.Value()...))
	}
	require.NoError(t, it.Err())
	return keys, values
}

// put writes a raw value; nil removes it.
func put(t *testing.T, db *store.Store, in table, key, value []byte) {
	batch := db.Batch()
	if value == nil {
		batch.Delete(in.space, key)
	} else {
		batch.Set(in.space, key, value)
	}
	require.NoError(t, batch.WriteSync())
}

var errStop = errors.New("stop")
