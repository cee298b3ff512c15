package node

import (
	"context"
	"crypto/ed25519"
	"fmt"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/bls"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
	"github.com/rootstem/rootstem/subchain/chain"
)

// Keys knows how epochs share the chain key. It is called on a goroutine of the node's
// that has nothing else to do.
type Keys interface {
	// Open reads the group that module.Election has for an epoch.
	Open(epoch uint64, group []byte) (chainkey.Sharing, error)
	// Share returns this node's share of the group's key, or nil without one.
	Share(epoch uint64, group []byte) (*bls.Share, error)
}

// partials makes certificates and beacons of the chain key out of what the seats
// sign, beside consensus: nothing waits for it. It is one goroutine with a queue; what
// finds the queue full is dropped, and the votes still make every block final.
type partials struct {
	node  *Node
	queue chan func(*gathering) error
}

const (
	partialQueue     = 1024
	maxOwed          = 64 // commits and partials that wait for the epoch's group
	maxEarlyPartials = 4 * rolldpos.MaxSeats
	maxUnplaced      = 64  // certificates whose block is not final here yet
	keptRounds       = 256 // heights between two clean-ups of old certificates
	repeatRound      = 8   // heights between two sendings of a round's partial
)

// gathering is the state of that goroutine.
type gathering struct {
	node      *Node
	epoch     uint64
	committee *rolldpos.Committee
	group     []byte // of the epoch; empty while there is none
	share     *bls.Share
	collector *chainkey.Collector
	key       *chainkey.Key
	rounded   bool                 // the epoch's beacon is known here
	owed      []chainkey.Statement // commits of ours from before the group was known
	early     []*chainkey.Partial
	unplaced  []*chainkey.Certificate
}

// post queues work, unless the queue is full or nobody wants chain keys.
func (p *partials) post(f func(*gathering) error) {
	if p == nil {
		return
	}
	select {
	case p.queue <- f:
	default:
	}
}

// run works until ctx ends. What goes wrong is logged and costs a certificate.
func (p *partials) run(ctx context.Context) {
	g := &gathering{node: p.node}
	defer g.erase()
	for {
		select {
		case <-ctx.Done():
			return
		case f := <-p.queue:
			if err := f(g); err != nil {
				p.node.log.Warn("chain key", "epoch", g.epoch, "error", err)
			}
		}
	}
}

func (g *gathering) erase() {
	if g.share != nil {
		g.share.Erase()
	}
	g.share = nil
}

// committed takes our commit vote, which has left.
func (p *partials) committed(v *rolldpos.Vote) {
	s := chainkey.Statement{Kind: chainkey.CommitKind, Epoch: v.Epoch, View: v.View, Block: v.Block}
	p.post(func(g *gathering) error { return g.sign(s) })
}

// final takes a block that became final here, with the group of its epoch.
func (p *partials) final(r *chain.Record) {
	p.post(func(g *gathering) error { return g.final(r) })
}

// begin turns to an epoch. What belongs to the one before is dropped: its last block
// has a certificate of votes, and later certificates of the key cover it.
func (g *gathering) begin(epoch uint64) error {
	committee, err := g.node.chain.Committee(epoch)
	if err != nil {
		return err
	}
	g.erase()
	early := g.early
	*g = gathering{node: g.node, epoch: epoch, committee: committee}
	for _, p := range early {
		if uint64(p.Epoch) == epoch {
			g.early = append(g.early, p)
		}
	}
	return nil
}

// sign makes our partial of a statement, sends it and counts it.
func (g *gathering) sign(s chainkey.Statement) error {
	if uint64(s.Epoch) > g.epoch {
		if err := g.begin(uint64(s.Epoch)); err != nil {
			return err
		}
	}
	switch {
	case uint64(s.Epoch) != g.epoch:
		return nil
	case g.collector == nil:
		if len(g.owed) < maxOwed {
			g.owed = append(g.owed, s)
		}
		return nil
	case g.share == nil:
		return nil
	}
	p, err := chainkey.Sign(g.node.chain.Genesis(), s, g.share)
	if err != nil {
		return err
	}
	g.node.broadcast(encodePartial(g.node.chain.Genesis(), p, g.node.cfg.Key))
	return g.count(p)
}

// received takes a partial of a peer with the signature of the seat that made it.
func (g *gathering) received(w *signedPartial) error {
	p := w.partial
	if uint64(p.Epoch) != g.epoch || g.collector == nil {
		if uint64(p.Epoch) >= g.epoch && uint64(p.Epoch) <= g.epoch+1 && len(g.early) < maxEarlyPartials && g.authentic(w) {
			g.early = append(g.early, p)
		}
		return nil
	}
	if !g.authentic(w) {
		return nil
	}
	return g.count(p)
}

// authentic reports whether the partial's seat sent it: nobody fills another's place in
// the collector. That of an epoch whose committee is unknown here cannot be told.
func (g *gathering) authentic(w *signedPartial) bool {
	c := g.committee
	if c == nil || uint64(w.partial.Epoch) != g.epoch {
		var err error
		if c, err = g.node.chain.Committee(uint64(w.partial.Epoch)); err != nil {
			return false
		}
	}
	digest := partialDigest(g.node.chain.Genesis(), w.partial)
	return w.partial.Seat < c.Size() && ed25519.Verify(c.Keys[w.partial.Seat], digest[:], w.sig[:])
}

