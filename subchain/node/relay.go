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
	routes [][]p2p.PeerID // by seat: who delivered what it signed, the newest first
	open   []*relayed     // oldest first
}

// relayed is a submitted transaction on its way.
type relayed struct {
	tx   *ledger.Transaction
	told [(rolldpos.MaxSeats + 63) / 64]uint64 // a bit for each seat
	left int                                   // other seats that were not told
}

// tell reports whether a seat is to be told now: the first time only.
func (x *relayed) tell(seat int) bool {
	word, bit := &x.told[seat/64], uint64(1)<<(seat%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	x.left--
	return true
}

const (
	relayReach = 4 // views whose leaders know a transaction: this one and the next
	maxRoutes  = 2 // peers of a seat: one peer that poses as it by repeating it hides it from nobody
)

// learn remembers who delivers what only the seat itself sends: its proposals and its
// status. Votes tell nothing, since seats send one another's again to who lacks them.
func (n *Node) learn(from p2p.PeerID, m rolldpos.Message) {
	seat := rolldpos.Observer
	switch m := m.(type) {
	case *rolldpos.Proposal:
		seat = n.committee.Leader(m.View)
	case *rolldpos.Status:
		seat = m.Seat
	}
	if seat < 0 || seat >= n.committee.Size() || seat == n.seat {
		return
	}
	n.turn()
	known := n.relay.routes[seat]
	if len(known) > 0 && known[0] == from || !n.signed(m) {
		return
	}
	known = slices.DeleteFunc(known, func(p p2p.PeerID) bool { return p == from })
	n.relay.routes[seat] = append([]p2p.PeerID{from}, known[:min(len(known), maxRoutes-1)]...)
}

// signed checks the signature of a proposal's leader or a status's seat.
func (n *Node) signed(m rolldpos.Message) bool {
	switch m := m.(type) {
	case *rolldpos.Proposal:
		return m.Verify(n.chain.Genesis(), n.committee) == nil
	case *rolldpos.Status:
		return m.Verify(n.chain.Genesis(), n.committee) == nil
	}
	return false
}

// turn forgets the routes of a committee that has changed.
func (n *Node) turn() {
	if r := &n.relay; r.epoch != n.epoch || len(r.routes) != n.committee.Size() {
		r.epoch, r.view, r.routes = n.epoch, 0, make([][]p2p.PeerID, n.committee.Size())
		for _, x := range r.open {
			*x = relayed{tx: x.tx, left: n.committee.Size() - 1}
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
		fresh[i] = &relayed{tx: tx, left: n.committee.Size() - 1}
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
		for v := view; v < view+relayReach; v++ {
			if seat := n.committee.Leader(v); seat != n.seat && x.tell(seat) {
				batches[seat] = append(batches[seat], x.tx)
			}
		}
		if x.left > 0 {
			open = append(open, x)
		}
	}
	for seat, txs := range batches {
		if len(txs) > 0 {
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
