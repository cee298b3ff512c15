package node

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/p2p"
)

// syncState follows the fetching of final blocks. Owned by Run's goroutine.
type syncState struct {
	asked  map[p2p.PeerID]time.Time // requests under way, and since when
	behind time.Time                // since when a peer has been ahead; zero: nobody is
	peers  map[p2p.PeerID]standing
}

// standing is what a peer said and did.
type standing struct {
	height    uint64    // that it reported last
	delivered bool      // its last answer was good
	failures  int       // answers in a row that brought nothing
	retry     time.Time // when it may be asked again
}

const (
	// syncAfter is how long a peer may be ahead before blocks are fetched: consensus
	// itself closes small gaps.
	syncAfter = 300 * time.Millisecond
	// hedgeAfter is how long an answer may take before another peer is asked too.
	hedgeAfter = time.Second
	firstLimit = 2 * time.Second
	maxAsked   = 2 // of the workers, which have other work too
	// A peer that brought nothing is left alone for a while that doubles each time.
	firstPause  = time.Second
	maxDoubling = 5
	maxStanding = 512
)

// announce tells peers the head and repeats endorsements that lack a quorum.
func (n *Node) announce(ctx context.Context) {
	height := n.chain.Head().Block.Header.Height
	n.broadcast(status{height}.encode())
	n.repeatEndorsements()
	n.spread(height)
	n.catchUp(ctx)
}

// spread sends the transactions that wait here to all peers if no block became final
// since the last time: gossip is allowed to lose some, and a leader that does not
// have them has no reason for a block.
func (n *Node) spread(height uint64) {
	stalled := height == n.announced
	n.announced = height
	if !stalled || n.pool.Stats().Executable == 0 {
		return
	}
	if msg := n.pendingMessage(); msg != nil {
		n.broadcast(msg)
	}
}

// heard takes a peer's status. It may go down as well: what counts is what peers say
// now, and not the greatest height that one of them ever claimed.
func (n *Node) heard(ctx context.Context, from p2p.PeerID, s status) {
	p := &n.syncing
	if p.peers == nil {
		p.peers, p.asked = map[p2p.PeerID]standing{}, map[p2p.PeerID]time.Time{}
	}
	if _, known := p.peers[from]; !known && len(p.peers) >= maxStanding {
		connected := n.transport.Peers()
		maps.DeleteFunc(p.peers, func(id p2p.PeerID, _ standing) bool { return !slices.Contains(connected, id) })
	}
	st := p.peers[from]
	st.height = s.height
	p.peers[from] = st
	n.catchUp(ctx)
}

// catchUp asks a peer for final blocks once peers have been ahead for a while.
func (n *Node) catchUp(context.Context) {
	height := n.chain.Head().Block.Header.Height
	peer, top := n.nextPeer(height)
	n.best.Store(max(top, height))
	if top <= height {
		n.syncing.behind = time.Time{}
		n.syncStart.Store(0)
		return
	}
	if n.syncing.behind.IsZero() {
		n.syncing.behind = time.Now()
	}
	patience := syncAfter
	if top > height+2 {
		patience = 0
	}
	if peer == "" || n.syncing.waits() || time.Since(n.syncing.behind) < patience {
		return
	}
	if n.syncStart.Load() == 0 && top > height+2 {
		n.syncStart.Store(height + 1)
	}
	n.ask(peer, height+1)
}

// nextPeer returns the peer to ask next, empty if there is none now, and the greatest
// height that a peer reports which is being asked or may be: one that claims blocks
// and brings none is left out until its pause is over.
func (n *Node) nextPeer(height uint64) (peer p2p.PeerID, top uint64) {
	var best standing
	now := time.Now()
	for _, id := range n.transport.Peers() {
		st := n.syncing.peers[id]
		if st.height <= height || now.Before(st.retry) {
			continue
		}
		top = max(top, st.height)
		if _, asked := n.syncing.asked[id]; !asked && (peer == "" || st.before(best)) {
			peer, best = id, st
		}
	}
	return peer, top
}

// before orders peers: first those whose last answer was good, then those with few
// failures, then the highest.
func (a standing) before(b standing) bool {
	switch {
	case a.delivered != b.delivered:
		return a.delivered
	case a.failures != b.failures:
		return a.failures < b.failures
	}
	return a.height > b.height
}

// limit is how long a peer may take to answer: less until it has delivered, so that
// many silent ones cost little, and more after each failure, for it may be far away.
func (a standing) limit() time.Duration {
	if a.delivered {
		return fetchTimeout
	}
	return min(fetchTimeout, firstLimit<<min(a.failures, maxDoubling))
}

// waits reports whether the requests under way are enough.
func (s *syncState) waits() bool {
	if len(s.asked) >= maxAsked {
		return true
	}
	for _, since := range s.asked {
		if time.Since(since) < hedgeAfter {
			return true
		}
	}
	return false
}

func (n *Node) ask(peer p2p.PeerID, from uint64) {
	request := binary.BigEndian.AppendUint64([]byte{askRange}, from)
	limit := n.syncing.peers[peer].limit()
	ok := n.spawn(func(ctx context.Context) {
		limited, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		answer, err := n.transport.Request(limited, peer, request)
		var blocks []finalBlock
		if err == nil {
			blocks, err = decodeRange(answer)
		}
		// Not under the limit of the request: an outcome that is lost would leave the
		// request under way for ever.
		n.wait(ctx, func(ctx context.Context) { n.imported(ctx, peer, blocks, err) })
	})
	if ok {
		n.syncing.asked[peer] = time.Now()
	}
}

