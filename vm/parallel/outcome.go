package parallel

import (
	"errors"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// errBlocked ends an execution that read what is about to be written again.
var errBlocked = errors.New("parallel: blocked")

// outcome is what one execution of a message read and wrote.
type outcome struct {
	result   vm.Result
	accounts []accountRead
	slots    []slotRead
	writes   []accountWrite
	words    []slotWrite
}

// demand says what of an account that was read must still hold.
type demand uint8

const (
	all    demand = iota // everything
	payer                // nonce, code, and a balance of at least amount
	credit               // no code, and room for amount in the balance
)

type accountRead struct {
	addr   ledger.Address
	value  ledger.Account
	demand demand
	amount uint256.Int
}

// holds reports whether now is as good as what was read.
func (r *accountRead) holds(now *ledger.Account) bool {
	switch r.demand {
	case payer:
		return now.Nonce == r.value.Nonce && now.CodeHash == r.value.CodeHash && !now.Balance.Lt(&r.amount)
	case credit:
		var sum uint256.Int
		_, over := sum.AddOverflow(&now.Balance, &r.amount)
		return !over && !hasCode(now)
	}
	return now.Nonce == r.value.Nonce && now.Balance == r.value.Balance && now.CodeHash == r.value.CodeHash &&
		hasStorage(now) == hasStorage(&r.value)
}

func hasCode(a *ledger.Account) bool { return a.Exists() && a.CodeHash != ledger.EmptyCodeHash }

func hasStorage(a *ledger.Account) bool { return !a.Root.IsZero() && a.Root != ledger.EmptyRoot }

type slotKey struct {
	addr ledger.Address
	key  ledger.Hash
}

type slotRead struct {
	slotKey
	value ledger.Hash
}

type slotWrite struct {
	slotKey
	value ledger.Hash
}

// accountWrite is what a message does to an account. Without whole and gone it adds
// to what was there before.
type accountWrite struct {
	addr    ledger.Address
	whole   bool // account replaces nonce, balance and code
	gone    bool // the account was removed
	cleared bool // storage from before the message is gone
	stored  bool // slots were written
	account ledger.Account
	code    []byte // that account.CodeHash names, if it is new
	step    bool   // the nonce becomes account.Nonce
	plus    uint256.Int
	minus   uint256.Int
}

// reader is the state that one execution sees. It notes what was read.
type reader struct {
	x        *execution
	tx       int
	accounts []accountRead
	slots    []slotRead
	blocked  int // the message that the execution must wait for, or -1
}

// Account implements vm.Reader.
func (r *reader) Account(addr ledger.Address) (ledger.Account, error) {
	for {
		value, writer, err := r.x.store.account(addr, r.tx)
		if err == errBlocked && r.x.await(writer) {
			continue
		}
		if err != nil {
			return ledger.Account{}, r.fail(writer, err)
		}
		r.accounts = append(r.accounts, accountRead{addr: addr, value: value})
		return value, nil
	}
}

// Storage implements vm.Reader.
func (r *reader) Storage(addr ledger.Address, key ledger.Hash) (ledger.Hash, error) {
	at := slotKey{addr, key}
	for {
		value, writer, err := r.x.store.slot(at, r.tx)
		if err == errBlocked && r.x.await(writer) {
			continue
		}
		if err != nil {
			return ledger.Hash{}, r.fail(writer, err)
		}
		r.slots = append(r.slots, slotRead{at, value})
		return value, nil
	}
}

// Code implements vm.Reader.
func (r *reader) Code(hash ledger.Hash) ([]byte, error) { return r.x.store.code(hash) }

func (r *reader) fail(writer int, err error) error {
	if err == errBlocked {
		r.blocked = writer
	}
	return err
}

func (r *reader) find(addr ledger.Address) *accountRead {
	for i := range r.accounts {
		if r.accounts[i].addr == addr {
			return &r.accounts[i]
		}
	}
	return nil
}

// newOutcome turns an execution into reads and writes.
func newOutcome(s *vm.Session, m *ledger.Message, branch *vm.Session, res vm.Result, r *reader) *outcome {
	out := &outcome{result: res, accounts: r.accounts, slots: r.slots}
	if res.Status == vm.Invalid {
		return out
	}
	changes := branch.Changes()
	out.writes = make([]accountWrite, 0, len(changes)+1)
	if !out.transfer(s, m, changes, r) {
		for i := range changes {
			out.write(&changes[i], r)
		}
	}
	if fee := branch.DeferredFee(); !fee.IsZero() {
		out.writes = append(out.writes, accountWrite{addr: s.Block().Coinbase, plus: fee})
	}
	return out
}

// write notes a change as it is. A change of storage only leaves the account to
// others.
func (o *outcome) write(c *ledger.Change, r *reader) {
	w := accountWrite{addr: c.Address, gone: c.Deleted, cleared: c.Deleted || c.Cleared, stored: len(c.Storage) > 0}
	before := r.find(c.Address)
	same := before != nil && before.value.Exists() && !w.cleared && c.Code == nil &&
		before.value.Nonce == c.Account.Nonce && before.value.Balance == c.Account.Balance
	if !c.Deleted && !same {
		w.whole, w.account, w.code = true, c.Account, c.Code
	}
	if !same || !hasStorage(&before.value) {
		o.writes = append(o.writes, w)
	}
	for _, slot := range c.Storage {
		o.words = append(o.words, slotWrite{slotKey{c.Address, slot.Key}, slot.Value})
	}
}

// transfer reports whether the message only moves wei between accounts without code,
// and notes it as such: what the balances were does not matter then, as long as the
// sender's suffices.
func (o *outcome) transfer(s *vm.Session, m *ledger.Message, changes []ledger.Change, r *reader) bool {
	coinbase := s.Block().Coinbase
	if m.To == nil || !m.CheckNonce || m.Value.IsZero() || *m.To == m.From || *m.To == coinbase || m.From == coinbase ||
		!m.GasPayer.IsZero() && m.GasPayer != m.From || s.Reserved(*m.To) || o.result.Status != vm.Success ||
		len(m.AccessList) > 0 || len(m.Authorizations) > 0 || len(m.BlobHashes) > 0 || len(changes) != 2 {
		return false
	}
	from, to := r.find(m.From), r.find(*m.To)
	if from == nil || to == nil || hasCode(&to.value) || len(r.slots) > 0 {
		return false
	}
	sender := &changes[0]
	if sender.Address != m.From {
		sender = &changes[1]
	}
	if sender.Address != m.From || sender.Deleted {
		return false
	}
	// The message was valid: this does not overflow.
	from.demand, from.amount = payer, *uint256.NewInt(m.Gas)
	from.amount.Mul(&from.amount, &m.GasFeeCap)
	from.amount.Add(&from.amount, &m.Value)
	to.demand, to.amount = credit, m.Value
	spent := accountWrite{addr: m.From, step: true, account: ledger.Account{Nonce: sender.Account.Nonce}}
	spent.minus.Sub(&from.value.Balance, &sender.Account.Balance)
	o.writes = append(o.writes, spent, accountWrite{addr: *m.To, plus: m.Value})
	return true
}
