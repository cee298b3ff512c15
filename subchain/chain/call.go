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
func (c *Chain) Call(ctx context.Context, height uint64, m *ledger.Message) (res vm.Result, err error) {
	err = c.simulate(ctx, height, func(machine *vm.VM, env vm.Block, r vm.Reader) error {
		res, err = machine.Call(env, r, m)
		return err
	})
	return res, err
}

// Estimate finds the least gas, at most m.Gas, with which a message succeeds on the
// state after a final block. If it fails with all of it, the result says why.
func (c *Chain) Estimate(ctx context.Context, height uint64, m *ledger.Message) (gas uint64, res vm.Result, err error) {
	err = c.simulate(ctx, height, func(machine *vm.VM, env vm.Block, r vm.Reader) error {
		gas, res, err = machine.Estimate(env, r, m)
		return err
	})
	return gas, res, err
}

func (c *Chain) simulate(ctx context.Context, height uint64, f func(*vm.VM, vm.Block, vm.Reader) error) error {
	parent, err := c.Block(height)
	if err != nil {
		return err
	}
	view, err := c.view(parent)
	if err != nil {
		return err
	}
	h, _, err := c.frame(parent)
	if err != nil {
		return err
	}
	h.Time = parent.Block.Header.Time + 1
	var fault error
	if err := f(c.machine(h.Height).vm, c.environment(&h, parent, &fault), interruptible{ctx, view}); err != nil {
		return err
	}
	return fault
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
