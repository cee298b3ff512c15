// Package chain is one node's copy of a chain: it builds and executes blocks over
// pending states, finalises them in one synced batch and reads what is final.
//
// It knows neither network nor clock. Open it over a store, Propose or Execute
// blocks on any block that is executed or final, and Finalize what consensus has
// certified. A block is valid if executing it again yields every root of its
// header; there is no other way to a block's state.
//
// All methods may be called concurrently. Execution is serial.
package chain

import (
	"errors"
	"fmt"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/blocks"
	"github.com/rootstem/rootstem/store/state"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/vm"
)

// Errors of blocks and look-ups.
var (
	ErrBlock    = errors.New("chain: invalid block")
	ErrUnknown  = errors.New("chain: not known")
	ErrPruned   = errors.New("chain: no longer kept")
	ErrConflict = errors.New("chain: finality contradicts a final block")
)

// Config assembles a chain.
type Config struct {
	Genesis Genesis
	Rules   vm.Rules
	Modules *module.Registry
	// Heights lists where the schedule of modules changes, in ascending order.
	Heights []uint64
	Store   *store.Store
	// State bounds the caches and the history of the world state; the zero value
	// means its defaults.
	State state.Config
	// Keep says how much of the past is kept; the zero value keeps all.
	Keep blocks.Policy
}

// Record is an executed block with what follows from it. Its fields are shared and
// must not be changed.
type Record struct {
	Block       *ledger.Block
	Hash        ledger.Hash
	Receipts    []*ledger.Receipt
	Anchor      ledger.Anchor
	Domain      ledger.Hash // of checkpoint certificates; zero unless registered
	Certificate []byte      // of finality; nil for block 0 and for pending blocks

	view *state.View
}

// Chain is a node's copy of a chain.
type Chain struct {
	genesis  Genesis
	modules  *module.Registry
	machines []machine
	db       *store.Store
	final    *blocks.Store
	states   *state.State
	origin   ledger.Hash // hash of block 0

	mu      sync.RWMutex
	head    *Record
	pending map[ledger.Hash]*Record

	records *lru.Cache[uint64, *Record]
}

// machine is the executor from a height on.
type machine struct {
	from uint64
	vm   *vm.VM
	code ledger.Hash // of the modules that execute
}

const cachedRecords = 256

// Open loads the chain of a store, or begins it with the genesis.
func Open(cfg Config) (*Chain, error) {
	g, err := cfg.Genesis.normal()
	if err != nil {
		return nil, err
	}
	states, err := state.OpenWith(cfg.Store, cfg.State)
	if err != nil {
		return nil, err
	}
	final, err := blocks.Open(cfg.Store, cfg.Keep)
	if err != nil {
		return nil, err
	}
	records, err := lru.New[uint64, *Record](cachedRecords)
	if err != nil {
		return nil, fmt.Errorf("chain: %w", err)
	}
	c := &Chain{
		genesis: g, modules: cfg.Modules, db: cfg.Store, final: final,
		states: states, pending: map[ledger.Hash]*Record{}, records: records,
	}
	heights := cfg.Heights
	if len(heights) == 0 || heights[0] != 0 {
		heights = append([]uint64{0}, heights...)
	}
	for _, h := range heights {
		c.machines = append(c.machines, machine{
			from: h, code: cfg.Modules.ConfigHashAt(h),
			vm: vm.New(vm.Config{Rules: cfg.Rules, ChainID: g.ChainID, Natives: cfg.Modules.Natives(h)}),
		})
	}
	return c, c.load()
}

// load reads the head, or writes block 0 into an empty store.
func (c *Chain) load() error {
	zero, err := c.blockZero()
	if err != nil {
		return err
	}
	c.origin = zero.Hash
	height, _, ok := c.final.Head()
	if !ok {
		return c.write([]*Record{zero})
	}
	stored, err := c.Header(0)
	if err != nil {
		return err
	}
	if stored.Hash != zero.Hash {
		return fmt.Errorf("%w: the data directory holds the chain of %s, the configuration that of %s", ErrGenesis, stored.Hash, zero.Hash)
	}
	head, err := loaded(c.final.Block(height))
	if err != nil {
		return err
	}
	head.view, err = c.states.View(head.Block.Header.StateRoot)
	if err != nil {
		return fmt.Errorf("chain: state of the head %d: %w", height, err)
	}
	if err := c.modules.Verify(height+1, head.view); err != nil {
		return err
	}
	c.head = head
	return nil
}

