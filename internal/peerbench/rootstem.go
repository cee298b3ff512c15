package main

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/state"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// rootstem measures this state layer over goleveldb. Each commit is synced.
type rootstem struct {
	store *store.Store
	state *state.State
	view  *state.View
	slots bool
}

// The caches together take no more than those that openGeth configures.
func openRootstem(dir, kind string) (peer, error) {
	return openRootstemWith(dir, kind, store.Budget{Cache: 64 << 20, WriteBuffer: 32 << 20, OpenFiles: 256},
		state.Config{Nodes: 64 << 20, Dirty: 64 << 20, Accounts: 128 << 10, Slots: 128 << 10})
}

func openRootstemDefaults(dir, kind string) (peer, error) {
	return openRootstemWith(dir, kind, store.Budget{}, state.Config{})
}

func openRootstemWith(dir, kind string, budget store.Budget, cfg state.Config) (peer, error) {
	p := &rootstem{slots: kind == "slots"}
	var err error
	if p.store, err = store.Open(store.Config{Dir: dir, Budget: budget}); err != nil {
		return nil, err
	}
	if p.state, err = state.OpenWith(p.store, cfg); err != nil {
		return nil, err
	}
	root, _ := p.state.Tip()
	p.view, err = p.state.View(root)
	return p, err
}

// key spreads the numbers over all addresses and slots.
func key(i int) (h [32]byte) {
	return sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
}

func address(i int) ledger.Address {
	h := key(i)
	return ledger.Address(h[:20])
}

func contract() ledger.Address { return address(-1) }

func value(i int, x uint64) (h ledger.Hash) {
	binary.BigEndian.PutUint64(h[16:], uint64(i)+1)
	binary.BigEndian.PutUint64(h[24:], x)
	return h
}

func (p *rootstem) changes(keys []int, x uint64) []ledger.Change {
	if p.slots {
		c := ledger.Change{Address: contract(), Account: ledger.Account{Nonce: 1, CodeHash: ledger.EmptyCodeHash}}
		for _, i := range keys {
			c.Storage = append(c.Storage, ledger.Slot{Key: key(i), Value: value(i, x)})
		}
		return []ledger.Change{c}
	}
	out := make([]ledger.Change, len(keys))
	for j, i := range keys {
		out[j] = ledger.Change{Address: address(i), Account: ledger.Account{
			Nonce: x, Balance: *uint256.NewInt(uint64(i)<<30 + 1), CodeHash: ledger.EmptyCodeHash,
		}}
	}
	return out
}

func (p *rootstem) write(changes []ledger.Change) (root, commit time.Duration, err error) {
	start := time.Now()
	next, err := p.view.Apply(changes)
	if err != nil {
		return 0, 0, err
	}
	root = time.Since(start)
	start = time.Now()
	b := p.store.Batch()
	if err := p.state.Commit(b, next); err != nil {
		return 0, 0, err
	}
	if err := b.WriteSync(); err != nil {
		return 0, 0, err
	}
	p.view = next
	return root, time.Since(start), nil
}

func (p *rootstem) fill(from, to int) error {
	keys := make([]int, to-from)
	for i := range keys {
		keys[i] = from + i
	}
	_, _, err := p.write(p.changes(keys, 1))
	return err
}

func (p *rootstem) read(keys []int) error {
	for _, i := range keys {
		if p.slots {
			if _, err := p.view.Storage(contract(), key(i)); err != nil {
				return err
			}
		} else if _, err := p.view.Account(address(i)); err != nil {
			return err
		}
	}
	return nil
}

func (p *rootstem) update(keys []int, x uint64) (root, commit time.Duration, err error) {
	return p.write(p.changes(keys, x))
}

func (p *rootstem) close() (time.Duration, error) {
	start := time.Now()
	err := p.store.Close()
	return time.Since(start), err
}
