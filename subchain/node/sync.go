package node

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/p2p"
)

// syncState follows the fetching of final blocks. Owned by Run's goroutine.
type syncState struct {
	busy   bool
	behind time.Time             // since when a peer has been ahead; zero: nobody is
	heard  map[p2p.PeerID]uint64 // height that a peer reported last
}

const (
	// syncAfter is how long a peer may be ahead before blocks are fetched: consensus
	// itself closes small gaps.
	syncAfter = 300 * time.Millisecond
	maxHeard  = 256
)

// announce tells peers the head and repeats endorsements that lack a quorum.
func (n *Node) announce(ctx context.Context) {
	height := n.chain.Head().Block.Header.Height
	n.broadcast(status{height}.encode())
	n.repeatEndorsements()
	n.spread(height)
	n.catchUp(ctx)
}

// spread sends some of the transactions that wait here to all peers if no block became
// final since the last time: gossip is allowed to lose some, and a leader that has none
// has no reason for a block. Some suffice for one, and more would hold up the votes of a
// network that is slow because it has too much to do.
func (n *Node) spread(height uint64) {
	stalled := height == n.announced
	n.announced = height
	if n.cfg.Quiet || !stalled || n.pool.Stats().Executable == 0 {
		return
	}
	if msg := n.pendingMessage(reasonBytes); msg != nil {
		n.broadcast(msg)
	}
}

// reasonBytes of transactions, or one that is larger, are reason enough for a block.
const reasonBytes = 4 << 10

// heard takes a peer's status.
func (n *Node) heard(ctx context.Context, from p2p.PeerID, s status) {
	if n.syncing.heard == nil || len(n.syncing.heard) >= maxHeard {
		n.syncing.heard = map[p2p.PeerID]uint64{}
	}
	n.syncing.heard[from] = s.height
	if s.height > n.best.Load() {
		n.best.Store(s.height)
	}
	n.catchUp(ctx)
}

// catchUp asks the peer that reported the greatest height for final blocks, once
// peers have been ahead for a while. A peer that does not deliver is forgotten, so
// that a false height costs one request.
func (n *Node) catchUp(context.Context) {
	height := n.chain.Head().Block.Header.Height
	var best p2p.PeerID
	var top uint64
	for _, p := range n.transport.Peers() {
		if h := n.syncing.heard[p]; h > top {
			best, top = p, h
		}
	}
	if top <= height {
		n.syncing.behind = time.Time{}
		n.syncStart.Store(0)
		n.best.Store(max(top, height))
		return
	}
	if n.syncing.behind.IsZero() {
		n.syncing.behind = time.Now()
	}
	patience := syncAfter
	if top > height+2 {
		patience = 0
	}
	if n.syncing.busy || time.Since(n.syncing.behind) < patience {
		return
	}
	n.syncing.busy = true
	if n.syncStart.Load() == 0 && top > height+2 {
		n.syncStart.Store(height + 1)
	}
	n.ask(best, height+1)
}

func (n *Node) ask(peer p2p.PeerID, from uint64) {
	request := binary.BigEndian.AppendUint64([]byte{askRange}, from)
	ok := n.spawn(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
		defer cancel()
		answer, err := n.transport.Request(ctx, peer, request)
		var blocks []finalBlock
		if err == nil {
			blocks, err = decodeRange(answer)
		}
		n.wait(ctx, func(ctx context.Context) { n.imported(ctx, peer, blocks, err) })
	})
	if !ok {
		n.syncing.busy = false
	}
}

// imported makes fetched blocks final, each run of them through the certificate of
// its last block.
func (n *Node) imported(ctx context.Context, peer p2p.PeerID, blocks []finalBlock, err error) {
	n.syncing.busy = false
	before := n.chain.Head().Block.Header.Height
	if err == nil {
		err = n.importBlocks(ctx, blocks)
	}
	after := n.chain.Head().Block.Header.Height
	if err != nil || after == before {
		n.log.Debug("sync brought nothing", "peer", peer, "error", err)
		delete(n.syncing.heard, peer)
	}
	if after > before {
		n.log.Info("synced", "from", before, "to", after)
	}
	n.catchUp(ctx)
}

func (n *Node) importBlocks(ctx context.Context, blocks []finalBlock) error {
	for _, fb := range blocks {
		head := n.chain.Head().Block.Header.Height
		if fb.block.Header.Height <= head {
			continue
		}
		if fb.block.Header.Height > head+maxRangeBlocks {
			return fmt.Errorf("%w: block %d while the head is %d", errWire, fb.block.Header.Height, head)
		}
		if _, err := n.chain.Execute(fb.block); err != nil {
			if errors.Is(err, chain.ErrBlock) || errors.Is(err, chain.ErrUnknown) {
				return err
			}
			n.fail(err)
			return err
		}
		if len(fb.certificate) == 0 {
			continue
		}
		if err := n.adopt(ctx, fb); err != nil {
			return err
		}
	}
	return n.fault
}

// adopt makes a block final with a certificate that a peer sent.
func (n *Node) adopt(ctx context.Context, fb finalBlock) error {
	c, err := rolldpos.DecodeCertificate(fb.certificate)
	if err != nil {
		return err
	}
	h := &fb.block.Header
	// That of an epoch whose predecessor is not final here is not known: its blocks wait.
	committee, err := n.chain.Committee(h.Epoch)
	if err != nil {
		return err
	}
	hash := h.Hash()
	if c.Kind != rolldpos.Commit || c.Block != hash || c.Epoch != rolldpos.Epoch(h.Epoch) {
		return fmt.Errorf("%w: certificate for another block", errWire)
	}
	if err := c.Verify(n.chain.Genesis(), committee); err != nil {
		return err
	}
	_, last := n.chain.Epoch(h.Height)
	if h.Epoch == n.epoch {
		n.step(ctx, rolldpos.FinalizedElsewhere{Certificate: c, Last: last})
	}
	if n.fault == nil && n.commit(ctx, hash, c) && last {
		if err := n.begin(ctx, noRecords); err != nil {
			n.fail(err)
		}
	}
	return n.fault
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
