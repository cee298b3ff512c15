package crash_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/blocks"
	"github.com/rootstem/rootstem/store/crash"
	"github.com/rootstem/rootstem/store/state"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// A chain's store: every batch holds blocks with their indexes and the states after
// them, reverse diffs, and what both prune. The state of block 0 comes as a genesis
// with the block's batch or, in every second workload, from a snapshot before it.
func TestCrashAtEveryOperationOfAChainLeavesAPrefixOfIt(t *testing.T) {
	for name, b := range backends() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &chainFailures{powerFailures: powerFailures{t: t, backend: b}}
			p.survives = p.reopens
			workloads := 0
			for ; !p.enough(); workloads++ {
				p.workload(*seed + uint64(workloads))
			}
			p.print("blocks and states", workloads)
		})
	}
}

// chainFailures crashes a chain. Its steps are the chunks of the snapshot and its end,
// if there is one, and then the batches.
type chainFailures struct {
	powerFailures
	h        *chainHistory
	imported int // steps of the import
}

// chainStores is what is open over one store.
type chainStores struct {
	*store.Store
	blocks *blocks.Store
	states *state.State
}

func (p *chainFailures) open(disk *crash.FS) (c chainStores, err error) {
	if c.Store, err = store.Open(config(disk, "a/b", p.backend)); err != nil {
		return c, err
	}
	c.blocks, err = blocks.Open(c.Store, blocks.Policy{Blocks: keptBlocks, Certificates: keptCertificates})
	if err == nil {
		c.states, err = state.OpenWith(c.Store, state.Config{History: keptStates, Nodes: 1 << 12, Accounts: 4, Slots: 8})
	}
	if err != nil {
		err = errors.Join(err, c.Close())
	}
	return c, err
}

func (p *chainFailures) workload(seed uint64) {
	p.h, p.random = newHistory(p.t, seed), rand.New(rand.NewPCG(seed, 0))
	p.imported = 0
	if seed%2 == 1 {
		p.imported = len(p.h.chunks) + 1
	}
	plan := rand.New(rand.NewPCG(seed, 1))
	disk, last := crash.New(), p.imported+steps-1
	p.acknowledged.Store(0)
	p.begun.Store(0)
	for range lifetimes {
		disk.SetHook(p.hook)
		c, err := p.open(disk)
		p.require(seed, err)
		at, err := p.verify(c)
		p.require(seed, err)
		p.acknowledged.Store(int64(at))
		for n := at + 1; n <= min(at+last/lifetimes, last); n++ {
			p.begun.Store(int64(n))
			p.require(seed, p.step(c, n))
			p.acknowledged.Store(int64(n))
		}
		next := disk.Image(p.loss(plan.IntN(8)))
		p.require(seed, c.Close())
		disk.SetHook(nil)
		disk = next
	}
}

// step takes the n-th step, counted from one.
func (p *chainFailures) step(c chainStores, n int) error {
	if n > p.imported {
		return p.batch(c, n-p.imported)
	}
	imp, err := c.states.Import(p.h.roots[0])
	if err != nil {
		return err
	}
	if n == p.imported {
		return imp.Finish()
	}
	return imp.Add(p.h.chunks[n-1])
}

// batch writes the blocks of the n-th batch as a node does when they become final.
func (p *chainFailures) batch(c chainStores, n int) error {
	from, to := p.h.ends[n-1], p.h.ends[n]
	b := c.Batch()
	defer b.Close()
	if err := c.blocks.Append(b, p.h.records[from:to]...); err != nil {
		return err
	}
	root, _ := c.states.Tip()
	v, err := c.states.View(root)
	if err != nil {
		return err
	}
	for height := from; height < to; height++ {
		if height == 0 && p.imported > 0 {
			continue // the state was there before the block
		}
		if v, err = v.Apply(p.h.changes[height]); err != nil {
			return err
		}
		if v.Root() != p.h.roots[height] {
			return fmt.Errorf("block %d has the root %v, want %v", height, v.Root(), p.h.roots[height])
		}
	}
	if err := c.states.Commit(b, v); err != nil {
		return err
	}
	return b.WriteSync()
}

func (p *chainFailures) reopens(disk *crash.FS, more bool) (err error) {
	c, err := p.open(disk)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	n, err := p.verify(c)
	if err == nil {
		err = p.within(n)
	}
	if err != nil || !more {
		return err
	}
	// An interrupted import goes on to its end.
	for next := n + 1; next == n+1 || next <= p.imported+1; next++ {
		if err := p.step(c, next); err != nil {
			return fmt.Errorf("step %d, of %d when it opened: %w", next, n, err)
		}
	}
	_, err = p.verify(c)
	return err
}

