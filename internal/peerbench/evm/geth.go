package main

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm/runtime"
	"github.com/ethereum/go-ethereum/params"
	"github.com/holiman/uint256"
)

// blockNumber and blockTime are those of the block that both machines see.
const (
	blockNumber = 7
	blockTime   = 1000
	blockGas    = 1 << 40
)

var (
	gethChain = params.MergedTestChainConfig
	gethRules = gethChain.Rules(big.NewInt(blockNumber), true, blockTime)
)

// gethState copies a world into a StateDB of go-ethereum without a disk.
func gethState(w *world) (*state.StateDB, error) {
	st, err := state.New(types.EmptyRootHash, state.NewDatabaseForTesting())
	if err != nil {
		return nil, err
	}
	fillGeth(st, w)
	st.Finalise(gethRules)
	return st, nil
}

func fillGeth(st *state.StateDB, w *world) {
	for addr, a := range w.accounts {
		at := common.Address(addr)
		st.SetNonce(at, a.Nonce, tracing.NonceChangeUnspecified)
		st.SetBalance(at, new(uint256.Int).Set(&a.Balance), tracing.BalanceChangeUnspecified)
		st.SetCode(at, w.codes[a.CodeHash], tracing.CodeChangeUnspecified)
		for k, v := range w.slots[addr] {
			st.SetState(at, common.Hash(k), common.Hash(v))
		}
	}
}

// gethMachine runs one row in go-ethereum.
type gethMachine struct {
	row  *row
	base *state.StateDB
	next *state.StateDB
	cfg  runtime.Config
}

func newGethMachine(r *row, w *world) (*gethMachine, error) {
	st, err := gethState(w)
	if err != nil {
		return nil, err
	}
	return &gethMachine{row: r, base: st, cfg: runtime.Config{
		ChainConfig: gethChain, Origin: common.Address(sender), Coinbase: common.Address(coinbase),
		BlockNumber: big.NewInt(blockNumber), Time: blockTime, GasLimit: blockGas, GasPrice: new(big.Int),
		Value: new(big.Int), BaseFee: new(big.Int), Difficulty: new(big.Int), Random: new(common.Hash),
	}}, nil
}

// prepare gives the next run a state of its own; it is not timed.
func (g *gethMachine) prepare() {
	if g.row.fresh || g.next == nil {
		g.next = g.base.Copy()
	} else {
		g.next.Finalise(gethRules)
	}
	g.cfg.State = g.next
}

// run executes the row once and returns the gas of the code.
func (g *gethMachine) run() (uint64, error) {
	_, left, err := runtime.Call(common.Address(*g.row.target()), g.row.input, &g.cfg)
	return blockGas - left, err
}
