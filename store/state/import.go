package state

import (
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// ErrNotEmpty refuses an import into a state that holds commits.
var ErrNotEmpty = errors.New("state: not empty")

var importKey = []byte("import")

// Import fills an empty state from the chunks of a snapshot:
//
//	imp, err := st.Import(root) // of a certified header
//	for {
//		at, more := imp.Next()
//		if !more { break }
//		err = imp.Add(at's chunk from some peer)
//	}
//	err = imp.Finish()
//
// Each chunk that Add accepts is proven, written and synced, so that an import goes
// on where it was interrupted. It belongs to one goroutine.
type Import struct {
	state   *State
	root    ledger.Hash
	at      Cursor
	storage ledger.Hash // root of the storage at hand
	done    bool
}

// ChunkError names a chunk that was refused. It wraps ErrChunk.
type ChunkError struct {
	At  Cursor
	Err error
}

func (e *ChunkError) Error() string { return fmt.Sprintf("chunk with %v: %v", e.At, e.Err) }
func (e *ChunkError) Unwrap() error { return e.Err }

// Import begins an import of the state with a root, or goes on with it. One of
// another root that was not finished is dropped. Until Finish the state refuses all
// other use with ErrImporting.
func (st *State) Import(root ledger.Hash) (*Import, error) {
	if st.tip.Load().seq != 0 {
		return nil, ErrNotEmpty
	}
	st.fresh.Store(false)
	imp := &Import{state: st, root: root}
	raw, err := st.spaces.meta.Get(importKey)
	if err != nil {
		return nil, err
	}
	switch {
	case raw == nil:
		return imp, imp.save(st.store.Batch())
	case len(raw) != 97:
		return nil, corrupt("progress of an import")
	case ledger.Hash(raw) != root:
		if err := st.wipe(); err != nil {
			return nil, err
		}
		return imp, imp.save(st.store.Batch())
	}
	imp.at = Cursor{Part: Part(raw[32]), Account: ledger.Hash(raw[33:]), Start: ledger.Hash(raw[65:])}
	return imp, imp.locate()
}

func (st *State) importing() error {
	if st.fresh.Load() {
		return nil
	}
	raw, err := st.spaces.meta.Get(importKey)
	if err == nil && raw != nil {
		err = ErrImporting
	}
	return err
}

// save writes the progress with the batch.
func (imp *Import) save(b *store.Batch) error {
	raw := append(append([]byte(nil), imp.root[:]...), byte(imp.at.Part))
	raw = append(append(raw, imp.at.Account[:]...), imp.at.Start[:]...)
	b.Set(imp.state.spaces.meta, importKey, raw)
	return b.WriteSync()
}

// Next returns the cursor of the chunk that is wanted, and false when nothing is.
func (imp *Import) Next() (at Cursor, more bool) { return imp.at, !imp.done }

// Add verifies the chunk for Next's cursor and keeps it. It refuses one that lies
// with a *ChunkError and stays where it was.
func (imp *Import) Add(c *Chunk) error {
	if imp.done {
		return fmt.Errorf("%w: nothing is wanted", ErrChunk)
	}
	b := imp.state.store.Batch()
	var err error
	switch imp.at.Part {
	case Accounts:
		err = imp.addAccounts(b, c)
	case Slots:
		err = imp.addSlots(b, c)
	case Codes:
		err = imp.addCodes(b, c)
	}
	if err != nil {
		return &ChunkError{imp.at, err}
	}
	before := imp.at
	imp.advance(c)
	if err := imp.save(b); err != nil {
		imp.at = before
		return err
	}
	return imp.locate()
}

func (imp *Import) addAccounts(b *store.Batch, c *Chunk) error {
	var values [][]byte
	err := c.verify(imp.root, (*[32]byte)(&imp.at.Start), func(slim []byte) ([]byte, error) {
		a, err := decodeSlim(slim)
		if err == nil && !a.Exists() {
			err = corrupt("empty account")
		}
		values = append(values, appendSlim(nil, &a))
		return accountLeaf(&a), err
	})
	if err != nil {
		return err
	}
	for i := range c.Keys {
		b.Set(imp.state.spaces.accounts, c.Keys[i][:], values[i])
	}
	return nil
}

func (imp *Import) addSlots(b *store.Batch, c *Chunk) error {
	err := c.verify(imp.storage, (*[32]byte)(&imp.at.Start), func(slim []byte) ([]byte, error) {
		v, err := decodeSlot(slim)
		if err == nil && v.IsZero() {
			err = corrupt("empty slot")
		}
		return slotLeaf(v), err
	})
	if err != nil {
		return err
	}
	for i := range c.Keys {
		b.Set(imp.state.spaces.slots, append(append([]byte(nil), imp.at.Account[:]...), c.Keys[i][:]...), c.Values[i])
	}
	return nil
}

func (imp *Import) addCodes(b *store.Batch, c *Chunk) error {
	if len(c.Codes) == 0 || len(c.Codes) > len(imp.at.Codes) {
		return fmt.Errorf("%w: %d codes", ErrChunk, len(c.Codes))
	}
	for i, code := range c.Codes {
		if ledger.Keccak(code) != imp.at.Codes[i] {
			return fmt.Errorf("%w: code %d is not %v", ErrChunk, i, imp.at.Codes[i])
		}
		b.Set(imp.state.spaces.codes, imp.at.Codes[i][:], code)
	}
	return nil
}

// advance moves the cursor behind a chunk.
func (imp *Import) advance(c *Chunk) {
	if imp.at.Part == Codes {
		return // locate finds what is still missing
	}
	if next, ok := after(imp.at.Start, c.Depth); ok {
		imp.at.Start = next
		return
	}
	if imp.at.Part == Accounts {
		imp.at = Cursor{Part: Slots}
		return
	}
	if next, ok := after(imp.at.Account, 64); ok {
		imp.at = Cursor{Part: Slots, Account: next}
		return
	}
	imp.at = Cursor{Part: Codes}
}

// after returns the first hash behind those that share depth nibbles with h, of
// which the others are zero.
func after(h ledger.Hash, depth int) (ledger.Hash, bool) {
	for i := depth - 1; i >= 0; i-- {
		step := byte(1)
		if i&1 == 0 {
			step = 16
		}
		if nibble((*[32]byte)(&h), i) < 15 {
			h[i/2] += step
			return h, true
		}
		h[i/2] -= 15 * step
	}
	return ledger.Hash{}, false
}

// codesAtOnce is the number of codes that one cursor asks for.
const codesAtOnce = 64

// locate moves the cursor on to what is really wanted: the next account with
// storage, or code that is missing.
func (imp *Import) locate() error {
	if imp.at.Part == Slots {
		found, err := imp.locateStorage()
		if found || err != nil {
			return err
		}
		imp.at = Cursor{Part: Codes}
	}
	if imp.at.Part != Codes {
		return nil
	}
	from := imp.at.Start
	imp.at.Codes = nil
	wanted := make(map[ledger.Hash]bool)
	err := imp.accounts(from, func(hash ledger.Hash, a *ledger.Account) error {
		if a.CodeHash == ledger.EmptyCodeHash || wanted[a.CodeHash] {
			return nil
		}
		known, err := imp.state.spaces.codes.Has(a.CodeHash[:])
		if err != nil || known {
			return err
		}
		if len(wanted) == 0 {
			imp.at.Start = hash
		}
		wanted[a.CodeHash] = true
		if imp.at.Codes = append(imp.at.Codes, a.CodeHash); len(wanted) == codesAtOnce {
			return errStop
		}
		return nil
	})
	imp.done = len(imp.at.Codes) == 0
	return err
}

func (imp *Import) locateStorage() (found bool, err error) {
	wanted := imp.at.Account
	err = imp.accounts(wanted, func(hash ledger.Hash, a *ledger.Account) error {
		if a.Root == ledger.EmptyRoot {
			return nil
		}
		found, imp.storage = true, a.Root
		if hash != wanted {
			imp.at = Cursor{Part: Slots, Account: hash}
		}
		return errStop
	})
	return found, err
}

// accounts visits the accounts from a hash on.
func (imp *Import) accounts(from ledger.Hash, visit func(ledger.Hash, *ledger.Account) error) (err error) {
	it := imp.state.spaces.accounts.Iterate(from[:], nil)
	defer func() { err = errors.Join(err, it.Close()) }()
	for it.Next() {
		a, err := decodeSlim(it.Value())
		if err == nil && len(it.Key()) != 32 {
			err = corrupt("account with a bad key")
		}
		if err == nil {
			err = visit(ledger.Hash(it.Key()), &a)
		}
		if err != nil {
			return stopped(err)
		}
	}
	return it.Err()
}

// batchWrites bounds the batches of an import that has no chunks to follow.
const batchWrites = 20_000

// Finish builds the tries from the imported entries, checks the whole against the
// root and opens the state for use, as block 1. It may be called again after it was
// interrupted.
func (imp *Import) Finish() error {
	if !imp.done {
		return fmt.Errorf("%w: chunks are missing", ErrImporting)
	}
	st := imp.state
	st.moving.Lock()
	defer st.moving.Unlock()
	w := writer{store: st.store, batch: st.store.Batch()}
	t := builder{emit: func(path, record []byte) error { return w.set(st.spaces.nodes, path, record) }}
	err := imp.accounts(ledger.Hash{}, func(hash ledger.Hash, a *ledger.Account) error {
		if a.Root != ledger.EmptyRoot {
			if err := imp.finishStorage(&w, hash, a.Root); err != nil {
				return err
			}
		}
		return t.add(hash, accountLeaf(a))
	})
	if err != nil {
		return err
	}
	c, err := t.finish()
	if err != nil {
		return err
	}
	if rootOf(&c) != imp.root {
		return fmt.Errorf("%w: the accounts have root %v, not %v", store.ErrCorrupt, rootOf(&c), imp.root)
	}
	p := &position{seq: 1, oldest: 1, flushed: 1, root: imp.root}
	w.batch.Set(st.spaces.roots, p.root[:], be(1))
	w.batch.Set(st.spaces.numbers, be(1), p.root[:])
	w.batch.Set(st.spaces.meta, tipKey, p.encode())
	w.batch.Delete(st.spaces.meta, importKey)
	if err := w.batch.WriteSync(); err != nil {
		return err
	}
	st.tip.Store(p)
	st.fresh.Store(true)
	return nil
}

func (imp *Import) finishStorage(w *writer, account, root ledger.Hash) (err error) {
	space := imp.state.spaces.storageNodes
	t := builder{emit: func(path, record []byte) error {
		return w.set(space, append(append([]byte(nil), account[:]...), path...), record)
	}}
	_, end := rangeOf(account[:], nil)
	var to []byte
	if end[0] == kindSlot {
		to = end[1:]
	}
	it := imp.state.spaces.slots.Iterate(account[:], to)
	defer func() { err = errors.Join(err, it.Close()) }()
	for it.Next() {
		v, err := decodeSlot(it.Value())
		if err == nil && len(it.Key()) != 64 {
			err = corrupt("slot with a bad key")
		}
		if err == nil {
			err = t.add([32]byte(it.Key()[32:]), slotLeaf(v))
		}
		if err != nil {
			return err
		}
	}
	if err := it.Err(); err != nil {
		return err
	}
	c, err := t.finish()
	if err == nil && rootOf(&c) != root {
		err = fmt.Errorf("%w: the slots of %v have root %v, not %v", store.ErrCorrupt, account, rootOf(&c), root)
	}
	return err
}

// writer writes much in batches of bounded size.
type writer struct {
	store *store.Store
	batch *store.Batch
}

func (w *writer) set(p store.Space, key, value []byte) error {
	w.batch.Set(p, key, value)
	return w.spill()
}

func (w *writer) spill() error {
	if w.batch.Len() < batchWrites {
		return nil
	}
	if err := w.batch.WriteSync(); err != nil {
		return err
	}
	w.batch = w.store.Batch()
	return nil
}

// wipe removes what an import has left.
func (st *State) wipe() error {
	w := writer{store: st.store, batch: st.store.Batch()}
	for _, space := range []store.Space{st.spaces.accounts, st.spaces.slots, st.spaces.nodes, st.spaces.storageNodes, st.spaces.codes} {
		it := space.Iterate(nil, nil)
		var err error
		for err == nil && it.Next() {
			w.batch.Delete(space, it.Key())
			err = w.spill()
		}
		if err := errors.Join(err, it.Err(), it.Close()); err != nil {
			return err
		}
	}
	w.batch.Delete(st.spaces.meta, importKey)
	return w.batch.WriteSync()
}
