package vm

import (
	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// Session executes messages one after another on an overlay of a state.
type Session struct {
	vm       *VM
	block    Block
	reader   Reader
	accounts map[ledger.Address]*account
	recent   [recentAccounts]*account // of accounts, by the low bits of the address
	gasUsed  uint64                   // by the messages so far, bounded by block.GasLimit
	blobs    uint64                   // in the messages so far

	// The message being executed. turn counts messages from 1.
	turn        uint32
	origin      ledger.Address
	gasPrice    uint256.Int
	blobHashes  []ledger.Hash
	journal     []change
	codeChanges []codeChange
	dirty       []*account // possibly changed in this turn
	transients  []*account // that used transient storage in this turn
	logs        []ledger.Log
	segment     uint64 // of the journal, never used again
	refund      uint64
	refundNoted uint64   // segment that has an entry
	open        []*Frame // native frames from the outermost to the innermost
	scratch     *scratch
	fault       error // of the host; set while unwinding

	deferFee bool        // see Branch
	fee      uint256.Int // wei that the coinbase gets beside the overlay
	tracing  *tracing    // nil unless a tracer watches
}

// unwind is the value of the panics by which a native's frame ends early and a
// fault of the host ends a message. The reason is in the frame or the session.
type unwind struct{}

// abort ends the message with a fault of the host.
func (s *Session) abort(err error) {
	s.fault = err
	panic(unwind{})
}

// start prepares the session for a message.
func (s *Session) start(origin ledger.Address, price *uint256.Int) {
	s.turn++
	s.segment++
	s.origin = origin
	s.gasPrice = *price
	s.scratch = s.vm.getScratch()
	s.journal = s.scratch.journal
}

// settle applies what EIP-161 and EIP-6780 leave to the end of a message and forgets
// the message.
func (s *Session) settle() {
	for _, a := range s.dirty {
		switch {
		case a.destroyed == s.turn, a.touched == s.turn && a.empty():
			a.wipe()
		case a.touched == s.turn:
			a.exists = true
		}
	}
	s.forget()
}

// wipe makes the account absent.
func (a *account) wipe() {
	a.nonce, a.codeHash, a.code = 0, ledger.EmptyCodeHash, nil
	a.balance.Clear()
	a.slots, a.recent = nil, [recentSlots]*slot{}
	a.cleared, a.exists = true, false
}

func (s *Session) forget() {
	if s.scratch != nil {
		clear(s.journal) // no pointers into this session
		s.scratch.journal = s.journal[:0]
		s.vm.putScratch(s.scratch)
		s.scratch = nil
	}
	s.journal = nil
	clear(s.codeChanges)
	s.codeChanges = s.codeChanges[:0]
	s.dirty = s.dirty[:0]
	s.dropTransient()
	s.logs, s.blobHashes = nil, nil
	s.refund = 0
	s.open = nil
}

// rescue turns a fault of the host into an error and undoes the message. It must be
// deferred directly.
func (s *Session) rescue(res *Result, err *error) {
	r := recover()
	if r == nil {
		return
	}
	if s.fault == nil {
		panic(r)
	}
	*res, *err = Result{}, s.fault
	s.fault = nil
	s.revert(0)
	s.scratch = nil // frames may be in use below the panic
	s.forget()
}

// Apply executes a message and keeps its effects. The error is a fault of the host
// and leaves the session as before the call; everything that is wrong with the
// message is in the result. A zero GasPayer stands for the sender. A creation takes
// the sender's nonce even if the message does not check it, as CREATE does.
func (s *Session) Apply(m *ledger.Message) (res Result, err error) {
	defer s.rescue(&res, &err)
	t := transaction{s: s, m: m}
	return t.run(), nil
}

// System executes a call by the chain itself: ledger.SystemAddress calls to with
// gas, which nobody pays and which does not count against the block's limit. Nothing
// happens, successfully, if to has no code. Without success the effects are undone.
func (s *Session) System(to ledger.Address, input []byte, gas uint64) (res Result, err error) {
	defer s.rescue(&res, &err)
	s.start(ledger.SystemAddress, new(uint256.Int))
	s.warmUp(s.account(ledger.SystemAddress))
	s.warmUp(s.account(to))
	out, left, failure := s.call(&invocation{
		kind: kindCall, caller: ledger.SystemAddress, self: to, code: to, input: input, gas: gas,
	})
	res = s.result(out, failure)
	res.GasUsed = gas - left
	s.settle()
	return res, nil
}

// result describes the end of the outermost frame. It copies out.
func (s *Session) result(out []byte, failure error) Result {
	res := Result{Err: failure, GasPrice: s.gasPrice}
	switch failure {
	case nil:
		res.Logs = s.logs
	case ErrReverted:
		res.Status = Reverted
	default:
		res.Status = Halted
		return res
	}
	res.Return = append([]byte{}, out...)
	return res
}
