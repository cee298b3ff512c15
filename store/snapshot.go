package store

import "fmt"

// Snapshot is the state of a whole store at one time. Space.At reads it. It costs
// little to make, but while it is open the store keeps what it shows: close it. It is
// safe for concurrent use. After the store's Close it answers ErrClosed, after a
// recovery from a failed write ErrRecovered.
type Snapshot struct {
	db     *DB
	view   EngineSnapshot
	handle *handle
}

// Snapshot returns the state as it is now.
func (s *Store) Snapshot() (*Snapshot, error) { return s.db.Snapshot() }

// Snapshot returns the state as it is now.
func (db *DB) Snapshot() (*Snapshot, error) {
	sn := &Snapshot{db: db}
	err := db.use(func(e Engine) (err error) {
		if sn.view, err = e.Snapshot(); err != nil {
			return fmt.Errorf("store: snapshot: %w", err)
		}
		sn.handle = db.hold(sn.view.Close)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return sn, nil
}

// Close releases the snapshot. Further calls do nothing. Iterators over it go on.
func (sn *Snapshot) Close() error { return sn.db.release(sn.handle) }
