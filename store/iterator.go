package store

import (
	"bytes"
	"errors"
	"fmt"

	dbm "github.com/cometbft/cometbft-db"
)

// Iterator walks keys as they were when it was made:
//
//	it := space.Iterate(nil, nil)
//	defer it.Close()
//	for it.Next() {
//		use(it.Key(), it.Value())
//	}
//	return it.Err()
//
// It belongs to one goroutine.
type Iterator struct {
	store      *Store
	source     dbm.Iterator // nil after Close or if it could not be made
	cut        int          // length of the prefix that Key leaves out
	started    bool
	key, value []byte // buffers of the iterator
	err        error
}

func newIterator(s *Store, from, to []byte, cut int, reverse bool) *Iterator {
	it := &Iterator{store: s, cut: cut}
	if bytes.Compare(from, to) >= 0 {
		return it
	}
	it.err = s.use(func(db dbm.DB) (err error) {
		if reverse {
			it.source, err = db.ReverseIterator(from, to)
		} else {
			it.source, err = db.Iterator(from, to)
		}
		if err != nil {
			it.source = nil
			return fmt.Errorf("store: iterate: %w", err)
		}
		if _, memory := db.(*dbm.MemDB); memory {
			it.source, err = copyRange(it.source)
			return err
		}
		s.live.Lock()
		s.live.iterators[it] = struct{}{}
		s.live.Unlock()
		return nil
	})
	return it
}

// Next moves to the next key, first to the first. It returns false at the end and
// on failure; Err tells which.
func (it *Iterator) Next() bool {
	if it.err != nil || it.source == nil {
		return false
	}
	found := false
	it.err = it.store.use(func(dbm.DB) error {
		if it.started && it.source.Valid() {
			it.source.Next()
		}
		it.started = true
		if !it.source.Valid() {
			if err := it.source.Error(); err != nil {
				return fmt.Errorf("store: iterate: %w", err)
			}
			return nil
		}
		found = true
		it.key = append(it.key[:0], it.source.Key()[it.cut:]...)
		it.value = append(it.value[:0], it.source.Value()...)
		return nil
	})
	return found
}

// Key returns the key without the space's prefix. It is valid until Next.
func (it *Iterator) Key() []byte { return it.key }

// Value returns the value. It is valid until Next.
func (it *Iterator) Value() []byte { return it.value }

// Err returns the error that ended the walk, if one did: ErrClosed after the
// store's Close.
func (it *Iterator) Err() error { return it.err }

// Close releases the iterator. Further calls do nothing.
func (it *Iterator) Close() error {
	if it.source == nil {
		return nil
	}
	source := it.source
	it.source = nil
	err := it.store.use(func(dbm.DB) error {
		it.store.live.Lock()
		delete(it.store.live.iterators, it)
		it.store.live.Unlock()
		return source.Close()
	})
	if errors.Is(err, ErrClosed) {
		return nil // the store's Close has released it
	}
	return err
}

// rangeCopy walks a copy of a range of keys. It exists for MemDB, whose iterators
// lock the database against writes until they are closed.
type rangeCopy struct {
	dbm.Iterator // closed; answers Domain only
	pairs        [][2][]byte
}

func copyRange(source dbm.Iterator) (*rangeCopy, error) {
	c := &rangeCopy{Iterator: source}
	for ; source.Valid(); source.Next() {
		c.pairs = append(c.pairs, [2][]byte{source.Key(), source.Value()})
	}
	return c, errors.Join(source.Error(), source.Close())
}

func (c *rangeCopy) Valid() bool   { return len(c.pairs) > 0 }
func (c *rangeCopy) Next()         { c.pairs = c.pairs[1:] }
func (c *rangeCopy) Key() []byte   { return c.pairs[0][0] }
func (c *rangeCopy) Value() []byte { return c.pairs[0][1] }
func (c *rangeCopy) Error() error  { return nil }
func (c *rangeCopy) Close() error  { c.pairs = nil; return nil }
