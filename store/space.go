package store

import "fmt"

// Space is a named part of a store with keys of its own. It is a small value. Keys
// may be empty.
type Space struct {
	store    *Store
	snapshot *Snapshot // nil for the newest state
	prefix   string
}

const (
	maxName = 63
	logMark = 0x80 // set in the first byte of a log's prefix
)

// Space returns the space with a name of 1 to 63 bytes. The same name is the same
// space; keys of different spaces never meet.
func (s *Store) Space(name string) Space {
	return Space{store: s, prefix: prefixOf(name, 0)}
}

// At returns the space as a snapshot of its store shows it. Batches write to the
// newest state all the same.
func (p Space) At(sn *Snapshot) Space {
	if sn.db != p.store.db {
		panic("store: snapshot of another store")
	}
	p.snapshot = sn
	return p
}

// prefixOf puts the length first, so that no prefix begins another.
func prefixOf(name string, mark byte) string {
	if len(name) == 0 || len(name) > maxName {
		panic("store: name must have 1 to 63 bytes: " + name)
	}
	return string([]byte{mark | byte(len(name))}) + name
}

func (p Space) key(k []byte) []byte {
	out := make([]byte, 0, len(p.prefix)+len(k))
	return append(append(out, p.prefix...), k...)
}

// end is the first key after the space.
func (p Space) end() []byte {
	out := []byte(p.prefix)
	for i := len(out) - 1; ; i-- {
		// The first byte is at most 0xbf, so the carry stops there at the latest.
		if out[i]++; out[i] != 0 {
			return out[:i+1]
		}
	}
}

// Get returns the value of key, or nil if there is none. The caller must not
// change it.
func (p Space) Get(key []byte) (value []byte, err error) {
	err = p.store.db.view(p.snapshot, func(v View) (err error) {
		if value, err = v.Get(p.key(key)); err != nil {
			return fmt.Errorf("store: get from %s: %w", p.prefix[1:], err)
		}
		return nil
	})
	return value, err
}

// Has reports whether key has a value.
func (p Space) Has(key []byte) (bool, error) {
	value, err := p.Get(key)
	return value != nil, err
}

// Iterate walks the keys in [start, end) in ascending order; nil means from the
// first and past the last. Close the iterator.
func (p Space) Iterate(start, end []byte) *Iterator { return p.iterate(start, end, false) }

// Reverse walks the keys in [start, end) in descending order.
func (p Space) Reverse(start, end []byte) *Iterator { return p.iterate(start, end, true) }

func (p Space) iterate(start, end []byte, reverse bool) *Iterator {
	from, to := p.key(start), p.end()
	if end != nil {
		to = p.key(end)
	}
	return newIterator(p.store, p.snapshot, from, to, len(p.prefix), reverse)
}
