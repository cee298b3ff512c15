package vm

import (
	"maps"
	"sync"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// Reader gives the state before a block. Absent accounts and slots are zero values;
// an error is a fault of the host. Code is asked for with hashes of accounts that
// the same Reader returned.
type Reader interface {
	Account(ledger.Address) (ledger.Account, error)
	Storage(ledger.Address, ledger.Hash) (ledger.Hash, error)
	Code(ledger.Hash) ([]byte, error)
}

// Block is what executing code can see of the block that it is in.
type Block struct {
	Number      uint64
	Time        uint64 // seconds since 1970, the TIMESTAMP opcode
	Millis      uint64 // milliseconds since 1970, for natives
	GasLimit    uint64 // bounds the sum of the gas of all messages of a session
	Coinbase    ledger.Address
	BaseFee     uint256.Int // wei per gas
	Random      ledger.Hash // the PREVRANDAO opcode
	BlobBaseFee uint256.Int // wei per blob gas
	// BlockHash returns the hash of one of the 256 blocks before this one; nil reads
	// as zero hashes.
	BlockHash func(number uint64) ledger.Hash
}

// Config describes a chain's execution. Its zero value is Osaka with chain id 0 and
// no natives.
type Config struct {
	Rules   Rules
	ChainID uint64
	// Natives are contracts written in Go by address. Their accounts must exist in
	// the state with nonce 1 and the code 0xfe, so that EXTCODESIZE is not zero and
	// the account is never empty.
	Natives map[ledger.Address]Native
	Blobs   bool // accept blob transactions (type 3)
	// BlobsPerTx and BlobsPerBlock override the fork's limits unless zero.
	BlobsPerTx, BlobsPerBlock uint64
}

// VM holds what sessions share: the rules, the natives and a cache of analysed code.
type VM struct {
	cfg         Config
	rules       Rules
	ops         opTable
	precompiles precompiles
	codes       codeCache
	scratch     sync.Pool // *scratch
}

// New returns a VM. It copies the map of natives.
func New(cfg Config) *VM {
	cfg.Natives = maps.Clone(cfg.Natives)
	if cfg.BlobsPerTx == 0 {
		cfg.BlobsPerTx = cfg.Rules.txBlobs()
	}
	if cfg.BlobsPerBlock == 0 {
		cfg.BlobsPerBlock = cfg.Rules.blockBlobs()
	}
	return &VM{
		cfg:         cfg,
		rules:       cfg.Rules,
		ops:         newOpTable(cfg.Rules),
		precompiles: newPrecompiles(cfg.Rules),
	}
}

// Begin opens a session on the state that r gives. The session reads through r as
// long as it is used.
func (vm *VM) Begin(b Block, r Reader) *Session {
	return &Session{
		vm:       vm,
		block:    b,
		reader:   r,
		accounts: make(map[ledger.Address]*account, 16),
	}
}
