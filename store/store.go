package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	dbm "github.com/cometbft/cometbft-db"
)

// Errors of this package.
var (
	ErrClosed  = errors.New("store: closed")
	ErrLocked  = errors.New("store: directory is in use")
	ErrCorrupt = errors.New("store: corrupt")
	ErrFormat  = errors.New("store: written by another version")
)

// Config says where a store lives.
type Config struct {
	// Dir holds the database and its lock; it is created if missing. Empty means
	// memory, which is gone after Close.
	Dir string
}

// Store is an open database.
type Store struct {
	db   dbm.DB
	lock *os.File // nil in memory

	// mu is read-locked by every use of db and locked by Close.
	mu     sync.RWMutex
	closed bool

	live struct {
		sync.Mutex
		iterators map[*Iterator]struct{}
		logs      map[string]*Log
	}
}

// opener makes the backend in a directory. Another backend, or one over an
// injected file system, is another opener.
type opener func(dir string) (dbm.DB, error)

func openGoLevelDB(dir string) (dbm.DB, error) {
	db, err := dbm.NewGoLevelDB("data", dir)
	if err != nil {
		return nil, err
	}
	if err := syncDir(filepath.Join(dir, "data.db")); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Open opens or creates a store. The directory belongs to one Store at a time, in
// this process and in others: a second Open returns ErrLocked.
func Open(cfg Config) (*Store, error) { return open(cfg, openGoLevelDB) }

func open(cfg Config, backend opener) (*Store, error) {
	s := new(Store)
	s.live.iterators = make(map[*Iterator]struct{})
	s.live.logs = make(map[string]*Log)
	if cfg.Dir == "" {
		s.db = dbm.NewMemDB()
		if err := s.checkFormat(); err != nil {
			return nil, err
		}
		return s, nil
	}
	if err := makeDir(cfg.Dir); err != nil {
		return nil, fmt.Errorf("store: create directory: %w", err)
	}
	lock, err := lockFile(filepath.Join(cfg.Dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("store: lock %s: %w", cfg.Dir, err)
	}
	s.lock = lock
	if s.db, err = backend(cfg.Dir); err != nil {
		return nil, errors.Join(fmt.Errorf("store: open %s: %w", cfg.Dir, err), lock.Close())
	}
	if err := errors.Join(s.checkFormat(), syncDir(cfg.Dir)); err != nil {
		return nil, errors.Join(fmt.Errorf("store: open %s: %w", cfg.Dir, err), s.Close())
	}
	return s, nil
}

// makeDir creates a directory, and makes its name durable if it is new.
func makeDir(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncDir(filepath.Dir(dir))
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
		if err := s.db.SetSync([]byte(formatKey), []byte(format)); err != nil {
			return fmt.Errorf("store: write format: %w", err)
		}
	case string(found) != format:
		return fmt.Errorf("%w: format %q, want %q", ErrFormat, found, format)
	}
	return nil
}

// use runs f while the database is open.
func (s *Store) use(f func(db dbm.DB) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return ErrClosed
	}
	return f(s.db)
}

// Close ends all iterators and releases the directory. Further calls return nil.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	var errs []error
	for it := range s.live.iterators {
		errs = append(errs, it.source.Close())
	}
	clear(s.live.iterators)
	errs = append(errs, s.db.Close())
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("store: close: %w", err)
	}
	return nil
}
