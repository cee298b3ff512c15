package vm

import (
	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// undo says how to take one change back.
type undo uint8

const (
	undoWord      undo = iota // target, word
	undoNonce                 // account, number
	undoCode                  // account, code, hash in the side list
	undoWarm                  // account, number
	undoWarmSlot              // slot, number
	undoTouch                 // account, number
	undoCreated               // account, number
	undoDestroyed             // account, number
	undoRefund                // number
	undoLog                   //
)

// change is one entry of the journal with the value before it.
type change struct {
	undo    undo
	account *account
	slot    *slot
	target  *uint256.Int // a balance, slot or transient slot
	word    uint256.Int  // the value before; a number in its first limb
}

// codeChange holds what an entry undoCode restores.
type codeChange struct {
	hash ledger.Hash
	code *code
}

// snapshot marks a place in the journal to which revert returns and starts a new
// segment: within one, only the first change of a word needs an entry.
func (s *Session) snapshot() int {
	s.segment++
	return len(s.journal)
}

// revert takes back all changes since snapshot.
func (s *Session) revert(snapshot int) {
	for i := len(s.journal) - 1; i >= snapshot; i-- {
		c := &s.journal[i]
		switch c.undo {
		case undoWord:
			*c.target = c.word
		case undoNonce:
			c.account.nonce = c.word[0]
		case undoCode:
			n := len(s.codeChanges) - 1
			c.account.codeHash, c.account.code = s.codeChanges[n].hash, s.codeChanges[n].code
			s.codeChanges = s.codeChanges[:n]
		case undoWarm:
			c.account.warm = uint32(c.word[0])
		case undoWarmSlot:
			c.slot.warm = uint32(c.word[0])
		case undoTouch:
			c.account.touched = uint32(c.word[0])
		case undoCreated:
			c.account.created = uint32(c.word[0])
		case undoDestroyed:
			c.account.destroyed = uint32(c.word[0])
		case undoRefund:
			s.refund = c.word[0]
		case undoLog:
			s.logs = s.logs[:len(s.logs)-1]
		}
	}
	s.journal = s.journal[:snapshot]
	s.segment++
}

// note appends an entry for a number.
func (s *Session) note(u undo, a *account, sl *slot, number uint64) {
	s.journal = append(s.journal, change{undo: u, account: a, slot: sl, word: uint256.Int{number}})
}

// setWord writes a word that can be taken back.
func (s *Session) setWord(target, v *uint256.Int) {
	s.journal = append(s.journal, change{undo: undoWord, target: target, word: *target})
	*target = *v
}

// mark puts a into the list of accounts to settle after the message.
func (s *Session) mark(a *account) {
	if a.dirty != s.turn {
		a.dirty = s.turn
		s.dirty = append(s.dirty, a)
	}
}

func (s *Session) touch(a *account) {
	s.mark(a)
	if a.touched != s.turn {
		s.note(undoTouch, a, nil, uint64(a.touched))
		a.touched = s.turn
	}
}

func (s *Session) setBalance(a *account, v *uint256.Int) {
	s.touch(a)
	s.setWord(&a.balance, v)
}

func (s *Session) setNonce(a *account, nonce uint64) {
	s.touch(a)
	s.note(undoNonce, a, nil, a.nonce)
	a.nonce = nonce
}

func (s *Session) setCode(a *account, hash ledger.Hash, c *code) {
	s.touch(a)
	s.note(undoCode, a, nil, 0)
	s.codeChanges = append(s.codeChanges, codeChange{a.codeHash, a.code})
	a.codeHash, a.code = hash, c
}

func (s *Session) setSlot(a *account, sl *slot, v *uint256.Int) {
	s.mark(a)
	if sl.noted == s.segment {
		sl.current = *v
		return
	}
	sl.noted = s.segment
	s.setWord(&sl.current, v)
}

// warmUp marks a as accessed and reports whether it was cold (EIP-2929).
func (s *Session) warmUp(a *account) (cold bool) {
	if a.warm == s.turn {
		return false
	}
	s.note(undoWarm, a, nil, uint64(a.warm))
	a.warm = s.turn
	return true
}

func (s *Session) warmSlot(sl *slot) (cold bool) {
	if sl.warm == s.turn {
		return false
	}
	s.note(undoWarmSlot, nil, sl, uint64(sl.warm))
	sl.warm = s.turn
	return true
}

func (s *Session) setCreated(a *account) {
	s.note(undoCreated, a, nil, uint64(a.created))
	a.created = s.turn
}

func (s *Session) setDestroyed(a *account) {
	s.touch(a)
	s.note(undoDestroyed, a, nil, uint64(a.destroyed))
	a.destroyed = s.turn
}

func (s *Session) setRefund(r uint64) {
	if s.refundNoted != s.segment {
		s.refundNoted = s.segment
		s.note(undoRefund, nil, nil, s.refund)
	}
	s.refund = r
}

func (s *Session) addLog(l ledger.Log) {
	s.note(undoLog, nil, nil, 0)
	s.logs = append(s.logs, l)
	if s.tracing != nil {
		s.tracing.tracer.Log(&s.logs[len(s.logs)-1])
	}
}

// transfer moves value if from has it. A transfer of nothing touches the receiver.
func (s *Session) transfer(from, to *account, value *uint256.Int) bool {
	if value.IsZero() {
		s.touch(to)
		return true
	}
	var rest uint256.Int
	if _, under := rest.SubOverflow(&from.balance, value); under {
		return false
	}
	s.setBalance(from, &rest)
	return s.credit(to, value)
}

// credit adds to a balance unless it would overflow.
func (s *Session) credit(to *account, value *uint256.Int) bool {
	var sum uint256.Int
	if _, over := sum.AddOverflow(&to.balance, value); over {
		return false
	}
	s.setBalance(to, &sum)
	return true
}

// transient is a slot of transient storage (EIP-1153). It is zero unless it was
// written in the turn.
type transient struct {
	key     ledger.Hash
	current uint256.Int
	turn    uint32
	noted   uint64 // segment of the journal that has an entry
}

// loadTransient returns the slot's value in this message. Inlined, it would keep the
// interpreter's locals alive across its look-up.
//
//go:noinline
func (s *Session) loadTransient(a *account, key *ledger.Hash) (v uint256.Int) {
	if t := a.transientSlot(key); t != nil && t.turn == s.turn {
		return t.current
	}
	return v
}

func (s *Session) storeTransient(a *account, key *ledger.Hash, v *uint256.Int) {
	t := a.transientSlot(key)
	if t == nil {
		t = &transient{key: *key}
		if a.transients == nil {
			a.transients = make(map[ledger.Hash]*transient)
		}
		a.transients[*key], a.lastTransient = t, t
	}
	if t.turn != s.turn {
		t.turn = s.turn
		t.current.Clear()
		if a.usedTransient != s.turn {
			a.usedTransient = s.turn
			s.transients = append(s.transients, a)
		}
	}
	if t.noted == s.segment {
		t.current = *v
		return
	}
	t.noted = s.segment
	s.setWord(&t.current, v)
}

// transientSlot returns the slot, nil if it was not written lately.
func (a *account) transientSlot(key *ledger.Hash) *transient {
	if t := a.lastTransient; t != nil && t.key == *key {
		return t
	}
	t := a.transients[*key]
	if t != nil {
		a.lastTransient = t
	}
	return t
}

// keepTransient bounds the transient slots that an account keeps for the next
// message.
const keepTransient = 64

// dropTransient forgets transient storage that is too much to keep after a message.
func (s *Session) dropTransient() {
	for _, a := range s.transients {
		if len(a.transients) > keepTransient {
			a.transients, a.lastTransient = nil, nil
		}
	}
	s.transients = s.transients[:0]
}
