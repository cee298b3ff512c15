package chain

import (
	"fmt"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/vm"
)

// MaxBlockBytes bounds the encoding of a block.
const MaxBlockBytes = 1 << 20

// Proposal says where and when a block is built.
type Proposal struct {
	Parent ledger.Hash
	View   uint64
	Seat   int    // of the proposer
	Time   uint64 // milliseconds; raised to just above the parent's if needed
}

// Rejected is a candidate that could not enter a block.
type Rejected struct {
	Transaction *ledger.Transaction
	Reason      error
}

// Propose executes candidates in order on the parent and returns the block of
// those that are valid, executed and pending, with those that are not. Candidates
// that merely found no room are in neither list.
func (c *Chain) Propose(p Proposal, candidates []*ledger.Transaction) (*Record, []Rejected, error) {
	parent, ok := c.Executed(p.Parent)
	if !ok {
		return nil, nil, fmt.Errorf("%w: parent %s", ErrUnknown, p.Parent)
	}
	h, sitting, err := c.frame(parent)
	if err != nil {
		return nil, nil, err
	}
	if p.Seat < 0 || p.Seat >= len(sitting.payees) {
		return nil, nil, fmt.Errorf("%w: seat %d of %d", ErrUnknown, p.Seat, len(sitting.payees))
	}
	h.View = p.View
	h.Time = max(p.Time, parent.Block.Header.Time+1)
	h.Proposer = sitting.payees[p.Seat]
	r := &Record{Block: &ledger.Block{Header: h}, seats: sitting}
	rejected, err := c.run(parent, r, candidates, true)
	if err != nil {
		return nil, nil, err
	}
	c.adopt(r)
	return r, rejected, nil
}

// Execute executes a block on its parent and keeps it as pending if every field
// and root of the header holds. It returns ErrUnknown without the parent, or if the
// parent closes an epoch and is not final yet, and ErrBlock for a block that no honest
// seat builds; other errors are the host's.
func (c *Chain) Execute(b *ledger.Block) (*Record, error) {
	hash := b.Header.Hash()
	if r, ok := c.Executed(hash); ok {
		return r, nil
	}
	parent, ok := c.Executed(b.Header.Parent)
	if !ok {
		return nil, fmt.Errorf("%w: parent %s of %s", ErrUnknown, b.Header.Parent, hash)
	}
	h, sitting, err := c.frame(parent)
	if err != nil {
		return nil, err
	}
	if err := checkFrame(&b.Header, &h, parent, sitting); err != nil {
		return nil, err
	}
	h.View, h.Time, h.Proposer = b.Header.View, b.Header.Time, b.Header.Proposer
	r := &Record{Block: &ledger.Block{Header: h}, seats: sitting}
	if _, err := c.run(parent, r, b.Transactions, false); err != nil {
		return nil, err
	}
	if r.Hash != hash {
		return nil, fmt.Errorf("%w: executing block %d gives %s, its header says %s (%s)", ErrBlock,
			h.Height, r.Hash, hash, difference(&r.Block.Header, &b.Header))
	}
	c.adopt(r)
	return r, nil
}

// frame fills the fields of a child's header that follow from the parent alone, and
// returns the seats of the child's epoch. The beacon is the parent's until the child's
// own is known: contracts read it as Random.
func (c *Chain) frame(parent *Record) (h ledger.Header, sitting *seats, err error) {
	ph := &parent.Block.Header
	h = ledger.Header{
		Height:   ph.Height + 1,
		Epoch:    c.genesis.epoch(ph.Height + 1),
		Parent:   parent.Hash,
		Beacon:   ph.Beacon,
		GasLimit: c.genesis.GasLimit,
		BaseFee:  nextBaseFee(ph, &c.genesis.BaseFee),
	}
	if sitting, err = c.seatsAfter(parent); err != nil {
		return h, nil, err
	}
	h.Committee = sitting.hash
	return h, sitting, nil
}

