package mempool

import (
	"slices"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// entry is a transaction in the pool.
type entry struct {
	tx      *ledger.Transaction
	hash    ledger.Hash
	sender  ledger.Address
	size    int         // bytes of the envelope
	cost    uint256.Int // gas · fee cap + value
	arrival uint64      // from 1, in the order of arrival
}

// queue holds one sender's transactions.
type queue struct {
	nonce uint64      // of the account in the pool's state
	list  []*entry    // by nonce, none below nonce
	run   int         // the first run entries have the nonces nonce, nonce + 1, …
	cost  uint256.Int // of all entries
}

func (q *queue) next() uint64 { return q.nonce + uint64(q.run) }

func (q *queue) gapped() int { return len(q.list) - q.run }

func (q *queue) last() *entry { return q.list[len(q.list)-1] }

func (q *queue) find(nonce uint64) (int, bool) {
	return slices.BinarySearchFunc(q.list, nonce, func(e *entry, n uint64) int {
		switch {
		case e.tx.Nonce < n:
			return -1
		case e.tx.Nonce > n:
			return 1
		}
		return 0
	})
}

// insert wants no entry with e's nonce.
func (q *queue) insert(e *entry) {
	i, _ := q.find(e.tx.Nonce)
	q.list = slices.Insert(q.list, i, e)
	q.cost.Add(&q.cost, &e.cost)
	q.extend()
}

func (q *queue) extend() {
	for q.run < len(q.list) && q.list[q.run].tx.Nonce == q.next() {
		q.run++
	}
}

func (q *queue) remove(e *entry) {
	i, _ := q.find(e.tx.Nonce)
	q.list = slices.Delete(q.list, i, i+1)
	q.cost.Sub(&q.cost, &e.cost)
	q.run = min(q.run, i)
}

// reset follows the account and returns what fell out.
func (q *queue) reset(a *ledger.Account) (gone []*entry) {
	q.nonce = a.Nonce
	i, _ := q.find(a.Nonce)
	gone = append(gone, q.list[:i]...)
	q.list = slices.Delete(q.list, 0, i)
	for _, e := range gone {
		q.cost.Sub(&q.cost, &e.cost)
	}
	for len(q.list) > 0 && (q.cost.Gt(&a.Balance) || hasCode(a) && len(q.list) > 1) {
		e := q.last()
		q.list = q.list[:len(q.list)-1]
		q.cost.Sub(&q.cost, &e.cost)
		gone = append(gone, e)
	}
	q.run = 0
	q.extend()
	return gone
}

// worse reports whether q's last entry e goes before the last entry f of r when the
// pool is full.
func (q *queue) worse(e *entry, r *queue, f *entry) bool {
	eGap, fGap := q.gapped() > 0, r.gapped() > 0
	if eGap != fGap {
		return eGap
	}
	if c := e.tx.GasTipCap.Cmp(&f.tx.GasTipCap); c != 0 {
		return c < 0
	}
	if eGap {
		return e.arrival < f.arrival
	}
	if len(q.list) != len(r.list) {
		return len(q.list) > len(r.list)
	}
	return e.arrival > f.arrival
}
