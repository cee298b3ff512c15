package state

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// position is where the committed state is. It does not change.
type position struct {
	seq     uint64 // number of blocks committed so far
	oldest  uint64 // number of the oldest state that is readable
	flushed uint64 // number of the state whose nodes the store has
	root    ledger.Hash
	// inflight holds the diffs of commits whose batches may be written at any time:
	// what they change may already be in the store, or not.
	inflight []*diff
}

func (p *position) encode() []byte {
	return slices.Concat(be(p.seq), be(p.oldest), p.root[:], be(p.flushed))
}

// Commit adds to b what v and its ancestors have in memory, each as a block of its
// own in the history. Once b is written, the views read from the store; if b is
// dropped, nothing has happened.
//
// There is one line of committed states: ErrStale refuses a view that does not
// descend from the newest. A batch that Commit has filled must be written or dropped
// before the next Commit.
func (st *State) Commit(b *store.Batch, v *View) error {
	if v.state != st {
		panic("state: view of another state")
	}
	if err := st.importing(); err != nil {
		return err
	}
	st.moving.Lock()
	defer st.moving.Unlock()
	p := st.tip.Load()
	c := settlement{state: st, batch: b, from: p}
	base := v.layers(func(l *layer) bool { c.layers = append(c.layers, l); return false })
	if len(c.layers) == 0 {
		return nil
	}
	if base.void && p.seq != 0 || !base.void && base.seq != p.seq {
		return fmt.Errorf("%w: %v builds on block %d, the newest is %d", ErrStale, v.root, base.seq, p.seq)
	}
	slices.Reverse(c.layers)
	c.turnRound()
	c.to = position{seq: p.seq + uint64(len(c.layers)), oldest: p.oldest, flushed: p.flushed, root: v.root}
	if c.flush = c.full(); c.flush {
		c.to.flushed = c.to.seq
		st.buffer.write(st, b)
	}
	for i, l := range c.layers {
		c.add(l, i)
	}
	if err := c.prune(); err != nil {
		return err
	}
	b.Set(st.spaces.meta, tipKey, c.to.encode())
	next := *p
	next.inflight = slices.Concat(p.inflight, c.diffs)
	st.tip.Store(&next)
	b.Then(c.settle)
	return nil
}

// settlement is one call of Commit until its batch is written.
type settlement struct {
	state  *State
	batch  *store.Batch
	from   *position
	to     position
	layers []*layer // oldest first
	flush  bool     // the records of nodes go to the store
	diffs  []*diff
	// filters are those of the diffs.
	filters []filter
}

// turnRound makes the diffs, side by side.
func (c *settlement) turnRound() {
	c.diffs = make([]*diff, len(c.layers))
	c.filters = make([]filter, len(c.layers))
	_ = each(len(c.layers), func(i int) error { // the function returns no error
		c.diffs[i] = diffOf(c.layers[i], c.from.seq+uint64(i)+1)
		c.filters[i] = c.diffs[i].filter()
		return nil
	})
}

// add puts a layer into the batch.
func (c *settlement) add(l *layer, i int) {
	st, b := c.state, c.batch
	seq := c.from.seq + uint64(i) + 1
	var buf [112]byte
	for _, e := range l.sorted {
		if e.account != e.old {
			if e.account.Exists() {
				b.Set(st.spaces.accounts, e.hash[:], appendSlim(buf[:0], &e.account))
			} else {
				b.Delete(st.spaces.accounts, e.hash[:])
			}
		}
		c.addStorage(e)
	}
	c.addEdits(nil, l.edits)
	for hash, code := range l.codes {
		b.Set(st.spaces.codes, hash[:], code)
	}
	if st.history > 0 {
		b.Set(st.spaces.diffs, be(seq), c.diffs[i].encode())
		b.Set(st.spaces.filters, be(seq), c.filters[i])
	}
	root := rootOf(&l.root)
	b.Set(st.spaces.roots, root[:], be(seq))
	b.Set(st.spaces.numbers, be(seq), root[:])
}

