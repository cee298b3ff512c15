package store

// Backend opens engines of one kind. GoLevelDB is the default; package store/pebble
// has another.
type Backend interface {
	// Name is also the name of the directory of its files.
	Name() string
	// Open opens or creates the engine in an existing directory of the disk.
	Open(disk *Disk, dir string, budget Budget) (Engine, error)
}

// Budget bounds what an engine keeps in memory and open.
type Budget struct {
	Cache       int // bytes of blocks of its tables
	WriteBuffer int // bytes of fresh writes before they go to a table; it may hold two
	OpenFiles   int
}

// Engine is a database as a Backend makes it. DB turns it into cometbft-db's DB and
// checks keys, values, lifetimes and closing on its behalf: an engine is not called
// after its Close, and its iterators and snapshots are closed before.
type Engine interface {
	View
	// Apply makes all writes visible and durable, or none. It does not keep the
	// slices. Calls do not overlap.
	Apply(writes []Write) error
	Snapshot() (EngineSnapshot, error)
	Compact(start, end []byte) error
	Stats() map[string]string
	Close() error
}

// View reads one state.
type View interface {
	// Get returns a slice of the caller's own, or nil if there is no such key.
	Get(key []byte) ([]byte, error)
	// Iterate walks [start, end), nil being open, in ascending or descending order,
	// through the state at the time of the call.
	Iterate(start, end []byte, reverse bool) (Cursor, error)
}

// EngineSnapshot is a View that later writes do not change.
type EngineSnapshot interface {
	View
	Close() error
}

// Cursor is an engine's iterator. It stands before the first key until Next. Key
// and Value are valid until Next and only after it returned true.
type Cursor interface {
	Next() bool
	Key() []byte
	Value() []byte
	Err() error
	Close() error
}

// Write is one change: of a value, or a deletion if Value is nil.
type Write struct {
	Key, Value []byte
}
