package vm

import (
	"bytes"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// Native is a contract written in Go. Run executes one call: f reaches the state,
// input is the call data, valid until Run returns, and output the return data. With
// ok false the call reverts with output as revert data and gas that is left stays
// with the caller.
//
// Run must be a pure function of the frame and the input. All state lies in the
// frame's account; a frame must not be used after its Run returned or while a frame
// that it opened runs. Out of gas, writes under STATICCALL and faults of the host
// end Run by a panic from the frame's method. Code that recovers it gains nothing:
// the frame is poisoned, its methods panic again, and the call fails whatever Run
// returns. A panic of Run's own fails the call and burns its gas.
type Native interface {
	Run(f *Frame, input []byte) (output []byte, ok bool)
}

// Frame is the view of one call that a native has. Its methods charge gas as the
// opcodes that do the same.
type Frame struct {
	s        *Session
	account  *account // of self
	caller   ledger.Address
	value    uint256.Int
	gas      uint64
	readOnly bool
	depth    int
	poison   error // why the frame ended early
}

// Self is the address that was called.
func (f *Frame) Self() ledger.Address { return f.account.addr }

// Caller is the account that called.
func (f *Frame) Caller() ledger.Address { return f.caller }

// Origin is the sender of the message.
func (f *Frame) Origin() ledger.Address { return f.s.origin }

// Value is the amount in wei that came with the call. Self has it already.
func (f *Frame) Value() uint256.Int { return f.value }

// ReadOnly reports whether the call is static: any write fails it.
func (f *Frame) ReadOnly() bool { return f.readOnly }

// Gas is the gas that is left.
func (f *Frame) Gas() uint64 { return f.gas }

// Block is the block that executes. It must not be modified.
func (f *Frame) Block() *Block { return &f.s.block }

// ChainID is the chain's id as CHAINID gives it.
func (f *Frame) ChainID() uint64 { return f.s.vm.cfg.ChainID }

// Poisoned reports whether a method ended the frame. Code between the frame and Run
// that recovers panics should panic again if so.
func (f *Frame) Poisoned() bool { return f.poison != nil || f.s.fault != nil }

// fail poisons the frame and unwinds to its boundary.
func (f *Frame) fail(err error) {
	if f.poison == nil {
		f.poison = err
	}
	panic(unwind{})
}

// enter refuses a frame that has ended or is not the innermost.
func (f *Frame) enter() {
	if f.Poisoned() {
		panic(unwind{})
	}
	if n := len(f.s.open); n == 0 || f.s.open[n-1] != f {
		f.fail(ErrFrame)
	}
}

func (f *Frame) charge(gas uint64) {
	if f.gas < gas {
		f.outOfGas()
	}
	f.gas -= gas
}

func (f *Frame) outOfGas() {
	f.gas = 0
	f.fail(ErrOutOfGas)
}

// write refuses static calls.
func (f *Frame) write() {
	f.enter()
	if f.readOnly {
		f.fail(ErrWriteProtection)
	}
}

// UseGas charges n gas for work that the frame does not see.
func (f *Frame) UseGas(n uint64) {
	f.enter()
	f.charge(n)
}

// Load reads a slot of Self at the price of SLOAD.
func (f *Frame) Load(key ledger.Hash) ledger.Hash {
	f.enter()
	sl, left, ok := f.s.loadMetered(f.account, &key, f.gas)
	if !ok {
		f.outOfGas()
	}
	f.gas = left
	return ledger.WordHash(&sl.current)
}

// Store writes a slot of Self at the price and with the refunds of SSTORE. It fails
// the call if Self is an empty account, which EIP-161 would remove with its storage.
func (f *Frame) Store(key, value ledger.Hash) {
	f.write()
	if f.account.empty() {
		f.fail(ErrNoAccount)
	}
	v := value.Word()
	left, ok := f.s.storeMetered(f.account, &key, &v, f.gas)
	if !ok {
		f.outOfGas()
	}
	f.gas = left
}

// Balance is an account's balance in wei, at the price of BALANCE.
func (f *Frame) Balance(addr ledger.Address) uint256.Int {
	f.enter()
	a := f.s.account(addr)
	f.charge(f.s.access(a))
	return a.balance
}

// CodeSize is the length of an account's code in bytes, at the price of EXTCODESIZE.
func (f *Frame) CodeSize(addr ledger.Address) int {
	f.enter()
	a := f.s.account(addr)
	f.charge(f.s.access(a))
	return f.s.codeOf(a).size
}

// Transfer moves wei from Self without running code of the receiver, at the price of
// a call with that value. It reports false if Self has less.
func (f *Frame) Transfer(to ledger.Address, amount uint256.Int) bool {
	a := f.payFor(to, &amount)
	return f.s.transfer(f.account, a, &amount)
}

// Mint creates wei, at the price of Transfer. A balance above 2^256 - 1 fails the
// call.
func (f *Frame) Mint(to ledger.Address, amount uint256.Int) {
	a := f.payFor(to, &amount)
	if !amount.IsZero() && !f.s.credit(a, &amount) {
		f.fail(ErrBalanceOverflow)
	}
}

// payFor charges for a change of an account's balance.
func (f *Frame) payFor(to ledger.Address, amount *uint256.Int) *account {
	f.write()
	a := f.s.account(to)
	cost := f.s.access(a)
	if !amount.IsZero() {
		cost += gasValue
		if a.empty() {
			cost += gasNewAccount
		}
	}
	f.charge(cost)
	return a
}

// Burn destroys wei of any account, at the price of Transfer. It reports false if
// the account has less.
func (f *Frame) Burn(from ledger.Address, amount uint256.Int) bool {
	f.write()
	a := f.s.account(from)
	cost := f.s.access(a)
	if !amount.IsZero() {
		cost += gasValue
	}
	f.charge(cost)
	var rest uint256.Int
	if _, under := rest.SubOverflow(&a.balance, &amount); under {
		return false
	}
	if !amount.IsZero() {
		f.s.setBalance(a, &rest)
	}
	return true
}

// Log emits an event of Self at the price of LOG. More than four topics fail the
// call. It copies topics and data.
func (f *Frame) Log(topics []ledger.Hash, data []byte) {
	f.write()
	if len(topics) > 4 {
		f.fail(ErrFrame)
	}
	f.charge(gasLog + gasLog*uint64(len(topics)) + gasLogByte*uint64(len(data)))
	f.s.addLog(ledger.Log{
		Address: f.account.addr,
		Topics:  append([]ledger.Hash(nil), topics...),
		Data:    append([]byte(nil), data...),
	})
}

// Call calls an account as the opcode CALL does, with at most gas or, if gas is 0,
// with all but a 64th of what is left. The output is a copy; with ok false it is the
// revert data, if any.
func (f *Frame) Call(to ledger.Address, value uint256.Int, input []byte, gas uint64) (output []byte, ok bool) {
	f.enter()
	if !value.IsZero() {
		f.write()
	}
	return f.invoke(kindCall, to, value, input, gas)
}

// StaticCall calls an account as STATICCALL does; see Call for gas and output.
func (f *Frame) StaticCall(to ledger.Address, input []byte, gas uint64) (output []byte, ok bool) {
	f.enter()
	return f.invoke(kindStatic, to, uint256.Int{}, input, gas)
}

func (f *Frame) invoke(kind callKind, to ledger.Address, value uint256.Int, input []byte, gas uint64) ([]byte, bool) {
	f.charge(f.s.callCost(f.s.account(to), !value.IsZero(), true))
	if most := passOn(f.gas); gas == 0 || gas > most {
		gas = most
	}
	f.gas -= gas
	if !value.IsZero() {
		gas += gasStipend
	}
	out, left, err := f.s.call(&invocation{
		kind: kind, caller: f.account.addr, self: to, code: to, value: value, input: input,
		gas: gas, readOnly: f.readOnly || kind == kindStatic, depth: f.depth + 1,
	})
	f.gas += left
	return bytes.Clone(out), err == nil
}

// Do runs run in a child frame at the native account to, whose caller is Self, with
// all but a 64th of the gas and the price of a call without value. With ok false the
// child's effects are undone. An account that is not native fails the frame.
func (f *Frame) Do(to ledger.Address, run func(*Frame) (output []byte, ok bool)) (output []byte, ok bool) {
	f.enter()
	if f.s.native(&to) == nil {
		f.fail(ErrFrame)
	}
	a := f.s.account(to)
	f.charge(f.s.access(a))
	if f.depth+1 > maxDepth {
		return nil, false
	}
	gas := passOn(f.gas)
	f.gas -= gas
	child := &Frame{s: f.s, account: a, caller: f.account.addr, gas: gas, readOnly: f.readOnly, depth: f.depth + 1}
	f.s.tracing.openChild(child)
	output, err := child.execute(run)
	f.s.tracing.closeChild(child, gas, output, err)
	f.gas += child.gas
	return output, err == nil
}

// Active reports whether a frame of the native account addr is open below this one.
func (f *Frame) Active(addr ledger.Address) bool {
	f.enter()
	for _, below := range f.s.open[:len(f.s.open)-1] {
		if below.account.addr == addr {
			return true
		}
	}
	return false
}

// execute runs code in the frame and undoes its effects unless it succeeds. After an
// error other than ErrReverted the frame has no gas.
func (f *Frame) execute(run func(*Frame) ([]byte, bool)) (output []byte, err error) {
	s := f.s
	snapshot := s.snapshot()
	depth := len(s.open)
	s.open = append(s.open, f)
	output, ok, panicked := f.protect(run)
	if s.fault != nil {
		panic(unwind{})
	}
	s.open = s.open[:depth]
	switch {
	case f.poison != nil:
		err = f.poison
	case panicked:
		err = ErrNativePanic
	case !ok:
		err = ErrReverted
	}
	if err != nil {
		s.revert(snapshot)
	}
	if err != nil && err != ErrReverted {
		f.gas = 0
		output = nil
	}
	return output, err
}

// protect calls run and catches its panic.
func (f *Frame) protect(run func(*Frame) ([]byte, bool)) (output []byte, ok, panicked bool) {
	panicked = true
	defer func() {
		if panicked {
			recover()
		}
	}()
	output, ok = run(f)
	return output, ok, false
}
