package store

// Batch gathers writes that become durable together. Later writes to a key win. It
// belongs to one goroutine.
type Batch struct {
	store   *Store
	writes  []Write
	records []record
	then    []func()
	size    int // bytes, roughly
	used    bool
}

type record struct {
	log     *Log
	payload []byte
	seq     uint64 // set when it is written
}

// Batch returns an empty batch. It holds memory only: one that is not wanted any
// more may be dropped.
func (s *Store) Batch() *Batch { return &Batch{store: s} }

// Set writes a value, which may be empty, under key. It copies both.
func (b *Batch) Set(p Space, key, value []byte) {
	b.mustOwn(p.store)
	b.writes = append(b.writes, Write{p.key(key), append(make([]byte, 0, len(value)), value...)})
	b.size += len(p.prefix) + len(key) + len(value)
}

// Delete removes key, if it is there.
func (b *Batch) Delete(p Space, key []byte) {
	b.mustOwn(p.store)
	b.writes = append(b.writes, Write{Key: p.key(key)})
	b.size += len(p.prefix) + len(key)
}

// Append adds a record to a log. It gets its number in WriteSync. The payload is
// copied.
func (b *Batch) Append(l *Log, payload []byte) {
	b.mustOwn(l.space.store)
	b.records = append(b.records, record{log: l, payload: append([]byte(nil), payload...)})
	b.size += len(l.space.prefix) + len(payload) + recordHead
}

// Then has f called, in the order of these calls, when WriteSync has made the batch
// durable and before it returns. It lets a cache forget what it kept until then.
func (b *Batch) Then(f func()) { b.then = append(b.then, f) }

func (b *Batch) mustOwn(s *Store) {
	if s != b.store {
		panic("store: batch of another store")
	}
}

// Len returns the number of writes and records.
func (b *Batch) Len() int { return len(b.writes) + len(b.records) }

// WriteSync makes the whole batch durable, and uses it up unless it fails. Batches
// that are written at the same time share a sync, and a failure.
//
// When it fails, the disk may hold all of the batch or none, and it may show after
// the recovery that the next write attempts, or after Open. Writing the same batch
// again is safe but for records, which may then be in their log twice.
func (b *Batch) WriteSync() error {
	if b.used {
		return ErrBatch
	}
	if err := b.store.commit(b); err != nil {
		return err
	}
	b.used = true
	for _, f := range b.then {
		f()
	}
	return nil
}

// Close drops a batch that was not written. Further calls do nothing.
func (b *Batch) Close() {
	b.used = true
	b.writes, b.records, b.then = nil, nil, nil
}
