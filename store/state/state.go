package state

import (
	"errors"
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/internal/mpt"
	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// Errors of this package. Damage that is found on reading is store.ErrCorrupt.
var (
	ErrUnknownRoot = errors.New("state: unknown root")
	ErrChange      = errors.New("state: invalid change")
	ErrCode        = errors.New("state: code is missing")
)

// Config bounds the memory of a State.
type Config struct {
	// Nodes is the number of trie nodes to cache, of which none exceeds about 600
	// bytes. 0 means 32,768: at most 20 MiB.
	Nodes int
	// Accounts is the number of decoded accounts to cache, of about 250 bytes each.
	// 0 means 8,192.
	Accounts int
	// Codes is the number of contract codes to cache, of at most 24 KiB on an
	// Ethereum-like chain. 0 means 256.
	Codes int
}

// State keeps tries and code in a store. It is safe for concurrent use.
type State struct {
	store               *store.Store
	nodes, codes, roots store.Space

	nodeCache    *lru.Cache[ledger.Hash, []byte]
	codeCache    *lru.Cache[ledger.Hash, []byte]
	accountCache *lru.Cache[accountKey, ledger.Account]
}

// accountKey names a fact that never changes: the account at an address under a root.
type accountKey struct {
	root ledger.Hash
	addr ledger.Address
}

// Open returns the state in s with the default Config.
func Open(s *store.Store) (*State, error) { return OpenWith(s, Config{}) }

// OpenWith returns the state in s.
func OpenWith(s *store.Store, cfg Config) (*State, error) {
	if cfg.Nodes < 0 || cfg.Accounts < 0 || cfg.Codes < 0 {
		return nil, errors.New("state: negative cache size")
	}
	st := &State{store: s, nodes: s.Space("state/nodes"), codes: s.Space("state/code"), roots: s.Space("state/roots")}
	var errs [3]error
	st.nodeCache, errs[0] = lru.New[ledger.Hash, []byte](orDefault(cfg.Nodes, 32_768))
	st.accountCache, errs[1] = lru.New[accountKey, ledger.Account](orDefault(cfg.Accounts, 8_192))
	st.codeCache, errs[2] = lru.New[ledger.Hash, []byte](orDefault(cfg.Codes, 256))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("state: caches: %w", err)
	}
	return st, nil
}

func orDefault(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// View returns the state with a root that was committed, or is ledger.EmptyRoot;
// ErrUnknownRoot for every other.
func (st *State) View(root ledger.Hash) (*View, error) {
	if root != ledger.EmptyRoot {
		known, err := st.roots.Has(root[:])
		if err != nil {
			return nil, err
		}
		if !known {
			return nil, fmt.Errorf("%w: %v", ErrUnknownRoot, root)
		}
	}
	return &View{state: st, root: root}, nil
}

// Commit adds to b what v and its ancestors have in memory. Once b is written, all
// their roots are known and the views read from the store; if b is dropped, nothing
// has happened. Several views may go into one batch.
func (st *State) Commit(b *store.Batch, v *View) error {
	if v.state != st {
		panic("state: view of another state")
	}
	for {
		l := v.pending.Load()
		if l == nil {
			return nil
		}
		for h, enc := range l.nodes {
			b.Set(st.nodes, h[:], enc)
		}
		for h, code := range l.codes {
			b.Set(st.codes, h[:], code)
		}
		b.Set(st.roots, v.root[:], nil)
		committed := v
		b.Then(func() { st.settle(committed, l) })
		v = l.parent
	}
}

// settle lets a view forget what the store holds by now.
func (st *State) settle(v *View, l *layer) {
	for h, enc := range l.nodes {
		st.nodeCache.Add(h, enc)
	}
	v.pending.Store(nil)
}

// node reads a node that is no longer, or never was, pending.
func (st *State) node(hash ledger.Hash) ([]byte, error) {
	if enc, ok := st.nodeCache.Get(hash); ok {
		return enc, nil
	}
	enc, err := checked(st.nodes, hash)
	if err == nil && enc != nil {
		st.nodeCache.Add(hash, enc)
	}
	return enc, err
}

func (st *State) code(hash ledger.Hash) ([]byte, error) {
	if code, ok := st.codeCache.Get(hash); ok {
		return code, nil
	}
	code, err := checked(st.codes, hash)
	if err == nil && code == nil {
		err = fmt.Errorf("%w: %v", ErrCode, hash)
	}
	if err != nil {
		return nil, err
	}
	st.codeCache.Add(hash, code)
	return code, nil
}

// checked reads what lies under its own hash; nil if nothing does.
func checked(space store.Space, hash ledger.Hash) ([]byte, error) {
	b, err := space.Get(hash[:])
	if err != nil || b == nil {
		return nil, err
	}
	if keccak.Sum256(b) != hash {
		return nil, fmt.Errorf("%w: what lies under hash %v has another", store.ErrCorrupt, hash)
	}
	return b, nil
}

// Check reads the whole state under a committed root from the store, past the
// caches, and returns the first thing that is missing or damaged.
func (st *State) Check(root ledger.Hash) error {
	disk := fromStore{st.nodes}
	return mpt.Walk(root, disk, func(_, value []byte) error {
		a, err := ledger.DecodeAccount(value)
		if err != nil {
			return fmt.Errorf("%w: %w", store.ErrCorrupt, err)
		}
		if a.CodeHash != ledger.EmptyCodeHash {
			code, err := checked(st.codes, a.CodeHash)
			if err == nil && code == nil {
				err = fmt.Errorf("%w: %v", ErrCode, a.CodeHash)
			}
			if err != nil {
				return err
			}
		}
		return mpt.Walk(a.Root, disk, func(_, value []byte) error {
			if _, err := ledger.DecodeSlotValue(value); err != nil {
				return fmt.Errorf("%w: %w", store.ErrCorrupt, err)
			}
			return nil
		})
	})
}

type fromStore struct{ nodes store.Space }

func (f fromStore) Get(hash [32]byte) ([]byte, error) { return checked(f.nodes, hash) }
