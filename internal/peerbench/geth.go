package main

import (
	"errors"
	"math/big"
	"path/filepath"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/ethdb"
	"github.com/ethereum/go-ethereum/ethdb/pebble"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/triedb"
	"github.com/ethereum/go-ethereum/triedb/pathdb"
	"github.com/holiman/uint256"
)

// geth measures go-ethereum's StateDB. Its commits stay in memory; close writes them.
type geth struct {
	disk  ethdb.Database
	tries *triedb.Database
	codes *state.CodeDB
	state *state.StateDB
	rules params.Rules
	root  common.Hash
	block uint64 // committed since it was opened
	slots bool
}

func openGeth(dir, kind string) (peer, error) {
	p := &geth{slots: kind == "slots", root: types.EmptyRootHash}
	p.rules = params.MainnetChainConfig.Rules(big.NewInt(30_000_000), true, 1_900_000_000)
	kv, err := pebble.New(filepath.Join(dir, "chaindata"), 64, 256, "", false)
	if err != nil {
		return nil, err
	}
	p.disk, err = rawdb.Open(kv, rawdb.OpenOptions{Ancient: filepath.Join(dir, "ancient")})
	if err != nil {
		return nil, err
	}
	cfg := *pathdb.Defaults
	cfg.StateHistory = 1_024
	cfg.TrieCleanSize, cfg.StateCleanSize, cfg.WriteBufferSize = 64<<20, 64<<20, 64<<20
	p.tries = triedb.NewDatabase(p.disk, &triedb.Config{PathDB: &cfg})
	p.codes = state.NewCodeDB(p.disk)
	if top := rawdb.ReadAccountTrieNode(p.disk, nil); len(top) > 0 {
		p.root = crypto.Keccak256Hash(top) // the state that an earlier close has written
	}
	return p, p.reopen()
}

func (p *geth) reopen() (err error) {
	p.state, err = state.New(p.root, state.NewDatabase(p.tries, p.codes))
	return err
}

func (p *geth) set(i int, x uint64) {
	if p.slots {
		p.state.SetState(common.Address(contract()), key(i), common.Hash(value(i, x)))
		return
	}
	addr := common.Address(address(i))
	p.state.SetNonce(addr, x, tracing.NonceChangeUnspecified)
	if x == 1 {
		p.state.SetBalance(addr, uint256.NewInt(uint64(i)<<30+1), tracing.BalanceChangeUnspecified)
	}
}

func (p *geth) commit() (root, commit time.Duration, err error) {
	start := time.Now()
	p.state.IntermediateRoot(p.rules)
	root = time.Since(start)
	start = time.Now()
	p.block++
	if p.root, err = p.state.Commit(p.rules, p.block); err != nil {
		return 0, 0, err
	}
	commit = time.Since(start)
	return root, commit, p.reopen()
}

func (p *geth) fill(from, to int) error {
	if p.slots {
		p.state.SetNonce(common.Address(contract()), 1, tracing.NonceChangeUnspecified)
	}
	for i := from; i < to; i++ {
		p.set(i, 1)
	}
	_, _, err := p.commit()
	return err
}

func (p *geth) read(keys []int) error {
	for _, i := range keys {
		if p.slots {
			p.state.GetState(common.Address(contract()), key(i))
		} else {
			p.state.GetNonce(common.Address(address(i)))
		}
	}
	return p.state.Error()
}

func (p *geth) update(keys []int, x uint64) (root, commit time.Duration, err error) {
	for _, i := range keys {
		p.set(i, x)
	}
	return p.commit()
}

func (p *geth) close() (time.Duration, error) {
	start := time.Now()
	if p.block > 0 {
		if err := p.tries.Commit(p.root, false); err != nil {
			return 0, err
		}
	}
	flush := time.Since(start)
	return flush, errors.Join(p.tries.Close(), p.disk.Close())
}
