package chain

import (
	"errors"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// ErrChainID reports a transaction that is bound to another chain or to none.
var ErrChainID = errors.New("chain: transaction is not bound to this chain's id")

// Call executes a message on the state after a final block, as the first of the
// next block, and keeps nothing.
func (c *Chain) Call(height uint64, m *ledger.Message) (vm.Result, error) {
	machine, env, view, err := c.simulation(height)
	if err != nil {
		return vm.Result{}, err
	}
	return machine.Call(env, view, m)
}

// Estimate finds the least gas with which a message succeeds on the state after a
// final block. If it fails with all the gas that it may have, the result says why.
func (c *Chain) Estimate(height uint64, m *ledger.Message) (uint64, vm.Result, error) {
	machine, env, view, err := c.simulation(height)
	if err != nil {
		return 0, vm.Result{}, err
	}
	return machine.Estimate(env, view, m)
}

func (c *Chain) simulation(height uint64) (*vm.VM, vm.Block, vm.Reader, error) {
	parent, err := c.Block(height)
	if err != nil {
		return nil, vm.Block{}, nil, err
	}
	view, err := c.view(parent)
	if err != nil {
		return nil, vm.Block{}, nil, err
	}
	h, err := c.frame(parent)
	if err != nil {
		return nil, vm.Block{}, nil, err
	}
	h.Time = parent.Block.Header.Time + 1
	return c.machine(h.Height), c.environment(&h, parent), view, nil
}
