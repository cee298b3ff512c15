package state

import (
	"sort"

	"golang.org/x/crypto/sha3"

	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// The naive state is an independent reference: maps, and roots computed from all
// keys by the recursive definition of the Yellow Paper, appendix D.

type naiveAccount struct {
	account ledger.Account // Root unused
	code    []byte
	storage map[ledger.Hash]ledger.Hash
}

type naiveState map[ledger.Address]*naiveAccount

func naiveHash(b []byte) (h ledger.Hash) {
	k := sha3.NewLegacyKeccak256()
	k.Write(b)
	k.Sum(h[:0])
	return h
}

type naivePair struct {
	nibbles string
	value   []byte
}

// naiveRoot is TRIE(J) over hashed keys.
func naiveRoot(content map[string][]byte) ledger.Hash {
	if len(content) == 0 {
		return naiveHash([]byte{0x80})
	}
	var pairs []naivePair
	for k, v := range content {
		h := naiveHash([]byte(k))
		nibbles := make([]byte, 0, 64)
		for _, b := range h {
			nibbles = append(nibbles, b/16, b%16)
		}
		pairs = append(pairs, naivePair{string(nibbles), v})
	}
	sort.Slice(pairs, func(i, j int) bool { return pairs[i].nibbles < pairs[j].nibbles })
	return naiveHash(naiveNode(pairs, 0))
}

// naiveNode is c(J, i): the keys of pairs agree in their first i nibbles.
func naiveNode(pairs []naivePair, i int) []byte {
	if len(pairs) == 1 {
		p := rlp.AppendBytes(nil, naiveCompact(pairs[0].nibbles[i:], 2))
		return rlp.AppendList(nil, rlp.AppendBytes(p, pairs[0].value))
	}
	j := i
	for pairs[0].nibbles[j] == pairs[len(pairs)-1].nibbles[j] {
		j++
	}
	if j > i {
		p := rlp.AppendBytes(nil, naiveCompact(pairs[0].nibbles[i:j], 0))
		return rlp.AppendList(nil, append(p, naiveRef(pairs, j)...))
	}
	var p []byte
	for n := range byte(16) {
		var part []naivePair
		for _, x := range pairs {
			if x.nibbles[i] == n {
				part = append(part, x)
			}
		}
		p = append(p, naiveRef(part, i+1)...)
	}
	return rlp.AppendList(nil, append(p, 0x80))
}

// naiveRef is n(J, i).
func naiveRef(pairs []naivePair, i int) []byte {
	if len(pairs) == 0 {
		return []byte{0x80}
	}
	enc := naiveNode(pairs, i)
	if len(enc) < 32 {
		return enc
	}
	h := naiveHash(enc)
	return rlp.AppendBytes(nil, h[:])
}

// naiveCompact is HP(x, t), with flag 2 for a leaf.
func naiveCompact(nibbles string, flag byte) []byte {
	x := []byte{flag << 4}
	if len(nibbles)%2 == 1 {
		x[0] += 16 + nibbles[0]
		nibbles = nibbles[1:]
	}
	for ; nibbles != ""; nibbles = nibbles[2:] {
		x = append(x, nibbles[0]*16+nibbles[1])
	}
	return x
}

func (a *naiveAccount) root() ledger.Hash {
	content := make(map[string][]byte)
	for k, v := range a.storage {
		content[string(k[:])] = rlp.AppendInteger(nil, v[:])
	}
	return naiveRoot(content)
}

func (s naiveState) root() ledger.Hash {
	content := make(map[string][]byte)
	for addr, a := range s {
		root := a.root()
		p := rlp.AppendUint(nil, a.account.Nonce)
		p = rlp.AppendInteger(p, a.account.Balance.Bytes())
		p = rlp.AppendBytes(p, root[:])
		p = rlp.AppendBytes(p, a.account.CodeHash[:])
		content[string(addr[:])] = rlp.AppendList(nil, p)
	}
	return naiveRoot(content)
}

func (s naiveState) apply(changes []ledger.Change) {
	for _, c := range changes {
		if c.Deleted {
			delete(s, c.Address)
			continue
		}
		a := s[c.Address]
		if a == nil {
			a = &naiveAccount{storage: make(map[ledger.Hash]ledger.Hash)}
			s[c.Address] = a
		}
		a.account = c.Account
		if c.Code != nil {
			a.code = c.Code
		}
		if c.Cleared {
			clear(a.storage)
		}
		for _, slot := range c.Storage {
			if slot.Value == (ledger.Hash{}) {
				delete(a.storage, slot.Key)
			} else {
				a.storage[slot.Key] = slot.Value
			}
		}
		if a.account.Nonce == 0 && a.account.Balance.IsZero() && a.account.CodeHash == ledger.EmptyCodeHash && len(a.storage) == 0 {
			delete(s, c.Address)
		}
	}
}

// clone copies what apply changes.
func (s naiveState) clone() naiveState {
	out := make(naiveState, len(s))
	for addr, a := range s {
		b := *a
		b.storage = make(map[ledger.Hash]ledger.Hash, len(a.storage))
		for k, v := range a.storage {
			b.storage[k] = v
		}
		out[addr] = &b
	}
	return out
}
