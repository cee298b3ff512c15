package node

import (
	"slices"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/p2p"
)

// relay takes the transactions that were submitted to a seat to the leaders of the
// coming views, each ahead of its turn, until they are final or each seat has them.
// Seats are connected with one another, as their votes demand, so nobody need pass
// anything on: in a committee of 24 a transaction travels a few times instead of
// being gossiped over every connection. What a leader's fault holds up reaches the
// leaders after it. Only Run's goroutine uses it.
type relay struct {
	epoch  uint64
	view   rolldpos.View
	routes [][]p2p.PeerID // by seat: who delivered its votes, the newest first
	open   []*relayed     // oldest first
}

// relayed is a submitted transaction on its way.
type relayed struct {
	tx   *ledger.Transaction
	next rolldpos.View // the first whose leader was not told
	told int           // views whose leaders were told
}

const (
	relayReach = 4 // views whose leaders know a transaction: this one and the next
	maxRoutes  = 2 // peers of a seat: one who passes on another's votes displaces no seat
)

// learn remembers who delivers a seat's votes.
func (n *Node) learn(from p2p.PeerID, m rolldpos.Message) {
	v, ok := m.(*rolldpos.Vote)
	if !ok || v.Seat < 0 || v.Seat >= n.committee.Size() || v.Seat == n.seat {
		return
	}
	n.turn()
	known := n.relay.routes[v.Seat]
	if len(known) > 0 && known[0] == from || v.Verify(n.chain.Genesis(), n.committee) != nil {
		return
	}
	known = slices.DeleteFunc(known, func(p p2p.PeerID) bool { return p == from })
	n.relay.routes[v.Seat] = append([]p2p.PeerID{from}, known[:min(len(known), maxRoutes-1)]...)
}

// turn forgets the routes of a committee that has changed.
func (n *Node) turn() {
	if r := &n.relay; r.epoch != n.epoch || len(r.routes) != n.committee.Size() {
		r.epoch, r.view, r.routes = n.epoch, 0, make([][]p2p.PeerID, n.committee.Size())
		for _, x := range r.open {
			x.next, x.told = 0, 0
		}
	}
}

// carry takes submitted transactions on their way.
func (n *Node) carry(txs []*ledger.Transaction) {
	if n.seat == rolldpos.Observer {
		n.gossip(txs) // the seat was lost meanwhile
		return
	}
	n.turn()
	fresh := make([]*relayed, len(txs))
	for i, tx := range txs {
		fresh[i] = &relayed{tx: tx}
	}
	n.relay.open = append(n.relay.open, n.forward(fresh)...)
}

// follow tells the leaders whose turn has come near since the last view.
func (n *Node) follow() {
	n.turn()
	if n.relay.view != n.core.View() {
		n.relay.view = n.core.View()
		n.relay.open = n.forward(n.relay.open)
	}
}

// forward sends transactions to the leaders within reach that do not have them yet, and
// returns those that are still on their way.
func (n *Node) forward(list []*relayed) (open []*relayed) {
	view := n.core.View()
	batches := make([][]*ledger.Transaction, n.committee.Size())
	for _, x := range list {
		if n.pool.Get(x.tx.Hash()) == nil {
			continue
		}
		x.next = max(x.next, view)
		for ; x.next < view+relayReach && x.told < len(batches); x.next++ {
			seat := n.committee.Leader(x.next)
			batches[seat] = append(batches[seat], x.tx)
			x.told++
		}
		if x.told < len(batches) {
			open = append(open, x)
		}
	}
	for seat, txs := range batches {
		if len(txs) > 0 && seat != n.seat {
			n.sendTransactions(seat, txs)
		}
	}
	return open
}

// sendTransactions sends to a seat, or to all peers while it is not known which is its.
func (n *Node) sendTransactions(seat int, txs []*ledger.Transaction) {
	for part := range slices.Chunk(txs, relayBatch) {
		msg := appendTransactions([]byte{wireTransactions}, part)
		if len(n.relay.routes[seat]) == 0 {
			n.broadcast(msg)
			continue
		}
		for _, peer := range n.relay.routes[seat] {
			if err := n.transport.Send(peer, msg); err != nil {
				n.log.Debug("transactions not sent", "peer", peer, "error", err)
			}
		}
	}
}

// relayBatch transactions share a message at most.
const relayBatch = 256
