package state

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// replay fills the buffer with what it held when the state was last in use.
func (st *State) replay(p *position) error {
	if p.flushed == p.seq {
		return nil
	}
	root := ledger.EmptyRoot
	if p.flushed > 0 {
		raw, err := st.spaces.numbers.Get(be(p.flushed))
		if err != nil {
			return err
		}
		if len(raw) != 32 {
			return corrupt("the root below the newest nodes is missing")
		}
		root = ledger.Hash(raw)
	}
	r, err := st.newReplay(p)
	if err != nil {
		return err
	}
	slots := r.slots
	items := make([]item, 0, len(r.accounts))
	for _, x := range r.accounts {
		n := 0
		for n < len(slots) && string(slots[n].key[1:33]) == string(x.key[1:]) {
			n++
		}
		it, err := r.account(x, slots[:n])
		if err != nil {
			return fmt.Errorf("account %x: %w", x.key[1:], err)
		}
		slots = slots[n:]
		if it != nil {
			items = append(items, *it)
		}
	}
	if len(slots) > 0 {
		return corrupt("slots changed of an account that did not")
	}
	top, edits, err := update(settled{r, nil}, childOf(root), items, true)
	if err != nil {
		return err
	}
	if rootOf(&top) != p.root {
		return corrupt("the changes of the newest blocks do not lead to their root")
	}
	st.buffer.add(nil, edits)
	return nil
}

// replay is the state as of the newest nodes in the store.
type replay struct {
	state *State
	// What blocks since have changed, as it was then.
	accounts, slots []oldValue
}

func (st *State) newReplay(p *position) (*replay, error) {
	r := &replay{state: st}
	for s := p.flushed + 1; s <= p.seq; s++ {
		d, err := st.diff(s)
		if err != nil {
			return nil, err
		}
		for kind, list := range map[byte]*[]oldValue{kindAccount: &r.accounts, kindSlot: &r.slots} {
			from, to := d.within([]byte{kind}, []byte{kind + 1})
			for i := from; i < to; i++ {
				*list = append(*list, oldValue{d.keys[i], d.values[i]})
			}
		}
	}
	r.accounts, r.slots = oldest(r.accounts), oldest(r.slots)
	return r, nil
}

// account computes the storage of an account again and returns what changed in the trie
// of accounts, if anything. old and slots are as of the replay.
func (r *replay) account(old oldValue, slots []oldValue) (*item, error) {
	st := r.state
	was, err := decodeSlim(old.value)
	if err != nil {
		return nil, err
	}
	raw, err := st.spaces.accounts.Get(old.key[1:])
	if err != nil {
		return nil, err
	}
	is, err := decodeSlim(raw)
	if err != nil {
		return nil, err
	}
	if err := r.storage(old.key[1:], &was, &is, slots); err != nil {
		return nil, err
	}
	if is == was {
		return nil, nil
	}
	x := &item{key: [32]byte(old.key[1:]), existed: was.Exists()}
	if is.Exists() {
		x.value = accountLeaf(&is)
	}
	return x, nil
}

func (r *replay) storage(owner []byte, was, is *ledger.Account, slots []oldValue) error {
	st := r.state
	items := make([]item, 0, len(slots))
	for _, x := range slots {
		raw, err := st.spaces.slots.Get(x.key[1:])
		if err != nil {
			return err
		}
		if string(raw) == string(x.value) {
			continue
		}
		v, err := decodeSlot(raw)
		if err != nil {
			return err
		}
		it := item{key: [32]byte(x.key[33:]), existed: len(x.value) > 0}
		if !v.IsZero() {
			it.value = slotLeaf(v)
		}
		items = append(items, it)
	}
	top, want := child{}, ledger.EmptyRoot
	if was.Exists() {
		top = childOf(was.Root)
	}
	if is.Exists() {
		want = is.Root
	}
	top, edits, err := update(settled{r, owner}, top, items, true)
	if err != nil {
		return err
	}
	if rootOf(&top) != want {
		return corrupt("the changed slots do not lead to the storage root")
	}
	st.buffer.add(owner, edits)
	return nil
}

// settled loads the nodes of one trie, all of which are in the store as of the replay.
// It implements loader.
type settled struct {
	*replay
	owner []byte // nil: the trie of accounts
}

func (t settled) node(r ref, path []byte) (*branch, error) {
	st := t.state
	if b, err := st.cached(r); b != nil || err != nil {
		return b, err
	}
	key := nodeKey(t.owner, path)
	space, k := st.table(key)
	record, err := space.Get(k)
	if err != nil || record == nil {
		return nil, err
	}
	return st.verified(record, r, key)
}

// leaf finds the only key that lay below a path: one that has changed since, or else one
// in the table that has not.
func (t settled) leaf(r ref, path []byte) (l *leaf, err error) {
	start, end := rangeOf(t.owner, path)
	changed := t.accounts
	if t.owner != nil {
		changed = t.slots
	}
	at, _ := slices.BinarySearchFunc(changed, start, func(x oldValue, key []byte) int { return bytes.Compare(x.key, key) })
	below := trie{state: t.state, owner: t.owner}
	since := make(map[string]bool)
	for _, x := range changed[at:] {
		if bytes.Compare(x.key, end) >= 0 {
			break
		}
		if len(x.value) > 0 {
			if l, err = below.asLeaf(x.key, x.value); err != nil {
				return nil, err
			}
			return l, below.checkLeaf(l, r, len(path))
		}
		since[string(x.key)] = true
	}
	space, from := t.state.table(start)
	var to []byte
	if end[0] == start[0] {
		to = end[1:]
	}
	it := space.Iterate(from, to)
	defer func() { err = errors.Join(err, it.Close()) }()
	for it.Next() {
		key := append([]byte{start[0]}, it.Key()...)
		if since[string(key)] {
			continue
		}
		if l, err = below.asLeaf(key, it.Value()); err != nil {
			return nil, err
		}
		return l, below.checkLeaf(l, r, len(path))
	}
	if err := it.Err(); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%w: state: no leaf below %x of %x", store.ErrCorrupt, path, t.owner)
}