// seatsAfter returns the seats of a block's child. An epoch begins on a final block
// only: until then ErrUnknown.
func (c *Chain) seatsAfter(parent *Record) (*seats, error) {
	height := parent.Block.Header.Height
	c.mu.RLock()
	pending := c.pending[parent.Hash] != nil
	c.mu.RUnlock()
	switch {
	case !pending:
		return c.roster.at(c.genesis.epoch(height + 1))
	case c.genesis.last(height):
		return nil, fmt.Errorf("%w: committee after block %d, which is not final", ErrUnknown, height)
	}
	return parent.seats, nil
}

// checkFrame checks what the proposer is free to choose.
func checkFrame(h, want *ledger.Header, parent *Record, sitting *seats) error {
	leader := sitting.committee(want.Epoch).Leader(rolldpos.View(h.View))
	switch {
	case h.Height != want.Height:
		return fmt.Errorf("%w: height %d on %d", ErrBlock, h.Height, want.Height-1)
	case h.Time <= parent.Block.Header.Time:
		return fmt.Errorf("%w: time %d is not after the parent's %d", ErrBlock, h.Time, parent.Block.Header.Time)
	case h.View == 0:
		return fmt.Errorf("%w: view 0", ErrBlock)
	case h.Proposer != sitting.payees[leader]:
		return fmt.Errorf("%w: proposer %s does not lead view %d", ErrBlock, h.Proposer, h.View)
	}
	return nil
}

// run executes transactions over the parent's state and fills the rest of r. With
// choose, it leaves out what is invalid or does not fit; without, that is ErrBlock.
func (c *Chain) run(parent, r *Record, txs []*ledger.Transaction, choose bool) (rejected []Rejected, err error) {
	base, err := c.view(parent)
	if err != nil {
		return nil, err
	}
	h := &r.Block.Header
	var fault error
	machine := c.machine(h.Height)
	session := machine.vm.Begin(c.environment(h, parent, &fault), base)
	if err := c.modules.BeginBlock(session); err != nil {
		return nil, err
	}
	rejected, err = c.apply(session, r, txs, choose)
	if err != nil {
		return nil, err
	}
	if err := c.modules.EndBlock(session); err != nil {
		return nil, err
	}
	h.MessagesRoot, r.Domain, r.Anchor, err = c.modules.Anchor(session)
	if err != nil {
		return nil, err
	}
	if err := c.elect(session, r); err != nil {
		return nil, err
	}
	if fault != nil {
		return nil, fault
	}
	if r.Anchor.Subchain != 0 {
		r.Anchor.CodeHash = machine.code
	}
	if r.view, err = base.Apply(session.Changes()); err != nil {
		return nil, err
	}
	h.StateRoot = r.view.Root()
	h.TxRoot = ledger.TxRoot(r.Block.Transactions)
	h.ReceiptsRoot = ledger.ReceiptsRoot(r.Receipts)
	h.AnchorHash = r.Anchor.Hash()
	r.Hash = h.Hash()
	return rejected, nil
}

// elect fills what the election after the block decides. At an epoch's last block the
// next committee is decided in any case: without a valid election the old one stays.
func (c *Chain) elect(session *vm.Session, r *Record) error {
	h := &r.Block.Header
	r.next, r.election = r.seats, new(module.Election)
	h.Beacon = ledger.Hash{}
	if c.modules.Elects(h.Height) {
		e, err := c.modules.Election(session)
		if err != nil {
			return err
		}
		r.election = &e
		if next := c.roster.elected(&e); next != nil || !c.genesis.last(h.Height) {
			r.next = next
		}
		h.Beacon = e.Beacon
		if len(e.ChainKey) > 0 {
			r.Anchor.ChainKey = ledger.Keccak(e.ChainKey)
		}
	}
	if r.next != nil {
		h.NextCommittee = r.next.hash
	}
	return nil
}

