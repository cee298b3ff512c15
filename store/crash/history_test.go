package crash_test

import (
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/blocks"
	"github.com/rootstem/rootstem/store/state"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// What the stores of a chain keep in these tests: little, so that each batch prunes.
const (
	keptStates       = 8 // nodes wait for half as many blocks
	keptBlocks       = 6
	keptCertificates = 9
	steps            = lifetimes*3 + 1 // batches of one workload
	chunkBytes       = 700
)

// account is one account of the model, held as the changes say.
type account struct {
	nonce, balance uint64
	code           string
	slots          map[ledger.Hash]ledger.Hash
}

// chainHistory is what a chain holds after each of its blocks: block 0 first, then a few
// blocks with each batch, as a node writes them. Everything depends on the seed alone.
type chainHistory struct {
	random  *rand.Rand
	records []*blocks.Record
	changes [][]ledger.Change
	worlds  []map[ledger.Address]account // after the block of the same number
	ends    []int                        // blocks after a number of batches
	roots   []ledger.Hash
	// cursors and chunks are those of a snapshot of block 0's state.
	cursors []state.Cursor
	chunks  []*state.Chunk
}

func newHistory(t *testing.T, seed uint64) *chainHistory {
	h := &chainHistory{random: rand.New(rand.NewPCG(seed, 2)), ends: []int{0}}
	s, err := store.Open(store.Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	st, err := state.Open(s)
	require.NoError(t, err)
	v, err := st.View(ledger.EmptyRoot)
	require.NoError(t, err)
	world := map[ledger.Address]account{}
	for len(h.ends) <= steps {
		for range 1 + h.random.IntN(3) {
			world = h.evolve(world)
			v, err = v.Apply(h.changes[len(h.changes)-1])
			require.NoError(t, err)
			h.roots = append(h.roots, v.Root())
			h.block()
			if len(h.ends) == 1 {
				break // block 0 comes alone
			}
		}
		if h.ends = append(h.ends, len(h.records)); len(h.ends) == 2 {
			b := s.Batch()
			require.NoError(t, st.Commit(b, v))
			require.NoError(t, b.WriteSync())
			h.export(t, v)
		}
	}
	return h
}

// evolve makes the next block's changes and what they lead to.
func (h *chainHistory) evolve(world map[ledger.Address]account) map[ledger.Address]account {
	next, touched := maps.Clone(world), map[ledger.Address]bool{}
	height, count := len(h.changes), 2+h.random.IntN(5)
	if height == 0 {
		count = 12
	}
	// One account counts the blocks, so that no root comes twice.
	changes := []ledger.Change{{
		Address: ledger.Address{1}, Account: ledger.Account{Nonce: uint64(height) + 1, CodeHash: ledger.EmptyCodeHash},
	}}
	next[ledger.Address{1}] = account{nonce: uint64(height) + 1}
	for range count {
		addr := ledger.Address{19: byte(h.random.IntN(12))}
		if touched[addr] {
			continue
		}
		touched[addr] = true
		changes = append(changes, h.change(addr, next))
	}
	h.changes, h.worlds = append(h.changes, changes), append(h.worlds, next)
	return next
}

func (h *chainHistory) change(addr ledger.Address, world map[ledger.Address]account) ledger.Change {
	r, c := h.random, ledger.Change{Address: addr}
	a := world[addr]
	if r.IntN(8) == 0 {
		c.Deleted = true
		delete(world, addr)
		return c
	}
	a.nonce, a.balance = a.nonce+1, uint64(r.IntN(1000))
	a.slots = maps.Clone(a.slots)
	if c.Cleared = r.IntN(8) == 0; c.Cleared || a.slots == nil {
		a.slots = map[ledger.Hash]ledger.Hash{}
	}
	if r.IntN(4) == 0 {
		a.code = string(make([]byte, 1+r.IntN(60)))
		c.Code = []byte(a.code)
	}
	for i := range r.IntN(6) {
		slot := ledger.Slot{Key: ledger.Hash{0: byte(i), 31: byte(r.IntN(4))}}
		if delete(a.slots, slot.Key); r.IntN(3) > 0 {
			slot.Value[31-r.IntN(32)] = byte(1 + r.IntN(255))
			a.slots[slot.Key] = slot.Value
		}
		c.Storage = append(c.Storage, slot)
	}
	c.Account = ledger.Account{Nonce: a.nonce, Balance: *uint256.NewInt(a.balance), CodeHash: ledger.EmptyCodeHash}
	if a.code != "" {
		c.Account.CodeHash = ledger.Keccak([]byte(a.code))
	}
	world[addr] = a
	return c
}

// block makes the record of the block whose state was made last.
func (h *chainHistory) block() {
	r := &blocks.Record{Block: new(ledger.Block)}
	head := &r.Block.Header
	if n := len(h.records); n > 0 {
		head.Height, head.Parent = uint64(n), h.records[n-1].Hash
		if n%4 == 0 {
			r.Anchor, r.Domain = ledger.Anchor{Subchain: 3, Seq: uint64(n / 4)}, ledger.Hash{7}
		}
		if h.random.IntN(4) > 0 {
			r.Certificate = binary.BigEndian.AppendUint64(nil, h.random.Uint64())
		}
		for i := range h.random.IntN(3) {
			tx := &ledger.Transaction{Type: ledger.DynamicFeeTx, Nonce: uint64(n*10 + i), Gas: 21_000, To: &ledger.Address{9}}
			tx.R.SetUint64(1)
			tx.S.SetUint64(1)
			r.Block.Transactions = append(r.Block.Transactions, tx)
			l := ledger.Log{Address: ledger.Address{2, byte(n % 3)}, Topics: []ledger.Hash{{byte(n % 5)}}}
			r.Receipts = append(r.Receipts, &ledger.Receipt{Type: tx.Type, Success: true, TxHash: tx.Hash(), Logs: []ledger.Log{l}})
		}
	}
	head.Time, head.StateRoot = head.Height, h.roots[len(h.roots)-1]
	head.TxRoot, head.ReceiptsRoot = ledger.TxRoot(r.Block.Transactions), ledger.ReceiptsRoot(r.Receipts)
	head.AnchorHash = r.Anchor.Hash()
	r.Hash = head.Hash()
	h.records = append(h.records, r)
}

// export takes the snapshot of a view in chunks, with the cursors that an import
// asks for.
func (h *chainHistory) export(t *testing.T, v *state.View) {
	s, err := store.Open(store.Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	st, err := state.Open(s)
	require.NoError(t, err)
	imp, err := st.Import(v.Root())
	require.NoError(t, err)
	for at, more := imp.Next(); more; at, more = imp.Next() {
		c, err := v.Chunk(at, chunkBytes)
		require.NoError(t, err)
		at.Codes = slices.Clone(at.Codes)
		h.cursors, h.chunks = append(h.cursors, at), append(h.chunks, c)
		require.NoError(t, imp.Add(c))
	}
	require.Greater(t, len(h.chunks), 3)
}
