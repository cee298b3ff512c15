package state

import (
	"fmt"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/internal/mpt"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// Apply returns the view after changes, in their order. v stays as it is; the new
// view keeps what differs in memory, and v with it, until it is committed.
//
// An account that ends without nonce, balance, code and storage is removed, whether
// Deleted says so or not (EIP-161). A zero code hash means no code on a new account
// and is refused with ErrChange on one that has code, as is code of another hash
// than the account's. The changes' code is kept and must not change any more.
func (v *View) Apply(changes []ledger.Change) (*View, error) {
	e := edit{
		view:     v,
		accounts: mpt.New(v.root, reader{v}),
		layer:    &layer{parent: v, nodes: make(map[ledger.Hash][]byte), codes: make(map[ledger.Hash][]byte)},
	}
	for i := range changes {
		if err := e.apply(&changes[i]); err != nil {
			return nil, err
		}
	}
	next := &View{state: v.state, root: e.accounts.Commit(e.add)}
	next.pending.Store(e.layer)
	return next, nil
}

// edit is a view under construction.
type edit struct {
	view     *View
	accounts mpt.Trie
	layer    *layer
}

func (e *edit) add(hash [32]byte, encoded []byte) { e.layer.nodes[hash] = encoded }

// Get lets a later change of the same account read the storage of an earlier one.
func (e *edit) Get(hash [32]byte) ([]byte, error) {
	if enc, ok := e.layer.nodes[hash]; ok {
		return enc, nil
	}
	return e.view.node(hash)
}

func (e *edit) apply(c *ledger.Change) error {
	key := keccak.Sum256(c.Address[:])
	if c.Deleted {
		return e.put(key, nil, c.Address)
	}
	old, err := readAccount(e.accounts, c.Address)
	if err != nil {
		return err
	}
	account := c.Account
	if err := e.applyCode(c, &old, &account); err != nil {
		return err
	}
	root := old.Root
	if c.Cleared || !old.Exists() {
		root = ledger.EmptyRoot
	}
	if account.Root, err = e.applyStorage(c, root); err != nil {
		return err
	}
	if account.Empty() && account.Root == ledger.EmptyRoot {
		return e.put(key, nil, c.Address)
	}
	return e.put(key, account.AppendRLP(nil), c.Address)
}

func (e *edit) put(key [32]byte, value []byte, addr ledger.Address) (err error) {
	if e.accounts, err = e.accounts.Put(key[:], value); err != nil {
		return fmt.Errorf("state: account %v: %w", addr, err)
	}
	return nil
}

func (e *edit) applyCode(c *ledger.Change, old, account *ledger.Account) error {
	if c.Code == nil {
		if account.CodeHash.IsZero() {
			if old.Exists() && old.CodeHash != ledger.EmptyCodeHash {
				return fmt.Errorf("%w: account %v has code and the change no code hash", ErrChange, c.Address)
			}
			account.CodeHash = ledger.EmptyCodeHash
		}
		return nil
	}
	hash := ledger.Keccak(c.Code)
	if !account.CodeHash.IsZero() && account.CodeHash != hash {
		return fmt.Errorf("%w: code of account %v has hash %v, not %v", ErrChange, c.Address, hash, account.CodeHash)
	}
	account.CodeHash = hash
	if len(c.Code) > 0 {
		e.layer.codes[hash] = c.Code
	}
	return nil
}

// applyStorage returns the root of the storage after the change's slots.
func (e *edit) applyStorage(c *ledger.Change, root ledger.Hash) (ledger.Hash, error) {
	if len(c.Storage) == 0 {
		return root, nil
	}
	storage := mpt.New(root, e)
	for i := range c.Storage {
		s := &c.Storage[i]
		key := keccak.Sum256(s.Key[:])
		var value []byte
		if !s.Value.IsZero() {
			value = ledger.AppendSlotValue(nil, s.Value)
		}
		var err error
		if storage, err = storage.Put(key[:], value); err != nil {
			return ledger.Hash{}, fmt.Errorf("state: slot %v of %v: %w", s.Key, c.Address, err)
		}
	}
	return storage.Commit(e.add), nil
}
