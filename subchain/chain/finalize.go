package chain

import (
	"fmt"
	"slices"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/blocks"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// Finalize makes a pending block final with its certificate, and before it every
// pending ancestor: one synced batch holds blocks, receipts, indexes and state.
// Siblings are dropped. It returns the blocks that became final, oldest first;
// none if the block was final already. The certificate was verified by the caller.
//
// A block that does not descend from the head, although its height is not above
// it, is ErrConflict: two certificates contradict each other and the node must
// stop.
func (c *Chain) Finalize(hash ledger.Hash, certificate []byte) ([]*Record, error) {
	branch, err := c.branch(hash)
	if err != nil || len(branch) == 0 {
		return nil, err
	}
	last := branch[len(branch)-1]
	sealed := *last
	sealed.Certificate = certificate
	branch[len(branch)-1] = &sealed
	if err := c.write(branch); err != nil {
		return nil, err
	}
	return branch, nil
}

// branch lists the pending blocks from the head's child to hash.
func (c *Chain) branch(hash ledger.Hash) ([]*Record, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var out []*Record
	for at := hash; at != c.head.Hash; {
		r := c.pending[at]
		if r == nil {
			return nil, c.settled(hash, len(out))
		}
		if r.Block.Header.Height <= c.head.Block.Header.Height {
			return nil, fmt.Errorf("%w: block %d %s, the head is %d %s", ErrConflict,
				r.Block.Header.Height, r.Hash, c.head.Block.Header.Height, c.head.Hash)
		}
		out = append(out, r)
		at = r.Block.Header.Parent
	}
	slices.Reverse(out)
	return out, nil
}

// settled tells a block that is final already (nil) from one that is unknown or
// branches off below the head.
func (c *Chain) settled(hash ledger.Hash, steps int) error {
	if _, err := c.final.Height(hash); err == nil && steps == 0 {
		return nil
	}
	if steps > 0 {
		return fmt.Errorf("%w: %s does not descend from the head %s", ErrConflict, hash, c.head.Hash)
	}
	return fmt.Errorf("%w: block %s", ErrUnknown, hash)
}

// write stores final blocks and moves the head.
func (c *Chain) write(branch []*Record) error {
	batch := c.db.Batch()
	defer batch.Close()
	final := make([]*blocks.Record, len(branch))
	for i, r := range branch {
		final[i] = r.stored()
	}
	if err := c.final.Append(batch, final...); err != nil {
		return err
	}
	c.seat(batch, branch)
	head := branch[len(branch)-1]
	if err := c.states.Commit(batch, head.view); err != nil {
		return err
	}
	if err := batch.WriteSync(); err != nil {
		return fmt.Errorf("chain: writing block %d: %w", head.Block.Header.Height, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.head = head
	for _, r := range branch {
		delete(c.pending, r.Hash)
	}
	c.dropDead()
	return nil
}

// seat puts the committee that an epoch's last block has elected, if it is another,
// into the batch that makes the block final.
func (c *Chain) seat(batch *store.Batch, branch []*Record) {
	for _, r := range branch {
		h := &r.Block.Header
		if h.Height > 0 && c.genesis.last(h.Height) && !r.next.same(r.seats) {
			c.roster.set(batch, h.Epoch+1, r.next)
		}
	}
}

// dropDead removes pending blocks that no longer descend from the head.
func (c *Chain) dropDead() {
	for {
		dead := 0
		for hash, r := range c.pending {
			_, parentPending := c.pending[r.Block.Header.Parent]
			if r.Block.Header.Parent != c.head.Hash && !parentPending {
				delete(c.pending, hash)
				dead++
			}
		}
		if dead == 0 {
			return
		}
	}
}
