package store

import (
	"bytes"
	"fmt"
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
	db         *DB
	cursor     Cursor
	handle     *handle // nil after Close or if the iterator could not be made
	cut        int     // length of the prefix that Key leaves out
	key, value []byte  // buffers of the iterator
	err        error
}

func newIterator(s *Store, sn *Snapshot, from, to []byte, cut int, reverse bool) *Iterator {
	it := &Iterator{db: s.db, cut: cut}
	if to != nil && bytes.Compare(from, to) >= 0 {
		return it
	}
	it.cursor, it.handle, it.err = s.db.walk(sn, from, to, reverse)
	return it
}

// Next moves to the next key, first to the first. It returns false at the end and
// on failure; Err tells which.
func (it *Iterator) Next() bool {
	if it.err != nil || it.handle == nil {
		return false
	}
	found := false
	it.err = it.db.with(it.handle, func() error {
		if found = it.cursor.Next(); !found {
			if err := it.cursor.Err(); err != nil {
				return fmt.Errorf("store: iterate: %w", err)
			}
			return nil
		}
		it.key = append(it.key[:0], it.cursor.Key()[it.cut:]...)
		it.value = append(it.value[:0], it.cursor.Value()...)
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
	if it.handle == nil {
		return nil
	}
	h := it.handle
	it.handle = nil
	return it.db.release(h)
}
