package state

import (
	"fmt"
	"sync/atomic"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/internal/mpt"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// View is the state under one root. It never changes.
type View struct {
	state *State
	root  ledger.Hash
	// pending is what the store does not hold yet. It turns nil, once and for good,
	// after the store has it; the ancestors' is committed with it.
	pending atomic.Pointer[layer]
}

// layer is what Apply added to its parent. It does not change.
type layer struct {
	parent *View
	nodes  map[ledger.Hash][]byte
	codes  map[ledger.Hash][]byte
}

// Root returns the state root.
func (v *View) Root() ledger.Hash { return v.root }

// node finds a node by its hash: in the pending layers, then in the store.
func (v *View) node(hash ledger.Hash) ([]byte, error) {
	for l := v.pending.Load(); l != nil; l = l.parent.pending.Load() {
		if enc, ok := l.nodes[hash]; ok {
			return enc, nil
		}
	}
	return v.state.node(hash)
}

// reader is the view as the trie wants it.
type reader struct{ view *View }

func (r reader) Get(hash [32]byte) ([]byte, error) { return r.view.node(hash) }

// Account returns the account at addr, the zero Account if there is none.
func (v *View) Account(addr ledger.Address) (ledger.Account, error) {
	name := accountKey{v.root, addr}
	if a, ok := v.state.accountCache.Get(name); ok {
		return a, nil
	}
	a, err := readAccount(mpt.New(v.root, reader{v}), addr)
	if err != nil {
		return ledger.Account{}, err
	}
	v.state.accountCache.Add(name, a)
	return a, nil
}

func readAccount(accounts mpt.Trie, addr ledger.Address) (ledger.Account, error) {
	key := keccak.Sum256(addr[:])
	value, err := accounts.Get(key[:])
	if err != nil {
		return ledger.Account{}, fmt.Errorf("state: account %v: %w", addr, err)
	}
	if value == nil {
		return ledger.Account{}, nil
	}
	a, err := ledger.DecodeAccount(value)
	if err != nil {
		return ledger.Account{}, fmt.Errorf("state: account %v: %w", addr, err)
	}
	return a, nil
}

// Storage returns the value of a slot, zero if it holds none.
func (v *View) Storage(addr ledger.Address, slot ledger.Hash) (ledger.Hash, error) {
	a, err := v.Account(addr)
	if err != nil || !a.Exists() || a.Root == ledger.EmptyRoot {
		return ledger.Hash{}, err
	}
	return v.slot(a.Root, addr, slot)
}

func (v *View) slot(root ledger.Hash, addr ledger.Address, slot ledger.Hash) (ledger.Hash, error) {
	key := keccak.Sum256(slot[:])
	value, err := mpt.New(root, reader{v}).Get(key[:])
	if err != nil {
		return ledger.Hash{}, fmt.Errorf("state: slot %v of %v: %w", slot, addr, err)
	}
	if value == nil {
		return ledger.Hash{}, nil
	}
	return ledger.DecodeSlotValue(value)
}

// Code returns the code with a hash, nil for the hash of no code and for the zero
// hash of an absent account. The caller must not change it.
func (v *View) Code(hash ledger.Hash) ([]byte, error) {
	if hash == ledger.EmptyCodeHash || hash.IsZero() {
		return nil, nil
	}
	for l := v.pending.Load(); l != nil; l = l.parent.pending.Load() {
		if code, ok := l.codes[hash]; ok {
			return code, nil
		}
	}
	return v.state.code(hash)
}

// Prove returns what eth_getProof answers (EIP-1186): the account with its nodes
// from the state root, and each slot with its nodes from the storage root.
// AccountProof.Verify accepts it under Root.
func (v *View) Prove(addr ledger.Address, slots []ledger.Hash) (*ledger.AccountProof, error) {
	account, err := v.Account(addr)
	if err != nil {
		return nil, err
	}
	key := keccak.Sum256(addr[:])
	p := &ledger.AccountProof{Address: addr, Account: account}
	if p.Proof, err = mpt.Prove(v.root, key[:], reader{v}); err != nil {
		return nil, fmt.Errorf("state: prove account %v: %w", addr, err)
	}
	root := ledger.EmptyRoot
	if account.Exists() {
		root = account.Root
	}
	for _, slot := range slots {
		s := ledger.SlotProof{Key: slot}
		if s.Value, err = v.slot(root, addr, slot); err != nil {
			return nil, err
		}
		key := keccak.Sum256(slot[:])
		if s.Proof, err = mpt.Prove(root, key[:], reader{v}); err != nil {
			return nil, fmt.Errorf("state: prove slot %v of %v: %w", slot, addr, err)
		}
		p.Storage = append(p.Storage, s)
	}
	return p, nil
}
