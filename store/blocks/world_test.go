package blocks

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// world makes a chain of blocks that are consistent with themselves.
type world struct {
	rng   *rand.Rand
	all   []*Record
	seq   uint64
	nonce uint64
	// quiet is the share of blocks without transactions.
	quiet float64
}

func newWorld(seed uint64) *world {
	return &world{rng: rand.New(rand.NewPCG(seed, 1)), quiet: 0.3}
}

func (w *world) address() ledger.Address { return ledger.Address{1, byte(w.rng.IntN(6))} }

// topic is common, or one of many, or the bytes of an address.
func (w *world) topic() (h ledger.Hash) {
	switch w.rng.IntN(4) {
	case 0:
		binary.BigEndian.PutUint64(h[:], w.rng.Uint64N(200))
	case 1:
		a := w.address()
		copy(h[:], a[:])
	default:
		h[31] = byte(w.rng.IntN(4))
	}
	return h
}

func (w *world) log() ledger.Log {
	l := ledger.Log{Address: w.address()}
	for range w.rng.IntN(5) {
		l.Topics = append(l.Topics, w.topic())
	}
	if n := w.rng.IntN(40); n > 0 {
		l.Data = make([]byte, n)
	}
	return l
}

func (w *world) transaction() (*ledger.Transaction, *ledger.Receipt) {
	tx := &ledger.Transaction{Type: ledger.DynamicFeeTx, Nonce: w.nonce, Gas: 21_000, To: &ledger.Address{9}}
	tx.R.SetUint64(1)
	tx.S.SetUint64(1)
	w.nonce++
	r := &ledger.Receipt{Type: tx.Type, Success: true, CumulativeGas: w.nonce, TxHash: tx.Hash(), GasUsed: 5}
	for range w.rng.IntN(4) {
		r.Logs = append(r.Logs, w.log())
	}
	return tx, r
}

// next makes the block after the last one. One in seven is a checkpoint, most have
// a certificate.
func (w *world) next() *Record {
	r := &Record{Block: new(ledger.Block)}
	h := &r.Block.Header
	if n := len(w.all); n > 0 {
		h.Height, h.Parent = uint64(n), w.all[n-1].Hash
		if w.rng.IntN(7) == 0 {
			w.seq++
			r.Anchor = ledger.Anchor{Subchain: 3, Seq: w.seq, PrevCheckpoint: ledger.Hash{1}, Cursors: []ledger.Cursor{{Peer: 4, Lane: 5, Next: 6}}}
			r.Domain = ledger.Hash{7}
		}
		if w.rng.IntN(5) > 0 {
			r.Certificate = binary.BigEndian.AppendUint64(nil, w.rng.Uint64())
		}
		if w.rng.Float64() >= w.quiet {
			for range w.rng.IntN(4) {
				tx, receipt := w.transaction()
				r.Block.Transactions = append(r.Block.Transactions, tx)
				r.Receipts = append(r.Receipts, receipt)
			}
		}
	}
	h.Time = h.Height
	h.TxRoot = ledger.TxRoot(r.Block.Transactions)
	h.ReceiptsRoot = ledger.ReceiptsRoot(r.Receipts)
	h.AnchorHash = r.Anchor.Hash()
	r.Hash = h.Hash()
	w.all = append(w.all, r)
	return r
}

func (w *world) take(n int) []*Record {
	from := len(w.all)
	for range n {
		w.next()
	}
	return w.all[from:]
}

func mustAppend(t testing.TB, db *store.Store, s *Store, records ...*Record) {
	t.Helper()
	batch := db.Batch()
	require.NoError(t, s.Append(batch, records...))
	require.NoError(t, batch.WriteSync())
}

// memory opens a store whose last state is checked when the test ends.
func memory(t testing.TB) *store.Store {
	return checked(t, store.Config{})
}

func checked(t testing.TB, cfg store.Config) *store.Store {
	db, err := store.Open(cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, Check(db))
		require.NoError(t, db.Check())
		require.NoError(t, db.Close())
	})
	return db
}

func mustOpen(t testing.TB, db *store.Store, p Policy, l limits) *Store {
	s, err := open(db, p, l)
	require.NoError(t, err)
	return s
}

// small makes sections of a few blocks.
func small() limits { return limits{blocks: 64, postings: 150} }