func (c *settlement) addStorage(e *entry) {
	var key [64]byte
	copy(key[:], e.hash[:])
	for i := range e.changed {
		x := &e.changed[i]
		copy(key[32:], x.hash[:])
		if x.new.IsZero() {
			c.batch.Delete(c.state.spaces.slots, key[:])
		} else {
			c.batch.Set(c.state.spaces.slots, key[:], slimSlot(&x.new))
		}
	}
	c.addEdits(e.hash[:], e.edits)
}

func (c *settlement) addEdits(owner []byte, edits []edit) {
	if !c.flush {
		return
	}
	space := c.state.spaces.nodes
	if len(owner) > 0 {
		space = c.state.spaces.storageNodes
	}
	var buf [97]byte
	for i := range edits {
		key := append(append(buf[:0], owner...), edits[i].path...)
		if edits[i].new == nil {
			c.batch.Delete(space, key)
		} else {
			c.batch.Set(space, key, edits[i].new)
		}
	}
}

// pruneAhead bounds what one commit removes beyond its share, after the history was
// configured shorter.
const pruneAhead = 64

// prune removes what leaves the history.
func (c *settlement) prune() error {
	st := c.state
	if c.to.seq <= st.history {
		return nil
	}
	end := min(c.to.seq-st.history, c.to.flushed, c.to.oldest+uint64(len(c.layers))+pruneAhead)
	for ; c.to.oldest < end; c.to.oldest++ {
		if err := c.forget(c.to.oldest); err != nil {
			return err
		}
	}
	return nil
}

// forget removes the state after block seq. Its root stays known if a later block
// has it again.
func (c *settlement) forget(seq uint64) error {
	s, b := &c.state.spaces, c.batch
	b.Delete(s.diffs, be(seq+1))
	b.Delete(s.filters, be(seq+1))
	root, err := s.numbers.Get(be(seq))
	if err != nil || root == nil {
		return err
	}
	b.Delete(s.numbers, be(seq))
	for _, l := range c.layers {
		if again := rootOf(&l.root); string(again[:]) == string(root) {
			return nil
		}
	}
	last, err := s.roots.Get(root)
	if err == nil && len(last) == 8 && binary.BigEndian.Uint64(last) == seq {
		b.Delete(s.roots, root)
	}
	return err
}

// settle makes the written batch the newest state. The order matters: a reader who
// finds a new value in a cache still finds its diff in the old position, and one who
// finds a view settled finds the new position.
func (c *settlement) settle() {
	st := c.state
	st.moving.Lock()
	defer st.moving.Unlock()
	if st.tip.Load().seq != c.from.seq {
		panic("state: a batch was written after the one of a later commit")
	}
	for i, l := range c.layers {
		c.cache(l)
		if st.history > 0 {
			seq := c.from.seq + uint64(i) + 1
			st.diffs.add(seq, c.diffs[i])
			st.filters.add(seq, c.filters[i])
		}
	}
	if c.flush {
		st.buffer.empty(st.nodes)
	}
	to := c.to // a copy: the position must not keep the layers in memory
	st.tip.Store(&to)
	for i, l := range c.layers {
		v := l.view
		v.seq = c.from.seq + uint64(i) + 1
		v.pending.Store(nil)
	}
}

// cache puts what a layer changed into the caches.
func (c *settlement) cache(l *layer) {
	st := c.state
	for _, e := range l.sorted {
		if e.cleared {
			st.slots.purge()
			break
		}
	}
	accounts := func() {
		for addr, e := range l.accounts {
			st.accounts.add(addr, cachedAccount{e.hash, e.account})
			for slot, x := range e.slots {
				st.slots.add(slotName{addr, slot}, x)
			}
		}
	}
	nodes := func() {
		st.buffer.add(nil, l.edits)
		for _, e := range l.sorted {
			st.buffer.add(e.hash[:], e.edits)
		}
	}
	tasks := []func(){accounts, nodes}
	_ = each(len(tasks), func(i int) error { tasks[i](); return nil }) // the function returns no error
	for hash, code := range l.codes {
		st.codes.add(hash, code)
	}
}
