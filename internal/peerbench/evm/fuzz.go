package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/types"
	gethvm "github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/params"
	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// outcome is what both machines say about one message.
type outcome struct {
	valid, success bool
	gas            uint64
	output         []byte // without that of creations
	logs           ledger.Hash
	why            error // not compared
}

var errDiffer = errors.New("the machines differ")

// fuzz compares both machines on programs random scenarios.
func fuzz(out io.Writer, first uint64, programs int) error {
	keys := make([]*ledger.Key, 3)
	for i := range keys {
		var err error
		if keys[i], err = ledger.ParseKey([32]byte{31: byte(i + 1)}); err != nil {
			return err
		}
	}
	tally := map[string]int{}
	start := time.Now()
	last := start
	for n := range programs {
		seed := first + uint64(n)
		s, err := newScenario(seed, keys)
		if err != nil {
			return err
		}
		if err := s.compare(tally); err != nil {
			return fmt.Errorf("seed %d (%s): %w", seed, s.rules, err)
		}
		if time.Since(last) > 10*time.Second {
			last = time.Now()
			fmt.Fprintf(out, "%d scenarios after %.0f s\n", n+1, time.Since(start).Seconds())
		}
	}
	fmt.Fprintf(out, "%d scenarios (%d programs in their states) with %d messages: %d succeeded, %d reverted or halted, %d invalid, %d logs hashes not empty; no difference in %.0f s\n",
		programs, 3*programs, tally["messages"], tally["success"], tally["failure"], tally["invalid"], tally["logs"], time.Since(start).Seconds())
	return nil
}

// compare runs the scenario in both and says how they differ.
func (s *scenario) compare(tally map[string]int) error {
	ours, root, err := s.ours()
	if err != nil {
		return err
	}
	theirs, gethRoot, err := s.geth()
	if err != nil {
		return err
	}
	for i := range ours {
		o, g := &ours[i], &theirs[i]
		if o.valid != g.valid || o.success != g.success || o.gas != g.gas || !bytes.Equal(o.output, g.output) || o.logs != g.logs {
			return fmt.Errorf("%w: message %d: rootstem %+v, go-ethereum %+v", errDiffer, i, *o, *g)
		}
		tally["messages"]++
		switch {
		case !o.valid:
			tally["invalid"]++
		case o.success:
			tally["success"]++
		default:
			tally["failure"]++
		}
		if o.valid && o.logs != ledger.LogsHash(nil) {
			tally["logs"]++
		}
	}
	if root != gethRoot {
		return fmt.Errorf("%w: root %s, go-ethereum %s", errDiffer, root, gethRoot)
	}
	return nil
}

func (s *scenario) ours() (list []outcome, root ledger.Hash, err error) {
	machine := vm.New(vm.Config{Rules: s.rules, ChainID: 1, Blobs: true})
	session := machine.Begin(s.block, s.world)
	for _, m := range s.messages {
		res, err := session.Apply(m)
		if err != nil {
			return nil, root, err
		}
		o := outcome{valid: res.Status != vm.Invalid, success: res.Status == vm.Success, gas: res.GasUsed, why: res.Err}
		if o.valid {
			o.logs = ledger.LogsHash(res.Logs)
			if m.To != nil {
				o.output = res.Return
			}
		}
		list = append(list, o)
	}
	changed := newWorld()
	for a, acc := range s.world.accounts {
		if err := changed.add(a, acc, s.world.codes[acc.CodeHash], s.world.slots[a]); err != nil {
			return nil, root, err
		}
	}
	if err := changed.apply(session.Changes()); err != nil {
		return nil, root, err
	}
	root, err = changed.root()
	return list, root, err
}

// gethConfig is the chain of go-ethereum with the scenario's rules.
func (s *scenario) gethConfig() *params.ChainConfig {
	cfg := *gethChain
	if s.rules != vm.Osaka() {
		cfg.OsakaTime = nil
	}
	if s.rules == vm.Cancun() {
		cfg.PragueTime = nil
	}
	return &cfg
}

