package vm

import (
	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// Prices in gas. Those of single opcodes are in the opcode table.
const (
	gasTx                = 21_000
	gasCreate            = 32_000
	gasInitCodeWord      = 2 // EIP-3860
	gasAccessListAddress = 2_400
	gasAccessListSlot    = 1_900
	gasAuthorization     = 25_000 // EIP-7702, for an account that is new
	gasAuthorizationBase = 12_500 // EIP-7702, for one that exists

	gasWarm        = 100   // EIP-2929, account or slot
	gasColdAccount = 2_600 // EIP-2929
	gasColdSlot    = 2_100 // EIP-2929
	gasSlotSet     = 20_000
	gasSlotReset   = 5_000 - gasColdSlot
	gasSlotSentry  = 2_300 // EIP-2200: SSTORE needs more than this
	refundClear    = 4_800 // EIP-3529

	gasJump       = 8
	gasJumpIf     = 10
	gasJumpDest   = 1
	gasValue      = 9_000  // call with value
	gasStipend    = 2_300  // given to the receiver of value
	gasNewAccount = 25_000 // call or SELFDESTRUCT that makes an account
	gasKeccakWord = 6
	gasCopyWord   = 3
	gasExpByte    = 50
	gasLog        = 375 // and per topic
	gasLogByte    = 8
	gasCodeByte   = 200

	maxCodeSize = 24_576 // EIP-170
	maxDepth    = 1_024  // frames below the outermost
)

// words is the number of 32-byte words that hold n bytes.
func words(n uint64) uint64 { return n/32 + (n%32+31)/32 }

func newWord(x uint64) *uint256.Int { return uint256.NewInt(x) }

// perWord returns price per word of n bytes.
func perWord(price, n uint64) uint64 { return price * words(n) }

// access warms an account and returns the price of touching it (EIP-2929).
// Precompiled contracts are always warm.
func (s *Session) access(a *account) uint64 {
	if s.warmUp(a) && s.precompile(&a.addr) == nil {
		return gasColdAccount
	}
	return gasWarm
}

// accessDelegate adds the price of resolving a's delegation (EIP-7702).
func (s *Session) accessDelegate(a *account) uint64 {
	if target := s.delegate(a); target != nil {
		return s.access(target)
	}
	return 0
}

// callCost is the price of a call without the gas that it passes on. creates says
// that value would make a new account.
func (s *Session) callCost(to *account, value bool, creates bool) uint64 {
	cost := s.access(to) + s.accessDelegate(to)
	if value {
		cost += gasValue
		if creates && to.empty() {
			cost += gasNewAccount
		}
	}
	return cost
}

// passOn is the most gas that a frame with gas may pass to a call (EIP-150).
func passOn(gas uint64) uint64 { return gas - gas/64 }

// load reads a slot and charges gas for it (EIP-2929).
func (s *Session) loadMetered(a *account, key *ledger.Hash, gas uint64) (sl *slot, left uint64, ok bool) {
	sl = s.slot(a, key)
	cost := uint64(gasWarm)
	if s.warmSlot(sl) {
		cost = gasColdSlot
	}
	return sl, gas - cost, gas >= cost
}

// storeMetered writes a slot, charges gas and moves the refund (EIP-2200, 2929,
// 3529).
func (s *Session) storeMetered(a *account, key *ledger.Hash, v *uint256.Int, gas uint64) (left uint64, ok bool) {
	if gas <= gasSlotSentry {
		return 0, false
	}
	sl := s.slot(a, key)
	var cost uint64
	if s.warmSlot(sl) {
		cost = gasColdSlot
	}
	if sl.current == *v {
		cost += gasWarm
		return gas - cost, gas >= cost
	}
	switch {
	case sl.current != sl.original:
		cost += gasWarm
	case sl.original.IsZero():
		cost += gasSlotSet
	default:
		cost += gasSlotReset
	}
	if gas < cost {
		return 0, false
	}
	if refund := storeRefund(sl, v); refund != 0 {
		s.setRefund(uint64(int64(s.refund) + refund))
	}
	s.setSlot(a, sl, v)
	return gas - cost, true
}

// storeRefund is by how much the refund moves when sl becomes v, which differs from
// its current value.
func storeRefund(sl *slot, v *uint256.Int) (refund int64) {
	clean := sl.current == sl.original
	if !sl.original.IsZero() {
		if !clean && sl.current.IsZero() {
			refund -= refundClear
		} else if v.IsZero() {
			refund += refundClear
		}
	}
	if !clean && sl.original == *v {
		if sl.original.IsZero() {
			refund += gasSlotSet - gasWarm
		} else {
			refund += gasSlotReset - gasWarm
		}
	}
	return refund
}
