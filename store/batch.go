package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	dbm "github.com/cometbft/cometbft-db"
)

// ErrBatch refuses a batch that was written or closed already.
var ErrBatch = errors.New("store: batch is used up")

// Batch gathers writes that become durable together. Later writes to a key win. It
// belongs to one goroutine.
type Batch struct {
	store   *Store
	writes  []write
	records []record
	then    []func()
	used    bool
}

type write struct {
	key, value []byte // value nil: delete
}

type record struct {
	log     *Log
	payload []byte
}

// Batch returns an empty batch. It holds memory only: one that is not wanted any
// more may be dropped.
func (s *Store) Batch() *Batch { return &Batch{store: s} }

// Set writes a value, which may be empty, under key. It copies both.
func (b *Batch) Set(p Space, key, value []byte) {
	b.mustOwn(p.store)
	b.writes = append(b.writes, write{p.key(key), append(make([]byte, 0, len(value)), value...)})
}

// Delete removes key, if it is there.
func (b *Batch) Delete(p Space, key []byte) {
	b.mustOwn(p.store)
	b.writes = append(b.writes, write{key: p.key(key)})
}

// Append adds a record to a log. It gets its number in WriteSync. The payload is
// copied.
func (b *Batch) Append(l *Log, payload []byte) {
	b.mustOwn(l.space.store)
	b.records = append(b.records, record{l, append([]byte(nil), payload...)})
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

// WriteSync makes the whole batch durable, and uses it up unless it fails. When it
// fails, nothing of the batch is visible, but the disk may hold all of it after a
// crash; writing the same batch again is safe.
func (b *Batch) WriteSync() error {
	if b.used {
		return ErrBatch
	}
	if err := b.write(); err != nil {
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

func (b *Batch) write() error {
	logs := b.lockLogs()
	defer func() {
		for _, l := range logs {
			l.mu.Unlock()
		}
	}()
	writes := slices.Clip(b.writes)
	next := make(map[*Log]uint64, len(logs))
	for _, l := range logs {
		if err := l.load(); err != nil {
			return err
		}
		next[l] = l.next
	}
	for _, r := range b.records {
		seq := next[r.log]
		next[r.log]++
		writes = append(writes, write{r.log.space.key(seqKey(seq)), encodeRecord(seq, r.payload)})
	}
	if err := b.store.use(func(db dbm.DB) error { return writeAll(db, writes) }); err != nil {
		return err
	}
	for _, l := range logs {
		l.next = next[l]
	}
	return nil
}

// lockLogs locks every log with records once, in the order of their names, so that
// two batches cannot wait for each other.
func (b *Batch) lockLogs() (logs []*Log) {
	for _, r := range b.records {
		logs = append(logs, r.log)
	}
	slices.SortFunc(logs, func(x, y *Log) int { return cmp.Compare(x.space.prefix, y.space.prefix) })
	logs = slices.Compact(logs)
	for _, l := range logs {
		l.mu.Lock()
	}
	return logs
}

func writeAll(db dbm.DB, writes []write) (err error) {
	batch := db.NewBatch()
	defer func() { err = errors.Join(err, batch.Close()) }()
	for _, w := range writes {
		if w.value == nil {
			err = batch.Delete(w.key)
		} else {
			err = batch.Set(w.key, w.value)
		}
		if err != nil {
			return fmt.Errorf("store: batch: %w", err)
		}
	}
	if err := batch.WriteSync(); err != nil {
		return fmt.Errorf("store: write batch of %d: %w", len(writes), err)
	}
	return nil
}
