package vm

import (
	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm/precompile"
)

// precompiles are the contracts of the protocol by address.
type precompiles map[[20]byte]precompile.Contract

func newPrecompiles(r Rules) precompiles {
	switch r.fork {
	case cancun:
		return precompile.Set(precompile.Cancun)
	case prague:
		return precompile.Set(precompile.Prague)
	}
	return precompile.Set(precompile.Osaka)
}

// precompile returns the precompiled contract at addr, nil if there is none. All lie
// at addresses whose first 18 bytes are zero.
func (s *Session) precompile(addr *ledger.Address) precompile.Contract {
	if [18]byte(addr[:18]) != [18]byte{} {
		return nil
	}
	return s.vm.precompiles[*addr]
}

// native returns the native contract at addr, nil if there is none.
func (s *Session) native(addr *ledger.Address) Native {
	if len(s.vm.cfg.Natives) == 0 {
		return nil
	}
	return s.vm.cfg.Natives[*addr]
}

// callKind is the way in which a frame was entered.
type callKind uint8

const (
	kindCall callKind = iota
	kindCallCode
	kindDelegate
	kindStatic
)

// invocation is a call of existing code.
type invocation struct {
	kind     callKind
	readOnly bool
	traced   bool           // the tracer knows of it
	depth    int            // 0 is the outermost frame
	caller   ledger.Address // as CALLER gives it
	self     ledger.Address // whose storage and balance the code sees
	code     ledger.Address // whose code runs
	value    uint256.Int    // as CALLVALUE gives it; moved if kind is kindCall
	input    []byte         // not modified, must not change during the call
	gas      uint64
}

// call executes an invocation. out is valid until the next call at the same depth:
// return data without an error, revert data with ErrReverted. Any other error but
// ErrDepth and ErrBalance leaves no gas. With an error all effects are undone.
func (s *Session) call(in *invocation) (out []byte, left uint64, err error) {
	if s.tracing != nil && !in.traced {
		return s.traceCall(in)
	}
	if in.depth > maxDepth {
		return nil, in.gas, ErrDepth
	}
	self := s.account(in.self)
	snapshot := s.snapshot()
	switch in.kind {
	case kindCall, kindStatic:
		from := self
		if !in.value.IsZero() {
			from = s.account(in.caller)
			if from.balance.Lt(&in.value) {
				return nil, in.gas, ErrBalance
			}
		}
		if !s.transfer(from, self, &in.value) {
			return nil, 0, ErrBalanceOverflow
		}
	case kindCallCode:
		if self.balance.Lt(&in.value) {
			return nil, in.gas, ErrBalance
		}
	}
	out, left, err = s.dispatch(in, self)
	if err != nil {
		s.revert(snapshot)
		if err != ErrReverted {
			return nil, 0, err
		}
	}
	return out, left, err
}

// dispatch runs what is at the invocation's code address.
func (s *Session) dispatch(in *invocation, self *account) (out []byte, left uint64, err error) {
	if p := s.precompile(&in.code); p != nil {
		cost := p.Gas(in.input)
		if in.gas < cost {
			return nil, 0, ErrOutOfGas
		}
		if out, err = p.Run(in.input); err != nil {
			return nil, 0, ErrPrecompile
		}
		return out, in.gas - cost, nil
	}
	if n := s.native(&in.code); n != nil {
		return s.callNative(n, in, self)
	}
	a := self
	if in.code != in.self {
		a = s.account(in.code)
	}
	c := s.codeOf(a)
	if c.target != nil && s.vm.rules.hasPrague() {
		if c, err = s.delegatedCode(*c.target); err != nil {
			return nil, 0, err
		}
	}
	if c.size == 0 {
		return nil, in.gas, nil
	}
	f := s.frame(in.depth)
	f.s, f.account, f.code = s, self, c
	f.caller, f.value, f.input = in.caller, in.value, in.input
	f.gas, f.readOnly, f.depth = in.gas, in.readOnly, in.depth
	out, err = f.start()
	return out, f.gas, err
}

