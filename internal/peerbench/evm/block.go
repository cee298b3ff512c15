package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core"
	gethstate "github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/types"
	gethvm "github.com/ethereum/go-ethereum/core/vm"
	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/state"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// stages of a block, in order.
var stages = []string{"decode", "recover", "execute", "root"}

// block is n transfers of distinct senders to distinct receivers that exist, as
// signed bytes, and the state before them.
type block struct {
	raw   [][]byte
	world *world
}

var errBlock = errors.New("the block went wrong")

func newBlock(n int) (*block, error) {
	b := &block{world: newWorld()}
	for i := range n {
		var secret [32]byte
		binary.BigEndian.PutUint64(secret[24:], uint64(i)+1)
		key, err := ledger.ParseKey(secret)
		if err != nil {
			return nil, err
		}
		to := ledger.Address{0xbb}
		binary.BigEndian.PutUint64(to[12:], uint64(i))
		rich := ledger.Account{Balance: *uint256.NewInt(1 << 60)}
		if err := errors.Join(b.world.add(key.Address(), rich, nil, nil), b.world.add(to, rich, nil, nil)); err != nil {
			return nil, err
		}
		tx := &ledger.Transaction{
			Type: ledger.DynamicFeeTx, ChainID: *uint256.NewInt(1), To: &to, Gas: 21_000, Value: *uint256.NewInt(1),
			GasFeeCap: *uint256.NewInt(100), GasTipCap: *uint256.NewInt(2),
		}
		tx.Sign(key)
		b.raw = append(b.raw, tx.Envelope())
	}
	return b, nil
}

// clock times stages one after another.
type clock struct {
	last  time.Time
	spent []float64 // seconds
}

func startClock() clock { return clock{last: time.Now()} }

func (c *clock) lap() {
	now := time.Now()
	c.spent = append(c.spent, now.Sub(c.last).Seconds())
	c.last = now
}

// spread does n jobs on some cores and returns when all are done.
func spread(n, cores int, job func(i int) error) error {
	failed := make([]error, cores)
	var wait sync.WaitGroup
	for w := range cores {
		wait.Go(func() {
			for i := w; i < n && failed[w] == nil; i += cores {
				failed[w] = job(i)
			}
		})
	}
	wait.Wait()
	return errors.Join(failed...)
}

// ours takes the block through Rootstem, recovering senders on some cores. view is
// the state before it.
func (b *block) ours(view *state.View, cores int) (spent []float64, root ledger.Hash, err error) {
	c := startClock()
	txs := make([]*ledger.Transaction, len(b.raw))
	for i, raw := range b.raw {
		if txs[i], err = ledger.DecodeTransaction(raw); err != nil {
			return nil, root, err
		}
	}
	c.lap()
	messages := make([]*ledger.Message, len(txs))
	err = spread(len(txs), cores, func(i int) (err error) {
		messages[i], err = txs[i].Message()
		return err
	})
	if err != nil {
		return nil, root, err
	}
	c.lap()
	session := vm.New(vm.Config{ChainID: 1}).Begin(ourBlock(), view)
	for _, m := range messages {
		res, err := session.Apply(m)
		if err != nil {
			return nil, root, err
		}
		if res.Status != vm.Success {
			return nil, root, fmt.Errorf("%w: %w", errBlock, res.Err)
		}
	}
	changes := session.Changes()
	c.lap()
	next, err := view.Apply(changes)
	if err != nil {
		return nil, root, err
	}
	root = next.Root()
	c.lap()
	return c.spent, root, nil
}

