package main

import (
	"sync"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/mempool"
)

// pool holds opaque transactions, first in first out. It remembers as many final ones
// as CometBFT's cache in this benchmark, so that none comes in twice.
type pool struct {
	size, block int // transactions held; bytes that next returns

	mu     sync.Mutex
	byHash map[ledger.Hash]*entry
	queue  []*entry // oldest first; entries that are gone from byHash are skipped
	open   int      // in byHash and not in a block
	done   map[ledger.Hash]bool
	order  []ledger.Hash // of done, a ring
	next   int           // where the ring is written next
}

type entry struct {
	tx      *ledger.Transaction
	inBlock bool // of a block that is executed and not final
	gone    bool // final
}

func newPool(s *settings) *pool {
	return &pool{
		size: s.pool, block: s.block, byHash: map[ledger.Hash]*entry{},
		done: map[ledger.Hash]bool{}, order: make([]ledger.Hash, 10*s.pool),
	}
}

func (p *pool) Add(tx *ledger.Transaction) error {
	hash := tx.Hash()
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.byHash[hash] != nil || p.done[hash]:
		return mempool.ErrKnown
	case len(p.byHash) >= p.size:
		return mempool.ErrFull
	}
	e := &entry{tx: tx}
	p.byHash[hash] = e
	p.queue = append(p.queue, e)
	p.open++
	return nil
}

func (p *pool) Get(hash ledger.Hash) *ledger.Transaction {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.byHash[hash]; e != nil {
		return e.tx
	}
	return nil
}

// Next returns the oldest transactions that are in no block. The application has no
// state, so the arguments say nothing.
func (p *pool) Next(mempool.State, *uint256.Int, uint64) ([]*ledger.Transaction, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.queue) > 0 && p.queue[0].gone {
		p.queue = p.queue[1:]
	}
	var out []*ledger.Transaction
	for _, e := range p.queue {
		if len(out) == p.block/txSize {
			break
		}
		if !e.inBlock && !e.gone {
			out = append(out, e.tx)
		}
	}
	return out, nil
}

// Remove is for transactions that a chain refuses, which the application never does.
func (p *pool) Remove(...ledger.Hash) {}

// Reset is for pools that depend on state.
func (p *pool) Reset(mempool.State) error { return nil }

func (p *pool) Stats() mempool.Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return mempool.Stats{Executable: p.open}
}

// executed marks the transactions of a block.
func (p *pool) executed(b *ledger.Block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, tx := range b.Transactions {
		switch e := p.byHash[tx.Hash()]; {
		case e == nil:
			e = &entry{tx: tx, inBlock: true}
			p.byHash[tx.Hash()] = e
			p.queue = append(p.queue, e)
		case !e.inBlock:
			e.inBlock = true
			p.open--
		}
	}
}

// dropped frees the transactions of a block that will never be final.
func (p *pool) dropped(b *ledger.Block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, tx := range b.Transactions {
		if e := p.byHash[tx.Hash()]; e != nil && e.inBlock {
			e.inBlock = false
			p.open++
		}
	}
}

// final forgets the transactions of a block, but for their hashes.
func (p *pool) final(b *ledger.Block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, tx := range b.Transactions {
		hash := tx.Hash()
		if e := p.byHash[hash]; e != nil {
			if !e.inBlock {
				p.open--
			}
			e.gone = true
			delete(p.byHash, hash)
		}
		delete(p.done, p.order[p.next])
		p.order[p.next] = hash
		p.next = (p.next + 1) % len(p.order)
		p.done[hash] = true
	}
}
