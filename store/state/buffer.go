package state

import (
	"bytes"
	"fmt"
	"slices"
	"sync"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// The nodes at the top of a trie change in every block, and those below often. A
// batch therefore holds the flat values and the reverse diff of its block, but the
// records of nodes only now and then: until then they wait in a buffer. After a
// crash, or any other end, they are computed again from what the diffs since say
// has changed.

// buffer holds the records that are newer than the store's. It is safe for
// concurrent use.
type buffer struct {
	mu    sync.RWMutex
	nodes map[string]buffered // by nodeKey
	size  int                 // bytes, roughly
}

// buffered is the newest record of a node, nil for one that is gone.
type buffered struct {
	record []byte
	ref    ref
}

// bufferedNode is what an entry takes beside key and record.
const bufferedNode = 150

func newBuffer() *buffer { return &buffer{nodes: make(map[string]buffered)} }

func (b *buffer) get(key []byte) (buffered, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	x, ok := b.nodes[string(key)]
	return x, ok
}

func (b *buffer) add(owner []byte, edits []edit) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var room [98]byte
	for i := range edits {
		e := &edits[i]
		key := appendNodeKey(room[:0], owner, e.path)
		if was, ok := b.nodes[string(key)]; ok {
			b.size += len(e.new) - len(was.record)
		} else {
			b.size += len(key) + len(e.new) + bufferedNode
		}
		b.nodes[string(key)] = buffered{e.new, e.ref}
	}
}

func (b *buffer) bytes() int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.size
}

// write puts the records into a batch.
func (b *buffer) write(st *State, batch *store.Batch) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for key, x := range b.nodes {
		space, k := st.table([]byte(key))
		if x.record == nil {
			batch.Delete(space, k)
		} else {
			batch.Set(space, k, x.record)
		}
	}
}

// sorted returns the records of a kind in ascending order of their keys, which are
// those of the table.
func (b *buffer) sorted(kind byte) []oldValue {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var out []oldValue
	for key, x := range b.nodes {
		if key[0] == kind {
			out = append(out, oldValue{[]byte(key[1:]), x.record})
		}
	}
	slices.SortFunc(out, func(a, b oldValue) int { return bytes.Compare(a.key, b.key) })
	return out
}

// empty forgets the records and gives them to the cache.
func (b *buffer) empty(cache *records) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, x := range b.nodes {
		if x.record != nil && x.ref.n == 32 {
			cache.add(x.ref.b, x.record)
		}
	}
	clear(b.nodes)
	b.size = 0
}

// stored returns the newest record of a node, from the buffer or the store.
func (st *State) stored(key []byte) ([]byte, error) {
	if x, ok := st.buffer.get(key); ok {
		return x.record, nil
	}
	space, k := st.table(key)
	return space.Get(k)
}

// maxBuffered bounds the blocks whose nodes wait, and so what Open has to repeat.
const maxBuffered = 256

// full reports whether the nodes of a commit, and those that wait, are to be written.
func (c *settlement) full() bool {
	size := c.state.buffer.bytes()
	for _, l := range c.layers {
		size += weigh(l.edits)
		for _, e := range l.sorted {
			size += weigh(e.edits)
		}
	}
	return size > c.state.dirty || c.to.seq-c.from.flushed > min(maxBuffered, c.state.history/2)
}

func weigh(edits []edit) (size int) {
	for i := range edits {
		size += len(edits[i].path) + len(edits[i].new) + bufferedNode
	}
	return size
}

// replay fills the buffer with what it held when the state was last in use.
func (st *State) replay(p *position) error {
	if p.flushed == p.seq {
		return nil
	}
	root := ledger.EmptyRoot
	if p.flushed > 0 {
		raw, err := st.spaces.numbers.Get(be(p.flushed))
		if err != nil {
			return err
		}
		if len(raw) != 32 {
			return corrupt("the root below the newest nodes is missing")
		}
		root = ledger.Hash(raw)
	}
	accounts, err := st.changedWithin(p, p.flushed, []byte{kindAccount}, []byte{kindAccount + 1})
	if err != nil {
		return err
	}
	slots, err := st.changedWithin(p, p.flushed, []byte{kindSlot}, []byte{kindSlot + 1})
	if err != nil {
		return err
	}
	items := make([]item, 0, len(accounts))
	for _, x := range accounts {
		n := 0
		for n < len(slots) && string(slots[n].key[1:33]) == string(x.key[1:]) {
			n++
		}
		it, err := st.replayAccount(p.flushed, x, slots[:n])
		if err != nil {
			return fmt.Errorf("account %x: %w", x.key[1:], err)
		}
		slots = slots[n:]
		if it != nil {
			items = append(items, *it)
		}
	}
	if len(slots) > 0 {
		return corrupt("slots changed of an account that did not")
	}
	t := trie{state: st, seq: p.flushed, void: p.flushed == 0}
	top, edits, err := update(t, childOf(root), items, true)
	if err != nil {
		return err
	}
	if rootOf(&top) != p.root {
		return corrupt("the changes of the newest blocks do not lead to their root")
	}
	st.buffer.add(nil, edits)
	return nil
}

// replayAccount computes the storage of an account again and returns what changed in
// the trie of accounts, if anything. old and slots are as of block seq.
func (st *State) replayAccount(seq uint64, old oldValue, slots []oldValue) (*item, error) {
	was, err := decodeSlim(old.value)
	if err != nil {
		return nil, err
	}
	raw, err := st.spaces.accounts.Get(old.key[1:])
	if err != nil {
		return nil, err
	}
	is, err := decodeSlim(raw)
	if err != nil {
		return nil, err
	}
	if err := st.replayStorage(seq, old.key[1:], &was, &is, slots); err != nil {
		return nil, err
	}
	if is == was {
		return nil, nil
	}
	x := &item{key: [32]byte(old.key[1:]), existed: was.Exists()}
	if is.Exists() {
		x.value = accountLeaf(&is)
	}
	return x, nil
}

func (st *State) replayStorage(seq uint64, owner []byte, was, is *ledger.Account, slots []oldValue) error {
	items := make([]item, 0, len(slots))
	for _, x := range slots {
		raw, err := st.spaces.slots.Get(x.key[1:])
		if err != nil {
			return err
		}
		if string(raw) == string(x.value) {
			continue
		}
		v, err := decodeSlot(raw)
		if err != nil {
			return err
		}
		it := item{key: [32]byte(x.key[33:]), existed: len(x.value) > 0}
		if !v.IsZero() {
			it.value = slotLeaf(v)
		}
		items = append(items, it)
	}
	top, want := child{}, ledger.EmptyRoot
	if was.Exists() {
		top = childOf(was.Root)
	}
	if is.Exists() {
		want = is.Root
	}
	t := trie{state: st, seq: seq, void: seq == 0, owner: owner}
	top, edits, err := update(t, top, items, true)
	if err != nil {
		return err
	}
	if rootOf(&top) != want {
		return corrupt("the changed slots do not lead to the storage root")
	}
	st.buffer.add(owner, edits)
	return nil
}
