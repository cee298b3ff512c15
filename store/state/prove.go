package state

import (
	"fmt"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// Prove returns what eth_getProof answers (EIP-1186): the account with its nodes
// from the state root, and each slot with its nodes from the storage root.
// AccountProof.Verify accepts it under Root.
func (v *View) Prove(addr ledger.Address, slots []ledger.Hash) (*ledger.AccountProof, error) {
	c, err := v.account(addr)
	if err != nil {
		return nil, err
	}
	p := &ledger.AccountProof{Address: addr, Account: c.account}
	var own *leaf
	if c.account.Exists() {
		own = &leaf{c.hash, accountLeaf(&c.account)}
	}
	root, t := v.accountTrie()
	if p.Proof, err = prove(t, root, c.hash, own); err != nil {
		return nil, fmt.Errorf("state: prove account %v: %w", addr, err)
	}
	root, t = v.storageTrie(addr, &c)
	for _, slot := range slots {
		s := ledger.SlotProof{Key: slot}
		if s.Value, err = v.Storage(addr, slot); err != nil {
			return nil, err
		}
		own := &leaf{key: keccak.Sum256(slot[:]), value: slotLeaf(s.Value)}
		key := own.key
		if s.Value.IsZero() {
			own = nil
		}
		if s.Proof, err = prove(t, root, key, own); err != nil {
			return nil, fmt.Errorf("state: prove slot %v of %v: %w", slot, addr, err)
		}
		p.Storage = append(p.Storage, s)
	}
	return p, nil
}

// prove returns the encodings of the nodes from the root towards a key. own is the
// key's leaf, nil if the trie does not hold it.
func prove(l loader, root child, key [32]byte, own *leaf) (proof [][]byte, err error) {
	w := work{loader: l}
	if root, err = w.settleKind(root); err != nil {
		return nil, err
	}
	w.setPath(&key, 64)
	add := func(encoded []byte) {
		if len(encoded) >= 32 || len(proof) == 0 {
			proof = append(proof, encoded)
		}
	}
	at := root
	for depth := 0; !at.empty(); {
		if at.isLeaf {
			x := at.leaf
			if x == nil {
				x = own
			}
			if x == nil {
				if x, err = w.leaf(at.ref, w.path[:depth]); err != nil {
					return nil, err
				}
			}
			add(appendLeaf(nil, x, depth))
			return proof, nil
		}
		b := at.branch
		if b == nil {
			if b, err = w.node(at.ref, w.path[:depth]); err != nil {
				return nil, err
			}
			if b == nil {
				return nil, corrupt("a branch is missing")
			}
		}
		encoded := b.appendBranch(nil)
		if len(b.skip) > 0 {
			add(b.appendExtension(nil, refOf(encoded)))
			if commonSkip(&key, depth, b.skip) < len(b.skip) {
				return proof, nil
			}
			depth += len(b.skip)
		}
		add(encoded)
		at = b.kids[nibble(&key, depth)]
		depth++
	}
	return proof, nil
}
