package node

import (
	"context"
	"math"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/p2p"
)

// OnMessage takes a direct message of a peer and keeps the bytes. It may be called from
// any goroutine.
func (n *Node) OnMessage(from p2p.PeerID, msg []byte) {
	if len(msg) == 0 {
		return
	}
	body := msg[1:]
	switch msg[0] {
	case wireConsensus:
		m, err := rolldpos.DecodeMessage(body)
		if err != nil {
			n.log.Debug("malformed consensus message", "peer", from, "error", err)
			return
		}
		n.queueConsensus(from, m, len(body))
	case wireBody:
		b, err := ledger.DecodeBlockAmong(body, n.pool.Get)
		if err != nil {
			n.log.Debug("malformed block", "peer", from, "error", err)
			return
		}
		n.post(func(ctx context.Context) { n.received(ctx, b, len(body)) })
	case wireEndorsement:
		e, err := decodeEndorsement(body)
		if err != nil {
			n.log.Debug("malformed endorsement", "peer", from, "error", err)
			return
		}
		n.post(func(context.Context) { n.endorsed(e) })
	case wirePartial:
		w, err := decodePartial(body)
		if err != nil {
			n.log.Debug("malformed partial", "peer", from, "error", err)
			return
		}
		n.partials.post(func(g *gathering) error { return g.received(w) })
	case wireTransactions:
		n.takeTransactions(from, body)
	case wireStatus:
		s, err := decodeStatus(body)
		if err != nil {
			n.log.Debug("malformed status", "peer", from, "error", err)
			return
		}
		n.post(func(ctx context.Context) { n.heard(ctx, from, s) })
	}
}

// OnPeer takes that messages to a peer began (up) or ceased to flow. A new peer gets
// the transactions that wait here: it may have missed their gossip. It may be called
// from any goroutine.
func (n *Node) OnPeer(peer p2p.PeerID, up bool) {
	if up && !n.cfg.Quiet {
		n.post(func(context.Context) { n.sendPending(peer) })
	}
}

func (n *Node) sendPending(to p2p.PeerID) {
	msg := n.pendingMessage(math.MaxInt)
	if msg == nil {
		return
	}
	if err := n.transport.Send(to, msg); err != nil {
		n.log.Debug("pending transactions not sent", "peer", to, "error", err)
	}
}

// pendingMessage holds the executable transactions, at most about a block of them and
// of limit bytes but for the last, or is nil if there are none.
func (n *Node) pendingMessage(limit int) []byte {
	txs, err := n.pool.Next(nil, new(uint256.Int), math.MaxUint64)
	if err != nil {
		n.fail(err)
	}
	for i, size := 0, 0; i < len(txs); i++ {
		if size += len(txs[i].Envelope()); size >= limit {
			txs = txs[:i+1]
		}
	}
	if len(txs) == 0 {
		return nil
	}
	return appendTransactions([]byte{wireTransactions}, txs)
}

// takeTransactions takes the transactions that wait at a peer.
func (n *Node) takeTransactions(from p2p.PeerID, msg []byte) {
	txs, err := decodeTransactions(msg)
	if err != nil {
		n.log.Debug("malformed transactions", "peer", from, "error", err)
		return
	}
	added := false
	for _, tx := range txs {
		added = n.pool.Add(tx) == nil || added
	}
	if added {
		n.stir()
	}
}

// broadcast sends a message to all peers.
func (n *Node) broadcast(msg []byte) {
	if err := n.transport.Broadcast(msg); err != nil {
		n.log.Error("broadcast failed", "bytes", len(msg), "error", err)
	}
}