// delegatedCode is the code that runs for an account that delegates to target: one
// step only, and nothing for a precompiled contract (EIP-7702).
func (s *Session) delegatedCode(target ledger.Address) (*code, error) {
	if s.precompile(&target) != nil {
		return noCode, nil
	}
	if s.native(&target) != nil {
		return nil, ErrNativeDelegation
	}
	return s.codeOf(s.account(target)), nil
}

func (s *Session) callNative(n Native, in *invocation, self *account) (out []byte, left uint64, err error) {
	if in.kind == kindCallCode || in.kind == kindDelegate {
		return nil, 0, ErrNativeDelegation
	}
	f := &Frame{
		s: s, account: self, caller: in.caller, value: in.value,
		gas: in.gas, readOnly: in.readOnly, depth: in.depth,
	}
	input := in.input
	out, err = f.execute(func(f *Frame) ([]byte, bool) { return n.Run(f, input) })
	return out, f.gas, err
}

// creation is a call of code that makes a contract.
type creation struct {
	creator ledger.Address
	addr    ledger.Address // of the contract
	init    []byte
	value   *uint256.Int
	gas     uint64
	depth   int
	traced  bool // the tracer knows of it
}

// create runs init code and stores what it returns as the contract's code. The
// caller has checked depth and balance and taken the creator's nonce. out is the
// revert data; errors are as those of call.
func (s *Session) create(cr *creation) (out []byte, left uint64, err error) {
	if s.tracing != nil && !cr.traced {
		return s.traceCreate(cr)
	}
	a := s.account(cr.addr)
	if a.nonce != 0 || a.hasCode() || a.hasStorage() {
		return nil, 0, ErrCollision
	}
	snapshot := s.snapshot()
	s.setNonce(a, 1)
	s.setCreated(a)
	if !s.transfer(s.account(cr.creator), a, cr.value) {
		s.revert(snapshot)
		return nil, 0, ErrBalanceOverflow
	}
	f := s.frame(cr.depth)
	f.s, f.account, f.code = s, a, newCode(cr.init)
	f.code.target = nil
	f.caller, f.value, f.input = cr.creator, *cr.value, nil
	f.gas, f.readOnly, f.depth = cr.gas, false, cr.depth
	out, err = f.start()
	left = f.gas
	if err == nil {
		left, err = s.deploy(a, out, left)
		out = nil
	}
	if err != nil {
		s.revert(snapshot)
		if err != ErrReverted {
			return nil, 0, err
		}
	}
	return out, left, err
}

// deploy stores the code of a new contract (EIP-170, EIP-3541).
func (s *Session) deploy(a *account, raw []byte, gas uint64) (left uint64, err error) {
	cost := gasCodeByte * uint64(len(raw))
	switch {
	case len(raw) > maxCodeSize:
		return 0, ErrCodeSize
	case len(raw) > 0 && raw[0] == 0xef:
		return 0, ErrCodePrefix
	case gas < cost:
		return 0, ErrOutOfGas
	}
	if len(raw) > 0 {
		hash := ledger.Keccak(raw)
		c := s.vm.codes.get(hash)
		if c == nil {
			c = newCode(raw)
			s.vm.codes.put(hash, c)
		}
		s.setCode(a, hash, c)
	}
	return gas - cost, nil
}

// createAddress is where CREATE and transactions put a contract.
func createAddress(creator ledger.Address, nonce uint64) ledger.Address {
	p := rlp.AppendBytes(make([]byte, 0, 32), creator[:])
	h := ledger.Keccak(rlp.AppendList(nil, rlp.AppendUint(p, nonce)))
	return ledger.Address(h[12:])
}

// create2Address is where CREATE2 puts a contract (EIP-1014).
func create2Address(creator ledger.Address, salt ledger.Hash, init []byte) ledger.Address {
	code := ledger.Keccak(init)
	h := ledger.Keccak([]byte{0xff}, creator[:], salt[:], code[:])
	return ledger.Address(h[12:])
}
