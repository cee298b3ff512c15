package store

import (
	"errors"
	"fmt"

	"github.com/syndtr/goleveldb/leveldb"
	lerrors "github.com/syndtr/goleveldb/leveldb/errors"
	"github.com/syndtr/goleveldb/leveldb/filter"
	"github.com/syndtr/goleveldb/leveldb/iterator"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/util"
)

// GoLevelDB returns the default backend. A batch that WriteSync refused for want of
// space or a failing disk is not visible. Reads go on meanwhile, unless a recovery
// fails half-way.
func GoLevelDB() Backend { return goLevelDB{} }

type goLevelDB struct{}

func (goLevelDB) Name() string { return "goleveldb" }

func (goLevelDB) Open(disk *Disk, dir string, budget Budget) (Engine, error) {
	db, err := leveldb.Open(&levelStorage{disk: disk, dir: dir}, &opt.Options{
		BlockCacheCapacity:     budget.Cache,
		WriteBuffer:            budget.WriteBuffer,
		OpenFilesCacheCapacity: budget.OpenFiles,
		Filter:                 filter.NewBloomFilter(10),
		Strict:                 opt.StrictAll,
		NoWriteMerge:           true, // batches are merged before
		// goleveldb's transactions keep their locks when a write fails, and its Close
		// then waits for ever.
		DisableLargeBatchTransaction: true,
	})
	if err != nil {
		return nil, fromLevel(err)
	}
	return &levelEngine{levelView{db}, db}, nil
}

// fromLevel gives goleveldb's errors a type of this package. Those of the file
// system have theirs already.
func fromLevel(err error) error {
	switch {
	case err == nil:
		return nil
	case lerrors.IsCorrupted(err):
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	case errors.Is(err, leveldb.ErrClosed):
		return ErrClosed
	}
	return err
}

type levelReader interface {
	Get(key []byte, o *opt.ReadOptions) ([]byte, error)
	NewIterator(r *util.Range, o *opt.ReadOptions) iterator.Iterator
}

type levelView struct{ reader levelReader }

func (v levelView) Get(key []byte) ([]byte, error) {
	value, err := v.reader.Get(key, nil)
	if errors.Is(err, leveldb.ErrNotFound) {
		return nil, nil
	}
	return value, fromLevel(err)
}

func (v levelView) Iterate(start, end []byte, reverse bool) (Cursor, error) {
	it := v.reader.NewIterator(&util.Range{Start: start, Limit: end}, nil)
	if err := it.Error(); err != nil {
		it.Release()
		return nil, fromLevel(err)
	}
	return &levelCursor{Iterator: it, reverse: reverse}, nil
}

type levelCursor struct {
	iterator.Iterator
	reverse, started bool
}

func (c *levelCursor) Next() bool {
	switch {
	case !c.reverse:
		return c.Iterator.Next()
	case c.started:
		return c.Prev()
	}
	c.started = true
	return c.Last()
}

func (c *levelCursor) Err() error { return fromLevel(c.Error()) }

func (c *levelCursor) Close() error {
	c.Release()
	return nil
}

type levelEngine struct {
	levelView
	db *leveldb.DB
}

func (e *levelEngine) Apply(writes []Write) error {
	size := 0
	for _, w := range writes {
		size += len(w.Key) + len(w.Value) + 16
	}
	b := leveldb.MakeBatch(size)
	for _, w := range writes {
		if w.Value == nil {
			b.Delete(w.Key)
		} else {
			b.Put(w.Key, w.Value)
		}
	}
	return fromLevel(e.db.Write(b, &opt.WriteOptions{Sync: true}))
}

func (e *levelEngine) Snapshot() (EngineSnapshot, error) {
	s, err := e.db.GetSnapshot()
	if err != nil {
		return nil, fromLevel(err)
	}
	return &levelSnapshot{levelView{s}, s}, nil
}

type levelSnapshot struct {
	levelView
	s *leveldb.Snapshot
}

func (s *levelSnapshot) Close() error {
	s.s.Release()
	return nil
}

func (e *levelEngine) Compact(start, end []byte) error {
	return fromLevel(e.db.CompactRange(util.Range{Start: start, Limit: end}))
}

func (e *levelEngine) Stats() map[string]string {
	stats := make(map[string]string)
	for _, key := range []string{"leveldb.stats", "leveldb.iostats", "leveldb.cachedblock", "leveldb.openedtables", "leveldb.alivesnaps", "leveldb.aliveiters"} {
		if value, err := e.db.GetProperty(key); err == nil {
			stats[key] = value
		}
	}
	return stats
}

func (e *levelEngine) Close() error { return fromLevel(e.db.Close()) }
