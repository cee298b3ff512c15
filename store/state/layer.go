package state

import (
	"bytes"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// layer is what Apply added to its parent. It does not change.
type layer struct {
	view     *View // whose layer it is
	parent   *View
	accounts map[ledger.Address]*entry
	sorted   []*entry // the same in ascending order of their hashes
	codes    map[ledger.Hash][]byte
	root     child  // of the trie of accounts
	edits    []edit // of its records
}

// entry is one account in a layer.
type entry struct {
	hash         [32]byte // of the address
	old, account ledger.Account
	// slots holds what the layer says of the account's slots. If cleared is set,
	// every other slot is zero.
	slots   map[ledger.Hash]slotValue
	cleared bool
	// changed lists the slots whose values differ from the parent's, in ascending
	// order of their hashes.
	changed []slotChange
	// storage is the storage trie if changed is not empty.
	storage child
	edits   []edit
}

type slotValue struct {
	hash  [32]byte // of the slot's key
	value ledger.Hash
}

type slotChange struct {
	hash     [32]byte
	old, new ledger.Hash
}

// The diffs and, below their first byte, the spaces share these keys: a kind, the
// hash of the account but for its own trie and table, and a hash or a path of
// nibbles.
const (
	kindAccount     = 'a'
	kindStorageNode = 'm'
	kindNode        = 'n'
	kindSlot        = 's'
)

func accountKey(hash *[32]byte) []byte { return append([]byte{kindAccount}, hash[:]...) }

func slotKey(account, slot *[32]byte) []byte {
	k := make([]byte, 0, 65)
	return append(append(append(k, kindSlot), account[:]...), slot[:]...)
}

// nodeKey is the key of a record in the trie of accounts, or of a storage trie if
// owner is not empty.
func nodeKey(owner, path []byte) []byte {
	return appendNodeKey(make([]byte, 0, 1+len(owner)+len(path)), owner, path)
}

func appendNodeKey(k, owner, path []byte) []byte {
	if len(owner) == 0 {
		return append(append(k, kindNode), path...)
	}
	return append(append(append(k, kindStorageNode), owner...), path...)
}

// rangeOf returns the keys of a flat table that lie below a path: from start up to,
// not including, end.
func rangeOf(owner, path []byte) (start, end []byte) {
	var packed [33]byte
	for i, x := range path {
		packed[i/2] |= x << (4 - 4*(i&1))
	}
	kind := byte(kindAccount)
	if len(owner) > 0 {
		kind = kindSlot
	}
	head := append([]byte{kind}, owner...)
	start = append(bytes.Clone(head), packed[:(len(path)+1)/2]...)
	end = bytes.Clone(start)
	step := byte(1)
	if len(path)&1 == 1 {
		step = 16
	}
	for i := len(end) - 1; i >= 0; i-- {
		end[i] += step
		if end[i] >= step {
			break
		}
		step = 1
	}
	return start, end
}
