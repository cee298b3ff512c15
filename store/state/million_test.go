package state

import (
	"flag"
	"math/rand/v2"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// The reference trie knows neither extensions nor collapsing: it is a tree of 16
// ways, and the node that Ethereum wants is read off when it is hashed.

type refTrie struct {
	key   string // nibbles of a leaf, 64
	value []byte // of a leaf
	kids  *[16]*refTrie
	form  *refForm // nil: out of date
}

// refForm is a subtree without the extension above it: a leaf, or a branch.
type refForm struct {
	path  string
	value []byte // of a leaf
	ref   []byte // to a branch
}

func refPath(h ledger.Hash) string {
	p := make([]byte, 0, 64)
	for _, b := range h {
		p = append(p, b/16, b%16)
	}
	return string(p)
}

func (t *refTrie) set(key string, value []byte, depth int) *refTrie {
	switch {
	case t == nil:
		return &refTrie{key: key, value: value}
	case t.kids == nil && t.key == key:
		return &refTrie{key: key, value: value}
	case t.kids == nil:
		below := &refTrie{kids: new([16]*refTrie)}
		below.kids[t.key[depth]] = &refTrie{key: t.key, value: t.value}
		t = below
	}
	at := key[depth]
	t.kids[at] = t.kids[at].set(key, value, depth+1)
	t.form = nil
	return t
}

func (t *refTrie) canonical(depth int) *refForm {
	if t == nil || t.kids == nil && t.value == nil {
		return nil
	}
	if t.form != nil {
		return t.form
	}
	if t.kids == nil {
		t.form = &refForm{path: t.key[depth:], value: t.value}
		return t.form
	}
	var forms [16]*refForm
	count, last := 0, 0
	for i, kid := range t.kids {
		if forms[i] = kid.canonical(depth + 1); forms[i] != nil {
			count, last = count+1, i
		}
	}
	switch count {
	case 0:
		return nil
	case 1:
		f := *forms[last]
		f.path = string(rune(last)) + f.path
		t.form = &f
		return t.form
	}
	var p []byte
	for _, f := range forms {
		p = append(p, f.reference()...)
	}
	t.form = &refForm{ref: refReference(rlp.AppendList(nil, append(p, 0x80)))}
	return t.form
}

func refReference(enc []byte) []byte {
	if len(enc) < 32 {
		return enc
	}
	h := naiveHash(enc)
	return rlp.AppendBytes(nil, h[:])
}

func (f *refForm) reference() []byte {
	if f == nil {
		return []byte{0x80}
	}
	if f.value == nil && f.path == "" {
		return f.ref
	}
	return refReference(f.encode())
}

func (f *refForm) encode() []byte {
	if f.value != nil {
		p := rlp.AppendBytes(nil, naiveCompact(f.path, 2))
		return rlp.AppendList(nil, rlp.AppendBytes(p, f.value))
	}
	p := rlp.AppendBytes(nil, naiveCompact(f.path, 0))
	return rlp.AppendList(nil, append(p, f.ref...))
}

func (t *refTrie) root() ledger.Hash {
	f := t.canonical(0)
	switch {
	case f == nil:
		return ledger.EmptyRoot
	case f.value == nil && f.path == "":
		return ledger.Hash(f.ref[1:])
	}
	return naiveHash(f.encode())
}

// refState is a world state of reference tries.
type refState struct {
	accounts *refTrie
	storage  map[ledger.Address]*refTrie
}

func (s *refState) apply(c *ledger.Change) {
	path := refPath(naiveHash(c.Address[:]))
	storage := s.storage[c.Address]
	if c.Deleted || c.Cleared {
		storage = nil
	}
	for _, x := range c.Storage {
		value := rlp.AppendInteger(nil, x.Value[:])
		if x.Value.IsZero() {
			value = nil
		}
		storage = storage.set(refPath(naiveHash(x.Key[:])), value, 0)
	}
	s.storage[c.Address] = storage
	root := storage.root()
	if c.Deleted || c.Account.Nonce == 0 && c.Account.Balance.IsZero() && root == ledger.EmptyRoot {
		s.accounts = s.accounts.set(path, nil, 0)
		return
	}
	p := rlp.AppendUint(nil, c.Account.Nonce)
	p = rlp.AppendInteger(p, c.Account.Balance.Bytes())
	p = rlp.AppendBytes(p, root[:])
	p = rlp.AppendBytes(p, ledger.EmptyCodeHash[:])
	s.accounts = s.accounts.set(path, rlp.AppendList(nil, p), 0)
}

var updates = flag.Int("updates", 1_000_000, "random updates that are held against the reference trie (a tenth with -short)")

// The roots are compared after each of about 200 blocks.
func TestAMillionRandomUpdatesMatchTheReferenceTrieInEveryBlock(t *testing.T) {
	updates := *updates
	if testing.Short() {
		updates /= 10
	}
	batch := max(updates/200, 10)
	s, st := openState(t, t.TempDir())
	rng := rand.New(rand.NewPCG(71, 72))
	model := &refState{storage: make(map[ledger.Address]*refTrie)}
	v := empty(t, st)
	done := 0
	for block := 0; done < updates; block++ {
		var changes []ledger.Change
		for n := 0; n < batch; n++ {
			c := ledger.Change{Account: ledger.Account{CodeHash: ledger.EmptyCodeHash}}
			c.Address[0], c.Address[1], c.Address[2] = byte(rng.Uint32()), byte(rng.Uint32()), byte(rng.IntN(2))
			if rng.IntN(2) == 0 {
				c.Address = ledger.Address{19: byte(rng.IntN(8))}
			}
			c.Account.Nonce = uint64(rng.IntN(4))
			c.Account.Balance = *uint256.NewInt(uint64(rng.IntN(3)))
			switch {
			case rng.IntN(50) == 0:
				c.Deleted = c.Address[0] != 0
			case c.Address[0] == 0:
				c.Account.Nonce++
				for range 20 {
					slot := ledger.Slot{Key: ledger.Hash{30: byte(rng.Uint32()), 31: byte(rng.Uint32())}}
					if rng.IntN(3) > 0 {
						slot.Value[31-rng.IntN(32)] = 1
					}
					c.Storage = append(c.Storage, slot)
				}
				n += len(c.Storage)
			}
			changes = append(changes, c)
			model.apply(&changes[len(changes)-1])
			done += 1 + len(c.Storage)
		}
		v = apply(t, v, changes...)
		require.Equal(t, model.accounts.root(), v.Root(), "block %d", block)
		if block%20 == 19 {
			b := s.Batch()
			require.NoError(t, st.Commit(b, v))
			require.NoError(t, b.WriteSync())
		}
	}
	commit(t, s, st, v)
	t.Logf("%d updates", done)
}
