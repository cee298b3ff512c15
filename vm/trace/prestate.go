package trace

import (
	"fmt"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
	"github.com/rootstem/rootstem/vm/asm"
)

// PrestateConfig says what a prestate holds.
type PrestateConfig struct {
	DiffMode       bool `json:"diffMode"`
	DisableCode    bool `json:"disableCode"`
	DisableStorage bool `json:"disableStorage"`
}

// State is a part of the world state.
type State map[ledger.Address]*Account

// Account is a part of an account. In a difference it has only what changed.
type Account struct {
	Balance  *Quantity                   `json:"balance,omitempty"`
	Nonce    uint64                      `json:"nonce,omitempty"`
	Code     Bytes                       `json:"code,omitempty"`
	CodeHash *ledger.Hash                `json:"codeHash,omitempty"` // nil without code
	Storage  map[ledger.Hash]ledger.Hash `json:"storage,omitempty"`
}

// Difference is what a message changed: accounts before and after. One that is only
// in Pre was deleted, one that is only in Post was made.
type Difference struct {
	Pre  State `json:"pre"`
	Post State `json:"post"`
}

// Prestate is the tracer that collects what a message needs of the state before it.
// Its zero value is ready.
type Prestate struct {
	Config PrestateConfig
	seen   map[ledger.Address]map[ledger.Hash]bool
}

// State returns the accounts and slots that the message looked at, as they were
// before it, which pre reads. Accounts that did not exist are left out, and so is
// what only the message's access list names. An error is the reader's.
func (p *Prestate) State(pre vm.Reader, t *vm.Trace) (State, error) {
	p.seeNeeded(t)
	lists := listed(t.Message)
	out := make(State)
	for _, tuple := range t.Touched {
		seen, isSeen := p.seen[tuple.Address]
		list, isListed := lists[tuple.Address]
		var keys []ledger.Hash
		for _, key := range tuple.Slots {
			if seen[key] || !list[key] {
				keys = append(keys, key)
			}
		}
		if isListed && !isSeen && len(keys) == 0 {
			continue
		}
		a, err := p.account(pre, tuple.Address, keys, true)
		if err != nil {
			return nil, err
		}
		if a != nil {
			out[tuple.Address] = a
		}
	}
	return out, nil
}

// listed is the access list of a message.
func listed(m *ledger.Message) map[ledger.Address]map[ledger.Hash]bool {
	out := make(map[ledger.Address]map[ledger.Hash]bool)
	for _, tuple := range m.AccessList {
		if out[tuple.Address] == nil {
			out[tuple.Address] = make(map[ledger.Hash]bool)
		}
		for _, key := range tuple.Slots {
			out[tuple.Address][key] = true
		}
	}
	return out
}

// seeNeeded notes accounts that a message needs in any case but that no opcode shows:
// the coinbase and those whose delegations it sets.
func (p *Prestate) seeNeeded(t *vm.Trace) {
	p.see(t.Block.Coinbase)
	for i := range t.Message.Authorizations {
		if authority, err := t.Message.Authorizations[i].Authority(); err == nil {
			p.see(authority)
		}
	}
}

// account reads an account, nil if there is none. Slots that are zero are left out
// unless zeros.
func (p *Prestate) account(pre vm.Reader, addr ledger.Address, keys []ledger.Hash, zeros bool) (*Account, error) {
	acc, err := pre.Account(addr)
	if err != nil {
		return nil, fmt.Errorf("trace: read account %s: %w", addr, err)
	}
	if !acc.Exists() {
		return nil, nil
	}
	out := &Account{Balance: quantityOf(acc.Balance), Nonce: acc.Nonce}
	if acc.CodeHash != ledger.EmptyCodeHash {
		out.CodeHash = &acc.CodeHash
	}
	if out.CodeHash != nil && !p.Config.DisableCode {
		if out.Code, err = pre.Code(acc.CodeHash); err != nil {
			return nil, fmt.Errorf("trace: read code of %s: %w", addr, err)
		}
	}
	if p.Config.DisableStorage {
		return out, nil
	}
	for _, key := range keys {
		v, err := pre.Storage(addr, key)
		if err != nil {
			return nil, fmt.Errorf("trace: read slot %s of %s: %w", key, addr, err)
		}
		if zeros || !v.IsZero() {
			out.put(key, v)
		}
	}
	return out, nil
}

