package store

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	dbm "github.com/cometbft/cometbft-db"
)

// handle is what Close and recovery must end before the engine closes. Its mutex is
// read-locked by every use and taken after DB.mu.
type handle struct {
	mu    sync.RWMutex
	close func() error
	ended error // ErrClosed or ErrRecovered, once ended
}

// hold registers a handle. The caller is within use.
func (db *DB) hold(close func() error) *handle {
	h := &handle{close: close}
	db.live.Lock()
	defer db.live.Unlock()
	db.live.handles[h] = struct{}{}
	return h
}

// endHandles closes all of them. The caller holds mu.
func (db *DB) endHandles(why error) error {
	db.live.Lock()
	defer db.live.Unlock()
	var errs []error
	for h := range db.live.handles {
		errs = append(errs, h.end(why))
	}
	clear(db.live.handles)
	return errors.Join(errs...)
}

func (h *handle) end(why error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended != nil {
		return nil
	}
	h.ended = why
	return h.close()
}

// with runs f if the handle has not ended.
func (db *DB) with(h *handle, f func() error) error {
	db.mu.RLock()
	defer db.mu.RUnlock()
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.ended != nil {
		return h.ended
	}
	return f()
}

// release ends a handle, if it has not ended.
func (db *DB) release(h *handle) error {
	db.mu.RLock()
	defer db.mu.RUnlock()
	db.live.Lock()
	delete(db.live.handles, h)
	db.live.Unlock()
	return h.end(ErrClosed)
}

// walk makes a cursor over the newest state, or that of a snapshot if sn is not nil.
func (db *DB) walk(sn *Snapshot, start, end []byte, reverse bool) (c Cursor, h *handle, err error) {
	err = db.view(sn, func(v View) (err error) {
		if c, err = v.Iterate(start, end, reverse); err != nil {
			return fmt.Errorf("store: iterate: %w", err)
		}
		h = db.hold(c.Close)
		return nil
	})
	return c, h, err
}

// view runs f on the newest state or a snapshot.
func (db *DB) view(sn *Snapshot, f func(View) error) error {
	if sn == nil {
		return db.use(func(e Engine) error { return f(e) })
	}
	return db.with(sn.handle, func() error { return f(sn.view) })
}

// Get returns the value of key, or nil. The slice belongs to the caller.
func (db *DB) Get(key []byte) (value []byte, err error) {
	if len(key) == 0 {
		return nil, ErrEmptyKey
	}
	err = db.use(func(e Engine) (err error) {
		value, err = e.Get(key)
		return err
	})
	return value, err
}

// Has reports whether key has a value.
func (db *DB) Has(key []byte) (bool, error) {
	value, err := db.Get(key)
	return value != nil, err
}

// Set writes one value durably.
func (db *DB) Set(key, value []byte) error {
	b := db.NewBatch()
	return errors.Join(b.Set(key, value), b.WriteSync())
}

// SetSync is Set.
func (db *DB) SetSync(key, value []byte) error { return db.Set(key, value) }

// Delete removes a key durably.
func (db *DB) Delete(key []byte) error {
	b := db.NewBatch()
	return errors.Join(b.Delete(key), b.WriteSync())
}

// DeleteSync is Delete.
func (db *DB) DeleteSync(key []byte) error { return db.Delete(key) }

// Iterator walks [start, end) in ascending order, through the state as it is now.
// Writes do not wait for it.
func (db *DB) Iterator(start, end []byte) (dbm.Iterator, error) {
	return db.iterator(start, end, false)
}

// ReverseIterator walks [start, end) in descending order.
func (db *DB) ReverseIterator(start, end []byte) (dbm.Iterator, error) {
	return db.iterator(start, end, true)
}

func (db *DB) iterator(start, end []byte, reverse bool) (dbm.Iterator, error) {
	if start != nil && len(start) == 0 || end != nil && len(end) == 0 {
		return nil, ErrEmptyKey
	}
	c, h, err := db.walk(nil, start, end, reverse)
	if err != nil {
		return nil, err
	}
	it := &dbIterator{db: db, cursor: c, handle: h, start: start, end: end}
	it.Next()
	return it, nil
}

// NewBatch returns an empty batch.
func (db *DB) NewBatch() dbm.Batch { return &dbBatch{db: db} }

// Print writes nothing: Stats has the figures.
func (db *DB) Print() error { return db.use(func(Engine) error { return nil }) }

// Stats returns the engine's own figures, empty after Close.
func (db *DB) Stats() (stats map[string]string) {
	err := db.use(func(e Engine) error {
		stats = e.Stats()
		return nil
	})
	if err != nil {
		return map[string]string{}
	}
	return stats
}

// Compact reclaims the space of what was deleted in [start, end).
func (db *DB) Compact(start, end []byte) error {
	return db.use(func(e Engine) error { return e.Compact(start, end) })
}

// dbBatch keeps references, as cometbft-db's contract allows.
type dbBatch struct {
	db     *DB
	writes []Write
	used   bool
}

func (b *dbBatch) Set(key, value []byte) error {
	if value == nil {
		return ErrNilValue
	}
	return b.add(Write{key, value})
}

func (b *dbBatch) Delete(key []byte) error { return b.add(Write{Key: key}) }

func (b *dbBatch) add(w Write) error {
	switch {
	case len(w.Key) == 0:
		return ErrEmptyKey
	case b.used:
		return ErrBatch
	}
	b.writes = append(b.writes, w)
	return nil
}

func (b *dbBatch) Write() error { return b.WriteSync() }

// WriteSync makes the batch visible and durable, and uses it up unless it fails.
func (b *dbBatch) WriteSync() error {
	if b.used {
		return ErrBatch
	}
	if err := b.db.apply(b.writes); err != nil {
		return err
	}
	return b.Close()
}

func (b *dbBatch) Close() error {
	b.used, b.writes = true, nil
	return nil
}

// dbIterator has cometbft-db's shape, in which a new iterator stands on its first key.
type dbIterator struct {
	db         *DB
	cursor     Cursor
	handle     *handle
	start, end []byte
	key, value []byte
	valid      bool
	err        error
}

func (it *dbIterator) Domain() (start, end []byte) { return it.start, it.end }
func (it *dbIterator) Error() error                { return it.err }
func (it *dbIterator) Close() error                { it.valid = false; return it.db.release(it.handle) }

func (it *dbIterator) Valid() bool {
	if it.valid {
		if it.err = it.db.with(it.handle, func() error { return nil }); it.err != nil {
			it.valid = false
		}
	}
	return it.valid
}

func (it *dbIterator) Next() {
	it.valid = false
	if it.err != nil {
		return
	}
	it.err = it.db.with(it.handle, func() error {
		if !it.cursor.Next() {
			return it.cursor.Err()
		}
		it.key, it.value = bytes.Clone(it.cursor.Key()), append([]byte{}, it.cursor.Value()...)
		it.valid = true
		return nil
	})
}

// Key returns the key, or nil if the iterator is not valid. It is the caller's.
func (it *dbIterator) Key() []byte {
	if !it.valid {
		return nil
	}
	return it.key
}

// Value returns the value, or nil if the iterator is not valid. It is the caller's.
func (it *dbIterator) Value() []byte {
	if !it.valid {
		return nil
	}
	return it.value
}
