package node

import (
	"context"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/subchain/p2p"
)

// ahead keeps messages of the epoch that comes next: who has the last block of an
// epoch sooner than we do begins sooner, and repeats itself only after a while. What
// finds no room is dropped.
type ahead struct {
	epoch    uint64
	messages []rolldpos.Message
	bytes    int
}

const (
	maxAhead      = 4 * rolldpos.MaxSeats
	maxAheadBytes = 4 << 20
)

// put keeps a message of an epoch; those of other epochs are forgotten.
func (a *ahead) put(epoch uint64, m rolldpos.Message, size int) {
	if a.epoch != epoch {
		*a = ahead{epoch: epoch}
	}
	if len(a.messages) >= maxAhead || a.bytes+size > maxAheadBytes {
		return
	}
	a.messages = append(a.messages, m)
	a.bytes += size
}

// take returns the messages of an epoch and forgets all.
func (a *ahead) take(epoch uint64) []rolldpos.Message {
	taken := *a
	*a = ahead{}
	if taken.epoch != epoch {
		return nil
	}
	return taken.messages
}

// queueConsensus queues a peer's message of size bytes for the core, verified ahead if the
// core is behind.
func (n *Node) queueConsensus(from p2p.PeerID, m rolldpos.Message, size int) {
	if len(n.events) >= busyQueue {
		n.verified.ahead(n.chain.Genesis(), m)
	}
	if !n.post(func(ctx context.Context) { n.consensus(ctx, from, m, size) }) {
		n.cfg.Metrics.dropped()
	}
}

// consensus passes a peer's message of size bytes to the core, or keeps it for the
// next epoch.
func (n *Node) consensus(ctx context.Context, from p2p.PeerID, m rolldpos.Message, size int) {
	switch epoch := epochOf(m); epoch {
	case n.epoch:
		n.learn(from, m)
		n.step(ctx, rolldpos.Received{Message: m})
	case n.epoch + 1:
		n.ahead.put(epoch, m, size)
	}
}

func epochOf(m rolldpos.Message) uint64 {
	switch m := m.(type) {
	case *rolldpos.Proposal:
		return uint64(m.Epoch)
	case *rolldpos.Vote:
		return uint64(m.Epoch)
	case *rolldpos.Certificate:
		return uint64(m.Epoch)
	case *rolldpos.Status:
		return uint64(m.Epoch)
	}
	return 0
}
