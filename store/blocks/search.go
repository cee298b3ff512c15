package blocks

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"sort"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// maxLookups bounds the values that a search reads: sections times items.
const maxLookups = 1 << 16

// Search yields, in ascending order, the heights within [from, to] whose blocks may
// hold a log that the filter admits, and never leaves one out. The head bounds the
// range. An error is yielded last: ErrPruned if from is below the floor, ErrWide,
// the context's, the store's.
func (s *Store) Search(ctx context.Context, f *ledger.LogFilter, from, to uint64) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		if len(f.Topics) > ledger.MaxLogTopics || from > to {
			return
		}
		q := s.query(f, from, to)
		if err := q.run(ctx, yield); err != nil {
			yield(0, err)
		}
	}
}

// query is a search over the state that was published when it began.
type query struct {
	store    *Store
	groups   [][]item // a block must have an item of each
	tail     [][]uint32
	sections []section
	start    uint64 // of the tail
	from, to uint64 // to is the first height that is not asked for
	lookups  int
}

func (s *Store) query(f *ledger.LogFilter, from, to uint64) *query {
	q := &query{store: s, groups: groupsOf(f), from: from}
	s.mu.RLock()
	defer s.mu.RUnlock()
	st := &s.state
	st.tail.order(q.groups)
	q.to = st.next
	if to < st.next {
		q.to = to + 1
	}
	q.start, q.sections = st.tail.start, st.sections
	for _, group := range q.groups {
		var union []uint32
		for _, x := range group {
			union = append(union, st.tail.posts[x]...)
		}
		q.tail = append(q.tail, union)
	}
	return q
}

// order puts conditions first that are cheap to look up, and of those the ones that
// the newest blocks met least often: the others then have little left to meet.
func (t *tail) order(groups [][]item) {
	slices.SortStableFunc(groups, func(a, b []item) int {
		if c := cmp.Compare(len(a), len(b)); c != 0 {
			return c
		}
		return cmp.Compare(t.count(a), t.count(b))
	})
}

func (t *tail) count(group []item) (n int) {
	for _, x := range group {
		n += len(t.posts[x])
	}
	return n
}

// groupsOf turns a filter into conditions.
func groupsOf(f *ledger.LogFilter) (groups [][]item) {
	add := func(n int, at func(int) item) {
		if n == 0 {
			return
		}
		group := make([]item, n)
		for i := range group {
			group[i] = at(i)
		}
		slices.Sort(group)
		groups = append(groups, slices.Compact(group))
	}
	add(len(f.Addresses), func(i int) item { return makeItem(kindAddress, f.Addresses[i][:]) })
	for position, choices := range f.Topics {
		add(len(choices), func(i int) item { return makeItem(kindTopic+byte(position), choices[i][:]) })
	}
	if len(groups) == 0 {
		return [][]item{{anyLog()}}
	}
	return groups
}

func (q *query) run(ctx context.Context, yield func(uint64, error) bool) error {
	// The first section that ends behind from.
	first := sort.Search(len(q.sections), func(i int) bool { return q.sections[i].end > q.from })
	for _, sec := range q.sections[first:] {
		if sec.start >= q.to {
			return q.kept()
		}
		offsets, err := q.section(ctx, sec)
		if err == nil {
			err = q.kept() // what was pruned meanwhile looks absent
		}
		if err != nil {
			return err
		}
		if !q.yield(sec.start, offsets, yield) {
			return nil
		}
	}
	if err := q.kept(); err != nil {
		return err
	}
	offsets := meet(q.tail[0], q.tail[1:])
	q.yield(q.start, offsets, yield)
	return nil
}

func (q *query) kept() error {
	if floor := q.store.Floor(); q.from < floor && q.from < q.to {
		return fmt.Errorf("%w: logs of block %d, the lowest is %d", ErrPruned, q.from, floor)
	}
	return nil
}

// section evaluates the groups until one has no posting left.
func (q *query) section(ctx context.Context, sec section) (out []uint32, err error) {
	for i, group := range q.groups {
		var union []uint32
		for _, x := range group {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if q.lookups++; q.lookups > maxLookups {
				return nil, fmt.Errorf("%w: more than %d look-ups", ErrWide, maxLookups)
			}
			offsets, err := q.store.readPostings(sec, x)
			if err != nil {
				return nil, err
			}
			union = append(union, offsets...)
		}
		if i == 0 {
			out = meet(union, nil)
		} else {
			out = meet(out, [][]uint32{union})
		}
		if len(out) == 0 {
			return nil, nil
		}
	}
	return out, nil
}

// meet returns, in ascending order, what is in a and in all others. It sorts them
// in place.
func meet(a []uint32, others [][]uint32) []uint32 {
	slices.Sort(a)
	a = slices.Compact(a)
	for _, b := range others {
		slices.Sort(b)
		i := 0
		a = slices.DeleteFunc(a, func(x uint32) bool {
			for i < len(b) && b[i] < x {
				i++
			}
			return i == len(b) || b[i] != x
		})
	}
	return a
}

func (q *query) yield(start uint64, offsets []uint32, yield func(uint64, error) bool) bool {
	for _, x := range offsets {
		height := start + uint64(x)
		if height < q.from {
			continue
		}
		if height >= q.to || !yield(height, nil) {
			return false
		}
	}
	return true
}
