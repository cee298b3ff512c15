package state

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"sort"
)

// diff is what a block changed, the other way round: the values that its keys had
// before. It holds flat values (empty: there was none) and records of nodes, in the
// form of appendOldRecord.
type diff struct {
	keys, values [][]byte // in ascending order of keys
	size         int
}

func (d *diff) add(key, value []byte) {
	d.keys, d.values = append(d.keys, key), append(d.values, value)
	d.size += len(key) + len(value) + 48
}

// find returns the old value of a key, if the block changed it.
func (d *diff) find(key []byte) ([]byte, bool) {
	i, ok := sort.Find(len(d.keys), func(i int) int { return bytes.Compare(key, d.keys[i]) })
	if !ok {
		return nil, false
	}
	return d.values[i], true
}

// within returns the positions of the keys in [start, end).
func (d *diff) within(start, end []byte) (from, to int) {
	from = sort.Search(len(d.keys), func(i int) bool { return bytes.Compare(d.keys[i], start) >= 0 })
	to = sort.Search(len(d.keys), func(i int) bool { return bytes.Compare(d.keys[i], end) >= 0 })
	return from, to
}

// diffOf turns a layer round. seq is the number of the layer's block.
func diffOf(l *layer, seq uint64) *diff {
	d := new(diff)
	n := len(l.sorted) + len(l.edits)
	for _, e := range l.sorted {
		n += len(e.changed) + len(e.edits)
	}
	d.keys, d.values = make([][]byte, 0, n), make([][]byte, 0, n)
	for _, e := range l.sorted {
		if e.old == e.account {
			continue
		}
		var old []byte
		if e.old.Exists() {
			old = appendSlim(nil, &e.old)
		}
		d.add(accountKey(&e.hash), old)
	}
	for _, e := range l.sorted {
		d.addEdits(e.hash[:], e.edits, seq)
	}
	d.addEdits(nil, l.edits, seq)
	for _, e := range l.sorted {
		for i := range e.changed {
			d.add(slotKey(&e.hash, &e.changed[i].hash), slimSlot(&e.changed[i].old))
		}
	}
	return d
}

func (d *diff) addEdits(owner []byte, edits []edit, seq uint64) {
	for i := range edits {
		key := nodeKey(owner, edits[i].path)
		d.add(key, appendOldRecord(nil, &edits[i], keepWhole(key, len(edits[i].path), seq)))
	}
}

// keepWhole tells whether a diff holds an old record as a whole and not as what
// differs. The nodes at the top change in every block: if each were relative to its
// successor, reading an old one would take all diffs since. One in 16 of the others
// is whole for the same reason.
func keepWhole(key []byte, depth int, seq uint64) bool {
	return depth < 2 || (fingerprint(key)+seq)%16 == 0
}

// The forms of an old record: there was none; all of it; the references in which it
// differs from its successor, which skips the same nibbles.
const (
	recordAbsent = iota
	recordWhole
	recordRelative
)

// appendOldRecord appends the old record of an edit. Its relative form is
//
//	differ, present, leaves   2 bytes each: the children that differ, and what the
//	                          old record says of all
//	                          per child that differs and is present its hash
func appendOldRecord(dst []byte, e *edit, whole bool) []byte {
	if e.old == nil {
		return append(dst, recordAbsent)
	}
	if !whole && e.new != nil {
		if out, ok := appendRelative(dst, e.old, e.new); ok {
			return out
		}
	}
	return append(append(dst, recordWhole), e.old...)
}

func appendRelative(dst, old, new []byte) ([]byte, bool) {
	packed := 1 + (int(old[0]&^shortRefs)+1)/2
	if (old[0]|new[0])&shortRefs != 0 || len(new) < packed || !bytes.Equal(old[:packed], new[:packed]) {
		return dst, false
	}
	was, is := old[packed:], new[packed:]
	presentOld, presentNew := binary.BigEndian.Uint16(was), binary.BigEndian.Uint16(is)
	leavesOld := binary.BigEndian.Uint16(was[2:])
	was, is = was[4:], is[4:]
	var differ uint16
	var refs []byte
	for i := range 16 {
		var a, b []byte
		if presentOld>>i&1 == 1 {
			a, was = was[:32], was[32:]
		}
		if presentNew>>i&1 == 1 {
			b, is = is[:32], is[32:]
		}
		if !bytes.Equal(a, b) {
			differ |= 1 << i
			refs = append(refs, a...)
		}
	}
	dst = append(dst, recordRelative)
	for _, x := range []uint16{differ, presentOld, leavesOld} {
		dst = binary.BigEndian.AppendUint16(dst, x)
	}
	return append(dst, refs...), true
}

