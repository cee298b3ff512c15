package mempool

import (
	"container/heap"
	"fmt"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// Next returns transactions that are executable one after the other on s, the state
// after the parent of the block to be built; nil means the pool's own. The sum of their
// gas limits is at most gas and that of their sizes at most Config.BlockBytes: one who
// executes as he goes may ask for more gas than the block has and stop when it is full.
//
// The order: highest effective tip (the lower of tip cap and fee cap − baseFee, in wei
// per gas), each sender's by nonce; among equals the sender of whom fewer were taken so
// far, then the earlier arrival. A transaction whose fee cap is below baseFee, that does
// not fit, or for which its sender could not pay in the worst case, holds back the later
// ones of its sender. Next changes nothing.
func (p *Pool) Next(s State, baseFee *uint256.Int, gas uint64) ([]*ledger.Transaction, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s == nil {
		s = p.state
	}
	var h heads
	for a, q := range p.senders {
		account, err := s.Account(a)
		if err != nil {
			return nil, fmt.Errorf("mempool: account %s: %w", a, err)
		}
		i, found := q.find(account.Nonce)
		if !found {
			continue
		}
		c := &head{rest: q.list[i:], nonce: account.Nonce, funds: account.Balance}
		if c.ready(baseFee) {
			h = append(h, c)
		}
	}
	heap.Init(&h)
	var out []*ledger.Transaction
	room := p.cfg.BlockBytes
	for len(h) > 0 {
		c := h[0]
		e := c.rest[0]
		if e.tx.Gas > gas || e.size > room {
			heap.Pop(&h)
			continue
		}
		out = append(out, e.tx)
		gas -= e.tx.Gas
		room -= e.size
		c.advance()
		if c.ready(baseFee) {
			heap.Fix(&h, 0)
		} else {
			heap.Pop(&h)
		}
	}
	return out, nil
}

// head is a sender's next transaction and what follows.
type head struct {
	rest  []*entry
	nonce uint64      // expected of rest[0]
	funds uint256.Int // left if every transaction taken costs the most it can
	taken int
	tip   uint256.Int // effective, of rest[0]
}

// ready reports whether rest[0] can be taken, and computes its tip.
func (c *head) ready(baseFee *uint256.Int) bool {
	if len(c.rest) == 0 {
		return false
	}
	e := c.rest[0]
	if e.tx.Nonce != c.nonce || e.cost.Gt(&c.funds) || e.tx.GasFeeCap.Lt(baseFee) {
		return false
	}
	c.tip.Sub(&e.tx.GasFeeCap, baseFee)
	if e.tx.GasTipCap.Lt(&c.tip) {
		c.tip = e.tx.GasTipCap
	}
	return true
}

func (c *head) advance() {
	c.funds.Sub(&c.funds, &c.rest[0].cost)
	c.rest = c.rest[1:]
	c.nonce++
	c.taken++
}

// heads is a heap; its order is total, so the map's order does not reach the output.
type heads []*head

func (h heads) Len() int      { return len(h) }
func (h heads) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h heads) Less(i, j int) bool {
	if c := h[i].tip.Cmp(&h[j].tip); c != 0 {
		return c > 0
	}
	if h[i].taken != h[j].taken {
		return h[i].taken < h[j].taken
	}
	return h[i].rest[0].arrival < h[j].rest[0].arrival
}

func (h *heads) Push(x any) { *h = append(*h, x.(*head)) }

func (h *heads) Pop() any {
	old := *h
	c := old[len(old)-1]
	*h = old[:len(old)-1]
	return c
}
