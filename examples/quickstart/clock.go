package main

import (
	"slices"
	"sync"
	"time"

	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// clock measures finality on one node: from the moment at which its RPC accepted a
// transaction to the local commit of the block that holds it.
type clock struct {
	mu      sync.Mutex
	pending map[ledger.Hash]*span
	samples []time.Duration
}

type span struct{ accepted, final time.Time }

func newClock() *clock { return &clock{pending: map[ledger.Hash]*span{}} }

// watch is called before a transaction is sent.
func (c *clock) watch(tx ledger.Hash) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending[tx] = &span{}
}

// accepted is called when the RPC has answered.
func (c *clock) accepted(tx ledger.Hash) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.pending[tx]; s != nil {
		s.accepted = now
		c.close(tx, s)
	}
}

// final is called by the node for each block that it has committed.
func (c *clock) final(r *chain.Record) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, tx := range r.Block.Transactions {
		if s := c.pending[tx.Hash()]; s != nil {
			s.final = now
			c.close(tx.Hash(), s)
		}
	}
}

func (c *clock) close(tx ledger.Hash, s *span) {
	if s.accepted.IsZero() || s.final.IsZero() {
		return
	}
	c.samples = append(c.samples, max(0, s.final.Sub(s.accepted)))
	delete(c.pending, tx)
}

// median returns milliseconds, nil without a sample.
func (c *clock) median() *float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.samples) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(c.samples))
	ms := float64(sorted[len(sorted)/2].Microseconds()) / 1000
	return &ms
}