// imported makes fetched blocks final, each run of them through the certificate of
// its last block, and remembers what the peer's answer was worth.
func (n *Node) imported(ctx context.Context, peer p2p.PeerID, blocks []finalBlock, err error) {
	delete(n.syncing.asked, peer)
	if n.fault != nil {
		return
	}
	before := n.chain.Head().Block.Header.Height
	if err == nil {
		err = n.importBlocks(ctx, blocks)
	}
	after := n.chain.Head().Block.Header.Height
	st := n.syncing.peers[peer]
	// An answer that another peer's has overtaken is a good one.
	if st.delivered = err == nil && len(blocks) > 0 && blocks[len(blocks)-1].block.Header.Height <= after; st.delivered {
		st.failures = 0
	} else {
		n.log.Debug("sync brought nothing", "peer", peer, "error", err)
		st.retry = time.Now().Add(firstPause << min(st.failures, maxDoubling))
		st.failures++
	}
	n.syncing.peers[peer] = st
	if after > before {
		n.log.Info("synced", "from", before, "to", after)
	}
	n.catchUp(ctx)
}

// importBlocks takes runs of blocks that end with a certified one. Nothing is
// executed before the certificate and the links to it have been verified, so that a
// lie costs a few signatures.
func (n *Node) importBlocks(ctx context.Context, blocks []finalBlock) error {
	for len(blocks) > 0 && n.fault == nil {
		end := slices.IndexFunc(blocks, func(fb finalBlock) bool { return len(fb.certificate) > 0 })
		if end < 0 {
			return fmt.Errorf("%w: %d blocks without a certificate", errWire, len(blocks))
		}
		run := blocks[:end+1]
		blocks = blocks[end+1:]
		if err := n.importRun(ctx, run); err != nil {
			return err
		}
	}
	return n.fault
}

func (n *Node) importRun(ctx context.Context, run []finalBlock) error {
	head := n.chain.Head()
	for len(run) > 0 && run[0].block.Header.Height <= head.Block.Header.Height {
		run = run[1:] // has become final here meanwhile
	}
	if len(run) == 0 {
		return nil
	}
	last := run[len(run)-1]
	c, err := n.certificate(last)
	if err != nil {
		return err
	}
	if err := linked(head, run); err != nil {
		return err
	}
	for _, fb := range run {
		if _, err := n.chain.Execute(fb.block); err != nil {
			if errors.Is(err, chain.ErrBlock) {
				err = fmt.Errorf("%w: executing a certified block: %w", ErrStopped, err)
			}
			n.fail(err)
			return err
		}
	}
	n.adopt(ctx, last, c)
	return n.fault
}

// linked checks that a run continues the chain and that its transactions are those
// of its headers.
func linked(head *chain.Record, run []finalBlock) error {
	parent, height := head.Hash, head.Block.Header.Height
	for _, fb := range run {
		h := &fb.block.Header
		height++
		if h.Height != height || h.Parent != parent || ledger.TxRoot(fb.block.Transactions) != h.TxRoot {
			return fmt.Errorf("%w: block %d does not continue the chain at %d", errWire, h.Height, height)
		}
		parent = h.Hash()
	}
	return nil
}

// certificate verifies the certificate that a peer sent with a block.
func (n *Node) certificate(fb finalBlock) (*rolldpos.Certificate, error) {
	c, err := rolldpos.DecodeCertificate(fb.certificate)
	if err != nil {
		return nil, err
	}
	h := &fb.block.Header
	committee := n.chain.Committee(h.Epoch)
	hash := h.Hash()
	if c.Kind != rolldpos.Commit || c.Block != hash || c.Epoch != rolldpos.Epoch(h.Epoch) {
		return nil, fmt.Errorf("%w: certificate for another block", errWire)
	}
	return c, c.Verify(n.chain.Genesis(), committee)
}

// adopt makes an executed block final with its verified certificate.
func (n *Node) adopt(ctx context.Context, fb finalBlock, c *rolldpos.Certificate) {
	h := &fb.block.Header
	_, last := n.chain.Epoch(h.Height)
	if h.Epoch == n.epoch {
		n.step(ctx, rolldpos.FinalizedElsewhere{Certificate: c, Last: last})
	}
	if n.fault == nil && n.commit(ctx, h.Hash(), c) && last {
		if err := n.begin(ctx, noRecords); err != nil {
			n.fail(err)
		}
	}
}

// serveRange answers with final blocks from a height on, the last one certified.
func (n *Node) serveRange(from uint64) ([]byte, error) {
	head := n.chain.Head().Block.Header.Height
	var out []byte
	certified := 0
	for h := max(from, 1); h <= head && h < from+maxRangeBlocks; h++ {
		r, err := n.chain.Block(h)
		if err != nil {
			return nil, err
		}
		out = appendFinalBlock(out, r)
		if len(out) > maxRangeBytes && certified > 0 {
			break
		}
		if len(r.Certificate) > 0 {
			certified = len(out)
		}
	}
	return out[:certified], nil
}
