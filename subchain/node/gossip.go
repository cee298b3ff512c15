package node

import (
	"context"
	"sync"
	"time"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/mempool"
	"github.com/rootstem/rootstem/subchain/p2p"
)

// A gossip message is a list of transactions: one that comes alone leaves at once, and
// of a flood many share the cost of a message.
const (
	gossipEvery = 4 * time.Millisecond // between two messages
	gossipBytes = 64 << 10             // of envelopes, at which a message waits no longer
)

// outbox holds submitted transactions until they are gossiped.
type outbox struct {
	ready chan struct{} // holds a token while there may be some

	mu    sync.Mutex
	txs   []*ledger.Transaction
	bytes int
}

// put adds a transaction and returns how many bytes wait.
func (o *outbox) put(tx *ledger.Transaction) int {
	size := len(tx.Envelope())
	o.mu.Lock()
	defer o.mu.Unlock()
	o.txs = append(o.txs, tx)
	o.bytes += size
	select {
	case o.ready <- struct{}{}:
	default:
	}
	return o.bytes
}

func (o *outbox) take() []*ledger.Transaction {
	o.mu.Lock()
	defer o.mu.Unlock()
	txs := o.txs
	o.txs, o.bytes = nil, 0
	return txs
}

// Submit puts a transaction into the pool and passes it on: a seat to the leaders of
// the coming views (see relay), another node by gossip. It may be called from any
// goroutine.
func (n *Node) Submit(tx *ledger.Transaction) error {
	if err := n.pool.Add(tx); err != nil {
		return err
	}
	n.stir()
	select {
	case <-n.running:
	default:
		return nil // peers get what waits here when they connect
	}
	if n.cfg.Quiet {
		return nil
	}
	if n.outbox.put(tx) >= gossipBytes && !n.seated.Load() {
		n.gossip(n.outbox.take())
	}
	return nil
}

// publish passes on what is submitted, until ctx ends.
func (n *Node) publish(ctx context.Context) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.outbox.ready:
		}
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		pause.Reset(gossipEvery)
		txs := n.outbox.take()
		switch {
		case len(txs) == 0:
		case n.seated.Load():
			n.wait(ctx, func(context.Context) { n.carry(txs) })
		default:
			n.gossip(txs)
		}
	}
}

// gossip publishes transactions in messages of about gossipBytes.
func (n *Node) gossip(txs []*ledger.Transaction) {
	for len(txs) > 0 {
		part, size := 0, 0
		for ; part < len(txs) && (part == 0 || size+len(txs[part].Envelope()) <= gossipBytes); part++ {
			size += len(txs[part].Envelope())
		}
		if err := n.transport.Publish(appendTransactions(nil, txs[:part])); err != nil {
			n.log.Debug("gossip failed", "error", err)
		}
		txs = txs[part:]
	}
}

// OnGossip takes gossiped transactions. It may be called from any goroutine.
func (n *Node) OnGossip(_ p2p.PeerID, msg []byte) p2p.Verdict {
	txs, err := decodeTransactions(msg)
	if err != nil || len(txs) == 0 {
		return p2p.Reject
	}
	verdict := p2p.Ignore
	for _, tx := range txs {
		switch err := n.pool.Add(tx); {
		case err == nil:
			verdict = p2p.Accept
		case mempool.Faulty(err):
			return p2p.Reject
		}
	}
	if verdict == p2p.Accept {
		n.stir()
	}
	return verdict
}
