package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// Errors of this package. Damage that is found on reading is store.ErrCorrupt.
var (
	// ErrUnknownRoot refuses a root that was not committed, or left the history.
	ErrUnknownRoot = errors.New("state: unknown root")
	// ErrPruned ends the use of a view that left the history.
	ErrPruned = errors.New("state: state is older than the history")
	// ErrStale refuses to commit a view that does not descend from the newest
	// committed one.
	ErrStale = errors.New("state: view does not descend from the committed state")
	// ErrChange refuses a change that contradicts itself or the state.
	ErrChange = errors.New("state: invalid change")
	// ErrCode reports code that is not in the store.
	ErrCode = errors.New("state: code is missing")
	// ErrImporting refuses the use of a state whose import has not finished.
	ErrImporting = errors.New("state: an import is under way")
)

// Config bounds memory and history of a State.
type Config struct {
	// Nodes is the memory for trie nodes in bytes. 0 means 8 MiB.
	Nodes int
	// Dirty is the memory in bytes for changed trie nodes that go to the store later,
	// together; a batch that takes them along is that much larger, and Open computes
	// them again. 0 means 8 MiB; a negative number means that each batch holds them,
	// as it does without a history.
	Dirty int
	// Accounts is the number of accounts to cache, of about 250 bytes each. 0 means
	// 8,192.
	Accounts int
	// Slots is the number of storage slots to cache, of about 200 bytes each. 0
	// means 16,384.
	Slots int
	// Codes is the memory for contract code in bytes. 0 means 2 MiB.
	Codes int
	// Diffs is the memory for reverse diffs and their filters in bytes, which reads
	// of older states use. 0 means 4 MiB.
	Diffs int
	// History is for how many blocks below the newest a state stays readable. 0
	// means 1,024; a negative number means none.
	History int
}

func (c *Config) normal() error {
	if c.Nodes < 0 || c.Accounts < 0 || c.Slots < 0 || c.Codes < 0 || c.Diffs < 0 {
		return errors.New("state: negative cache size")
	}
	for _, x := range []struct {
		value     *int
		otherwise int
	}{{&c.Nodes, 8 << 20}, {&c.Dirty, 8 << 20}, {&c.Accounts, 8_192}, {&c.Slots, 16_384}, {&c.Codes, 2 << 20}, {&c.Diffs, 4 << 20}, {&c.History, 1_024}} {
		if *x.value == 0 {
			*x.value = x.otherwise
		}
	}
	c.History = max(c.History, 0)
	return nil
}

// State keeps a world state in a store. It is safe for concurrent use.
type State struct {
	store   *store.Store
	spaces  spaces
	history uint64
	dirty   int

	tip    atomic.Pointer[position]
	fresh  atomic.Bool // no import is under way, and the store need not be asked
	moving sync.Mutex  // held while tip changes

	buffer   *buffer
	nodes    *records
	accounts *table[ledger.Address, cachedAccount]
	slots    *table[slotName, slotValue]
	codes    *cache[ledger.Hash, []byte]
	diffs    *cache[uint64, *diff]
	filters  *cache[uint64, filter]
}

type cachedAccount struct {
	hash    [32]byte
	account ledger.Account
}

type slotName struct {
	addr ledger.Address
	slot ledger.Hash
}

// spaces are the tables of a state. Numbers of blocks have eight bytes, big endian.
type spaces struct {
	accounts     store.Space // hash of address → account
	slots        store.Space // hash of address ‖ hash of slot → value
	nodes        store.Space // path → record
	storageNodes store.Space // hash of address ‖ path → record
	codes        store.Space // hash → code
	diffs        store.Space // number → diff
	filters      store.Space // number → filter of the diff
	roots        store.Space // root → number
	numbers      store.Space // number → root
	meta         store.Space // "tip" → position; "import" → progress
}

var tipKey = []byte("tip")

func be(x uint64) []byte { return binary.BigEndian.AppendUint64(nil, x) }

// Open returns the state in s with the default Config.
func Open(s *store.Store) (*State, error) { return OpenWith(s, Config{}) }

