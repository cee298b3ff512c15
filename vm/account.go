package vm

import (
	"fmt"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// account is the overlay's copy of one account. Fields named after a turn hold the
// session's turn (its count of messages) in which something happened, so that
// nothing needs to be reset between messages.
type account struct {
	addr     ledger.Address
	base     ledger.Account // as the reader gave it
	nonce    uint64
	balance  uint256.Int
	codeHash ledger.Hash // never zero
	code     *code       // nil until loaded
	exists   bool        // present in the state before the current message
	cleared  bool        // storage of the reader is gone
	slots    map[ledger.Hash]*slot
	recent   [recentSlots]*slot // of slots, by the low bits of the key

	transients    map[ledger.Hash]*transient
	lastTransient *transient // most recently used of transients
	usedTransient uint32     // turn

	warm      uint32 // turn
	touched   uint32 // turn: deleted after it if empty (EIP-161)
	created   uint32 // turn
	destroyed uint32 // turn: SELFDESTRUCT after creation in the same one (EIP-6780)
	dirty     uint32 // turn in which it entered the session's dirty list
}

// slot is the overlay's copy of one storage slot.
type slot struct {
	key      ledger.Hash
	base     uint256.Int // as the reader gave it
	original uint256.Int // before the message of the turn below (EIP-2200)
	current  uint256.Int
	turn     uint32 // turn to which original belongs
	warm     uint32 // turn
	noted    uint64 // segment of the journal that has an entry for current
}

// Sizes of the caches in front of maps, powers of two.
const (
	recentSlots    = 4
	recentAccounts = 8
)

func (a *account) hasCode() bool { return a.codeHash != ledger.EmptyCodeHash }

// empty is the emptiness of EIP-161.
func (a *account) empty() bool {
	return a.nonce == 0 && a.balance.IsZero() && !a.hasCode()
}

// hasStorage reports whether storage remains from before the session (EIP-7610).
// Storage written in the session belongs to accounts with a nonce.
func (a *account) hasStorage() bool {
	return !a.cleared && a.base.Root != ledger.EmptyRoot && a.base.Root != ledger.Hash{}
}

// account returns the overlay's entry, loading it at first use.
func (s *Session) account(addr ledger.Address) *account {
	recent := &s.recent[addr[19]%recentAccounts]
	if a := *recent; a != nil && a.addr == addr {
		return a
	}
	a := s.accounts[addr]
	if a == nil {
		a = s.load(addr)
	}
	*recent = a
	return a
}

func (s *Session) load(addr ledger.Address) *account {
	base, err := s.reader.Account(addr)
	if err != nil {
		s.abort(fmt.Errorf("vm: read account %s: %w", addr, err))
	}
	a := &account{addr: addr, base: base, nonce: base.Nonce, balance: base.Balance, codeHash: base.CodeHash, exists: base.Exists()}
	if !a.exists {
		a.codeHash = ledger.EmptyCodeHash
	}
	if s.deferFee && addr == s.block.Coinbase {
		a.warm = s.turn // which a message that does not look at it leaves out
	}
	s.accounts[addr] = a
	return a
}

// slot returns the overlay's entry, loading it at first use, with original set for
// the current turn.
func (s *Session) slot(a *account, key *ledger.Hash) *slot {
	recent := &a.recent[key[31]%recentSlots]
	sl := *recent
	if sl == nil || sl.key != *key {
		sl = a.slots[*key]
		if sl == nil {
			sl = s.loadSlot(a, key)
		}
		*recent = sl
	}
	if sl.turn != s.turn {
		sl.turn = s.turn
		sl.original = sl.current
	}
	return sl
}

func (s *Session) loadSlot(a *account, key *ledger.Hash) *slot {
	sl := &slot{key: *key}
	if a.hasStorage() {
		v, err := s.reader.Storage(a.addr, *key)
		if err != nil {
			s.abort(fmt.Errorf("vm: read slot %s of %s: %w", *key, a.addr, err))
		}
		sl.base.SetBytes32(v[:])
		sl.current = sl.base
	}
	if a.slots == nil {
		a.slots = make(map[ledger.Hash]*slot)
	}
	a.slots[*key] = sl
	return sl
}

// codeOf returns the account's code, loading and analysing it at first use.
func (s *Session) codeOf(a *account) *code {
	if a.code == nil {
		a.code = s.loadCode(a)
	}
	return a.code
}

func (s *Session) loadCode(a *account) *code {
	if !a.hasCode() {
		return noCode
	}
	if c := s.vm.codes.get(a.codeHash); c != nil {
		return c
	}
	raw, err := s.reader.Code(a.codeHash)
	if err == nil && len(raw) == 0 {
		err = ErrMissingCode
	}
	if err != nil {
		s.abort(fmt.Errorf("vm: read code %s: %w", a.codeHash, err))
	}
	c := newCode(raw)
	s.vm.codes.put(a.codeHash, c)
	return c
}
