package store

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"sync/atomic"

	dbm "github.com/cometbft/cometbft-db"
)

// DB is a database behind cometbft-db's interface DB, which package store builds on.
// Every write is synced: Set, Delete and Batch.Write promise what SetSync, DeleteSync
// and Batch.WriteSync do, because with unsynced writes a backend may keep a later
// batch and lose an earlier one. After Close every method returns ErrClosed, on open
// iterators too, and nothing panics.
type DB struct {
	cfg  Config
	lock io.Closer // nil in memory

	// mu is read-locked by every use of the engine, and locked by Close and recover.
	mu     sync.RWMutex
	closed bool
	engine Engine // nil if the last attempt to recover failed
	disk   *Disk  // nil in memory
	broken error  // why engine is nil

	writing    sync.Mutex // one Apply at a time
	recoveries atomic.Uint64

	live struct {
		sync.Mutex
		handles map[*handle]struct{}
	}
}

var _ dbm.DB = (*DB)(nil)

// OpenDB opens or creates a database. The directory belongs to one DB or Store at a
// time, in this process and in others: a second one gets ErrLocked.
func OpenDB(cfg Config) (*DB, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	db := &DB{cfg: cfg}
	db.live.handles = make(map[*handle]struct{})
	if cfg.Dir == "" {
		db.engine = openMemory()
		return db, nil
	}
	if err := makeDir(cfg.FS, cfg.Dir); err != nil {
		return nil, fmt.Errorf("store: create directory: %w", err)
	}
	if db.lock, err = cfg.FS.Lock(filepath.Join(cfg.Dir, "lock")); err != nil {
		return nil, fmt.Errorf("store: lock %s: %w", cfg.Dir, typed("lock", cfg.Dir, err))
	}
	if err := db.openEngine(); err != nil {
		return nil, errors.Join(fmt.Errorf("store: open %s: %w", cfg.Dir, err), db.lock.Close())
	}
	return db, nil
}

// openEngine sets disk and engine.
func (db *DB) openEngine() error {
	fsys, name := db.cfg.FS, db.cfg.Backend.Name()
	dir := filepath.Join(db.cfg.Dir, name)
	names, err := fsys.List(db.cfg.Dir)
	if err != nil {
		return typed("list", db.cfg.Dir, err)
	}
	for _, other := range names {
		if other != name && !ownName(other) {
			return fmt.Errorf("%w: found %s, opened with backend %s", ErrFormat, other, name)
		}
	}
	if err := makeDir(fsys, dir); err != nil {
		return err
	}
	disk, err := openDisk(fsys, dir, filepath.Join(db.cfg.Dir, markName))
	if err != nil {
		return err
	}
	engine, err := db.cfg.Backend.Open(disk, dir, db.cfg.Budget)
	if err == nil {
		err = typed("sync", db.cfg.Dir, fsys.SyncDir(db.cfg.Dir))
	}
	if fault := disk.Fault(); fault != nil {
		err = fault
	}
	if err != nil {
		disk.retire()
		if engine != nil {
			err = errors.Join(err, engine.Close())
		}
		return errors.Join(err, disk.marks.f.Close())
	}
	db.disk, db.engine, db.broken = disk, engine, nil
	return nil
}

// Close ends all iterators and snapshots and releases the directory. Further calls
// return nil.
func (db *DB) Close() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closed {
		return nil
	}
	db.closed = true
	errs := []error{db.endHandles(ErrClosed), db.closeEngine()}
	if db.lock != nil {
		errs = append(errs, db.lock.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("store: close: %w", err)
	}
	return nil
}

// closeEngine closes engine and disk. After a failed write it also takes what was
// not acknowledged off the files. The caller holds mu.
func (db *DB) closeEngine() error {
	if db.engine == nil {
		return nil
	}
	engine, disk := db.engine, db.disk
	db.engine = nil
	if disk == nil {
		return engine.Close()
	}
	if disk.Fault() == nil {
		err := engine.Close()
		disk.retire()
		return errors.Join(err, disk.marks.f.Close())
	}
	disk.retire()
	// The engine cannot finish its work, and says so; the fault is known.
	_ = engine.Close()
	return errors.Join(disk.cut(), disk.marks.f.Close())
}

// use runs f while the engine is open.
func (db *DB) use(f func(Engine) error) error {
	db.mu.RLock()
	defer db.mu.RUnlock()
	if db.closed {
		return ErrClosed
	}
	if db.engine == nil {
		return db.broken
	}
	return f(db.engine)
}

// ready recovers if an earlier write has failed.
func (db *DB) ready() error {
	db.writing.Lock()
	defer db.writing.Unlock()
	return db.recover()
}

// apply writes; if an earlier write has failed, it recovers first.
func (db *DB) apply(writes []Write) error {
	db.writing.Lock()
	defer db.writing.Unlock()
	if err := db.recover(); err != nil {
		return err
	}
	return db.use(func(e Engine) error {
		err := e.Apply(writes)
		if db.disk != nil && (err != nil || db.disk.pretend) {
			if fault := db.disk.Fault(); fault != nil {
				return fault
			}
		}
		return err
	})
}

// recover opens the engine again after a failed write, once the file system takes
// writes again. The caller holds writing, which nothing else changes disk under.
func (db *DB) recover() error {
	db.mu.RLock()
	healthy := db.closed || db.engine != nil && (db.disk == nil || db.disk.Fault() == nil)
	db.mu.RUnlock()
	if healthy {
		return nil // use reports if it is closed
	}
	if err := db.probe(); err != nil {
		return err
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closed {
		return ErrClosed
	}
	err := errors.Join(db.endHandles(ErrRecovered), db.closeEngine())
	db.recoveries.Add(1)
	if err == nil {
		err = db.openEngine()
	}
	if err != nil {
		db.broken = fmt.Errorf("store: recover: %w", err)
		return db.broken
	}
	return nil
}

// probe tells whether there is room for what an engine writes when it is opened.
func (db *DB) probe() (err error) {
	const room = 256 << 10
	fsys, name := db.cfg.FS, filepath.Join(db.cfg.Dir, "probe")
	f, err := fsys.Create(name)
	if err != nil {
		return typed("create", "probe", err)
	}
	_, err = f.Write(make([]byte, room))
	if err == nil {
		err = f.Sync()
	}
	return typed("write", "probe", errors.Join(err, f.Close(), fsys.Remove(name)))
}

const markName = "mark"

// ownName tells which names in a store's directory do not belong to an engine.
func ownName(name string) bool { return name == "lock" || name == "probe" || name == markName }
