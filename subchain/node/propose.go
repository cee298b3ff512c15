package node

import (
	"context"
	"fmt"
	"time"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// propose builds the block that the core asked for once its time has come and
// there is a reason for one.
func (n *Node) propose(ctx context.Context) bool {
	if n.build == nil {
		return false
	}
	parent, ok := n.chain.Executed(n.build.Parent)
	if !ok {
		return false
	}
	// A parent whose time lies ahead of this clock holds nothing up.
	if gap := time.Since(time.UnixMilli(int64(parent.Block.Header.Time))); 0 <= gap && gap < n.cfg.BlockTime {
		return false
	}
	candidates, err := n.candidates(parent)
	if err != nil {
		n.fail(err)
		return false
	}
	final := parent.Hash == n.chain.Head().Hash
	if final && len(candidates) == 0 && !n.heartbeatDue() {
		return false
	}
	req := *n.build
	n.build = nil
	n.flush()
	began := time.Now()
	r, rejected, err := n.chain.Propose(chain.Proposal{
		Parent: req.Parent, View: uint64(req.View), Seat: n.seat, Time: uint64(time.Now().UnixMilli()),
	}, candidates)
	if err != nil {
		n.fail(fmt.Errorf("node: building on %s: %w", parent.Hash, err))
		return false
	}
	n.cfg.Metrics.executed(r, began)
	n.sendBody(r.Hash) // no vote: it need not wait for the sync that its proposal waits for
	for _, x := range rejected {
		n.log.Debug("transaction left out", "hash", x.Transaction.Hash(), "reason", x.Reason)
		if final {
			n.pool.Remove(x.Transaction.Hash())
		}
	}
	_, last := n.chain.Epoch(r.Block.Header.Height)
	n.step(ctx, rolldpos.Built{View: req.View, Parent: req.Parent, Block: r.Hash, Last: last})
	return true
}

// candidates lists the transactions that are executable after a block.
func (n *Node) candidates(parent *chain.Record) ([]*ledger.Transaction, error) {
	view, err := n.chain.StateOf(parent)
	if err != nil {
		return nil, err
	}
	fee := n.chain.NextBaseFee(parent)
	return n.pool.Next(view, &fee, 2*n.chain.GasLimit())
}

func (n *Node) heartbeatDue() bool {
	last := time.UnixMilli(int64(n.chain.Head().Block.Header.Time))
	return time.Since(last) >= n.cfg.Heartbeat
}

// evaluate tells the core whether there is work for a block.
func (n *Node) evaluate(ctx context.Context) {
	demand := n.heartbeatDue() || n.pool.Stats().Executable > 0
	if demand != n.demand {
		n.demand = demand
		n.step(ctx, rolldpos.Demand{Pending: demand})
	}
}