func (a *Account) put(key, value ledger.Hash) {
	if a.Storage == nil {
		a.Storage = make(map[ledger.Hash]ledger.Hash)
	}
	a.Storage[key] = value
}

// Difference returns what the message changed. pre reads the state before it.
func (p *Prestate) Difference(pre vm.Reader, t *vm.Trace) (*Difference, error) {
	out := &Difference{Pre: make(State), Post: make(State)}
	for i := range t.Changes {
		c := &t.Changes[i]
		var keys []ledger.Hash
		for j := range c.Storage {
			keys = append(keys, c.Storage[j].Key)
		}
		if c.Deleted {
			keys = slotsOf(t.Touched, c.Address)
		}
		before, err := p.account(pre, c.Address, keys, false)
		if err != nil {
			return nil, err
		}
		if before != nil {
			out.Pre[c.Address] = before
		}
		if c.Deleted {
			continue
		}
		old, err := pre.Account(c.Address)
		if err != nil {
			return nil, fmt.Errorf("trace: read account %s: %w", c.Address, err)
		}
		out.Post[c.Address] = p.after(&old, c)
	}
	return out, nil
}

// after is what a change made of an account.
func (p *Prestate) after(old *ledger.Account, c *ledger.Change) *Account {
	a := new(Account)
	if c.Account.Balance != old.Balance {
		a.Balance = quantityOf(c.Account.Balance)
	}
	if c.Account.Nonce != old.Nonce {
		a.Nonce = c.Account.Nonce
	}
	if len(c.Code) > 0 {
		a.CodeHash = &c.Account.CodeHash
		if !p.Config.DisableCode {
			a.Code = c.Code
		}
	}
	for _, s := range c.Storage {
		if !s.Value.IsZero() && !p.Config.DisableStorage {
			a.put(s.Key, s.Value)
		}
	}
	return a
}

func slotsOf(list []ledger.AccessTuple, addr ledger.Address) []ledger.Hash {
	for i := range list {
		if list[i].Address == addr {
			return list[i].Slots
		}
	}
	return nil
}

func (p *Prestate) see(addr ledger.Address) map[ledger.Hash]bool {
	if p.seen == nil {
		p.seen = make(map[ledger.Address]map[ledger.Hash]bool)
	}
	if p.seen[addr] == nil {
		p.seen[addr] = make(map[ledger.Hash]bool)
	}
	return p.seen[addr]
}

// Enter implements vm.Tracer.
func (p *Prestate) Enter(c *vm.CallTrace) {
	p.see(c.From)
	p.see(c.To)
}

// Step implements vm.Tracer.
func (p *Prestate) Step(st *vm.StepTrace) {
	n := len(st.Stack)
	switch op := asm.Op(st.Op); {
	case n == 0:
	case op == asm.SLOAD || op == asm.SSTORE:
		p.see(st.Self)[st.Stack[n-1].Bytes32()] = true
	case op == asm.BALANCE || op == asm.EXTCODESIZE || op == asm.EXTCODEHASH || op == asm.EXTCODECOPY:
		p.see(st.Stack[n-1].Bytes20())
	}
}

// Charge implements vm.Tracer.
func (p *Prestate) Charge(uint64, error) {}

// Log implements vm.Tracer.
func (p *Prestate) Log(*ledger.Log) {}

// Exit implements vm.Tracer.
func (p *Prestate) Exit(*vm.ExitTrace) {}
