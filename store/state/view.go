package state

import (
	"sync/atomic"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// View is the state under one root. It never changes.
type View struct {
	state *State
	root  ledger.Hash
	// void marks the empty state before the first block.
	void bool
	// pending is what the store does not hold yet. It turns nil, once and for good,
	// after the store has it; the ancestors' is committed with it.
	pending atomic.Pointer[layer]
	// seq is the number of commits that led to the view. It is set when pending
	// turns nil.
	seq uint64
}

// Root returns the state root.
func (v *View) Root() ledger.Hash { return v.root }

// layers calls f for the pending layers, newest first, until it returns true, and
// returns the view below them if it never does.
func (v *View) layers(f func(*layer) bool) (base *View) {
	for {
		l := v.pending.Load()
		if l == nil {
			return v
		}
		if f(l) {
			return nil
		}
		v = l.parent
	}
}

func (v *View) base() *View { return v.layers(func(*layer) bool { return false }) }

// Account returns the account at addr, the zero Account if there is none. Like every
// read of a view that left the history, it fails with ErrPruned then.
func (v *View) Account(addr ledger.Address) (ledger.Account, error) {
	c, err := v.account(addr)
	if err != nil {
		return ledger.Account{}, err
	}
	return c.account, nil
}

func (v *View) account(addr ledger.Address) (c cachedAccount, err error) {
	base := v.layers(func(l *layer) bool {
		e := l.accounts[addr]
		if e == nil {
			return false
		}
		c = cachedAccount{e.hash, e.account}
		return true
	})
	switch {
	case base == nil:
		return c, nil
	case base.void:
		c.hash = ledger.Keccak(addr[:])
		return c, nil
	}
	return v.state.account(base.seq, addr)
}

// Storage returns the value of a slot, zero if it holds none.
func (v *View) Storage(addr ledger.Address, slot ledger.Hash) (ledger.Hash, error) {
	c, err := v.account(addr)
	if err != nil || !c.account.Exists() || c.account.Root == ledger.EmptyRoot {
		return ledger.Hash{}, err
	}
	x, err := v.slot(addr, &c.hash, slot)
	if err != nil {
		return ledger.Hash{}, err
	}
	return x.value, nil
}

// slot returns a slot of the account whose address has this hash.
func (v *View) slot(addr ledger.Address, account *[32]byte, slot ledger.Hash) (x slotValue, err error) {
	base := v.layers(func(l *layer) bool {
		e := l.accounts[addr]
		if e == nil {
			return false
		}
		found := false
		if x, found = e.slots[slot]; !found && e.cleared {
			x = slotValue{hash: ledger.Keccak(slot[:])}
			found = true
		}
		return found
	})
	switch {
	case base == nil:
		return x, nil
	case base.void:
		return slotValue{hash: ledger.Keccak(slot[:])}, nil
	}
	return v.state.slot(base.seq, addr, account, slot)
}

// Code returns the code with a hash, nil for the hash of no code and for the zero
// hash of an absent account. The caller must not change it.
func (v *View) Code(hash ledger.Hash) (code []byte, err error) {
	if hash == ledger.EmptyCodeHash || hash.IsZero() {
		return nil, nil
	}
	base := v.layers(func(l *layer) bool {
		var ok bool
		code, ok = l.codes[hash]
		return ok
	})
	if base == nil {
		return code, nil
	}
	return v.state.code(hash)
}

// accountTrie returns the trie of accounts and what loads its nodes.
func (v *View) accountTrie() (child, trie) {
	root := childOf(v.root)
	if l := v.pending.Load(); l != nil {
		root = l.root
	}
	base := v.base()
	return root, trie{state: v.state, seq: base.seq, void: base.void}
}

// storageTrie returns an account's storage trie and what loads its nodes.
func (v *View) storageTrie(addr ledger.Address, c *cachedAccount) (child, trie) {
	var root child
	found := false
	base := v.layers(func(l *layer) bool {
		e := l.accounts[addr]
		if found = e != nil && len(e.changed) > 0; found {
			root = e.storage
		}
		return found
	})
	if !found && c.account.Exists() {
		root = childOf(c.account.Root)
	}
	if base == nil {
		base = v.base()
	}
	return root, trie{state: v.state, seq: base.seq, void: base.void, owner: c.hash[:]}
}

// childOf is a trie of which no node is in memory.
func childOf(root ledger.Hash) child {
	if root == ledger.EmptyRoot {
		return child{}
	}
	return child{ref: rootRef(root)}
}

// slotsOf returns the hashes and values of all slots of an account.
func (v *View) slotsOf(addr ledger.Address, account *[32]byte) (map[[32]byte]ledger.Hash, error) {
	var above []*entry
	base := v.layers(func(l *layer) bool {
		if e := l.accounts[addr]; e != nil {
			above = append(above, e)
		}
		return false
	})
	all := make(map[[32]byte]ledger.Hash)
	if !base.void {
		start, end := rangeOf(account[:], nil)
		err := v.state.scan(base.seq, start, end, func(key, value []byte) (err error) {
			all[[32]byte(key[33:])], err = decodeSlot(value)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	for i := len(above) - 1; i >= 0; i-- {
		for _, x := range above[i].changed {
			if x.new.IsZero() {
				delete(all, x.hash)
			} else {
				all[x.hash] = x.new
			}
		}
	}
	return all, nil
}
