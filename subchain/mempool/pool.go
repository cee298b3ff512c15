package mempool

import (
	"errors"
	"fmt"
	"sync"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// State is a view of accounts that does not change. Absent accounts are zero.
type State interface {
	Account(ledger.Address) (ledger.Account, error)
}

// Config holds the rules of a pool. Zero fields other than ChainID mean the default.
type Config struct {
	ChainID     uint64
	BlockGas    uint64      // gas limit of blocks; 30,000,000
	BlockBytes  int         // of the envelopes that Next returns; 1 MiB
	MinGasPrice uint256.Int // wei per gas, for the fee cap; 0
	MaxCount    int         // transactions; 8,192
	MaxBytes    int         // of their envelopes; 64 MiB, at least MaxTxBytes
	MaxGap      uint64      // nonces between a sender's first missing one and a waiting one; 64
	// Intrinsic checks a message by the virtual machine's rules besides our own check
	// of intrinsic gas. It must be pure. Nil checks nothing more.
	Intrinsic func(*ledger.Message) error
}

// ErrConfig reports a configuration that cannot work.
var ErrConfig = errors.New("mempool: invalid configuration")

func (c Config) withDefaults() Config {
	if c.BlockGas == 0 {
		c.BlockGas = 30_000_000
	}
	if c.BlockBytes == 0 {
		c.BlockBytes = 1 << 20
	}
	if c.MaxCount == 0 {
		c.MaxCount = 8192
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = 64 << 20
	}
	if c.MaxGap == 0 {
		c.MaxGap = 64
	}
	return c
}

func (c *Config) validate() error {
	switch {
	case c.ChainID == 0:
		return fmt.Errorf("%w: chain id 0", ErrConfig)
	case c.MaxCount < 1 || c.MaxBytes < MaxTxBytes:
		return fmt.Errorf("%w: room for %d transactions, %d bytes", ErrConfig, c.MaxCount, c.MaxBytes)
	case c.BlockBytes < MaxTxBytes:
		return fmt.Errorf("%w: blocks of %d bytes", ErrConfig, c.BlockBytes)
	}
	return nil
}

// Pool holds pending transactions. Its methods are safe for concurrent use.
type Pool struct {
	cfg Config

	mu      sync.Mutex
	state   State
	byHash  map[ledger.Hash]*entry
	senders map[ledger.Address]*queue // none is empty
	bytes   int
	gapped  int
	arrival uint64
}

// Stats describes the pool's content.
type Stats struct {
	Executable int // transactions without a gap before them
	Gapped     int // transactions behind a gap
	Senders    int
	Bytes      int // of envelopes
}

// New makes an empty pool over the latest final state.
func New(cfg Config, s State) (*Pool, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Pool{
		cfg: cfg, state: s,
		byHash: map[ledger.Hash]*entry{}, senders: map[ledger.Address]*queue{},
	}, nil
}

// AddRaw decodes an EIP-2718 envelope and adds the transaction. It returns the
// transaction, also with ErrKnown.
func (p *Pool) AddRaw(envelope []byte) (*ledger.Transaction, error) {
	tx, err := decode(envelope)
	if err != nil {
		return nil, err
	}
	if err = p.Add(tx); err != nil && !errors.Is(err, ErrKnown) {
		return nil, err
	}
	return tx, err
}

// Add takes a transaction, or says why not: one of this package's errors, or that of
// the state. The pool keeps tx, which must not change any more.
func (p *Pool) Add(tx *ledger.Transaction) error {
	if p.Get(tx.Hash()) != nil {
		return ErrKnown
	}
	e, err := p.cfg.check(tx)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byHash[e.hash] != nil {
		return ErrKnown
	}
	account, err := p.state.Account(e.sender)
	if err != nil {
		return fmt.Errorf("mempool: account %s: %w", e.sender, err)
	}
	old, err := p.admit(e, &account)
	if err != nil {
		return err
	}
	var gone []removed
	if old != nil {
		gone = append(gone, p.remove(old))
	}
	p.insert(e, account.Nonce)
	for p.full() {
		v := p.victim()
		gone = append(gone, p.remove(v))
		if v == e {
			for _, r := range gone[:len(gone)-1] {
				p.insert(r.entry, r.nonce)
			}
			return ErrFull
		}
	}
	return nil
}

// removed is an entry with what it takes to put it back.
type removed struct {
	entry *entry
	nonce uint64 // of the sender's account
}

// admit checks e against its sender's account and queue. It returns the transaction
// that e replaces, if any.
func (p *Pool) admit(e *entry, account *ledger.Account) (old *entry, err error) {
	nonce, next := e.tx.Nonce, account.Nonce
	if nonce < account.Nonce {
		return nil, fmt.Errorf("%w: next nonce %d, tx nonce %d", ErrNonceLow, account.Nonce, nonce)
	}
	var total uint256.Int
	others := 0
	if q := p.senders[e.sender]; q != nil {
		next, total, others = q.next(), q.cost, len(q.list)
		if i, found := q.find(nonce); found {
			old = q.list[i]
			total.Sub(&total, &old.cost)
			others--
		}
	}
	if old != nil && (!outbids(&e.tx.GasFeeCap, &old.tx.GasFeeCap) || !outbids(&e.tx.GasTipCap, &old.tx.GasTipCap)) {
		return nil, ErrReplacement
	}
	if nonce > next && nonce-next > p.cfg.MaxGap {
		return nil, fmt.Errorf("%w: next nonce %d, tx nonce %d", ErrNonceHigh, next, nonce)
	}
	if hasCode(account) && (others > 0 || nonce != account.Nonce) {
		return nil, ErrDelegated
	}
	if _, over := total.AddOverflow(&total, &e.cost); over || total.Gt(&account.Balance) {
		return nil, fmt.Errorf("%w: balance %s, tx cost %s, all pending %s",
			ErrFunds, account.Balance.Dec(), e.cost.Dec(), total.Dec())
	}
	return old, nil
}

func hasCode(a *ledger.Account) bool { return a.Exists() && a.CodeHash != ledger.EmptyCodeHash }

func (p *Pool) full() bool { return len(p.byHash) > p.cfg.MaxCount || p.bytes > p.cfg.MaxBytes }

// victim is the transaction that the pool can do without best.
func (p *Pool) victim() (worst *entry) {
	var of *queue
	for _, q := range p.senders {
		if last := q.last(); worst == nil || q.worse(last, of, worst) {
			worst, of = last, q
		}
	}
	return worst
}

func (p *Pool) insert(e *entry, accountNonce uint64) {
	if e.arrival == 0 {
		p.arrival++
		e.arrival = p.arrival
	}
	q := p.senders[e.sender]
	if q == nil {
		q = &queue{nonce: accountNonce}
		p.senders[e.sender] = q
	}
	p.gapped -= q.gapped()
	q.insert(e)
	p.gapped += q.gapped()
	p.byHash[e.hash] = e
	p.bytes += e.size
}

func (p *Pool) remove(e *entry) removed {
	q := p.senders[e.sender]
	p.gapped -= q.gapped()
	q.remove(e)
	p.gapped += q.gapped()
	if len(q.list) == 0 {
		delete(p.senders, e.sender)
	}
	delete(p.byHash, e.hash)
	p.bytes -= e.size
	return removed{e, q.nonce}
}

// Get returns the pending transaction with the hash, nil if there is none.
func (p *Pool) Get(hash ledger.Hash) *ledger.Transaction {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.byHash[hash]; e != nil {
		return e.tx
	}
	return nil
}

// Nonce returns the account's first nonce that neither the state nor an executable
// transaction has used: eth_getTransactionCount at "pending".
func (p *Pool) Nonce(a ledger.Address) (uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if q := p.senders[a]; q != nil {
		return q.next(), nil
	}
	account, err := p.state.Account(a)
	if err != nil {
		return 0, fmt.Errorf("mempool: account %s: %w", a, err)
	}
	return account.Nonce, nil
}

// Remove drops transactions that turned out to be invalid in a block. Later ones of the
// same senders then wait behind a gap.
func (p *Pool) Remove(hashes ...ledger.Hash) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, h := range hashes {
		if e := p.byHash[h]; e != nil {
			p.remove(e)
		}
	}
}

// Reset moves the pool to a new final state: transactions whose nonces it has used go,
// and the last ones of senders that can no longer pay for all. It reads one account per
// sender. After an error of the state the pool is as before.
func (p *Pool) Reset(s State) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	accounts := make(map[ledger.Address]ledger.Account, len(p.senders))
	for a := range p.senders {
		account, err := s.Account(a)
		if err != nil {
			return fmt.Errorf("mempool: account %s: %w", a, err)
		}
		accounts[a] = account
	}
	p.state = s
	for a, account := range accounts {
		q := p.senders[a]
		p.gapped -= q.gapped()
		gone := q.reset(&account)
		p.gapped += q.gapped()
		for _, e := range gone {
			delete(p.byHash, e.hash)
			p.bytes -= e.size
		}
		if len(q.list) == 0 {
			delete(p.senders, a)
		}
	}
	return nil
}

// Stats returns a snapshot.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Stats{
		Executable: len(p.byHash) - p.gapped, Gapped: p.gapped, Senders: len(p.senders), Bytes: p.bytes,
	}
}
