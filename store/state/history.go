package state

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// The tables hold the newest committed state and change in place. A read for the
// state after block seq therefore takes the table's value first and the position
// second: what a block above seq changed, whether it was visible in the table yet or
// not, is in its diff, and the first such diff has the value as of seq. What is in no
// such diff has not changed since seq, so the table's value is right.

// changedSince returns what key held as of seq, if a block after it changed the key.
// The caller has read the table before it took p.
func (st *State) changedSince(p *position, seq uint64, key []byte) (old []byte, changed bool, err error) {
	if err := p.within(seq); err != nil {
		return nil, false, err
	}
	for s := seq + 1; s <= p.seq; s++ {
		may, err := st.mayHold(s, key)
		if err != nil {
			return nil, false, err
		}
		if !may {
			continue
		}
		d, err := st.diff(s)
		if err != nil {
			return nil, false, err
		}
		if old, changed = d.find(key); changed {
			return old, true, nil
		}
	}
	for _, d := range p.inflight {
		if old, changed = d.find(key); changed {
			return old, true, nil
		}
	}
	return nil, false, nil
}

func (p *position) at(seq uint64) bool { return p.seq == seq && len(p.inflight) == 0 }

// within fails for a state that left the history.
func (p *position) within(seq uint64) error {
	if seq < p.oldest {
		return fmt.Errorf("%w: block %d, the oldest is %d", ErrPruned, seq, p.oldest)
	}
	return nil
}

func (st *State) mayHold(seq uint64, key []byte) (bool, error) {
	f, ok := st.filters.get(seq)
	if !ok {
		raw, err := st.spaces.filters.Get(be(seq))
		if err != nil {
			return false, err
		}
		if raw == nil {
			return false, fmt.Errorf("%w: block %d", ErrPruned, seq)
		}
		f = raw
		st.filters.add(seq, f)
	}
	return f.has(key), nil
}

func (st *State) diff(seq uint64) (*diff, error) {
	if d, ok := st.diffs.get(seq); ok {
		return d, nil
	}
	raw, err := st.spaces.diffs.Get(be(seq))
	if err != nil {
		return nil, err
	}
	if raw == nil {
		return nil, fmt.Errorf("%w: block %d", ErrPruned, seq)
	}
	d, err := decodeDiff(raw)
	if err != nil {
		return nil, err
	}
	st.diffs.add(seq, d)
	return d, nil
}

// flat reads a flat table as of seq; nothing if the key is not there.
func (st *State) flat(seq uint64, key []byte) ([]byte, error) {
	space, k := st.table(key)
	raw, err := space.Get(k)
	if err != nil {
		return nil, err
	}
	p := st.tip.Load()
	if p.at(seq) {
		return raw, nil
	}
	old, changed, err := st.changedSince(p, seq, key)
	if changed || err != nil {
		return old, err
	}
	return raw, nil
}

// account reads an account as of seq.
func (st *State) account(seq uint64, addr ledger.Address) (cachedAccount, error) {
	before := st.tip.Load()
	c, ok := st.accounts.get(addr)
	var key []byte
	if !ok {
		c.hash = ledger.Keccak(addr[:])
		key = accountKey(&c.hash)
		raw, err := st.spaces.accounts.Get(key[1:])
		if err == nil {
			c.account, err = decodeSlim(raw)
		}
		if err != nil {
			return c, fmt.Errorf("state: account %v: %w", addr, err)
		}
		st.accounts.addIf(addr, c, func() bool { return len(before.inflight) == 0 && st.tip.Load() == before })
	}
	p := st.tip.Load()
	if p.at(seq) {
		return c, nil
	}
	if key == nil {
		key = accountKey(&c.hash)
	}
	old, changed, err := st.changedSince(p, seq, key)
	if changed {
		c.account, err = decodeSlim(old)
	}
	if err != nil {
		return c, fmt.Errorf("state: account %v: %w", addr, err)
	}
	return c, nil
}

// slot reads a slot as of seq. account is the hash of addr.
func (st *State) slot(seq uint64, addr ledger.Address, account *[32]byte, slot ledger.Hash) (slotValue, error) {
	before := st.tip.Load()
	name := slotName{addr, slot}
	c, ok := st.slots.get(name)
	var key []byte
	if !ok {
		c.hash = ledger.Keccak(slot[:])
		key = slotKey(account, &c.hash)
		raw, err := st.spaces.slots.Get(key[1:])
		if err == nil {
			c.value, err = decodeSlot(raw)
		}
		if err != nil {
			return c, fmt.Errorf("state: slot %v of %v: %w", slot, addr, err)
		}
		st.slots.addIf(name, c, func() bool { return len(before.inflight) == 0 && st.tip.Load() == before })
	}
	p := st.tip.Load()
	if p.at(seq) {
		return c, nil
	}
	if key == nil {
		key = slotKey(account, &c.hash)
	}
	old, changed, err := st.changedSince(p, seq, key)
	if changed {
		c.value, err = decodeSlot(old)
	}
	if err != nil {
		return c, fmt.Errorf("state: slot %v of %v: %w", slot, addr, err)
	}
	return c, nil
}

