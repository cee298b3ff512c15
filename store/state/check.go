package state

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// Check reads the whole newest state from the store, past the caches, and returns the
// first damage: it computes every storage root and the state root from the flat
// tables, and compares the records of the nodes, the code and the history. Nothing
// may be committed meanwhile.
func (st *State) Check() error {
	if err := st.importing(); err != nil {
		return err
	}
	p := st.tip.Load()
	records := walker{it: st.spaces.nodes.Iterate(nil, nil), newer: st.buffer.sorted(kindNode)}
	storageRecords := walker{it: st.spaces.storageNodes.Iterate(nil, nil), newer: st.buffer.sorted(kindStorageNode)}
	slots := walker{it: st.spaces.slots.Iterate(nil, nil)}
	root, err := st.rebuild(&slots, &records, &storageRecords)
	if err == nil && root != p.root {
		err = fmt.Errorf("%w: state: the accounts have root %v, not %v", store.ErrCorrupt, root, p.root)
	}
	err = errors.Join(err, records.it.Close(), storageRecords.it.Close(), slots.it.Close())
	if err != nil {
		return err
	}
	return st.checkHistory(p)
}

// rebuild computes the state root and consumes what the walkers hold for it.
func (st *State) rebuild(slots, records, storageRecords *walker) (root ledger.Hash, err error) {
	it := st.spaces.accounts.Iterate(nil, nil)
	defer func() { err = errors.Join(err, it.Close()) }()
	expected := newComparison(records)
	t := builder{emit: expected.emit}
	for it.Next() {
		if len(it.Key()) != 32 {
			return root, corrupt("account with a bad key")
		}
		hash := [32]byte(it.Key())
		a, err := decodeSlim(it.Value())
		if err == nil && !a.Exists() {
			err = corrupt("empty account")
		}
		if err == nil {
			err = st.checkCode(a.CodeHash)
		}
		if err == nil {
			err = st.checkStorage(&hash, &a, slots, storageRecords)
		}
		if err == nil {
			err = t.add(hash, accountLeaf(&a))
		}
		if err != nil {
			return root, fmt.Errorf("account %x: %w", hash, err)
		}
	}
	if err := it.Err(); err != nil {
		return root, err
	}
	c, err := t.finish()
	if err == nil {
		err = expected.settle()
	}
	if err == nil {
		err = errors.Join(slots.end(), records.end(), storageRecords.end())
	}
	return rootOf(&c), err
}

// checkStorage compares an account's storage root with the next slots.
func (st *State) checkStorage(hash *[32]byte, a *ledger.Account, slots, records *walker) error {
	expected := newComparison(records)
	expected.owner = hash[:]
	t := builder{emit: expected.emit}
	for {
		key, value, ok := slots.peek(hash[:])
		if !ok {
			break
		}
		if len(key) != 32 {
			return corrupt("slot with a bad key")
		}
		v, err := decodeSlot(value)
		if err == nil && v.IsZero() {
			err = corrupt("empty slot")
		}
		if err == nil {
			err = t.add([32]byte(key), slotLeaf(v))
		}
		if err != nil {
			return err
		}
		slots.advance()
	}
	c, err := t.finish()
	if err == nil {
		err = expected.settle()
	}
	if err == nil && rootOf(&c) != a.Root {
		err = corrupt("storage has another root than the account says")
	}
	return err
}

func (st *State) checkCode(hash ledger.Hash) error {
	if hash == ledger.EmptyCodeHash {
		return nil
	}
	code, err := st.spaces.codes.Get(hash[:])
	switch {
	case err != nil:
		return err
	case code == nil:
		return fmt.Errorf("%w: %v", ErrCode, hash)
	case keccak.Sum256(code) != hash:
		return fmt.Errorf("%w: code under hash %v has another", store.ErrCorrupt, hash)
	}
	return nil
}

