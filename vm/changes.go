package vm

import (
	"bytes"
	"slices"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// Changes returns the net change since Begin: only accounts and slots whose values
// differ, in ascending order of address and slot. The session remains usable.
func (s *Session) Changes() []ledger.Change {
	var out []ledger.Change
	for _, a := range s.accounts {
		if c, ok := a.change(); ok {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(x, y ledger.Change) int {
		return bytes.Compare(x.Address[:], y.Address[:])
	})
	return out
}

// change compares the account with what the reader gave.
func (a *account) change() (c ledger.Change, changed bool) {
	c.Address = a.addr
	if !a.exists {
		c.Deleted = true
		return c, a.base.Exists()
	}
	c.Account = ledger.Account{Nonce: a.nonce, Balance: a.balance, CodeHash: a.codeHash}
	changed = !a.base.Exists() || a.nonce != a.base.Nonce || a.balance != a.base.Balance
	if a.codeHash != a.base.CodeHash && (a.base.Exists() || a.hasCode()) {
		changed = true
		c.Code = append([]byte{}, a.code.bytes()...)
	}
	if a.cleared && a.base.Root != ledger.EmptyRoot && !a.base.Root.IsZero() {
		changed, c.Cleared = true, true
	}
	for _, sl := range a.slots {
		if sl.current != sl.base {
			c.Storage = append(c.Storage, ledger.Slot{Key: sl.key, Value: ledger.WordHash(&sl.current)})
		}
	}
	slices.SortFunc(c.Storage, func(x, y ledger.Slot) int { return bytes.Compare(x.Key[:], y.Key[:]) })
	return c, changed || len(c.Storage) > 0
}