var errStop = errors.New("state: enough")

// scan visits the entries of a flat table in [start, end), which are keys with their
// kind, in ascending order as of seq. visit ends it early with errStop, and may keep
// the key but not the value.
func (st *State) scan(seq uint64, start, end []byte, visit func(key, value []byte) error) (err error) {
	space, from := st.table(start)
	var to []byte
	if end[0] == start[0] {
		to = end[1:]
	}
	it := space.Iterate(from, to)
	defer func() { err = errors.Join(err, it.Close()) }()
	older, err := st.changedWithin(st.tip.Load(), seq, start, end)
	if err != nil {
		return err
	}
	emit := func(key, value []byte) error {
		if len(value) == 0 {
			return nil
		}
		return visit(key, value)
	}
	for it.Next() {
		key := append([]byte{start[0]}, it.Key()...)
		for len(older) > 0 && bytes.Compare(older[0].key, key) < 0 {
			if err := emit(older[0].key, older[0].value); err != nil {
				return stopped(err)
			}
			older = older[1:]
		}
		value := it.Value()
		if len(older) > 0 && bytes.Equal(older[0].key, key) {
			value, older = older[0].value, older[1:]
		}
		if err := emit(key, value); err != nil {
			return stopped(err)
		}
	}
	for _, x := range older {
		if err := emit(x.key, x.value); err != nil {
			return stopped(err)
		}
	}
	return it.Err()
}