// checkHistory reads all diffs within the history and its roots.
func (st *State) checkHistory(p *position) error {
	for seq := p.oldest; seq < p.seq; seq++ {
		raw, err := st.spaces.diffs.Get(be(seq + 1))
		if err != nil {
			return err
		}
		d, err := decodeDiff(raw)
		if err != nil {
			return fmt.Errorf("diff of block %d: %w", seq+1, err)
		}
		f, err := st.spaces.filters.Get(be(seq + 1))
		if err != nil {
			return err
		}
		if !bytes.Equal(f, d.filter()) {
			return fmt.Errorf("filter of block %d: %w", seq+1, corrupt("not that of its diff"))
		}
	}
	for seq := max(p.oldest, 1); seq <= p.seq; seq++ {
		root, err := st.spaces.numbers.Get(be(seq))
		if err != nil {
			return err
		}
		last, err := st.spaces.roots.Get(root)
		if err != nil {
			return err
		}
		if len(root) != 32 || bytes.Compare(last, be(seq)) < 0 || seq == p.seq && ledger.Hash(root) != p.root {
			return fmt.Errorf("root of block %d: %w", seq, corrupt("the indexes disagree"))
		}
	}
	return nil
}

// walker reads a table from one end to the other, with newer values of some of its
// keys.
type walker struct {
	it         *store.Iterator
	newer      []oldValue // in ascending order; without a value the key is gone
	begun      bool
	stored     bool // the iterator stands at an entry
	more       bool
	key, value []byte
}

func (w *walker) advance() {
	if !w.begun || w.stored && bytes.Equal(w.key, w.it.Key()) {
		w.begun, w.stored = true, w.it.Next()
	}
	for {
		w.more = w.stored
		if w.stored {
			w.key, w.value = w.it.Key(), w.it.Value()
		}
		order := 1
		if len(w.newer) > 0 {
			order = -1
			if w.stored {
				order = bytes.Compare(w.newer[0].key, w.key)
			}
		}
		if order > 0 {
			return
		}
		w.more, w.key, w.value = true, w.newer[0].key, w.newer[0].value
		w.newer = w.newer[1:]
		if w.value != nil {
			return
		}
		if order == 0 {
			w.stored = w.it.Next()
		}
	}
}

// peek returns the entry at hand without its prefix, if it begins with it.
func (w *walker) peek(prefix []byte) (key, value []byte, ok bool) {
	if !w.begun {
		w.advance()
	}
	if !w.more || !bytes.HasPrefix(w.key, prefix) {
		return nil, nil, false
	}
	return w.key[len(prefix):], w.value, true
}

// end fails if an entry is left.
func (w *walker) end() error {
	if _, _, left := w.peek(nil); left {
		return fmt.Errorf("entry %x: %w", w.key, corrupt("belongs to nothing"))
	}
	return w.it.Err()
}

// comparison holds the records of one trie against a table. A table has a branch
// before those below it and the builder makes it after them, so that those on the
// path at hand wait.
type comparison struct {
	table   *walker
	owner   []byte
	waiting []edit // from the table, each below the one before
}

func newComparison(table *walker) *comparison { return &comparison{table: table} }

func (c *comparison) emit(path, record []byte) error {
	for {
		if n := len(c.waiting); n > 0 && bytes.Equal(c.waiting[n-1].path, path) {
			if !bytes.Equal(c.waiting[n-1].old, record) {
				return fmt.Errorf("node %x: %w", path, corrupt("record is not that of the entries below it"))
			}
			c.waiting = c.waiting[:n-1]
			return nil
		}
		key, value, ok := c.table.peek(c.owner)
		if !ok || bytes.Compare(key, path) > 0 {
			return fmt.Errorf("node %x: %w", path, corrupt("record is missing"))
		}
		c.waiting = append(c.waiting, edit{path: bytes.Clone(key), old: bytes.Clone(value)})
		c.table.advance()
	}
}

// settle fails if records are left.
func (c *comparison) settle() error {
	_, _, left := c.table.peek(c.owner)
	if left && c.owner != nil || len(c.waiting) > 0 {
		return corrupt("record of a node that is not in the trie")
	}
	return c.table.it.Err()
}
