package node

import (
	"fmt"
	"time"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// output is what the core wants kept and sent, gathered over several steps: one sync
// serves them all. Nothing is sent before it is kept.
type output struct {
	persist [][]byte
	bodies  []rolldpos.Hash
	send    []rolldpos.Outgoing
}

func (o *output) add(r *rolldpos.Ready) {
	o.persist = append(o.persist, r.Persist...)
	o.bodies = append(o.bodies, r.Bodies...)
	o.send = append(o.send, r.Send...)
}

// maxBatch bounds the events between two flushes.
const maxBatch = 16

// flush makes durable what is to be, and sends. It runs after each batch of events, and
// before anything that takes long: votes do not wait for an execution.
func (n *Node) flush() {
	out := n.output
	n.output = output{}
	if n.fault != nil {
		return
	}
	if err := n.keep(&out); err != nil {
		n.fail(err)
		return
	}
	for i := range out.send {
		n.sendOut(&out.send[i])
	}
}

func (n *Node) keep(out *output) error {
	if len(out.persist)+len(out.bodies) == 0 {
		return nil
	}
	var bodies []*ledger.Block
	for _, h := range out.bodies {
		r, ok := n.chain.Executed(h)
		if !ok {
			return fmt.Errorf("node: the core wants the body of %x kept, which was not executed here", h)
		}
		bodies = append(bodies, r.Block)
	}
	began := time.Now()
	if err := n.keeper.persist(n.epoch, out.persist, bodies); err != nil {
		return err
	}
	n.cfg.Metrics.persisted(len(out.persist), began)
	return nil
}

// sendOut passes a message on; the body of a proposal of ours goes before it, once.
func (n *Node) sendOut(out *rolldpos.Outgoing) {
	if p, ok := out.Message.(*rolldpos.Proposal); ok && n.committee.Leader(p.View) == n.seat {
		n.sendBody(p.Block)
	}
	n.broadcast(out.Message.AppendBinary([]byte{wireConsensus}))
	if v, ok := out.Message.(*rolldpos.Vote); ok && v.Kind == rolldpos.Commit && v.Seat == n.seat {
		n.partials.committed(v)
	}
}

func (n *Node) sendBody(block ledger.Hash) {
	r, ok := n.chain.Executed(block)
	if ok && n.bodies.sendOnce(block) {
		n.broadcast(r.Block.AppendRLP([]byte{wireBody}))
	}
}
