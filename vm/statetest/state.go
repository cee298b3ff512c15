package statetest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/internal/mpt"
	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// State is a world state in memory. It implements vm.Reader.
type State struct {
	accounts map[ledger.Address]*entry
	codes    map[ledger.Hash][]byte
}

type entry struct {
	account ledger.Account
	storage map[ledger.Hash]ledger.Hash
}

func newState(pre map[ledger.Address]preAccount) (*State, error) {
	st := &State{accounts: make(map[ledger.Address]*entry), codes: make(map[ledger.Hash][]byte)}
	for addr, p := range pre {
		if !p.Nonce.IsUint64() {
			return nil, fmt.Errorf("%w: nonce of %s", ErrFormat, addr)
		}
		e := &entry{storage: make(map[ledger.Hash]ledger.Hash)}
		for k, v := range p.Storage {
			if !v.IsZero() {
				e.storage[k.Bytes32()] = v.Bytes32()
			}
		}
		code := ledger.Keccak(p.Code)
		st.codes[code] = p.Code
		root, err := storageRoot(e.storage)
		if err != nil {
			return nil, err
		}
		e.account = ledger.Account{Nonce: p.Nonce.Uint64(), Balance: p.Balance.Int, Root: root, CodeHash: code}
		st.accounts[addr] = e
	}
	return st, nil
}

// Account implements vm.Reader.
func (st *State) Account(addr ledger.Address) (ledger.Account, error) {
	if e := st.accounts[addr]; e != nil {
		return e.account, nil
	}
	return ledger.Account{}, nil
}

// Storage implements vm.Reader.
func (st *State) Storage(addr ledger.Address, key ledger.Hash) (ledger.Hash, error) {
	if e := st.accounts[addr]; e != nil {
		return e.storage[key], nil
	}
	return ledger.Hash{}, nil
}

// Code implements vm.Reader.
func (st *State) Code(hash ledger.Hash) ([]byte, error) { return st.codes[hash], nil }

// Apply applies changes to the state.
func (st *State) Apply(changes []ledger.Change) error {
	for i := range changes {
		c := &changes[i]
		e := st.accounts[c.Address]
		if c.Deleted {
			delete(st.accounts, c.Address)
			continue
		}
		if e == nil || c.Cleared {
			e = &entry{storage: make(map[ledger.Hash]ledger.Hash)}
			st.accounts[c.Address] = e
		}
		for _, s := range c.Storage {
			if s.Value.IsZero() {
				delete(e.storage, s.Key)
			} else {
				e.storage[s.Key] = s.Value
			}
		}
		if c.Code != nil {
			st.codes[c.Account.CodeHash] = c.Code
		}
		e.account = c.Account
		var err error
		if e.account.Root, err = storageRoot(e.storage); err != nil {
			return err
		}
	}
	return nil
}

// Root computes the state root.
func (st *State) Root() (ledger.Hash, error) {
	var t mpt.Trie
	for addr, e := range st.accounts {
		key := ledger.Keccak(addr[:])
		var err error
		if t, err = t.Put(key[:], e.account.AppendRLP(nil)); err != nil {
			return ledger.Hash{}, err
		}
	}
	return t.Root(), nil
}

func storageRoot(slots map[ledger.Hash]ledger.Hash) (ledger.Hash, error) {
	var t mpt.Trie
	for k, v := range slots {
		key, w := ledger.Keccak(k[:]), v.Word()
		var err error
		if t, err = t.Put(key[:], rlp.AppendInteger(nil, w.Bytes())); err != nil {
			return ledger.Hash{}, err
		}
	}
	return t.Root(), nil
}

// diff lists how the state differs from what a test expects, one line each.
func (st *State) diff(want *State) string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for addr, w := range want.accounts {
		g := st.accounts[addr]
		if g == nil {
			add("%s: missing", addr)
			continue
		}
		if g.account.Nonce != w.account.Nonce {
			add("%s: nonce %d, want %d", addr, g.account.Nonce, w.account.Nonce)
		}
		if g.account.Balance != w.account.Balance {
			var d uint256.Int
			d.Sub(&g.account.Balance, &w.account.Balance)
			if d.Sign() < 0 {
				d.Neg(&d)
				add("%s: balance %s, want %s more", addr, g.account.Balance.Dec(), d.Dec())
			} else {
				add("%s: balance %s, want %s less", addr, g.account.Balance.Dec(), d.Dec())
			}
		}
		if !bytes.Equal(st.codes[g.account.CodeHash], want.codes[w.account.CodeHash]) {
			add("%s: code %x, want %x", addr, st.codes[g.account.CodeHash], want.codes[w.account.CodeHash])
		}
		for k, v := range w.storage {
			if g.storage[k] != v {
				add("%s: slot %s is %s, want %s", addr, k, g.storage[k], v)
			}
		}
		for k, v := range g.storage {
			if w.storage[k].IsZero() {
				add("%s: slot %s is %s, want none", addr, k, v)
			}
		}
	}
	for addr := range st.accounts {
		if want.accounts[addr] == nil {
			add("%s: not expected", addr)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines[:min(len(lines), 12)], "\n  ")
}
