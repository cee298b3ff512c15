// Package pebble is a backend of package store over cockroachdb/pebble. Only who
// imports it links pebble.
//
//	s, err := store.Open(store.Config{Dir: dir, Backend: pebble.Backend()})
//
// It differs from the default backend in this: other goroutines may read a batch a
// moment before WriteSync has made it durable; and after a failed write reads fail
// too, until the next write has recovered the store.
package pebble

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"

	"github.com/rootstem/rootstem/store"
)

// Backend returns the backend.
func Backend() store.Backend { return backend{} }

type backend struct{}

func (backend) Name() string { return "pebble" }

func (backend) Open(disk *store.Disk, dir string, budget store.Budget) (store.Engine, error) {
	// Pebble ends the process when a write fails. It never sees one fail: the disk
	// pretends, and the engine asks the disk after every call.
	disk.Pretend()
	cache := pebble.NewCache(int64(budget.Cache))
	defer cache.Unref() // the database holds its own reference
	opts := &pebble.Options{
		FS:                          fileSystem{disk},
		Cache:                       cache,
		MemTableSize:                uint64(max(budget.WriteBuffer, minMemTable)),
		MemTableStopWritesThreshold: 2,
		MaxOpenFiles:                budget.OpenFiles,
		FormatMajorVersion:          pebble.FormatNewest,
		CompactionConcurrencyRange:  func() (int, int) { return 1, 1 },
		Logger:                      logger{disk},
		EventListener: &pebble.EventListener{
			BackgroundError: func(error) {}, // pebble tries again; reads and writes report
			DataCorruption:  func(pebble.DataCorruptionInfo) {},
		},
	}
	for i := range opts.Levels {
		opts.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	db, err := open(dir, opts)
	if fault := disk.Fault(); fault != nil {
		e := &engine{db: db, disk: disk}
		return nil, errors.Join(fault, e.Close())
	}
	if err != nil {
		return nil, typed(err)
	}
	return &engine{view{db, disk}, db, disk}, nil
}

const minMemTable = 16 << 10

// open keeps a panic of pebble over a damaged file from the process.
func open(dir string, opts *pebble.Options) (db *pebble.DB, err error) {
	defer func() {
		if r := recover(); r != nil {
			db, err = nil, fmt.Errorf("%w: %v", store.ErrCorrupt, r)
		}
	}()
	return pebble.Open(dir, opts)
}

// typed gives pebble's errors a type of package store; those of the file system have
// theirs already.
func typed(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrIO), errors.Is(err, store.ErrNoSpace), errors.Is(err, store.ErrCorrupt):
		return err
	case errors.Is(err, pebble.ErrClosed):
		return store.ErrClosed
	}
	// What is left are files that do not say what they should.
	return fmt.Errorf("%w: pebble: %w", store.ErrCorrupt, err)
}

// logger turns the end of the process into the end of the engine. Pebble does not
// expect Fatalf to return, so the goroutine stays.
type logger struct{ disk *store.Disk }

func (logger) Infof(string, ...any)  {}
func (logger) Errorf(string, ...any) {}

func (l logger) Fatalf(format string, args ...any) {
	l.disk.Fail(fmt.Errorf("pebble: "+format, args...))
	select {}
}

type reader interface {
	Get(key []byte) ([]byte, io.Closer, error)
	NewIter(o *pebble.IterOptions) (*pebble.Iterator, error)
}

type view struct {
	reader reader
	disk   *store.Disk
}

func (v view) Get(key []byte) (value []byte, err error) {
	if err := v.disk.Fault(); err != nil {
		return nil, err
	}
	raw, closer, err := v.reader.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, v.disk.Fault()
	}
	if err != nil {
		return nil, v.fail(err)
	}
	value = append(make([]byte, 0, len(raw)), raw...)
	return value, errors.Join(typed(closer.Close()), v.disk.Fault())
}

// fail prefers the fault behind an error to the error.
func (v view) fail(err error) error {
	if fault := v.disk.Fault(); fault != nil {
		return fault
	}
	return typed(err)
}

func (v view) Iterate(start, end []byte, reverse bool) (store.Cursor, error) {
	if err := v.disk.Fault(); err != nil {
		return nil, err
	}
	it, err := v.reader.NewIter(&pebble.IterOptions{LowerBound: slices.Clone(start), UpperBound: slices.Clone(end)})
	if err != nil {
		return nil, v.fail(err)
	}
	return &cursor{it: it, view: v, reverse: reverse}, nil
}

type cursor struct {
	it               *pebble.Iterator
	view             view
	reverse, started bool
	value            []byte
	err              error
}

func (c *cursor) Next() bool {
	if c.err == nil {
		c.err = c.view.disk.Fault()
	}
	if c.err != nil || !c.step() {
		return false
	}
	c.started = true
	c.value, c.err = c.it.ValueAndErr()
	return c.err == nil
}

func (c *cursor) step() bool {
	switch {
	case !c.started && c.reverse:
		return c.it.Last()
	case !c.started:
		return c.it.First()
	case c.reverse:
		return c.it.Prev()
	}
	return c.it.Next()
}

func (c *cursor) Key() []byte   { return c.it.Key() }
func (c *cursor) Value() []byte { return c.value }

func (c *cursor) Err() error {
	if err := errors.Join(c.err, c.it.Error()); err != nil {
		return c.view.fail(err)
	}
	return c.view.disk.Fault()
}

// Close reports nothing but what Err has.
func (c *cursor) Close() error {
	if err := c.it.Close(); err != nil && c.Err() == nil {
		return typed(err)
	}
	return nil
}

type engine struct {
	view
	db   *pebble.DB
	disk *store.Disk
}

func (e *engine) Apply(writes []store.Write) error {
	if err := e.disk.Fault(); err != nil {
		return err
	}
	b := e.db.NewBatch()
	for _, w := range writes {
		var err error
		if w.Value == nil {
			err = b.Delete(w.Key, nil)
		} else {
			err = b.Set(w.Key, w.Value, nil)
		}
		if err != nil {
			return errors.Join(typed(err), b.Close())
		}
	}
	if err := b.Commit(pebble.Sync); err != nil {
		return e.fail(err)
	}
	if fault := e.disk.Fault(); fault != nil {
		return fault
	}
	return typed(b.Close())
}

func (e *engine) Snapshot() (store.EngineSnapshot, error) {
	if err := e.disk.Fault(); err != nil {
		return nil, err
	}
	s := e.db.NewSnapshot()
	return &snapshot{view{s, e.disk}, s}, nil
}

type snapshot struct {
	view
	s *pebble.Snapshot
}

func (s *snapshot) Close() error { return typed(s.s.Close()) }

// keyLimit bytes of 0xff are above every key of a store, whose first byte is less.
const keyLimit = 80

func (e *engine) Compact(start, end []byte) error {
	if start == nil {
		start = []byte{0}
	}
	if end == nil {
		end = slices.Repeat([]byte{math.MaxUint8}, keyLimit)
	}
	if err := e.db.Compact(context.Background(), start, end, false); err != nil {
		return e.fail(err)
	}
	return e.disk.Fault()
}

func (e *engine) Stats() map[string]string {
	return map[string]string{"pebble.metrics": e.db.Metrics().String()}
}

// Close returns before the end if a write has failed: then nothing that the database
// still does reaches the disk, and it may take its time.
func (e *engine) Close() error {
	if e.db == nil {
		return nil
	}
	if e.disk.Fault() == nil {
		return typed(e.db.Close())
	}
	go func() {
		// It says that it could not write, or panics over what it cannot read back.
		defer func() { _ = recover() }()
		_ = e.db.Close()
	}()
	return nil
}
