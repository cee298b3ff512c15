package state

import (
	"bytes"
	"slices"
	"sync"

	"github.com/rootstem/rootstem/store"
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