func (s *scenario) geth() (list []outcome, root ledger.Hash, err error) {
	st, err := gethState(s.world)
	if err != nil {
		return nil, root, err
	}
	cfg := s.gethConfig()
	rules := cfg.Rules(big.NewInt(blockNumber), true, blockTime)
	random := common.Hash(s.block.Random)
	evm := gethvm.NewEVM(gethvm.BlockContext{
		CanTransfer: core.CanTransfer, Transfer: core.Transfer,
		GetHash:  func(n uint64) common.Hash { return common.Hash(s.block.BlockHash(n)) },
		Coinbase: common.Address(s.block.Coinbase), GasLimit: s.block.GasLimit,
		BlockNumber: big.NewInt(int64(s.block.Number)), Time: s.block.Time, Difficulty: new(big.Int),
		BaseFee: s.block.BaseFee.ToBig(), BlobBaseFee: s.block.BlobBaseFee.ToBig(), Random: &random,
	}, st, cfg, gethvm.Config{})
	pool := core.NewGasPool(s.block.GasLimit)
	for i, m := range s.messages {
		hash := common.Hash{byte(i + 1)}
		st.SetTxContext(hash, i, uint32(i))
		snapshot := st.Snapshot()
		res, err := core.ApplyMessage(evm, gethMessage(m, &s.block.BaseFee), pool)
		if err != nil {
			st.RevertToSnapshot(snapshot)
			list = append(list, outcome{why: err})
			continue
		}
		o := outcome{valid: true, success: res.Err == nil, gas: res.UsedGas, why: res.Err}
		if m.To != nil {
			o.output = res.ReturnData
		}
		var logs []ledger.Log
		for _, l := range st.GetLogs(hash, s.block.Number, common.Hash{}, 0) {
			ours := ledger.Log{Address: ledger.Address(l.Address), Data: l.Data}
			for _, t := range l.Topics {
				ours.Topics = append(ours.Topics, ledger.Hash(t))
			}
			logs = append(logs, ours)
		}
		o.logs = ledger.LogsHash(logs)
		list = append(list, o)
		st.Finalise(rules)
	}
	return list, ledger.Hash(st.IntermediateRoot(rules)), nil
}

// gethMessage is a message in go-ethereum's form.
func gethMessage(m *ledger.Message, baseFee *uint256.Int) *core.Message {
	price := new(uint256.Int).Add(baseFee, &m.GasTipCap)
	if price.Gt(&m.GasFeeCap) {
		price.Set(&m.GasFeeCap)
	}
	g := &core.Message{
		From: common.Address(m.From), Nonce: m.Nonce, Value: new(uint256.Int).Set(&m.Value), GasLimit: m.Gas,
		GasPrice: price, GasFeeCap: new(uint256.Int).Set(&m.GasFeeCap), GasTipCap: new(uint256.Int).Set(&m.GasTipCap),
		Data: m.Data,
	}
	if m.To != nil {
		to := common.Address(*m.To)
		g.To = &to
	}
	for _, t := range m.AccessList {
		tuple := types.AccessTuple{Address: common.Address(t.Address)}
		for _, k := range t.Slots {
			tuple.StorageKeys = append(tuple.StorageKeys, common.Hash(k))
		}
		g.AccessList = append(g.AccessList, tuple)
	}
	if m.Type == ledger.BlobTx {
		g.BlobGasFeeCap = new(uint256.Int).Set(&m.BlobFeeCap)
		for _, h := range m.BlobHashes {
			g.BlobHashes = append(g.BlobHashes, common.Hash(h))
		}
	}
	for _, a := range m.Authorizations {
		g.SetCodeAuthorizations = append(g.SetCodeAuthorizations, types.SetCodeAuthorization{
			ChainID: a.ChainID, Address: common.Address(a.Address), Nonce: a.Nonce, V: a.V, R: a.R, S: a.S,
		})
	}
	return g
}