// restore undoes a relative record on the successor's record.
func restore(old, next []byte) ([]byte, error) {
	b, err := decodeBranch(next)
	if err != nil || len(old) < 7 || next[0]&shortRefs != 0 {
		return nil, corrupt("old node")
	}
	differ, present, leaves := binary.BigEndian.Uint16(old[1:]), binary.BigEndian.Uint16(old[3:]), binary.BigEndian.Uint16(old[5:])
	rest := old[7:]
	out := &branch{skip: b.skip, kids: b.kids}
	for i := range out.kids {
		c := &out.kids[i]
		c.isLeaf = leaves>>i&1 == 1
		if differ>>i&1 == 0 {
			continue
		}
		c.ref = ref{}
		if present>>i&1 == 1 {
			if len(rest) < 32 {
				return nil, corrupt("short old node")
			}
			c.ref.n = uint8(copy(c.ref.b[:], rest[:32]))
			rest = rest[32:]
		}
	}
	return out.encode(), nil
}

// A stored diff is the CRC-32C of the rest, and per key: how many bytes it shares
// with the key before it, how many it has of its own and how many its value, all as
// varints; its own bytes; its value.

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func (d *diff) encode() []byte {
	out := make([]byte, 4, 4+d.size)
	var last []byte
	for i, key := range d.keys {
		shared := 0
		for shared < len(last) && shared < len(key) && last[shared] == key[shared] {
			shared++
		}
		out = binary.AppendUvarint(out, uint64(shared))
		out = binary.AppendUvarint(out, uint64(len(key)-shared))
		out = binary.AppendUvarint(out, uint64(len(d.values[i])))
		out = append(append(out, key[shared:]...), d.values[i]...)
		last = key
	}
	binary.BigEndian.PutUint32(out, crc32.Checksum(out[4:], castagnoli()))
	return out
}

func decodeDiff(b []byte) (*diff, error) {
	if len(b) < 4 || binary.BigEndian.Uint32(b) != crc32.Checksum(b[4:], castagnoli()) {
		return nil, corrupt("diff with a wrong checksum")
	}
	d := &diff{size: len(b)}
	var last []byte
	for b = b[4:]; len(b) > 0; {
		var n [3]int
		for i := range n {
			x, size := binary.Uvarint(b)
			if size <= 0 || x > uint64(len(b)) {
				return nil, corrupt("diff with a bad length")
			}
			n[i], b = int(x), b[size:]
		}
		if n[0] > len(last) || n[1]+n[2] > len(b) {
			return nil, corrupt("diff with a bad length")
		}
		key := slices.Concat(last[:n[0]], b[:n[1]])
		if bytes.Compare(last, key) >= 0 {
			return nil, corrupt("diff out of order")
		}
		d.add(key, b[n[1]:n[1]+n[2]:n[1]+n[2]])
		b, last = b[n[1]+n[2]:], key
	}
	return d, nil
}

// filter is a Bloom filter over the keys of a diff, so that a look-up does not read
// the diffs of all blocks. It has 12 bits per key and sets 6.
type filter []byte

const filterProbes = 6

func fingerprint(key []byte) uint64 {
	// Keys end in a hash but for those of nodes, so that FNV-1a spreads them well.
	h := uint64(14695981039346656037)
	for len(key) >= 8 {
		h = (h ^ binary.LittleEndian.Uint64(key)) * 1099511628211
		h ^= h >> 29
		key = key[8:]
	}
	for _, x := range key {
		h = (h ^ uint64(x)) * 1099511628211
	}
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	return h ^ h>>32
}

func (d *diff) filter() filter {
	f := make(filter, len(d.keys)*12/8+8)
	for _, key := range d.keys {
		h := fingerprint(key)
		for range filterProbes {
			bit := h % uint64(len(f)*8)
			f[bit/8] |= 1 << (bit % 8)
			h = h*0x9e3779b97f4a7c15 + 1
			h ^= h >> 31
		}
	}
	return f
}

// has reports whether the diff may hold the key.
func (f filter) has(key []byte) bool {
	if len(f) == 0 {
		return true
	}
	h := fingerprint(key)
	for range filterProbes {
		bit := h % uint64(len(f)*8)
		if f[bit/8]>>(bit%8)&1 == 0 {
			return false
		}
		h = h*0x9e3779b97f4a7c15 + 1
		h ^= h >> 31
	}
	return true
}
