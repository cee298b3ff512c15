package store

import (
	"errors"
	"fmt"
	"sync"

	dbm "github.com/cometbft/cometbft-db"
)

// Config says where a store lives and what it may take.
type Config struct {
	// Dir holds the database and its lock; it is created if missing. Empty means
	// memory, which is gone after Close.
	Dir string
	// Backend is nil for GoLevelDB. A directory belongs to the backend that created it.
	Backend Backend
	// FS is nil for OS.
	FS FS
	// Budget bounds memory and open files. A zero field means the default of
	// DefaultBudget, with which a store stays below 64 MiB.
	Budget Budget
}

// DefaultBudget is 16 MiB of cache, 4 MiB of fresh writes (of which an engine holds
// two) and 128 open files, each of which costs up to 64 KiB for its index.
func DefaultBudget() Budget {
	return Budget{Cache: 16 << 20, WriteBuffer: 4 << 20, OpenFiles: 128}
}

var errBudget = errors.New("store: negative budget")

func (cfg Config) withDefaults() (Config, error) {
	b, def := &cfg.Budget, DefaultBudget()
	if b.Cache < 0 || b.WriteBuffer < 0 || b.OpenFiles < 0 {
		return cfg, errBudget
	}
	for _, f := range []struct{ field, otherwise *int }{
		{&b.Cache, &def.Cache}, {&b.WriteBuffer, &def.WriteBuffer}, {&b.OpenFiles, &def.OpenFiles},
	} {
		if *f.field == 0 {
			*f.field = *f.otherwise
		}
	}
	if cfg.Backend == nil {
		cfg.Backend = GoLevelDB()
	}
	if cfg.FS == nil {
		cfg.FS = OS()
	}
	return cfg, nil
}

// Store is an open database.
type Store struct {
	db      *DB
	commits commits

	logs struct {
		sync.Mutex
		byName map[string]*Log
	}
}

// Open opens or creates a store. The directory belongs to one Store at a time, in
// this process and in others: a second Open returns ErrLocked.
func Open(cfg Config) (*Store, error) {
	db, err := OpenDB(cfg)
	if err != nil {
		return nil, err
	}
	s := &Store{db: db}
	s.logs.byName = make(map[string]*Log)
	if err := s.checkFormat(); err != nil {
		return nil, errors.Join(fmt.Errorf("store: open %s: %w", cfg.Dir, err), db.Close())
	}
	return s, nil
}

// formatKey begins with a zero, which no space's prefix does.
const (
	formatKey = "\x00format"
	format    = "1"
)

func (s *Store) checkFormat() error {
	found, err := s.db.Get([]byte(formatKey))
	switch {
	case err != nil:
		return fmt.Errorf("store: read format: %w", err)
	case found == nil:
		if err := s.mustBeEmpty(); err != nil {
			return err
		}
		if err := s.db.SetSync([]byte(formatKey), []byte(format)); err != nil {
			return fmt.Errorf("store: write format: %w", err)
		}
	case string(found) != format:
		return fmt.Errorf("%w: format %q, want %q", ErrFormat, found, format)
	}
	return nil
}

// mustBeEmpty refuses to take a database for a new one that has lost its first key.
func (s *Store) mustBeEmpty() error {
	it := newIterator(s, nil, nil, nil, 0, false)
	if it.Next() {
		return errors.Join(fmt.Errorf("%w: keys without a format", ErrCorrupt), it.Close())
	}
	return errors.Join(it.Err(), it.Close())
}

// DB returns the database below, in cometbft-db's shape, for code that was written
// for it. Its keys are those of the spaces with their prefixes: write to them through
// the store.
func (s *Store) DB() dbm.DB { return s.db }

// Close ends all iterators and snapshots and releases the directory. Further calls
// return nil.
func (s *Store) Close() error { return s.db.Close() }