// OpenWith returns the state in s.
func OpenWith(s *store.Store, cfg Config) (*State, error) {
	if err := cfg.normal(); err != nil {
		return nil, err
	}
	st := &State{store: s, history: uint64(cfg.History), dirty: cfg.Dirty, buffer: newBuffer(), spaces: spaces{
		accounts: s.Space("state/a"), slots: s.Space("state/s"), nodes: s.Space("state/n"), storageNodes: s.Space("state/m"),
		codes: s.Space("state/c"), diffs: s.Space("state/d"), filters: s.Space("state/f"),
		roots: s.Space("state/r"), numbers: s.Space("state/b"), meta: s.Space("state"),
	}}
	st.nodes = newRecords(cfg.Nodes)
	st.accounts = newTable[ledger.Address, cachedAccount](cfg.Accounts, func(a ledger.Address) byte { return a[19] ^ a[0] })
	st.slots = newTable[slotName, slotValue](cfg.Slots, func(n slotName) byte { return n.slot[31] ^ n.slot[0] ^ n.addr[19] })
	var errs [3]error
	st.codes, errs[0] = newCache(cfg.Codes, func(h ledger.Hash) byte { return h[0] }, func(b []byte) int { return len(b) + 200 })
	st.diffs, errs[1] = newCache(cfg.Diffs/2, func(n uint64) byte { return byte(n) }, func(d *diff) int { return d.size })
	st.filters, errs[2] = newCache(cfg.Diffs/2, func(n uint64) byte { return byte(n) }, func(f filter) int { return len(f) + 150 })
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	return st, st.loadTip()
}

func (st *State) loadTip() error {
	p := &position{root: ledger.EmptyRoot}
	raw, err := st.spaces.meta.Get(tipKey)
	if err != nil {
		return err
	}
	if raw != nil {
		if len(raw) != 56 {
			return corrupt("tip")
		}
		p.seq, p.oldest, p.root = binary.BigEndian.Uint64(raw), binary.BigEndian.Uint64(raw[8:]), ledger.Hash(raw[16:])
		p.flushed = binary.BigEndian.Uint64(raw[48:])
	}
	st.tip.Store(p)
	half, err := st.spaces.meta.Has(importKey)
	st.fresh.Store(!half)
	if err == nil {
		err = st.replay(p)
	}
	return err
}

// Tip returns the root of the newest committed state and the number of commits that
// led to it.
func (st *State) Tip() (root ledger.Hash, seq uint64) {
	p := st.tip.Load()
	return p.root, p.seq
}

// View returns the state with a root: ledger.EmptyRoot, the newest committed one or
// one within the history before it; ErrUnknownRoot for every other.
func (st *State) View(root ledger.Hash) (*View, error) {
	if err := st.importing(); err != nil {
		return nil, err
	}
	if root == ledger.EmptyRoot {
		// Blocks that leave nothing in the state are committed too, and what follows
		// descends from them.
		if p := st.tip.Load(); p.root == root && p.seq > 0 {
			return &View{state: st, root: root, seq: p.seq}, nil
		}
		return &View{state: st, root: root, void: true}, nil
	}
	raw, err := st.spaces.roots.Get(root[:])
	if err != nil {
		return nil, err
	}
	if len(raw) != 8 {
		return nil, fmt.Errorf("%w: %v", ErrUnknownRoot, root)
	}
	seq := binary.BigEndian.Uint64(raw)
	p := st.tip.Load()
	if seq < p.oldest {
		return nil, fmt.Errorf("%w: %v left the history", ErrUnknownRoot, root)
	}
	if seq > p.seq {
		return nil, fmt.Errorf("%w: %v is not settled", ErrUnknownRoot, root)
	}
	return &View{state: st, root: root, seq: seq}, nil
}

// code reads code that is not pending.
func (st *State) code(hash ledger.Hash) ([]byte, error) {
	if code, ok := st.codes.get(hash); ok {
		return code, nil
	}
	code, err := st.spaces.codes.Get(hash[:])
	if err != nil {
		return nil, err
	}
	if code == nil {
		return nil, fmt.Errorf("%w: %v", ErrCode, hash)
	}
	if keccak.Sum256(code) != hash {
		return nil, fmt.Errorf("%w: code under hash %v has another", store.ErrCorrupt, hash)
	}
	st.codes.add(hash, code)
	return code, nil
}

// table returns the space and the key in it for a key with its kind.
func (st *State) table(key []byte) (store.Space, []byte) {
	switch key[0] {
	case kindAccount:
		return st.spaces.accounts, key[1:]
	case kindSlot:
		return st.spaces.slots, key[1:]
	case kindNode:
		return st.spaces.nodes, key[1:]
	case kindStorageNode:
		return st.spaces.storageNodes, key[1:]
	}
	panic("state: key of an unknown kind")
}
