package main

import (
	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// ourMachine runs one row in Rootstem's vm.
type ourMachine struct {
	machine   *vm.VM
	world     *world
	message   ledger.Message
	intrinsic uint64
}

func ourBlock() vm.Block {
	return vm.Block{Number: blockNumber, Time: blockTime, GasLimit: blockGas, Coinbase: coinbase}
}

func newOurMachine(r *row, w *world) *ourMachine {
	o := &ourMachine{machine: vm.New(vm.Config{ChainID: 1}), world: w, intrinsic: 21_000}
	for _, b := range r.input {
		o.intrinsic += 4
		if b != 0 {
			o.intrinsic += 12
		}
	}
	o.message = ledger.Message{From: sender, To: r.target(), Gas: blockGas, Data: r.input}
	return o
}

func (o *ourMachine) prepare() {}

func (o *ourMachine) run() (uint64, error) {
	res, err := o.machine.Call(ourBlock(), o.world, &o.message)
	if err == nil {
		err = res.Err
	}
	return res.GasUsed - o.intrinsic, err
}

// target is the contract that the row calls.
func (r *row) target() *ledger.Address {
	if r.pre != nil {
		return &r.to
	}
	return &contract
}

// rowWorld is the state in which a row runs.
func rowWorld(r *row) (*world, error) {
	if r.pre != nil {
		return r.pre, nil
	}
	w := newWorld()
	slots := map[ledger.Hash]ledger.Hash{}
	for _, s := range r.slots {
		slots[ledger.WordHash(uint256.NewInt(s))] = ledger.Hash{31: 1}
	}
	if err := w.add(sender, ledger.Account{Balance: *uint256.NewInt(1 << 60)}, nil, nil); err != nil {
		return nil, err
	}
	if err := w.add(contract, ledger.Account{Nonce: 1}, r.code, slots); err != nil {
		return nil, err
	}
	return w, w.add(callee, ledger.Account{Nonce: 1}, []byte{PUSH1, 1, PUSH0, MSTORE, PUSH1, 32, PUSH0, RETURN}, nil)
}
