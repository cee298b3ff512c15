package node

import (
	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/store/state"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/mempool"
	"github.com/rootstem/rootstem/subchain/module"
)

// Chain executes and keeps blocks. *chain.Chain is the one of a subchain, and its
// methods say what each of these must do; another one runs under the same consensus,
// network and log of votes, for example to measure these alone.
type Chain interface {
	Genesis() ledger.Hash
	GasLimit() uint64
	Epoch(height uint64) (epoch uint64, last bool)
	Committee(epoch uint64) (*rolldpos.Committee, error)
	Election(r *chain.Record) (module.Election, error)
	Head() *chain.Record
	NextBaseFee(parent *chain.Record) uint256.Int
	StateOf(r *chain.Record) (*state.View, error)
	Propose(p chain.Proposal, candidates []*ledger.Transaction) (*chain.Record, []chain.Rejected, error)
	Execute(b *ledger.Block) (*chain.Record, error)
	Finalize(hash ledger.Hash, certificate []byte) ([]*chain.Record, error)
	Executed(hash ledger.Hash) (*chain.Record, bool)
	Block(height uint64) (*chain.Record, error)
	Header(height uint64) (*chain.Record, error)
	Checkpoint(seq uint64) (*chain.Record, error)
}

// Pool holds pending transactions. *mempool.Pool is the one of a subchain, and its
// methods say what each of these must do. It is called from any goroutine.
type Pool interface {
	Add(tx *ledger.Transaction) error
	Get(hash ledger.Hash) *ledger.Transaction
	Next(s mempool.State, baseFee *uint256.Int, gas uint64) ([]*ledger.Transaction, error)
	Remove(hashes ...ledger.Hash)
	Reset(s mempool.State) error
	Stats() mempool.Stats
}
