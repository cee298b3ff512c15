package state

import (
	"encoding/binary"
	"sync"
)

// The two caches here hold no pointers, so that the garbage collector does not walk
// their entries: those of a busy node are most of what it has in memory.

// table keeps the entries that were used last, of types without pointers. It is safe
// for concurrent use.
type table[K comparable, V any] struct {
	of    func(K) byte // well spread
	parts [shards]struct {
		sync.Mutex
		index  map[K]uint32
		places []place[K, V] // 0 is the ring's anchor: next is the newest, previous the oldest
		limit  int
	}
}

type place[K comparable, V any] struct {
	key            K
	value          V
	next, previous uint32
}

// newTable returns a cache of total entries.
func newTable[K comparable, V any](total int, of func(K) byte) *table[K, V] {
	t := &table[K, V]{of: of}
	for i := range t.parts {
		p := &t.parts[i]
		p.index = make(map[K]uint32)
		p.places = make([]place[K, V], 1)
		p.limit = max(total/shards, 1)
	}
	return t
}

func (t *table[K, V]) get(k K) (v V, ok bool) {
	p := &t.parts[t.of(k)%shards]
	p.Lock()
	defer p.Unlock()
	at, ok := p.index[k]
	if !ok {
		return v, false
	}
	toFront(p.places, at)
	return p.places[at].value, true
}

func (t *table[K, V]) add(k K, v V) { t.addIf(k, v, nil) }

// addIf adds the entry if allowed, which is asked while nobody else can add one for
// the key, says so.
func (t *table[K, V]) addIf(k K, v V, allowed func() bool) {
	p := &t.parts[t.of(k)%shards]
	p.Lock()
	defer p.Unlock()
	if allowed != nil && !allowed() {
		return
	}
	at, ok := p.index[k]
	switch {
	case ok:
	case len(p.places) <= p.limit:
		at = uint32(len(p.places))
		p.places = append(p.places, place[K, V]{next: at, previous: at})
	default:
		at = p.places[0].previous
		delete(p.index, p.places[at].key)
	}
	p.index[k] = at
	p.places[at].key, p.places[at].value = k, v
	toFront(p.places, at)
}

// toFront makes a place the newest.
func toFront[K comparable, V any](places []place[K, V], at uint32) {
	x := &places[at]
	places[x.previous].next, places[x.next].previous = x.next, x.previous
	x.next, x.previous = places[0].next, 0
	places[x.next].previous, places[0].next = at, at
}

func (t *table[K, V]) purge() {
	for i := range t.parts {
		p := &t.parts[i]
		p.Lock()
		clear(p.index)
		p.places = p.places[:1]
		p.places[0].next, p.places[0].previous = 0, 0
		p.Unlock()
	}
}

// records keeps the records of nodes by their hashes, the last that were added. It
// is safe for concurrent use.
type records struct {
	parts [shards]struct {
		sync.Mutex
		index map[[32]byte]uint64 // where in the ring
		// ring holds hash, length and record, one after the other and around its
		// end. Bytes are numbered from the beginning of time.
		ring        []byte
		first, next uint64
	}
}

const ringHead = 34

// newRecords returns a cache that takes about total bytes.
func newRecords(total int) *records {
	r := new(records)
	for i := range r.parts {
		r.parts[i].index = make(map[[32]byte]uint64)
		// The index takes a quarter.
		r.parts[i].ring = make([]byte, max(total/shards*3/4, 1_024))
	}
	return r
}

// get returns a copy of a record.
func (r *records) get(hash [32]byte) ([]byte, bool) {
	p := &r.parts[hash[0]%shards]
	p.Lock()
	defer p.Unlock()
	at, ok := p.index[hash]
	if !ok {
		return nil, false
	}
	var size [2]byte
	take(p.ring, at+32, size[:])
	record := make([]byte, binary.BigEndian.Uint16(size[:]))
	take(p.ring, at+ringHead, record)
	return record, true
}

func (r *records) add(hash [32]byte, record []byte) {
	p := &r.parts[hash[0]%shards]
	need := uint64(ringHead + len(record))
	p.Lock()
	defer p.Unlock()
	if _, ok := p.index[hash]; ok || need > uint64(len(p.ring)) {
		return
	}
	for p.next+need-p.first > uint64(len(p.ring)) {
		var head [ringHead]byte
		take(p.ring, p.first, head[:])
		delete(p.index, [32]byte(head[:32]))
		p.first += ringHead + uint64(binary.BigEndian.Uint16(head[32:]))
	}
	p.index[hash] = p.next
	put(p.ring, p.next, hash[:])
	put(p.ring, p.next+32, binary.BigEndian.AppendUint16(nil, uint16(len(record))))
	put(p.ring, p.next+ringHead, record)
	p.next += need
}

func take(ring []byte, at uint64, dst []byte) {
	n := copy(dst, ring[at%uint64(len(ring)):])
	copy(dst[n:], ring)
}

func put(ring []byte, at uint64, src []byte) {
	n := copy(ring[at%uint64(len(ring)):], src)
	copy(ring, src[n:])
}