// verify reads everything and returns how many steps the store holds.
func (p *chainFailures) verify(c chainStores) (n int, err error) {
	if err := errors.Join(c.Check(), c.blocks.Check()); err != nil {
		return 0, err
	}
	height, hash, ok := c.blocks.Head()
	if !ok {
		return p.verifyImport(c)
	}
	batch, whole := slices.BinarySearch(p.h.ends, int(height)+1)
	if !whole || hash != p.h.records[height].Hash {
		return 0, fmt.Errorf("the newest block is %d, %v, which ends no batch", height, hash)
	}
	root, seq := c.states.Tip()
	if root != p.h.roots[height] || seq != height+1 {
		return 0, fmt.Errorf("the state is %v after %d commits, with block %d", root, seq, height)
	}
	for _, f := range []func(chainStores, int) error{p.verifyBlocks, p.verifyStates} {
		if err := f(c, int(height)); err != nil {
			return 0, err
		}
	}
	return p.imported + batch, c.states.Check()
}

// verifyImport tells how far the store is before block 0.
func (p *chainFailures) verifyImport(c chainStores) (int, error) {
	if root, seq := c.states.Tip(); p.imported == 0 || seq == 1 {
		if want := min(p.imported, 1); seq != uint64(want) || want == 1 && root != p.h.roots[0] {
			return 0, fmt.Errorf("the state is %v after %d commits, without a block", root, seq)
		}
		return p.imported, c.states.Check()
	}
	imp, err := c.states.Import(p.h.roots[0])
	if err != nil {
		return 0, err
	}
	at, more := imp.Next()
	if !more {
		return len(p.h.cursors), nil
	}
	for i := range p.h.cursors {
		if reflect.DeepEqual(p.h.cursors[i], at) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("the import wants %v", at)
}

func (p *chainFailures) verifyBlocks(c chainStores, height int) error {
	for i, want := range p.h.records[:height+1] {
		at := uint64(i)
		r, err := c.blocks.Block(at)
		pruned := at < c.blocks.Floor()
		if pruned != errors.Is(err, blocks.ErrPruned) {
			return fmt.Errorf("block %d, the floor being %d: %w", i, c.blocks.Floor(), err)
		}
		if pruned {
			r, err = c.blocks.Header(at)
		}
		if err != nil || r.Hash != want.Hash || r.Anchor.Hash() != want.Anchor.Hash() {
			return fmt.Errorf("block %d is another: %w", i, err)
		}
		for _, tx := range want.Block.Transactions {
			found, _, err := c.blocks.Transaction(tx.Hash())
			if !pruned && (err != nil || found != at) || pruned && !errors.Is(err, blocks.ErrUnknown) {
				return fmt.Errorf("a transaction of block %d: %d, %w", i, found, err)
			}
		}
	}
	return p.verifyLogs(c, height)
}

// verifyLogs looks for the logs of one address.
func (p *chainFailures) verifyLogs(c chainStores, height int) error {
	f := &ledger.LogFilter{Addresses: []ledger.Address{{2, 1}}}
	var got, want []uint64
	for at, err := range c.blocks.Search(p.t.Context(), f, c.blocks.Floor(), uint64(height)) {
		if err != nil {
			return err
		}
		got = append(got, at)
	}
	for at := c.blocks.Floor(); at <= uint64(height); at++ {
		if len(p.h.records[at].Receipts) > 0 && at%3 == 1 {
			want = append(want, at)
		}
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("logs in %v, want %v", got, want)
	}
	return nil
}

// verifyStates finds the states within the history, and no others, and reads the newest
// and every other one.
func (p *chainFailures) verifyStates(c chainStores, height int) error {
	for at := range height + 1 {
		v, err := c.states.View(p.h.roots[at])
		if at < height-keptStates {
			if !errors.Is(err, state.ErrUnknownRoot) {
				return fmt.Errorf("the state of block %d, the newest being %d: %w", at, height, err)
			}
			continue
		}
		if turn := int(p.done.Load()) + at; err == nil && (at == height || turn%2 == 0) {
			err = sameWorld(v, p.h.worlds[at], turn/2)
		}
		if err != nil {
			return fmt.Errorf("state of block %d, the newest being %d: %w", at, height, err)
		}
	}
	return nil
}

// sameWorld reads every account that the changes may have touched, and a fifth of the
// slots, others in every turn.
func sameWorld(v *state.View, world map[ledger.Address]account, turn int) error {
	for i := range 13 {
		addr := ledger.Address{19: byte(i)}
		if i == 12 {
			addr = ledger.Address{1}
		}
		want, exists := world[addr]
		got, err := v.Account(addr)
		if err != nil {
			return err
		}
		if got.Exists() != exists || got.Nonce != want.nonce || got.Balance.Uint64() != want.balance {
			return fmt.Errorf("account %v is %+v, want %+v", addr, got, want)
		}
		if code, err := v.Code(got.CodeHash); err != nil || string(code) != want.code {
			return fmt.Errorf("code of %v has %d bytes: %w", addr, len(code), err)
		}
		for j := (turn + i) % 5; j < 24; j += 5 {
			key := ledger.Hash{0: byte(j / 4), 31: byte(j % 4)}
			if value, err := v.Storage(addr, key); err != nil || value != want.slots[key] {
				return fmt.Errorf("slot %v of %v is %v, want %v: %w", key, addr, value, want.slots[key], err)
			}
		}
	}
	return nil
}
