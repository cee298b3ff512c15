package subchain

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/store/blocks"
	"github.com/rootstem/rootstem/store/state"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/mempool"
	"github.com/rootstem/rootstem/subchain/rpc"
	"github.com/rootstem/rootstem/vm"
)

// backend serves the RPC from a node. One type plays all of its narrow roles.
type backend struct{ n *Node }

func (n *Node) backend() rpc.Backend {
	b := backend{n}
	return rpc.Backend{Chain: b, States: b, Executor: b, Fees: b, Pool: b, Logs: b, Extensions: b}
}

// known maps the sentinels below to the RPC's.
func known(err error) error {
	switch {
	case errors.Is(err, chain.ErrUnknown):
		return fmt.Errorf("%w: %w", rpc.ErrNotFound, err)
	case errors.Is(err, chain.ErrPruned), errors.Is(err, state.ErrUnknownRoot), errors.Is(err, state.ErrPruned):
		return fmt.Errorf("%w: %w", rpc.ErrUnavailable, err)
	case errors.Is(err, blocks.ErrWide):
		return fmt.Errorf("%w: %w", rpc.ErrTooWide, err)
	}
	return err
}

func (b backend) ChainID() uint64 { return b.n.chain.ChainID() }

func (b backend) Head() uint64 { return b.n.chain.Head().Block.Header.Height }

func (b backend) Block(height uint64) (*rpc.Record, error) {
	return record(b.n.chain.Block(height))
}

func (b backend) BlockByHash(hash ledger.Hash) (*rpc.Record, error) {
	return record(b.n.chain.BlockByHash(hash))
}

func record(r *chain.Record, err error) (*rpc.Record, error) {
	if err != nil {
		return nil, known(err)
	}
	return &rpc.Record{Block: r.Block, Hash: r.Hash, Receipts: r.Receipts, Certificate: r.Certificate, Anchor: r.Anchor}, nil
}

// Lookup knows a transaction once its block is the head: the index is written a
// moment earlier.
func (b backend) Lookup(tx ledger.Hash) (height uint64, index int, ok bool, err error) {
	height, index, err = b.n.chain.Transaction(tx)
	if errors.Is(err, chain.ErrUnknown) || err == nil && height > b.Head() {
		return 0, 0, false, nil
	}
	return height, index, err == nil, err
}

func (b backend) State(height uint64) (rpc.State, error) {
	v, err := b.n.chain.State(height)
	if err != nil {
		return nil, known(err)
	}
	return v, nil
}

func (b backend) Call(ctx context.Context, height uint64, m *ledger.Message) (vm.Result, error) {
	r, err := b.n.chain.Call(ctx, height, m)
	return r, known(err)
}

func (b backend) Estimate(ctx context.Context, height uint64, m *ledger.Message) (uint64, vm.Result, error) {
	gas, r, err := b.n.chain.Estimate(ctx, height, m)
	return gas, r, known(err)
}

func (b backend) NextBaseFee() uint256.Int { return b.n.chain.NextBaseFee(b.n.chain.Head()) }

// Tip is zero: blocks are built as soon as there is a transaction, so that a tip
// buys nothing until they are full.
func (b backend) Tip() uint256.Int { return uint256.Int{} }

// gapPatience is how long a transaction may wait for those of its sender that come
// before it: requests overtake one another.
const gapPatience = 500 * time.Millisecond

// Submit refuses a nonce gap, after a moment: a wallet that left one out must know.
func (b backend) Submit(ctx context.Context, tx *ledger.Transaction) error {
	if err := b.awaitTurn(ctx, tx); err != nil {
		return err
	}
	return b.n.node.Submit(tx)
}

func (b backend) awaitTurn(ctx context.Context, tx *ledger.Transaction) error {
	from, err := tx.Sender()
	if err != nil {
		return nil // the pool has the words for it
	}
	for began := time.Now(); ; {
		next, err := b.n.pool.Nonce(from)
		if err != nil || tx.Nonce <= next {
			return err
		}
		if time.Since(began) >= gapPatience {
			return fmt.Errorf("%w: next nonce %d, tx nonce %d", mempool.ErrNonceHigh, next, tx.Nonce)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (b backend) Pending(tx ledger.Hash) (*ledger.Transaction, bool) {
	pending := b.n.pool.Get(tx)
	return pending, pending != nil
}

func (b backend) Nonce(addr ledger.Address) (uint64, error) { return b.n.pool.Nonce(addr) }

func (b backend) Search(ctx context.Context, f *ledger.LogFilter, from, to uint64) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		for height, err := range b.n.chain.Search(ctx, f, from, to) {
			if !yield(height, known(err)) {
				return
			}
		}
	}
}

// Light returns the first block at or above a height that has a certificate of its
// own: a certificate makes its ancestors final too, and most blocks have one. The
// genesis needs none.
func (b backend) Light(height uint64) (*rpc.Light, error) {
	find := b.n.chain.Certified
	if height == 0 {
		find = b.n.chain.Header
	}
	r, err := find(height)
	if err != nil {
		return nil, known(err)
	}
	committee, err := b.n.chain.Committee(max(r.Block.Header.Epoch, 1))
	if err != nil {
		return nil, err
	}
	signed, key, err := b.n.node.KeyCertificate(r.Block.Header.Height)
	if err != nil {
		return nil, err
	}
	return &rpc.Light{
		Header: r.Block.Header.AppendRLP(nil), Anchor: r.Anchor, Certificate: r.Certificate,
		Committee: committee.AppendBinary(nil), KeyCertificate: signed, ChainKey: key,
	}, nil
}

func (b backend) Checkpoint(seq uint64) (*rpc.Checkpoint, error) {
	signatures, err := b.n.node.Checkpoint(seq)
	if err != nil {
		return nil, err
	}
	if signatures == nil {
		return nil, fmt.Errorf("%w: certificate of checkpoint %d", rpc.ErrNotFound, seq)
	}
	r, err := b.n.chain.Checkpoint(seq)
	if err != nil {
		return nil, known(err)
	}
	committee, err := b.n.chain.Committee(r.Block.Header.Epoch)
	if err != nil {
		return nil, err
	}
	return &rpc.Checkpoint{
		Header: r.Block.Header.AppendRLP(nil), Anchor: r.Anchor, Signatures: signatures,
		Committee: committee.AppendBinary(nil),
	}, nil
}

func (b backend) Handovers(era uint64, limit int) ([][]byte, error) {
	return b.n.duty.Handovers(era, limit)
}

func (b backend) ABI(addr ledger.Address) (json []byte, ok bool) { return b.n.modules.ABIOf(addr) }

func (b backend) Sync() rpc.Sync {
	active, start, highest := b.n.node.Sync()
	return rpc.Sync{Active: active, Start: start, Current: b.Head(), Highest: max(highest, b.Head())}
}

func (b backend) Peers() int { return len(b.n.host.Peers()) }
