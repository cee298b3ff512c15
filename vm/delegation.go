package vm

import (
	"math"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// authorize processes one entry of a set-code transaction (EIP-7702). An entry that
// is not valid is skipped.
func (s *Session) authorize(auth *ledger.Authorization) {
	if !auth.ChainID.IsZero() && !auth.ChainID.Eq(newWord(s.vm.cfg.ChainID)) {
		return
	}
	if auth.Nonce == math.MaxUint64 {
		return
	}
	authority, err := auth.Authority()
	if err != nil {
		return
	}
	a := s.account(authority)
	s.warmUp(a)
	if a.hasCode() && s.codeOf(a).target == nil {
		return
	}
	if a.nonce != auth.Nonce {
		return
	}
	if a.exists || !a.empty() {
		s.setRefund(s.refund + gasAuthorization - gasAuthorizationBase)
	}
	c, hash := delegation(auth.Address), ledger.EmptyCodeHash
	if c.size > 0 {
		hash = ledger.Keccak(c.bytes())
	}
	if hash != a.codeHash {
		s.setCode(a, hash, c)
	}
	s.setNonce(a, a.nonce+1)
}

// delegate returns the account to whose code a delegates, nil if it does not.
func (s *Session) delegate(a *account) *account {
	if !s.vm.rules.hasPrague() || !a.hasCode() {
		return nil
	}
	if target := s.codeOf(a).target; target != nil {
		return s.account(*target)
	}
	return nil
}