// count gives a partial to the collector and takes what it completes.
func (g *gathering) count(p *chainkey.Partial) error {
	signed, err := g.collector.Add(p)
	if err != nil || signed == nil {
		return err
	}
	if c, ok := signed.Certificate(); ok {
		return g.place(c)
	}
	g.rounded = g.rounded || signed.Kind == chainkey.RoundKind
	if g.node.cfg.Signed != nil {
		g.node.cfg.Signed(signed)
	}
	return nil
}

// place stores a certificate beside its final block, or keeps it until that is final.
func (g *gathering) place(c *chainkey.Certificate) error {
	n := g.node
	r, ok := n.chain.Executed(c.Block)
	if !ok || r.Block.Header.Height > n.chain.Head().Block.Header.Height {
		if len(g.unplaced) == maxUnplaced {
			g.unplaced = append(g.unplaced[:0], g.unplaced[1:]...)
		}
		g.unplaced = append(g.unplaced, c)
		return nil
	}
	at, err := n.chain.Header(r.Block.Header.Height)
	if err != nil || at.Hash != r.Hash {
		return err
	}
	if err := n.keeper.putKeyCertificate(r.Block.Header.Height, c, g.key); err != nil {
		return err
	}
	n.cfg.Metrics.keyed(r.Block.Header.Height)
	return nil
}

// final learns the group of the block's epoch, once it has one, and places the
// certificates that came before the block.
func (g *gathering) final(r *chain.Record) error {
	h := &r.Block.Header
	if h.Epoch == 0 {
		return nil
	}
	if h.Epoch > g.epoch {
		if err := g.begin(h.Epoch); err != nil {
			return err
		}
	}
	if h.Epoch == g.epoch && g.collector == nil {
		if err := g.open(r); err != nil {
			return err
		}
	}
	waiting := g.unplaced
	g.unplaced = nil
	for _, c := range waiting {
		if err := g.place(c); err != nil {
			return err
		}
	}
	switch {
	case h.Height%keptRounds == 0:
		return g.node.keeper.forgetKeyCertificates(h.Height)
	case h.Height%repeatRound == 0 && !g.rounded:
		return g.sign(g.round())
	}
	return nil
}

// round is the statement that makes the epoch's beacon.
func (g *gathering) round() chainkey.Statement {
	return chainkey.Statement{Kind: chainkey.RoundKind, Epoch: rolldpos.Epoch(g.epoch)}
}

// open takes the epoch's group from the election after a block of the epoch, and signs
// what was owed: our commits, and the epoch's round.
func (g *gathering) open(r *chain.Record) error {
	e, err := g.node.chain.Election(r)
	if err != nil || len(e.Group) == 0 || string(e.Group) == string(g.group) {
		return err
	}
	g.group = e.Group // looked at once, whatever comes of it
	sharing, err := g.node.cfg.Keys.Open(g.epoch, e.Group)
	if err != nil {
		return err
	}
	if len(sharing.Shares) != g.committee.Size() || uint64(sharing.Epoch) != g.epoch {
		return fmt.Errorf("node: group of %d shares for %d seats", len(sharing.Shares), g.committee.Size())
	}
	if g.collector, err = chainkey.NewCollector(g.node.chain.Genesis(), sharing); err != nil {
		return err
	}
	g.key = sharing.Key
	if err := g.takeShare(&sharing); err != nil {
		g.node.log.Error("no share of the chain key", "epoch", g.epoch, "error", err)
	}
	g.node.log.Info("chain key in use", "epoch", g.epoch, "seats", len(sharing.Shares), "share", g.share != nil)
	owed, early := g.owed, g.early
	g.owed, g.early = nil, nil
	for _, s := range append(owed, g.round()) {
		if err := g.sign(s); err != nil {
			return err
		}
	}
	for _, p := range early {
		if err := g.count(p); err != nil {
			g.node.log.Debug("early partial", "seat", p.Seat, "error", err)
		}
	}
	return nil
}

// takeShare asks for our share and keeps it if it is that of our seat.
func (g *gathering) takeShare(sharing *chainkey.Sharing) error {
	seat := g.node.seatIn(g.committee)
	if seat == rolldpos.Observer {
		return nil
	}
	share, err := g.node.cfg.Keys.Share(g.epoch, g.group)
	if err != nil || share == nil {
		return err
	}
	if int(share.Index) != seat+1 || !share.Key.Public().Equal(sharing.Shares[seat]) {
		share.Erase()
		return fmt.Errorf("node: the share of seat %d does not fit the group of epoch %d", seat, g.epoch)
	}
	g.share = share
	return nil
}

// Sign has this node sign a statement of its epoch with its share, if it has one, and
// send the partial. The caller answers for the statement, as chainkey.Sign says. It may
// be called from any goroutine.
func (n *Node) Sign(s chainkey.Statement) {
	n.partials.post(func(g *gathering) error {
		if uint64(s.Epoch) != g.epoch || g.collector == nil {
			return nil
		}
		return g.sign(s)
	})
}

// KeyCertificate returns the chain-key certificate of the final block of a height and
// the key (96 bytes) that it is of; nil without one.
func (n *Node) KeyCertificate(height uint64) (certificate, key []byte, err error) {
	return n.keeper.keyCertificate(height)
}
