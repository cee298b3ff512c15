package main

import (
	"github.com/rootstem/rootstem/internal/mpt"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// Accounts of the programs.
var (
	sender   = ledger.Address{0xa1}
	contract = ledger.Address{0xcc, 1}
	callee   = ledger.Address{0xcc, 2}
	coinbase = ledger.Address{0xc0}
)

// world is a state in memory for Rootstem's vm.
type world struct {
	accounts map[ledger.Address]ledger.Account
	slots    map[ledger.Address]map[ledger.Hash]ledger.Hash
	codes    map[ledger.Hash][]byte
}

func newWorld() *world {
	return &world{map[ledger.Address]ledger.Account{}, map[ledger.Address]map[ledger.Hash]ledger.Hash{}, map[ledger.Hash][]byte{}}
}

func (w *world) Account(a ledger.Address) (ledger.Account, error) { return w.accounts[a], nil }
func (w *world) Code(h ledger.Hash) ([]byte, error)               { return w.codes[h], nil }
func (w *world) Storage(a ledger.Address, k ledger.Hash) (ledger.Hash, error) {
	return w.slots[a][k], nil
}

// add puts an account into the state.
func (w *world) add(addr ledger.Address, a ledger.Account, code []byte, slots map[ledger.Hash]ledger.Hash) error {
	a.CodeHash = ledger.Keccak(code)
	w.codes[a.CodeHash] = code
	w.slots[addr] = map[ledger.Hash]ledger.Hash{}
	for k, v := range slots {
		w.slots[addr][k] = v
	}
	var err error
	a.Root, err = w.storageRoot(addr)
	w.accounts[addr] = a
	return err
}

func (w *world) storageRoot(addr ledger.Address) (ledger.Hash, error) {
	if len(w.slots[addr]) == 0 {
		return ledger.EmptyRoot, nil
	}
	var t mpt.Trie
	for k, v := range w.slots[addr] {
		key := ledger.Keccak(k[:])
		var err error
		if t, err = t.Put(key[:], ledger.AppendSlotValue(nil, v)); err != nil {
			return ledger.Hash{}, err
		}
	}
	return t.Root(), nil
}

// apply writes changes back.
func (w *world) apply(changes []ledger.Change) error {
	for i := range changes {
		c := &changes[i]
		if c.Deleted {
			delete(w.accounts, c.Address)
			delete(w.slots, c.Address)
			continue
		}
		if c.Cleared || w.slots[c.Address] == nil {
			w.slots[c.Address] = map[ledger.Hash]ledger.Hash{}
		}
		for _, s := range c.Storage {
			if s.Value.IsZero() {
				delete(w.slots[c.Address], s.Key)
			} else {
				w.slots[c.Address][s.Key] = s.Value
			}
		}
		if c.Code != nil {
			w.codes[c.Account.CodeHash] = c.Code
		}
		a := c.Account
		var err error
		if a.Root, err = w.storageRoot(c.Address); err != nil {
			return err
		}
		w.accounts[c.Address] = a
	}
	return nil
}

// root computes the state root.
func (w *world) root() (ledger.Hash, error) {
	var t mpt.Trie
	for addr, a := range w.accounts {
		key := ledger.Keccak(addr[:])
		var err error
		if t, err = t.Put(key[:], a.AppendRLP(nil)); err != nil {
			return ledger.Hash{}, err
		}
	}
	return t.Root(), nil
}
