package chain

import (
	"context"
	"errors"

	"github.com/rootstem/rootstem/store/state"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// ErrChainID reports a transaction that is bound to another chain or to none.
var ErrChainID = errors.New("chain: transaction is not bound to this chain's id")

// Call executes a message on the state after a final block, as the first of the
// next block, and keeps nothing. It returns ctx's error soon after ctx has ended.
func (c *Chain) Call(ctx context.Context, height uint64, m *ledger.Message) (vm.Result, error) {
	machine, env, view, err := c.simulation(ctx, height)
	if err != nil {
		return vm.Result{}, err
	}
	return machine.Call(env, view, m)
}

// Estimate finds the least gas, at most m.Gas, with which a message succeeds on the
// state after a final block. If it fails with all of it, the result says why.
func (c *Chain) Estimate(ctx context.Context, height uint64, m *ledger.Message) (uint64, vm.Result, error) {
	machine, env, view, err := c.simulation(ctx, height)
	if err != nil {
		return 0, vm.Result{}, err
	}
	return machine.Estimate(env, view, m)
}

func (c *Chain) simulation(ctx context.Context, height uint64) (*vm.VM, vm.Block, vm.Reader, error) {
	parent, err := c.Block(height)
	if err != nil {
		return nil, vm.Block{}, nil, err
	}
	view, err := c.view(parent)
	if err != nil {
		return nil, vm.Block{}, nil, err
	}
	h := c.frame(parent)
	h.Time = parent.Block.Header.Time + 1
	return c.machine(h.Height), c.environment(&h, parent), interruptible{ctx, view}, nil
}

// interruptible reads a state until a caller has lost patience.
type interruptible struct {
	ctx  context.Context // of one call, which does not outlive it
	view *state.View
}

func (r interruptible) Account(addr ledger.Address) (ledger.Account, error) {
	if err := r.ctx.Err(); err != nil {
		return ledger.Account{}, err
	}
	return r.view.Account(addr)
}

func (r interruptible) Storage(addr ledger.Address, slot ledger.Hash) (ledger.Hash, error) {
	if err := r.ctx.Err(); err != nil {
		return ledger.Hash{}, err
	}
	return r.view.Storage(addr, slot)
}

func (r interruptible) Code(hash ledger.Hash) ([]byte, error) {
	if err := r.ctx.Err(); err != nil {
		return nil, err
	}
	return r.view.Code(hash)
}
