package store

import (
	"bytes"
	"sync"

	"github.com/google/btree"
)

// memory is an engine without files: a copy-on-write tree, of which iterators and
// snapshots hold a version of their own. They never block writers.
type memory struct {
	mu   sync.Mutex
	tree *btree.BTreeG[Write]
}

const memoryDegree = 32

func openMemory() *memory {
	return &memory{tree: btree.NewG(memoryDegree, func(a, b Write) bool { return bytes.Compare(a.Key, b.Key) < 0 })}
}

// version returns the tree as it is now, never to change.
func (m *memory) version() memoryView {
	m.mu.Lock()
	defer m.mu.Unlock()
	return memoryView{m.tree.Clone()}
}

func (m *memory) Get(key []byte) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return memoryView{m.tree}.Get(key)
}

func (m *memory) Iterate(start, end []byte, reverse bool) (Cursor, error) {
	return m.version().Iterate(start, end, reverse)
}

func (m *memory) Apply(writes []Write) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, w := range writes {
		if w.Value == nil {
			m.tree.Delete(w)
			continue
		}
		m.tree.ReplaceOrInsert(Write{bytes.Clone(w.Key), append(make([]byte, 0, len(w.Value)), w.Value...)})
	}
	return nil
}

func (m *memory) Snapshot() (EngineSnapshot, error) { return m.version(), nil }
func (m *memory) Compact(_, _ []byte) error         { return nil }
func (m *memory) Stats() map[string]string          { return map[string]string{} }
func (m *memory) Close() error                      { return nil }

type memoryView struct{ tree *btree.BTreeG[Write] }

func (v memoryView) Get(key []byte) ([]byte, error) {
	w, ok := v.tree.Get(Write{Key: key})
	if !ok {
		return nil, nil
	}
	return append(make([]byte, 0, len(w.Value)), w.Value...), nil
}

func (v memoryView) Iterate(start, end []byte, reverse bool) (Cursor, error) {
	return &memoryCursor{tree: v.tree, start: bytes.Clone(start), end: bytes.Clone(end), reverse: reverse}, nil
}

func (memoryView) Close() error { return nil }

// memoryCursor fetches a few pairs at a time.
type memoryCursor struct {
	tree       *btree.BTreeG[Write]
	start, end []byte // what is left to fetch
	reverse    bool
	fetched    []Write
	current    Write
	done       bool
}

const memoryFetch = 64

func (c *memoryCursor) Next() bool {
	if len(c.fetched) == 0 && !c.done {
		c.fetch()
	}
	if len(c.fetched) == 0 {
		return false
	}
	c.current, c.fetched = c.fetched[0], c.fetched[1:]
	return true
}

func (c *memoryCursor) fetch() {
	take := func(w Write) bool {
		if !c.reverse && c.end != nil && bytes.Compare(w.Key, c.end) >= 0 ||
			c.reverse && bytes.Compare(w.Key, c.start) < 0 {
			return false
		}
		if !c.reverse || c.end == nil || bytes.Compare(w.Key, c.end) < 0 {
			c.fetched = append(c.fetched, w)
		}
		return len(c.fetched) < memoryFetch
	}
	switch {
	case !c.reverse:
		c.tree.AscendGreaterOrEqual(Write{Key: c.start}, take)
	case c.end == nil:
		c.tree.Descend(take)
	default:
		c.tree.DescendLessOrEqual(Write{Key: c.end}, take)
	}
	if c.done = len(c.fetched) < memoryFetch; c.done {
		return
	}
	last := c.fetched[memoryFetch-1].Key
	if c.reverse {
		c.end = last
	} else {
		c.start = append(bytes.Clone(last), 0)
	}
}

func (c *memoryCursor) Key() []byte   { return c.current.Key }
func (c *memoryCursor) Value() []byte { return c.current.Value }
func (c *memoryCursor) Err() error    { return nil }

func (c *memoryCursor) Close() error {
	c.tree, c.fetched, c.done = nil, nil, true
	return nil
}
