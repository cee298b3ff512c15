package chain

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/rootstem/rootstem/store/blocks"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// stored is what is kept of a record.
func (r *Record) stored() *blocks.Record {
	return &blocks.Record{
		Block: r.Block, Hash: r.Hash, Receipts: r.Receipts,
		Anchor: r.Anchor, Domain: r.Domain, Certificate: r.Certificate,
	}
}

func loaded(b *blocks.Record, err error) (*Record, error) {
	if err != nil {
		return nil, translate(err)
	}
	return &Record{
		Block: b.Block, Hash: b.Hash, Receipts: b.Receipts,
		Anchor: b.Anchor, Domain: b.Domain, Certificate: b.Certificate,
	}, nil
}

// translate adds this package's sentinel to that of the store.
func translate(err error) error {
	switch {
	case errors.Is(err, blocks.ErrUnknown):
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	case errors.Is(err, blocks.ErrPruned):
		return fmt.Errorf("%w: %w", ErrPruned, err)
	}
	return err
}

// Block returns the final block of a height: ErrUnknown above the head, ErrPruned
// if its transactions are no longer kept.
func (c *Chain) Block(height uint64) (*Record, error) {
	if head := c.Head(); height == head.Block.Header.Height {
		return head, nil
	}
	if r, ok := c.records.Get(height); ok {
		return r, nil
	}
	r, err := loaded(c.final.Block(height))
	if err != nil {
		return nil, err
	}
	c.records.Add(height, r)
	return r, nil
}

// Header returns a final block without its transactions and receipts, which is kept
// for ever, or ErrUnknown. Its certificate is nil if that is no longer kept.
func (c *Chain) Header(height uint64) (*Record, error) {
	return loaded(c.final.Header(height))
}

// BlockByHash returns a final block as Block does.
func (c *Chain) BlockByHash(hash ledger.Hash) (*Record, error) {
	height, err := c.final.Height(hash)
	if err != nil {
		return nil, translate(err)
	}
	return c.Block(height)
}

// Transaction returns the place of a final transaction, or ErrUnknown, also if its
// block is no longer kept.
func (c *Chain) Transaction(hash ledger.Hash) (height uint64, index int, err error) {
	height, index, err = c.final.Transaction(hash)
	return height, index, translate(err)
}

// Checkpoint returns the block that carries a sequence number, as Header does.
func (c *Chain) Checkpoint(seq uint64) (*Record, error) {
	height, err := c.final.Checkpoint(seq)
	if err != nil {
		return nil, translate(err)
	}
	return c.Header(height)
}

// Certified returns the first block at or above a height whose certificate is kept,
// as Header does, or ErrUnknown. A certificate makes all ancestors final too.
func (c *Chain) Certified(height uint64) (*Record, error) {
	height, err := c.final.Certified(height)
	if err != nil {
		return nil, translate(err)
	}
	return c.Header(height)
}

// Search yields the heights within [from, to] whose blocks may hold a log that the
// filter admits, in ascending order, and leaves none out. An error is yielded last:
// ErrPruned if the logs of from are no longer kept, blocks.ErrWide, or the context's.
func (c *Chain) Search(ctx context.Context, f *ledger.LogFilter, from, to uint64) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		for height, err := range c.final.Search(ctx, f, from, to) {
			if !yield(height, translate(err)) {
				return
			}
		}
	}
}

// Check compares all final blocks and their indexes with each other. Nothing may
// become final meanwhile.
func (c *Chain) Check() error { return c.final.Check() }