// blockZero executes the genesis: allocations and modules' accounts.
func (c *Chain) blockZero() (*Record, error) {
	empty, err := c.states.View(ledger.EmptyRoot)
	if err != nil {
		return nil, err
	}
	view, err := empty.Apply(append(c.modules.Genesis(), c.genesis.changes()...))
	if err != nil {
		return nil, err
	}
	committee := c.genesis.committee(1)
	r := &Record{Block: new(ledger.Block), view: view}
	r.Block.Header = ledger.Header{
		Parent:        c.genesis.parameters(),
		Time:          c.genesis.Time,
		StateRoot:     view.Root(),
		TxRoot:        ledger.TxRoot(nil),
		ReceiptsRoot:  ledger.ReceiptsRoot(nil),
		Committee:     committee.Hash(),
		NextCommittee: committee.Hash(),
		GasLimit:      c.genesis.GasLimit,
		BaseFee:       c.genesis.BaseFee,
		AnchorHash:    r.Anchor.Hash(),
	}
	r.Hash = r.Block.Header.Hash()
	return r, nil
}

// Genesis is the hash of block 0.
func (c *Chain) Genesis() ledger.Hash { return c.origin }

// ChainID is the id that transactions bind.
func (c *Chain) ChainID() uint64 { return c.genesis.ChainID }

// GasLimit is the limit of each block.
func (c *Chain) GasLimit() uint64 { return c.genesis.GasLimit }

// Epoch returns the epoch of a height and whether the height closes it.
func (c *Chain) Epoch(height uint64) (epoch uint64, last bool) {
	return c.genesis.epoch(height), c.genesis.last(height)
}

// Committee returns the seats of an epoch.
func (c *Chain) Committee(epoch uint64) *rolldpos.Committee { return c.genesis.committee(epoch) }

// Payee is the account that a seat's blocks pay.
func (c *Chain) Payee(seat int) ledger.Address { return c.genesis.payee(seat) }

// Head returns the newest final block.
func (c *Chain) Head() *Record {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.head
}

// NextBaseFee is the base fee of a child of a block, in wei per gas.
func (c *Chain) NextBaseFee(parent *Record) uint256.Int {
	return nextBaseFee(&parent.Block.Header, &c.genesis.BaseFee)
}

// Executed returns a block that is final or pending here.
func (c *Chain) Executed(hash ledger.Hash) (*Record, bool) {
	c.mu.RLock()
	p := c.pending[hash]
	c.mu.RUnlock()
	if p != nil {
		return p, true
	}
	r, err := c.BlockByHash(hash)
	return r, err == nil
}

// State returns the state after the final block of a height.
func (c *Chain) State(height uint64) (*state.View, error) {
	if head := c.Head(); height == head.Block.Header.Height {
		return c.view(head)
	}
	r, err := c.Header(height)
	if err != nil {
		return nil, err
	}
	return c.view(r)
}

// StateOf returns the state after a block that is final or pending here.
func (c *Chain) StateOf(r *Record) (*state.View, error) { return c.view(r) }

func (c *Chain) view(r *Record) (*state.View, error) {
	if r.view != nil {
		return r.view, nil
	}
	v, err := c.states.View(r.Block.Header.StateRoot)
	if err != nil {
		return nil, fmt.Errorf("chain: state of block %d: %w", r.Block.Header.Height, err)
	}
	return v, nil
}

func (c *Chain) machine(height uint64) *machine {
	m := &c.machines[0]
	for i := range c.machines {
		if c.machines[i].from <= height {
			m = &c.machines[i]
		}
	}
	return m
}
