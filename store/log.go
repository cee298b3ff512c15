package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"
)

// Log is an append-only sequence of records, numbered from 0 without a gap. Each is
// stored with its number and a CRC-32C of number and payload, so that a record that
// is torn, flipped, moved or missing between others is found on replay. Records
// that vanish from the end cannot be found this way: keep a watermark elsewhere.
type Log struct {
	space Space
	// truncating is taken before mu.
	truncating sync.Mutex
	mu         sync.Mutex
	// loaded tells whether first and next are read; they are only then meaningful.
	// They are read again after a recovery, which may have brought back a record whose
	// Append failed.
	loaded      bool
	recoveries  uint64
	first, next uint64
}

// Log returns the log with a name of 1 to 63 bytes. Logs and spaces of one name do
// not meet. It reads nothing yet.
func (s *Store) Log(name string) *Log {
	s.logs.Lock()
	defer s.logs.Unlock()
	l := s.logs.byName[name]
	if l == nil {
		l = &Log{space: Space{store: s, prefix: prefixOf(name, logMark)}}
		s.logs.byName[name] = l
	}
	return l
}

const recordHead = 12 // number (8 bytes, big-endian) and checksum (4)

func seqKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

// firstKey holds the number of the first record that was not truncated, encoded as
// a record without payload. It is shorter than a record's key and sorts first.
func firstKey() []byte { return []byte{} }

func encodeRecord(seq uint64, payload []byte) []byte {
	out := make([]byte, recordHead, recordHead+len(payload))
	binary.BigEndian.PutUint64(out, seq)
	out = append(out, payload...)
	binary.BigEndian.PutUint32(out[8:], checksum(out))
	return out
}

// checksum covers a record but for its own four bytes.
func checksum(rec []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(rec[:8], table), table, rec[recordHead:])
}

func decodeRecord(rec []byte) (seq uint64, payload []byte, ok bool) {
	if len(rec) < recordHead || binary.BigEndian.Uint32(rec[8:]) != checksum(rec) {
		return 0, nil, false
	}
	return binary.BigEndian.Uint64(rec), rec[recordHead:], true
}

func (l *Log) corrupt(what string, seq uint64) error {
	return fmt.Errorf("%w: log %s: %s %d", ErrCorrupt, l.space.prefix[1:], what, seq)
}

// load finds the log's bounds. The caller holds l.mu.
func (l *Log) load() error {
	recoveries := l.space.store.db.recoveries.Load()
	if l.loaded && l.recoveries == recoveries {
		return nil
	}
	first, err := l.readFirst()
	if err != nil {
		return err
	}
	next := first
	it := l.space.Reverse(seqKey(0), nil)
	if it.Next() {
		if len(it.Key()) != 8 {
			err = l.corrupt("key of another length after record", next)
		} else if next = binary.BigEndian.Uint64(it.Key()) + 1; next <= first {
			err = l.corrupt("record below the first,", next-1)
		}
	}
	if err := errors.Join(err, it.Err(), it.Close()); err != nil {
		return err
	}
	l.first, l.next, l.loaded, l.recoveries = first, next, true, recoveries
	return nil
}

func (l *Log) readFirst() (uint64, error) {
	raw, err := l.space.Get(firstKey())
	if err != nil || raw == nil {
		return 0, err
	}
	seq, payload, ok := decodeRecord(raw)
	if !ok || len(payload) != 0 {
		return 0, l.corrupt("first number, read as", seq)
	}
	return seq, nil
}

// Bounds returns the number of the first record and that of the next one to come:
// equal if the log is empty.
func (l *Log) Bounds() (first, next uint64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.space.store.db.Print(); err != nil {
		return 0, 0, err
	}
	err = l.load()
	return l.first, l.next, err
}

// Append makes one record durable and returns its number. Appends at the same time
// share a sync. If it fails, the record may still come back after a recovery.
func (l *Log) Append(payload []byte) (seq uint64, err error) {
	b := l.space.store.Batch()
	b.Append(l, payload)
	if err := b.WriteSync(); err != nil {
		return 0, err
	}
	return b.records[0].seq, nil
}

// Replay calls f for every record in order until f fails, and returns f's error. A
// record that is damaged or missing ends it with ErrCorrupt. The payload is f's
// until it returns. Records that are appended meanwhile do not show.
func (l *Log) Replay(f func(seq uint64, payload []byte) error) (err error) {
	first, next, err := l.Bounds()
	if err != nil {
		return err
	}
	it := l.space.Iterate(seqKey(first), seqKey(next))
	defer func() { err = errors.Join(err, it.Close()) }()
	want := first
	for ; it.Next(); want++ {
		if len(it.Key()) != 8 || binary.BigEndian.Uint64(it.Key()) != want {
			return l.corrupt("no record", want)
		}
		seq, payload, ok := decodeRecord(it.Value())
		if !ok || seq != want {
			return l.corrupt("record", want)
		}
		if err := f(seq, payload); err != nil {
			return err
		}
	}
	if err := it.Err(); err != nil {
		return err
	}
	if want != next {
		return l.corrupt("no record", want)
	}
	return nil
}

// Truncate drops the records below a number, all of them if it is the next one's or
// above. Numbers are never used again. It bounds the time of Replay.
func (l *Log) Truncate(below uint64) error {
	l.truncating.Lock()
	defer l.truncating.Unlock()
	first, next, err := l.Bounds()
	if err != nil {
		return err
	}
	below = min(below, next)
	if below <= first {
		return nil
	}
	b := l.space.store.Batch()
	for seq := first; seq < below; seq++ {
		b.Delete(l.space, seqKey(seq))
	}
	b.Set(l.space, firstKey(), encodeRecord(below, nil))
	if err := b.WriteSync(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.first = max(l.first, below)
	return nil
}
