package state

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// Apply returns the view after changes, in their order. v stays as it is; the new
// view keeps what differs in memory, and v with it, until it is committed.
//
// An account that ends without nonce, balance, code and storage is removed, whether
// Deleted says so or not (EIP-161). A zero code hash means no code on a new account
// and is refused with ErrChange on one that has code, as is code of another hash
// than the account's. The changes' code is kept and must not change any more.
//
// Clearing or deleting an account takes time and memory in proportion to its
// storage. Work is shared among at most GOMAXPROCS goroutines, which have ended when
// Apply returns.
func (v *View) Apply(changes []ledger.Change) (*View, error) {
	l := &layer{parent: v, accounts: make(map[ledger.Address]*entry, len(changes)), codes: make(map[ledger.Hash][]byte)}
	drafts := draftsOf(changes)
	if err := v.resolve(drafts); err != nil {
		return nil, err
	}
	for _, d := range drafts {
		l.accounts[d.addr] = &d.entry
		l.sorted = append(l.sorted, &d.entry)
		for hash, code := range d.codes {
			l.codes[hash] = code
		}
	}
	slices.SortFunc(l.sorted, func(a, b *entry) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	items := make([]item, 0, len(l.sorted))
	for _, e := range l.sorted {
		if e.account == e.old {
			continue
		}
		x := item{key: e.hash, existed: e.old.Exists()}
		if e.account.Exists() {
			x.value = accountLeaf(&e.account)
		}
		items = append(items, x)
	}
	root, t := v.accountTrie()
	var err error
	if l.root, l.edits, err = update(t, root, items, true); err != nil {
		return nil, err
	}
	next := &View{state: v.state, root: rootOf(&l.root)}
	l.view = next
	next.pending.Store(l)
	return next, nil
}

func rootOf(c *child) ledger.Hash {
	if c.empty() {
		return ledger.EmptyRoot
	}
	return c.ref.b
}

// draft is an entry under construction.
type draft struct {
	entry
	addr    ledger.Address
	changes []*ledger.Change
	weight  int // number of slots
	codes   map[ledger.Hash][]byte
}

func draftsOf(changes []ledger.Change) (drafts []*draft) {
	drafts = make([]*draft, 0, len(changes))
	index := make(map[ledger.Address]*draft, len(changes))
	for i := range changes {
		c := &changes[i]
		d := index[c.Address]
		if d == nil {
			d = &draft{addr: c.Address}
			index[c.Address] = d
			drafts = append(drafts, d)
		}
		d.changes = append(d.changes, c)
		d.weight += len(c.Storage)
	}
	return drafts
}

// heavy is the number of changed slots from which an account is worth all workers.
const heavy = 1_024

// resolve finishes the drafts: accounts with much storage one after the other, each
// with all workers, and then the rest side by side.
func (v *View) resolve(drafts []*draft) error {
	light := make([]*draft, 0, len(drafts))
	for _, d := range drafts {
		if d.weight < heavy {
			light = append(light, d)
			continue
		}
		if err := d.resolve(v, true); err != nil {
			return err
		}
	}
	const together = 32
	return each((len(light)+together-1)/together, func(i int) error {
		for _, d := range light[i*together : min(len(light), (i+1)*together)] {
			if err := d.resolve(v, false); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d *draft) resolve(v *View, parallel bool) error {
	c, err := v.account(d.addr)
	if err != nil {
		return err
	}
	d.hash, d.old, d.account = c.hash, c.account, c.account
	if d.weight > 0 {
		d.slots = make(map[ledger.Hash]slotValue, d.weight)
	}
	for _, change := range d.changes {
		if err := d.take(change); err != nil {
			return err
		}
	}
	if err := d.resolveStorage(v, &c, parallel); err != nil {
		return err
	}
	if d.account.Empty() && d.account.Root == ledger.EmptyRoot {
		d.account = ledger.Account{}
	}
	return nil
}

// take applies a change but for the root of the storage.
func (d *draft) take(c *ledger.Change) error {
	if c.Deleted || c.Cleared {
		d.cleared = true
		clear(d.slots)
	}
	if c.Deleted {
		d.account = ledger.Account{}
		return nil
	}
	old := d.account.CodeHash
	d.account = c.Account
	if err := d.takeCode(c, old); err != nil {
		return err
	}
	for i := range c.Storage {
		d.slots[c.Storage[i].Key] = slotValue{value: c.Storage[i].Value}
	}
	return nil
}

func (d *draft) takeCode(c *ledger.Change, old ledger.Hash) error {
	if c.Code == nil {
		if c.Account.CodeHash.IsZero() {
			if !old.IsZero() && old != ledger.EmptyCodeHash {
				return fmt.Errorf("%w: account %v has code and the change no code hash", ErrChange, c.Address)
			}
			d.account.CodeHash = ledger.EmptyCodeHash
		}
		return nil
	}
	hash := ledger.Keccak(c.Code)
	if !c.Account.CodeHash.IsZero() && c.Account.CodeHash != hash {
		return fmt.Errorf("%w: code of account %v has hash %v, not %v", ErrChange, c.Address, hash, c.Account.CodeHash)
	}
	d.account.CodeHash = hash
	if len(c.Code) > 0 {
		if d.codes == nil {
			d.codes = make(map[ledger.Hash][]byte)
		}
		d.codes[hash] = c.Code
	}
	return nil
}

// resolveStorage finds what the slots held, and with it the new storage trie.
func (d *draft) resolveStorage(v *View, c *cachedAccount, parallel bool) error {
	d.account.Root = ledger.EmptyRoot
	stored := c.account.Exists() && c.account.Root != ledger.EmptyRoot
	if stored {
		d.account.Root = c.account.Root
	}
	err := d.compare(v, stored, parallel)
	if err != nil || len(d.changed) == 0 {
		return err
	}
	slices.SortFunc(d.changed, func(a, b slotChange) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	items := make([]item, len(d.changed))
	for i := range d.changed {
		x := &d.changed[i]
		items[i] = item{key: x.hash, existed: !x.old.IsZero()}
		if !x.new.IsZero() {
			items[i].value = slotLeaf(x.new)
		}
	}
	root, t := v.storageTrie(d.addr, c)
	if d.storage, d.edits, err = update(t, root, items, parallel); err != nil {
		return fmt.Errorf("state: storage of %v: %w", d.addr, err)
	}
	d.account.Root = rootOf(&d.storage)
	return nil
}

// compare fills d.changed, and the hashes in d.slots.
func (d *draft) compare(v *View, stored, parallel bool) error {
	if !stored || d.cleared {
		return d.compareCleared(v, stored)
	}
	keys := make([]ledger.Hash, 0, len(d.slots))
	for key := range d.slots {
		keys = append(keys, key)
	}
	olds := make([]slotValue, len(keys))
	part := max(len(keys), 1)
	if parallel {
		part = 64
	}
	err := each((len(keys)+part-1)/part, func(i int) (err error) {
		for j := i * part; j < min(len(keys), (i+1)*part) && err == nil; j++ {
			olds[j], err = v.slot(d.addr, &d.hash, keys[j])
		}
		return err
	})
	if err != nil {
		return err
	}
	for i, key := range keys {
		x := slotValue{olds[i].hash, d.slots[key].value}
		d.slots[key] = x
		if x.value != olds[i].value {
			d.changed = append(d.changed, slotChange{x.hash, olds[i].value, x.value})
		}
	}
	return nil
}

// compareCleared is compare for an account whose storage was cleared or empty: what
// is not written is gone.
func (d *draft) compareCleared(v *View, stored bool) (err error) {
	var olds map[[32]byte]ledger.Hash
	if stored {
		if olds, err = v.slotsOf(d.addr, &d.hash); err != nil {
			return err
		}
	}
	for key, x := range d.slots {
		x.hash = ledger.Keccak(key[:])
		d.slots[key] = x
		if old := olds[x.hash]; old != x.value {
			d.changed = append(d.changed, slotChange{x.hash, old, x.value})
		}
		delete(olds, x.hash)
	}
	for hash, old := range olds {
		d.changed = append(d.changed, slotChange{hash: hash, old: old})
	}
	return nil
}
