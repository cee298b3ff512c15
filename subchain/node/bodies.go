package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// errWaiting reports a block whose body, or whose ancestor's body, is not here yet.
var errWaiting = errors.New("node: body not here yet")

func waits(err error) bool { return errors.Is(err, errWaiting) }

const (
	maxBodies     = 256
	maxBodyBytes  = 64 << 20 // of all of them
	refetchAfter  = 400 * time.Millisecond
	fetchTimeout  = 5 * time.Second
	maxBranch     = 1024 // pending ancestors that are walked
	maxSentHashes = 1024
)

// bodies holds blocks that came from peers and are not executed yet, the oldest
// dropped first, and remembers which bodies were sent.
type bodies struct {
	blocks map[ledger.Hash]body
	order  []ledger.Hash
	bytes  int
	sent   map[ledger.Hash]bool
	log    []ledger.Hash // sent, oldest first
}

type body struct {
	block *ledger.Block
	size  int // of the encoding
}

func newBodies() *bodies {
	return &bodies{blocks: map[ledger.Hash]body{}, sent: map[ledger.Hash]bool{}}
}

func (b *bodies) put(block *ledger.Block, size int) {
	hash := block.Header.Hash()
	if b.blocks[hash].block != nil {
		return
	}
	for len(b.order) > 0 && (len(b.order) >= maxBodies || b.bytes+size > maxBodyBytes) {
		b.remove(b.order[0])
		b.order = b.order[1:]
	}
	b.blocks[hash] = body{block, size}
	b.order = append(b.order, hash)
	b.bytes += size
}

func (b *bodies) remove(hash ledger.Hash) {
	b.bytes -= b.blocks[hash].size
	delete(b.blocks, hash)
}

func (b *bodies) get(hash ledger.Hash) (*ledger.Block, bool) {
	block := b.blocks[hash].block
	return block, block != nil
}

// drop forgets bodies that a final block makes useless.
func (b *bodies) drop(r *chain.Record) {
	kept := b.order[:0]
	for _, hash := range b.order {
		if b.blocks[hash].block.Header.Height <= r.Block.Header.Height {
			b.remove(hash)
			continue
		}
		kept = append(kept, hash)
	}
	b.order = kept
}

// sendOnce reports whether a body is to be sent now: the first time only.
func (b *bodies) sendOnce(hash ledger.Hash) bool {
	if b.sent[hash] {
		return false
	}
	if len(b.log) >= maxSentHashes {
		delete(b.sent, b.log[0])
		b.log = b.log[1:]
	}
	b.sent[hash] = true
	b.log = append(b.log, hash)
	return true
}

// received takes a body from a peer.
func (n *Node) received(ctx context.Context, b *ledger.Block, size int) {
	head := n.chain.Head().Block.Header.Height
	if b.Header.Height <= head || b.Header.Height > head+maxBranch {
		return
	}
	n.share(b)
	n.bodies.put(b, size)
	n.advance(ctx)
}

// share replaces transactions by those of the pool, whose senders are recovered.
func (n *Node) share(b *ledger.Block) {
	for i, tx := range b.Transactions {
		if known := n.pool.Get(tx.Hash()); known != nil {
			b.Transactions[i] = known
		}
	}
}

// execute returns an executed block, executing it and its pending ancestors if
// their bodies are here; it fetches the first that is missing. It returns an error
// that waits reports, chain.ErrBlock, or the host's fault.
func (n *Node) execute(hash ledger.Hash) (*chain.Record, error) {
	var branch []*ledger.Block
	for at := hash; !n.chainHas(at); {
		b, ok := n.bodies.get(at)
		if !ok {
			n.fetch(at)
			return nil, fmt.Errorf("%w: %s", errWaiting, at)
		}
		if len(branch) >= maxBranch {
			return nil, fmt.Errorf("%w: more than %d pending ancestors", chain.ErrBlock, maxBranch)
		}
		branch = append(branch, b)
		at = b.Header.Parent
	}
	for i := len(branch) - 1; i >= 0; i-- {
		n.flush()
		began := time.Now()
		r, err := n.chain.Execute(branch[i])
		if errors.Is(err, chain.ErrUnknown) {
			return nil, fmt.Errorf("%w: %w", errWaiting, err) // the last block of an epoch is not final yet
		}
		if err != nil {
			return nil, err
		}
		n.cfg.Metrics.executed(r, began)
	}
	r, ok := n.chain.Executed(hash)
	if !ok {
		return nil, fmt.Errorf("%w: %s", chain.ErrUnknown, hash)
	}
	return r, nil
}

// fetch asks peers for a body, one after the other, until one has it.
func (n *Node) fetch(hash ledger.Hash) {
	if n.transport == nil || time.Since(n.fetches[hash]) < refetchAfter {
		return
	}
	for h, at := range n.fetches {
		if time.Since(at) > fetchTimeout {
			delete(n.fetches, h)
		}
	}
	n.fetches[hash] = time.Now()
	peers := n.transport.Peers()
	n.spawn(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
		defer cancel()
		for _, p := range peers {
			answer, err := n.transport.Request(ctx, p, append([]byte{askBlock}, hash[:]...))
			if err != nil || len(answer) == 0 {
				continue
			}
			b, err := ledger.DecodeBlock(answer)
			if err != nil || b.Header.Hash() != hash {
				n.log.Debug("wrong body", "peer", p, "block", hash)
				continue
			}
			n.post(func(ctx context.Context) { n.received(ctx, b, len(answer)) })
			return
		}
	})
}

func (n *Node) serveBlock(hash ledger.Hash) ([]byte, error) {
	r, ok := n.chain.Executed(hash)
	if !ok {
		return nil, nil
	}
	return r.Block.AppendRLP(nil), nil
}