func stopped(err error) error {
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

type oldValue struct{ key, value []byte }

// changedWithin returns the values as of seq of the keys in [start, end) that blocks
// after it changed, in ascending order.
func (st *State) changedWithin(p *position, seq uint64, start, end []byte) ([]oldValue, error) {
	if p.at(seq) {
		return nil, nil
	}
	if err := p.within(seq); err != nil {
		return nil, err
	}
	var all []oldValue
	take := func(d *diff) {
		from, to := d.within(start, end)
		for i := from; i < to; i++ {
			all = append(all, oldValue{d.keys[i], d.values[i]})
		}
	}
	for s := seq + 1; s <= p.seq; s++ {
		d, err := st.diff(s)
		if err != nil {
			return nil, err
		}
		take(d)
	}
	for _, d := range p.inflight {
		take(d)
	}
	return oldest(all), nil
}

// oldest sorts values, which come in the order of their diffs, and keeps the first of
// each key.
func oldest(all []oldValue) []oldValue {
	slices.SortStableFunc(all, func(a, b oldValue) int { return bytes.Compare(a.key, b.key) })
	return slices.CompactFunc(all, func(a, b oldValue) bool { return bytes.Equal(a.key, b.key) })
}

// trie is one trie of the committed state as of seq. It implements loader.
type trie struct {
	state *State
	seq   uint64
	void  bool   // of the state before the first block, whatever was committed since
	owner []byte // hash of the account whose storage it is; nil: the trie of accounts
}

func (t trie) node(r ref, path []byte) (*branch, error) {
	if t.void {
		return nil, corrupt("a node of the empty state is missing")
	}
	if b, err := t.state.cached(r); b != nil || err != nil {
		return b, err
	}
	var room [98]byte
	key := appendNodeKey(room[:0], t.owner, path)
	if x, ok := t.state.buffer.get(key); ok && x.ref == r && x.record != nil {
		return decodeBranch(x.record)
	}
	record, err := t.state.record(t.seq, key)
	if err != nil || record == nil {
		return nil, err
	}
	return t.state.verified(record, r, key)
}

// cached returns a node from the cache, nil if it is not there.
func (st *State) cached(r ref) (*branch, error) {
	if r.n != 32 {
		return nil, nil
	}
	record, ok := st.nodes.get(r.b)
	if !ok {
		return nil, nil
	}
	return decodeBranch(record)
}

// verified returns the node of a record from the store once it has the wanted hash, and
// caches it.
func (st *State) verified(record []byte, r ref, key []byte) (*branch, error) {
	b, err := decodeBranch(record)
	if err != nil {
		return nil, err
	}
	if b.hash() != r {
		return nil, fmt.Errorf("%w: state: node %x has another hash", store.ErrCorrupt, key)
	}
	if r.n == 32 {
		st.nodes.add(r.b, record)
	}
	return b, nil
}

// record finds the record of a node as of seq, or nil. The result is right only if
// its hash is.
func (st *State) record(seq uint64, key []byte) ([]byte, error) {
	record, err := st.stored(key)
	if err != nil {
		return nil, err
	}
	p := st.tip.Load()
	if p.at(seq) {
		return record, nil
	}
	var relative [][]byte
	visit := func(d *diff) (done bool, err error) {
		old, changed := d.find(key)
		if !changed {
			return false, nil
		}
		if len(old) == 0 {
			return true, corrupt("empty old node")
		}
		switch old[0] {
		case recordAbsent:
			record = nil
		case recordWhole:
			record = old[1:]
		default:
			relative = append(relative, old)
			return false, nil
		}
		return true, nil
	}
	if err := st.eachChange(p, seq, key, visit); err != nil {
		return nil, err
	}
	// Undoing a change that the table does not show yet does no harm: the references
	// that it names end as they were before the change in any case.
	for i := len(relative) - 1; i >= 0; i-- {
		if record == nil {
			return nil, corrupt("old node without its successor")
		}
		if record, err = restore(relative[i], record); err != nil {
			return nil, err
		}
	}
	return record, nil
}

// eachChange visits the diffs after seq that may hold key, oldest first.
func (st *State) eachChange(p *position, seq uint64, key []byte, visit func(*diff) (done bool, err error)) error {
	if err := p.within(seq); err != nil {
		return err
	}
	for s := seq + 1; s <= p.seq; s++ {
		may, err := st.mayHold(s, key)
		if err != nil {
			return err
		}
		if !may {
			continue
		}
		d, err := st.diff(s)
		if err != nil {
			return err
		}
		if done, err := visit(d); done || err != nil {
			return err
		}
	}
	for _, d := range p.inflight {
		if done, err := visit(d); done || err != nil {
			return err
		}
	}
	return nil
}

// leaf finds the only key below a path. Nothing else tells it, since leaves have no
// records.
func (t trie) leaf(r ref, path []byte) (*leaf, error) {
	start, end := rangeOf(t.owner, path)
	l, err := t.leafNow(r, start, end, len(path))
	if l != nil || err != nil {
		return l, err
	}
	// It is not in the table any more: look among what was removed since.
	err = t.state.scan(t.seq, start, end, func(key, value []byte) error {
		if l, err = t.asLeaf(key, value); err != nil {
			return err
		}
		return errStop
	})
	if err != nil {
		return nil, err
	}
	if l == nil {
		return nil, fmt.Errorf("%w: state: no leaf below %x of %x", store.ErrCorrupt, path, t.owner)
	}
	return l, t.checkLeaf(l, r, len(path))
}

// leafNow looks for the leaf among the keys that are in the table.
func (t trie) leafNow(r ref, start, end []byte, depth int) (l *leaf, err error) {
	space, from := t.state.table(start)
	var to []byte
	if end[0] == start[0] {
		to = end[1:]
	}
	it := space.Iterate(from, to)
	defer func() { err = errors.Join(err, it.Close()) }()
	for range 16 {
		if !it.Next() {
			break
		}
		key := append([]byte{start[0]}, it.Key()...)
		value, err := t.state.flat(t.seq, key)
		if err != nil {
			return nil, err
		}
		if len(value) == 0 {
			continue
		}
		l, err := t.asLeaf(key, value)
		if err != nil {
			return nil, err
		}
		return l, t.checkLeaf(l, r, depth)
	}
	return nil, it.Err()
}

// asLeaf turns an entry of a flat table into what the trie holds.
func (t trie) asLeaf(key, value []byte) (*leaf, error) {
	l := &leaf{key: [32]byte(key[len(key)-32:])}
	if t.owner == nil {
		a, err := decodeSlim(value)
		l.value = accountLeaf(&a)
		return l, err
	}
	v, err := decodeSlot(value)
	l.value = slotLeaf(v)
	return l, err
}

func (t trie) checkLeaf(l *leaf, r ref, depth int) error {
	var buf [256]byte
	if refOf(appendLeaf(buf[:0], l, depth)) != r {
		return fmt.Errorf("%w: state: key %x of %x does not have its value in the trie", store.ErrCorrupt, l.key, t.owner)
	}
	return nil
}
