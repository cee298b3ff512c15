package rpc

import (
	"context"
	"errors"
	"iter"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// Errors that a backend returns, possibly wrapped. Any other error of Chain,
// States, Executor and Extensions is a fault of the host: the client sees
// "internal error" and the log has the text.
var (
	// ErrNotFound reports a block, checkpoint or certificate that this node does not know.
	ErrNotFound = errors.New("rpc: not found")
	// ErrUnavailable reports a block or state that was known and has been pruned.
	ErrUnavailable = errors.New("rpc: no longer available")
	// ErrTooWide reports a search for logs that would cost too much.
	ErrTooWide = errors.New("rpc: search is too wide")
)

// Backend is everything that the server serves from. All fields are required and
// must be safe for concurrent use.
type Backend struct {
	Chain      Chain
	States     States
	Executor   Executor
	Fees       Fees
	Pool       Pool
	Logs       Logs
	Extensions Extensions
}

// Record is one finalised block with what its execution left. The server does not
// change it.
type Record struct {
	Block       *ledger.Block
	Hash        ledger.Hash // of Block.Header
	Receipts    []*ledger.Receipt
	Certificate []byte // that finalised the block; empty in genesis
	Anchor      ledger.Anchor
}

// Chain reads finalised blocks. Heights run from 0, the genesis, to Head.
type Chain interface {
	ChainID() uint64
	// Head is the highest finalised height whose block, receipts and state can be read.
	Head() uint64
	// Block returns ErrNotFound above Head and ErrUnavailable for a pruned block.
	Block(height uint64) (*Record, error)
	BlockByHash(hash ledger.Hash) (*Record, error)
	// Lookup finds a finalised transaction by its hash.
	Lookup(tx ledger.Hash) (height uint64, index int, ok bool, err error)
}

// States opens the state after a finalised block.
type States interface {
	// State returns ErrUnavailable if the state of that height is not kept.
	State(height uint64) (State, error)
}

// State is an immutable view of accounts. Absent accounts, slots and code are zero values.
type State interface {
	Account(addr ledger.Address) (ledger.Account, error)
	Storage(addr ledger.Address, slot ledger.Hash) (ledger.Hash, error)
	Code(hash ledger.Hash) ([]byte, error)
	Prove(addr ledger.Address, slots []ledger.Hash) (*ledger.AccountProof, error)
}

// Executor simulates messages on the state after the block at height, under the
// rules of the block that follows it. It never changes state.
//
// The server has already capped Message.Gas and put a deadline on ctx. The
// implementation stops when ctx is done, at the latest at the next read of state,
// and returns ctx.Err(). A failed execution is a Result, not an error.
type Executor interface {
	Call(ctx context.Context, height uint64, m *ledger.Message) (vm.Result, error)
	// Estimate finds the least gas with which m succeeds, at most m.Gas, the limit of
	// a transaction and, if m has a fee cap, what its payer can pay for. If there is
	// none, gas is zero and the result is that of the run with the most gas.
	Estimate(ctx context.Context, height uint64, m *ledger.Message) (gas uint64, res vm.Result, err error)
}

// Fees says what a transaction of the next block costs, in wei per gas.
type Fees interface {
	NextBaseFee() uint256.Int
	// Tip is the priority fee to suggest to wallets; zero is a valid answer.
	Tip() uint256.Int
}

// Pool holds transactions that are not final yet.
type Pool interface {
	// Submit returns nil once the transaction is in the pool. The error's text goes
	// to the client, without its package prefix.
	Submit(ctx context.Context, tx *ledger.Transaction) error
	Pending(tx ledger.Hash) (*ledger.Transaction, bool)
	// Nonce is the next nonce of the account, its transactions in the pool counted.
	Nonce(addr ledger.Address) (uint64, error)
}

// Logs finds final blocks by their logs, without reading those between.
type Logs interface {
	// Search yields, in ascending order, the heights within [from, to] whose blocks
	// may hold a log that the filter admits, and leaves none out. An error is yielded
	// last: ErrUnavailable if the logs of from have been pruned, ErrTooWide, or ctx's.
	Search(ctx context.Context, f *ledger.LogFilter, from, to uint64) iter.Seq2[uint64, error]
}

// Extensions serves what a relayer, a device or a tool needs beyond Ethereum's API,
// and the state of the node.
type Extensions interface {
	// Light returns the first block at or above height that has a certificate of its
	// own, which makes its ancestors final too.
	Light(height uint64) (*Light, error)
	Checkpoint(seq uint64) (*Checkpoint, error)
	// Handovers returns the encoded handovers of the chain key to an era and to those
	// after it, at most limit, oldest first; none if this node knows none.
	Handovers(era uint64, limit int) ([][]byte, error)
	// ABI returns the JSON ABI of the module at addr.
	ABI(addr ledger.Address) (json []byte, ok bool)
	Sync() Sync
	// Peers is the number of connected peers.
	Peers() int
}

// Light is what a light client verifies a block with.
type Light struct {
	Header      []byte // RLP
	Anchor      ledger.Anchor
	Certificate []byte
	Committee   []byte // that signed the certificate
	// KeyCertificate says the same with one signature of ChainKey (96 bytes); both are
	// nil if this node has none for the block.
	KeyCertificate []byte
	ChainKey       []byte
}

// Checkpoint is what the parent chain verifies a checkpoint with.
type Checkpoint struct {
	Header     []byte // RLP
	Anchor     ledger.Anchor
	Committee  []byte // that signed
	Signatures []byte // over the checkpoint's digest
}

// Sync says how far the node is.
type Sync struct {
	Active  bool   // the node is fetching blocks
	Start   uint64 // height at which the fetch began
	Current uint64
	Highest uint64 // that peers report
}
