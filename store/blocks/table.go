package blocks

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/rootstem/rootstem/store"
)

// table is a space, or the keys of a space that end with a kind. Its values end with
// a checksum that binds them to their place.
type table struct {
	space store.Space
	name  string
	kind  byte // zero: the table has all keys of the space
}

// key is the key within the space.
func (t table) key(k []byte) []byte {
	if t.kind == 0 {
		return k
	}
	return append(k[:len(k):len(k)], t.kind)
}

const checksumSize = 4

func (t table) checksum(key, value []byte) uint32 {
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Checksum([]byte(t.name), castagnoli)
	sum = crc32.Update(sum, castagnoli, key)
	return crc32.Update(sum, castagnoli, value)
}

// set may append to value.
func (t table) set(batch *store.Batch, key, value []byte) {
	key = t.key(key)
	sum := t.checksum(key, value)
	batch.Set(t.space, key, binary.BigEndian.AppendUint32(value, sum))
}

func (t table) delete(batch *store.Batch, key []byte) { batch.Delete(t.space, t.key(key)) }

// get returns nil if there is no value. It is the store's slice.
func (t table) get(key []byte) ([]byte, error) {
	key = t.key(key)
	sealed, err := t.space.Get(key)
	if err != nil || sealed == nil {
		return nil, err
	}
	return t.unseal(key, sealed)
}

func (t table) unseal(key, sealed []byte) ([]byte, error) {
	n := len(sealed) - checksumSize
	if n < 0 || binary.BigEndian.Uint32(sealed[n:]) != t.checksum(key, sealed[:n]) {
		return nil, t.corrupt(key, "checksum")
	}
	return sealed[:n:n], nil
}

func (t table) corrupt(key []byte, what string) error {
	return fmt.Errorf("%w: table %s, key %x: %s", store.ErrCorrupt, t.name, key, what)
}

// each calls f for the values of the space's keys in [from, to), in ascending order,
// until it fails. Key and value are f's until it returns.
func (t table) each(from, to []byte, f func(key, value []byte) error) (err error) {
	it := t.space.Iterate(from, to)
	defer func() { err = errors.Join(err, it.Close()) }()
	for it.Next() {
		value, err := t.unseal(it.Key(), it.Value())
		if err != nil {
			return err
		}
		if err := f(it.Key(), value); err != nil {
			return err
		}
	}
	return it.Err()
}

func heightKey(x uint64) []byte { return binary.BigEndian.AppendUint64(nil, x) }

// uvarints reads n integers that fill b exactly.
func uvarints(b []byte, n int) ([]uint64, bool) {
	out := make([]uint64, n)
	for i := range out {
		x, size := binary.Uvarint(b)
		if size <= 0 {
			return nil, false
		}
		out[i], b = x, b[size:]
	}
	return out, len(b) == 0
}
