package main

import (
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/store/state"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// application is a chain without state: a block holds opaque transactions and is valid
// if its header fits its parent and the root of its transactions. Final blocks are
// encoded and kept in memory, as CometBFT keeps its here. It stands where subchain/chain
// stands in a node.
type application struct {
	committee *rolldpos.Committee
	pool      *pool

	mu      sync.RWMutex
	head    *chain.Record
	pending map[ledger.Hash]*chain.Record
	recent  map[ledger.Hash]*chain.Record // final ones
	heights map[uint64]*chain.Record      // of recent
	stored  []stored                      // final blocks from height 1 on
}

// stored is a final block as a database would keep it.
type stored struct{ block, certificate []byte }

// keptBlocks is how many final blocks are served from memory.
const keptBlocks = 256

func newApplication(committee *rolldpos.Committee, p *pool) *application {
	zero := &chain.Record{Block: new(ledger.Block)}
	zero.Block.Header.TxRoot = root(nil)
	zero.Block.Header.Committee = committee.Hash()
	zero.Hash = zero.Block.Header.Hash()
	a := &application{
		committee: committee, pool: p,
		pending: map[ledger.Hash]*chain.Record{}, recent: map[ledger.Hash]*chain.Record{}, heights: map[uint64]*chain.Record{},
	}
	a.keep(zero)
	return a
}

// root is the root of the SHA-256 tree of the transactions' hashes, as CometBFT's
// header has one of its transactions; subchain/chain has Ethereum's trie instead.
func root(txs []*ledger.Transaction) ledger.Hash {
	level := make([]ledger.Hash, len(txs))
	for i, tx := range txs {
		level[i] = tx.Hash()
	}
	var pair [64]byte
	for len(level) > 1 {
		half := level[:(len(level)+1)/2]
		for i := range half {
			n := copy(pair[:], level[2*i][:])
			if 2*i+1 < len(level) {
				n += copy(pair[n:], level[2*i+1][:])
			}
			half[i] = sha256.Sum256(pair[:n])
		}
		level = half
	}
	if len(level) == 0 {
		return ledger.Hash{}
	}
	return level[0]
}

func (a *application) keep(r *chain.Record) {
	height := r.Block.Header.Height
	a.head, a.recent[r.Hash], a.heights[height] = r, r, r
	if old := a.heights[height-keptBlocks]; height > keptBlocks && old != nil {
		delete(a.recent, old.Hash)
		delete(a.heights, old.Block.Header.Height)
	}
}

func (a *application) Genesis() ledger.Hash                          { return ledger.Hash{1} }
func (a *application) GasLimit() uint64                              { return 1 << 62 }
func (a *application) Epoch(uint64) (epoch uint64, last bool)        { return 1, false }
func (a *application) Committee(uint64) (*rolldpos.Committee, error) { return a.committee, nil }
func (a *application) NextBaseFee(*chain.Record) (z uint256.Int)     { return z }

func (a *application) Head() *chain.Record {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.head
}

// Election says nothing: the committee is static.
func (a *application) Election(*chain.Record) (e module.Election, err error) { return e, nil }

// StateOf returns nothing: there is no state.
func (a *application) StateOf(*chain.Record) (*state.View, error) { return nil, nil }

func (a *application) Executed(hash ledger.Hash) (*chain.Record, bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if r := a.pending[hash]; r != nil {
		return r, true
	}
	r := a.recent[hash]
	return r, r != nil
}

func (a *application) child(parent *chain.Record) ledger.Header {
	h := &parent.Block.Header
	return ledger.Header{Height: h.Height + 1, Epoch: 1, Parent: parent.Hash, Committee: h.Committee}
}

func (a *application) Propose(p chain.Proposal, candidates []*ledger.Transaction) (*chain.Record, []chain.Rejected, error) {
	parent, ok := a.Executed(p.Parent)
	if !ok {
		return nil, nil, fmt.Errorf("%w: parent %s", chain.ErrUnknown, p.Parent)
	}
	h := a.child(parent)
	h.View, h.Time = p.View, max(p.Time, parent.Block.Header.Time+1)
	h.TxRoot = root(candidates)
	r := &chain.Record{Block: &ledger.Block{Header: h, Transactions: candidates}, Hash: h.Hash()}
	a.adopt(r)
	return r, nil, nil
}

func (a *application) Execute(b *ledger.Block) (*chain.Record, error) {
	hash := b.Header.Hash()
	if r, ok := a.Executed(hash); ok {
		return r, nil
	}
	parent, ok := a.Executed(b.Header.Parent)
	if !ok {
		return nil, fmt.Errorf("%w: parent %s", chain.ErrUnknown, b.Header.Parent)
	}
	h := a.child(parent)
	h.View, h.Time, h.TxRoot = b.Header.View, b.Header.Time, root(b.Transactions)
	if h.Hash() != hash || h.Time <= parent.Block.Header.Time {
		return nil, fmt.Errorf("%w: %s", chain.ErrBlock, hash)
	}
	r := &chain.Record{Block: b, Hash: hash}
	a.adopt(r)
	return r, nil
}

func (a *application) adopt(r *chain.Record) {
	a.mu.Lock()
	a.pending[r.Hash] = r
	a.mu.Unlock()
	a.pool.executed(r.Block)
}

func (a *application) Finalize(hash ledger.Hash, certificate []byte) ([]*chain.Record, error) {
	var branch []*chain.Record
	a.mu.RLock()
	for at := hash; at != a.head.Hash; {
		r := a.pending[at]
		if r == nil {
			a.mu.RUnlock()
			if _, final := a.Executed(hash); final {
				return nil, nil
			}
			return nil, fmt.Errorf("%w: block %s", chain.ErrUnknown, hash)
		}
		branch = append([]*chain.Record{r}, branch...)
		at = r.Block.Header.Parent
	}
	a.mu.RUnlock()
	if len(branch) == 0 {
		return nil, nil
	}
	last := *branch[len(branch)-1]
	last.Certificate = certificate
	branch[len(branch)-1] = &last
	a.settle(branch)
	return branch, nil
}

// settle moves the head and drops what no longer descends from it.
func (a *application) settle(branch []*chain.Record) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range branch {
		delete(a.pending, r.Hash)
		a.stored = append(a.stored, stored{r.Block.AppendRLP(nil), r.Certificate})
		a.keep(r)
		a.pool.final(r.Block)
	}
	for dead := true; dead; {
		dead = false
		for hash, r := range a.pending {
			if parent := r.Block.Header.Parent; parent != a.head.Hash && a.pending[parent] == nil {
				delete(a.pending, hash)
				a.pool.dropped(r.Block)
				dead = true
			}
		}
	}
}

func (a *application) Block(height uint64) (*chain.Record, error) {
	a.mu.RLock()
	r := a.heights[height]
	a.mu.RUnlock()
	if r != nil {
		return r, nil
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	if height == 0 || height > uint64(len(a.stored)) {
		return nil, fmt.Errorf("%w: height %d", chain.ErrUnknown, height)
	}
	x := a.stored[height-1]
	b, err := ledger.DecodeBlock(x.block)
	if err != nil {
		return nil, err
	}
	return &chain.Record{Block: b, Hash: b.Header.Hash(), Certificate: x.certificate}, nil
}

func (a *application) Header(height uint64) (*chain.Record, error) { return a.Block(height) }

// Checkpoint finds nothing: the chain has no root.
func (a *application) Checkpoint(seq uint64) (*chain.Record, error) {
	return nil, fmt.Errorf("%w: checkpoint %d", chain.ErrUnknown, seq)
}