// geth takes the block through go-ethereum on st, recovering senders on some cores.
func (b *block) geth(st *gethstate.StateDB, cores int) (spent []float64, root ledger.Hash, err error) {
	c := startClock()
	txs := make([]*types.Transaction, len(b.raw))
	for i, raw := range b.raw {
		txs[i] = new(types.Transaction)
		if err := txs[i].UnmarshalBinary(raw); err != nil {
			return nil, root, err
		}
	}
	c.lap()
	signer := types.LatestSigner(gethChain)
	messages := make([]*core.Message, len(txs))
	err = spread(len(txs), cores, func(i int) (err error) {
		messages[i], err = core.TransactionToMessage(txs[i], signer, new(big.Int))
		return err
	})
	if err != nil {
		return nil, root, err
	}
	c.lap()
	evm := gethvm.NewEVM(gethvm.BlockContext{
		CanTransfer: core.CanTransfer, Transfer: core.Transfer, Coinbase: common.Address(coinbase), GasLimit: blockGas,
		GetHash:     func(uint64) common.Hash { return common.Hash{} },
		BlockNumber: big.NewInt(blockNumber), Time: blockTime, Difficulty: new(big.Int), BaseFee: new(big.Int),
		BlobBaseFee: new(big.Int), Random: new(common.Hash),
	}, st, gethChain, gethvm.Config{})
	pool := core.NewGasPool(blockGas)
	for i, m := range messages {
		st.SetTxContext(txs[i].Hash(), i, uint32(i))
		res, err := core.ApplyMessage(evm, m, pool)
		if err == nil {
			err = res.Err
		}
		if err != nil {
			return nil, root, err
		}
		st.Finalise(gethRules)
	}
	c.lap()
	root = ledger.Hash(st.IntermediateRoot(gethRules))
	c.lap()
	return c.spent, root, nil
}

// genesis commits the state before the block to a store in memory.
func (b *block) genesis() (*state.View, error) {
	s, err := store.Open(store.Config{})
	if err != nil {
		return nil, err
	}
	st, err := state.Open(s)
	if err != nil {
		return nil, err
	}
	view, err := st.View(ledger.EmptyRoot)
	if err != nil {
		return nil, err
	}
	var changes []ledger.Change
	for addr, a := range b.world.accounts {
		changes = append(changes, ledger.Change{Address: addr, Account: a})
	}
	if view, err = view.Apply(changes); err != nil {
		return nil, err
	}
	batch := s.Batch()
	defer batch.Close()
	if err := st.Commit(batch, view); err != nil {
		return nil, err
	}
	return view, batch.WriteSync()
}

// gethGenesis commits the same to a database of go-ethereum in memory.
func (b *block) gethGenesis() (func() (*gethstate.StateDB, error), error) {
	db := gethstate.NewDatabaseForTesting()
	st, err := gethstate.New(types.EmptyRootHash, db)
	if err != nil {
		return nil, err
	}
	fillGeth(st, b.world)
	root, err := st.Commit(gethRules, 0)
	if err != nil {
		return nil, err
	}
	return func() (*gethstate.StateDB, error) { return gethstate.New(root, db) }, nil
}

// transferBlock measures a block of n transfers and prints the medians: with senders
// recovered on one core, and on all.
func transferBlock(out io.Writer, n, rounds int) error {
	b, err := newBlock(n)
	if err != nil {
		return err
	}
	view, err := b.genesis()
	if err != nil {
		return err
	}
	open, err := b.gethGenesis()
	if err != nil {
		return err
	}
	for _, cores := range slices.Compact([]int{1, runtime.GOMAXPROCS(0)}) {
		var our, their [4][]float64
		for range rounds {
			ours, root, err := b.ours(view, cores)
			if err != nil {
				return err
			}
			st, err := open()
			if err != nil {
				return err
			}
			geth, gethRoot, err := b.geth(st, cores)
			if err != nil {
				return err
			}
			if root != gethRoot {
				return fmt.Errorf("%w: root %s, go-ethereum %s", errBlock, root, gethRoot)
			}
			for i := range stages {
				our[i], their[i] = append(our[i], ours[i]), append(their[i], geth[i])
			}
		}
		fmt.Fprintf(out, "a block of %d transfers, senders recovered on %d of %d cores, medians of %d rounds:\n", n, cores, runtime.GOMAXPROCS(0), rounds)
		printStages(out, "rootstem", n, &our)
		printStages(out, "go-ethereum", n, &their)
	}
	fmt.Fprintln(out, "both ended in the same state root every time")
	return nil
}

func printStages(out io.Writer, name string, n int, spent *[4][]float64) {
	var sum float64
	var at [4]float64
	for i := range spent {
		at[i] = median(spent[i])
		sum += at[i]
	}
	fmt.Fprintf(out, "  %-12s %8.0f tx/s:", name, float64(n)/sum)
	for i, s := range at {
		fmt.Fprintf(out, "  %s %.2f µs (%.0f %%)", stages[i], s/float64(n)*1e6, 100*s/sum)
	}
	fmt.Fprintln(out)
}
