package blocks

import (
	"encoding/binary"
	"slices"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// item is the first eight bytes, big-endian, of a Keccak-256 of a kind and a value.
type item uint64

const itemSize = 8

// Kinds of items. A topic's kind is that of its position.
const (
	kindAny     = 0 // every log
	kindAddress = 1
	kindTopic   = 2
)

func makeItem(kind byte, value []byte) item {
	h := ledger.Keccak([]byte{kind}, value)
	return item(binary.BigEndian.Uint64(h[:]))
}

func anyLog() item { return makeItem(kindAny, nil) }

// itemsOf lists the items of a block's logs in ascending order, each once.
func itemsOf(receipts []*ledger.Receipt) []item {
	type source struct {
		kind  byte
		value ledger.Hash
	}
	seen := make(map[source]struct{})
	var out []item
	add := func(kind byte, value []byte) {
		s := source{kind: kind}
		copy(s.value[:], value)
		if _, ok := seen[s]; !ok {
			seen[s] = struct{}{}
			out = append(out, makeItem(kind, value))
		}
	}
	for _, r := range receipts {
		for i := range r.Logs {
			add(kindAny, nil)
			add(kindAddress, r.Logs[i].Address[:])
			for position, topic := range r.Logs[i].Topics {
				add(kindTopic+byte(position), topic[:])
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// section is a range of heights whose postings are on disk by item.
type section struct{ start, end uint64 }

// tail holds the postings of the heights that belong to no section yet, as
// differences to its start.
type tail struct {
	start uint64
	size  int // postings
	posts map[item][]uint32
}

func newTail(start uint64) tail { return tail{start: start, posts: make(map[item][]uint32)} }

func (t *tail) add(height uint64, items []item) {
	for _, x := range items {
		t.posts[x] = append(t.posts[x], uint32(height-t.start))
	}
	t.size += len(items)
}

// join takes over the postings of a tail with the same start and later heights.
func (t *tail) join(later *tail) {
	for x, offsets := range later.posts {
		t.posts[x] = append(t.posts[x], offsets...)
	}
	t.size += later.size
}

func postingKey(sec section, x item) []byte {
	return binary.BigEndian.AppendUint64(append(heightKey(sec.end), kindPosting), uint64(x))
}

// eachPosting calls f for the postings of a section, in ascending order.
func (t *tables) eachPosting(sec section, f func(x item, key, value []byte) error) error {
	from, to := append(heightKey(sec.end), kindPosting), append(heightKey(sec.end), kindPosting+1)
	return t.postings.each(from, to, func(key, value []byte) error {
		if len(key) != 9+itemSize {
			return t.postings.corrupt(key, "length of the key")
		}
		return f(item(binary.BigEndian.Uint64(key[9:])), key, value)
	})
}

// appendOffsets writes ascending offsets: the first plus one, then differences.
func appendOffsets(dst []byte, before int64, offsets []uint32) []byte {
	for _, x := range offsets {
		dst = binary.AppendUvarint(dst, uint64(int64(x)-before))
		before = int64(x)
	}
	return dst
}

// decodeOffsets reads offsets below a bound.
func decodeOffsets(b []byte, bound uint64) (out []uint32, ok bool) {
	next := uint64(0)
	for len(b) > 0 {
		delta, size := binary.Uvarint(b)
		if size <= 0 || delta == 0 || delta > bound-next {
			return nil, false
		}
		next += delta
		out = append(out, uint32(next-1))
		b = b[size:]
	}
	return out, len(out) > 0
}

// readPostings returns the offsets of an item in a section, none if it has none.
func (t *tables) readPostings(sec section, x item) ([]uint32, error) {
	key := postingKey(sec, x)
	b, err := t.postings.get(key)
	if err != nil || b == nil {
		return nil, err
	}
	out, ok := decodeOffsets(b, sec.end-sec.start)
	if !ok {
		return nil, t.postings.corrupt(key, "offsets")
	}
	return out, nil
}

// seal writes the postings of one or two tails with the same start, the later one
// second, as a section that ends before a height.
func (t *tables) seal(batch *store.Batch, early, late *tail, end uint64) section {
	sec := section{late.start, end}
	t.sections.set(batch, heightKey(sec.start), binary.AppendUvarint(nil, end))
	items := make([]item, 0, len(late.posts)+len(early.posts))
	for x := range late.posts {
		items = append(items, x)
	}
	for x := range early.posts {
		if _, both := late.posts[x]; !both {
			items = append(items, x)
		}
	}
	slices.Sort(items)
	for _, x := range items {
		first := early.posts[x]
		value, before := appendOffsets(nil, -1, first), int64(-1)
		if len(first) > 0 {
			before = int64(first[len(first)-1])
		}
		t.postings.set(batch, postingKey(sec, x), appendOffsets(value, before, late.posts[x]))
	}
	return sec
}

// loadSections reads the directory, which must end where the tail begins.
func (t *tables) loadSections(end uint64) (out []section, err error) {
	err = t.sections.each(nil, nil, func(key, value []byte) error {
		n, ok := uvarints(value, 1)
		if !ok || len(key) != 8 {
			return t.sections.corrupt(key, "numbers")
		}
		sec := section{binary.BigEndian.Uint64(key), n[0]}
		if sec.start >= sec.end || len(out) > 0 && out[len(out)-1].end != sec.start {
			return t.sections.corrupt(key, "gap")
		}
		out = append(out, sec)
		return nil
	})
	if err == nil && len(out) > 0 && out[len(out)-1].end != end {
		err = t.sections.corrupt(heightKey(end), "last section is missing")
	}
	return out, err
}

// readTail indexes the receipts of the tail again, as far as they are kept.
func (t *tables) readTail(st *state) (tail, error) {
	out := newTail(st.tail.start)
	for height := max(out.start, st.floor); height < st.next; height++ {
		receipts, err := t.readReceipts(height)
		if err != nil {
			return out, err
		}
		out.add(height, itemsOf(receipts))
	}
	return out, nil
}