func (c *Chain) apply(session *vm.Session, r *Record, txs []*ledger.Transaction, choose bool) (rejected []Rejected, err error) {
	h := &r.Block.Header
	size := len(h.AppendRLP(nil)) + 256
	recoverSenders(txs)
	for _, tx := range txs {
		envelope := len(tx.Envelope()) + 9
		if choose && (size+envelope > MaxBlockBytes || h.GasUsed+tx.Gas > h.GasLimit) {
			continue
		}
		if size += envelope; size > MaxBlockBytes {
			return nil, fmt.Errorf("%w: more than %d bytes", ErrBlock, MaxBlockBytes)
		}
		receipt, reason, err := c.one(session, h, tx)
		if err != nil {
			return nil, err
		}
		if reason != nil {
			if !choose {
				return nil, fmt.Errorf("%w: transaction %s: %w", ErrBlock, tx.Hash(), reason)
			}
			size -= envelope
			rejected = append(rejected, Rejected{tx, reason})
			continue
		}
		r.Block.Transactions = append(r.Block.Transactions, tx)
		r.Receipts = append(r.Receipts, receipt)
	}
	return rejected, nil
}

// one executes a transaction: a receipt, or the reason why it cannot be in this
// block; err is the host's fault.
func (c *Chain) one(session *vm.Session, h *ledger.Header, tx *ledger.Transaction) (receipt *ledger.Receipt, reason, err error) {
	if tx.Type == ledger.BlobTx {
		return nil, ledger.ErrTxType, nil
	}
	if !tx.Protected() || !tx.ChainID.IsUint64() || tx.ChainID.Uint64() != c.genesis.ChainID {
		return nil, ErrChainID, nil
	}
	m, err := tx.Message()
	if err != nil {
		return nil, err, nil
	}
	res, err := session.Apply(m)
	if err != nil {
		return nil, nil, fmt.Errorf("chain: executing %s: %w", tx.Hash(), err)
	}
	if res.Status == vm.Invalid {
		return nil, res.Err, nil
	}
	h.GasUsed += res.GasUsed
	return &ledger.Receipt{
		Type: tx.Type, Success: res.Status == vm.Success, CumulativeGas: h.GasUsed, Logs: res.Logs,
		TxHash: tx.Hash(), GasUsed: res.GasUsed, GasPrice: res.GasPrice, Contract: res.Contract,
	}, nil, nil
}

// environment is what contracts see of the block. A fault while an ancestor's hash
// is looked up goes to fault.
func (c *Chain) environment(h *ledger.Header, parent *Record, fault *error) vm.Block {
	return vm.Block{
		Number: h.Height, Time: h.Seconds(), Millis: h.Time, GasLimit: h.GasLimit,
		Coinbase: h.Proposer, BaseFee: h.BaseFee, Random: h.Beacon,
		BlockHash: func(number uint64) ledger.Hash {
			hash, err := c.ancestor(parent, number)
			if err != nil && *fault == nil {
				*fault = err
			}
			return hash
		},
	}
}

// ancestor returns the hash of the block at a height on the branch of r, zero above.
func (c *Chain) ancestor(r *Record, height uint64) (ledger.Hash, error) {
	for {
		h := &r.Block.Header
		if height == h.Height {
			return r.Hash, nil
		}
		if height > h.Height {
			return ledger.Hash{}, nil
		}
		c.mu.RLock()
		p := c.pending[h.Parent]
		c.mu.RUnlock()
		if p == nil {
			break
		}
		r = p
	}
	final, err := c.Header(height)
	if err != nil {
		return ledger.Hash{}, err
	}
	return final.Hash, nil
}

func (c *Chain) adopt(r *Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending[r.Hash] = r
}

// difference names the first field in which two headers differ.
func difference(got, want *ledger.Header) string {
	for _, f := range []struct {
		name string
		same bool
	}{
		{"epoch", got.Epoch == want.Epoch},
		{"gas limit", got.GasLimit == want.GasLimit},
		{"base fee", got.BaseFee == want.BaseFee},
		{"committee", got.Committee == want.Committee && got.NextCommittee == want.NextCommittee},
		{"beacon", got.Beacon == want.Beacon},
		{"transactions root", got.TxRoot == want.TxRoot},
		{"gas used", got.GasUsed == want.GasUsed},
		{"receipts root", got.ReceiptsRoot == want.ReceiptsRoot},
		{"messages root", got.MessagesRoot == want.MessagesRoot},
		{"anchor", got.AnchorHash == want.AnchorHash},
		{"state root", got.StateRoot == want.StateRoot},
	} {
		if !f.same {
			return f.name
		}
	}
	return "another field"
}
