package vm

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// someStorage stands as the storage root of accounts whose storage a session wrote:
// no root is computed during execution.
var someStorage = ledger.Keccak([]byte("vm: storage written in a session"))

// state reads what a session left without adding to its overlay.
type state struct{ s *Session }

// State returns a reader of the state after the messages so far. Of an account's
// Root it is only true whether storage may remain: it is the EmptyRoot or another.
// The reader must not be used while the session executes; otherwise it is as safe
// for concurrent use as the session's own Reader.
func (s *Session) State() Reader { return state{s} }

func (st state) Account(addr ledger.Address) (ledger.Account, error) {
	a := st.s.accounts[addr]
	if a == nil {
		return st.s.reader.Account(addr)
	}
	if !a.exists {
		return ledger.Account{}, nil
	}
	out := ledger.Account{Nonce: a.nonce, Balance: a.balance, CodeHash: a.codeHash, Root: ledger.EmptyRoot}
	switch {
	case a.hasStorage():
		out.Root = a.base.Root
	case a.wroteStorage():
		out.Root = someStorage
	}
	return out, nil
}

func (st state) Storage(addr ledger.Address, key ledger.Hash) (ledger.Hash, error) {
	a := st.s.accounts[addr]
	if a == nil {
		return st.s.reader.Storage(addr, key)
	}
	if sl := a.slots[key]; sl != nil {
		return ledger.WordHash(&sl.current), nil
	}
	if !a.exists || !a.hasStorage() {
		return ledger.Hash{}, nil
	}
	return st.s.reader.Storage(addr, key)
}

func (st state) Code(hash ledger.Hash) ([]byte, error) {
	if c := st.s.vm.codes.get(hash); c != nil {
		return c.bytes(), nil
	}
	for _, a := range st.s.accounts {
		if a.codeHash == hash && a.code != nil {
			return a.code.bytes(), nil
		}
	}
	return st.s.reader.Code(hash)
}

// wroteStorage reports whether a slot holds a value.
func (a *account) wroteStorage() bool {
	for _, sl := range a.slots {
		if !sl.current.IsZero() {
			return true
		}
	}
	return false
}

// touched lists all accounts and slots that the session looked at, ascending.
func (s *Session) touched() []ledger.AccessTuple {
	out := make([]ledger.AccessTuple, 0, len(s.accounts))
	for addr, a := range s.accounts {
		t := ledger.AccessTuple{Address: addr}
		for key := range a.slots {
			t.Slots = append(t.Slots, key)
		}
		slices.SortFunc(t.Slots, func(x, y ledger.Hash) int { return bytes.Compare(x[:], y[:]) })
		out = append(out, t)
	}
	slices.SortFunc(out, func(x, y ledger.AccessTuple) int { return bytes.Compare(x.Address[:], y.Address[:]) })
	return out
}

// Branch opens a session for one message on r with the same block as s, whose limits
// of the block count from zero. The fee of the coinbase stays out of its Changes,
// and the coinbase is not read, unless the message itself looks at the coinbase:
// DeferredFee returns it. Branches of one session may run at the same time, also
// with State readers of s, if s itself does not execute.
func (s *Session) Branch(r Reader) *Session {
	return &Session{vm: s.vm, block: s.block, reader: r, accounts: make(map[ledger.Address]*account), deferFee: true}
}

// DeferredFee is what a session opened by Branch owes to the coinbase in wei beside
// its Changes.
func (s *Session) DeferredFee() uint256.Int { return s.fee }

// Absorb makes changes and gas that were found elsewhere part of the session, as if
// its own messages had made them: gasUsed and blobs count against the block's
// limits. An error is a fault of the host and leaves the session as it was.
func (s *Session) Absorb(changes []ledger.Change, gasUsed, blobs uint64) (err error) {
	defer s.rescue(new(Result), &err)
	// Reading can fail, writing cannot: read first.
	for i := range changes {
		c := &changes[i]
		a := s.account(c.Address)
		if !c.Deleted && c.Code == nil && a.codeHash != c.Account.CodeHash && c.Account.CodeHash != ledger.EmptyCodeHash {
			s.abort(fmt.Errorf("%w: %s of %s", ErrMissingCode, c.Account.CodeHash, c.Address))
		}
		if c.Deleted || c.Cleared {
			continue
		}
		for j := range c.Storage {
			s.slot(a, &c.Storage[j].Key)
		}
	}
	for i := range changes {
		s.absorb(&changes[i])
	}
	s.gasUsed += gasUsed
	s.blobs += blobs
	return nil
}

func (s *Session) absorb(c *ledger.Change) {
	a := s.account(c.Address)
	if c.Deleted || c.Cleared {
		a.wipe()
	}
	if c.Deleted {
		return
	}
	a.exists, a.nonce, a.balance = true, c.Account.Nonce, c.Account.Balance
	switch {
	case c.Account.CodeHash == ledger.EmptyCodeHash:
		a.codeHash, a.code = ledger.EmptyCodeHash, nil
	case c.Code != nil:
		a.codeHash, a.code = c.Account.CodeHash, newCode(c.Code)
	case a.codeHash != c.Account.CodeHash: // cleared, with the code that it had
		a.codeHash, a.code = c.Account.CodeHash, nil
	}
	for j := range c.Storage {
		s.slot(a, &c.Storage[j].Key).current = c.Storage[j].Value.Word()
	}
}

// Reserved reports whether a call of addr runs Go code: that of a precompiled or of
// a native contract.
func (s *Session) Reserved(addr ledger.Address) bool {
	return s.precompile(&addr) != nil || s.native(&addr) != nil
}

// Block is the block that the session executes.
func (s *Session) Block() Block { return s.block }
