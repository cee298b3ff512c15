package vm

import (
	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// start executes the frame's code, by the loop with a tracer if there is one.
func (f *frame) start() (out []byte, err error) {
	if f.s.tracing != nil {
		return f.runTraced()
	}
	return f.run()
}

// runTraced does what run does, plainly: it reports each opcode before it runs and
// its price after.
func (f *frame) runTraced() (out []byte, err error) {
	tr := f.s.tracing
	for {
		op := f.code.padded[f.pc]
		tr.step(f, op)
		out, err = f.single(op)
		tr.settle(0, failure(err))
		switch err {
		case nil:
		case errStop:
			return out, nil
		default:
			return out, err
		}
	}
}

// failure is err unless the opcode ended the frame as it should.
func failure(err error) error {
	if err == errStop || err == ErrReverted {
		return nil
	}
	return err
}

// single executes one opcode. It returns errStop if that ends the frame with success.
func (f *frame) single(op byte) (out []byte, err error) {
	info := &f.s.vm.ops[op]
	if uint(f.sp)-uint(info.min) > uint(info.span) {
		return nil, f.s.vm.ops.refuse(op, f.sp)
	}
	if !f.use(uint64(info.gas)) {
		return nil, ErrOutOfGas
	}
	f.pc++
	switch {
	case op == opSTOP:
		return nil, errStop
	case op < opKECCAK256:
		return nil, f.compute(op)
	case op == opRETURN || op == opREVERT:
		from, n, ok := f.span(f.peek(0), f.peek(1))
		if !ok {
			return nil, ErrOutOfGas
		}
		if err = errStop; op == opREVERT {
			err = ErrReverted
		}
		return f.mem[from : from+n], err
	case op == opSELFDESTRUCT:
		return nil, f.traceSelfDestruct()
	case op >= opPOP && op <= opSSTORE || op >= opJUMP && op <= opJUMPDEST:
		return nil, f.access(op)
	case op >= opPUSH0 && op < opDUP1:
		n := int(op - opPUSH0)
		f.push().SetBytes(f.code.padded[f.pc : f.pc+n])
		f.pc += n
	case op >= opDUP1 && op < opSWAP1:
		x := *f.peek(int(op - opDUP1))
		*f.push() = x
	case op >= opSWAP1 && op < opLOG0:
		x, y := f.peek(0), f.peek(int(op-opSWAP1)+1)
		*x, *y = *y, *x
	default:
		return nil, f.outside(op)
	}
	return nil, nil
}

// push adds a word to the stack.
func (f *frame) push() *uint256.Int {
	f.sp++
	return f.peek(0)
}

// pop takes a word off the stack, valid until the next push.
func (f *frame) pop() *uint256.Int {
	w := f.peek(0)
	f.sp--
	return w
}

// compute executes arithmetic, comparisons and bitwise opcodes.
func (f *frame) compute(op byte) error {
	x := f.peek(0)
	switch op {
	case opISZERO:
		setBool(x, x.IsZero())
		return nil
	case opNOT:
		x.Not(x)
		return nil
	case opCLZ:
		x.SetUint64(uint64(256 - x.BitLen()))
		return nil
	case opADDMOD, opMULMOD:
		a, b, m := *f.pop(), *f.pop(), f.peek(0)
		if op == opADDMOD {
			m.AddMod(&a, &b, m)
		} else {
			m.MulMod(&a, &b, m)
		}
		return nil
	}
	a, y := *f.pop(), f.peek(0)
	switch op {
	case opADD:
		y.Add(&a, y)
	case opMUL:
		y.Mul(&a, y)
	case opSUB:
		y.Sub(&a, y)
	case opDIV:
		y.Div(&a, y)
	case opSDIV:
		y.SDiv(&a, y)
	case opMOD:
		y.Mod(&a, y)
	case opSMOD:
		y.SMod(&a, y)
	case opEXP:
		if !f.use(gasExpByte * uint64(y.ByteLen())) {
			return ErrOutOfGas
		}
		y.Exp(&a, y)
	case opSIGNEXTEND:
		y.ExtendSign(y, &a)
	case opLT:
		setBool(y, a.Lt(y))
	case opGT:
		setBool(y, a.Gt(y))
	case opSLT:
		setBool(y, a.Slt(y))
	case opSGT:
		setBool(y, a.Sgt(y))
	case opEQ:
		setBool(y, a == *y)
	case opAND:
		y.And(&a, y)
	case opOR:
		y.Or(&a, y)
	case opXOR:
		y.Xor(&a, y)
	case opBYTE:
		y.Byte(&a)
	default:
		shiftWord(op, &a, y)
	}
	return nil
}

// shiftWord shifts y by n bits.
func shiftWord(op byte, n, y *uint256.Int) {
	by := uint(256)
	if n.LtUint64(256) {
		by = uint(n[0])
	}
	switch op {
	case opSHL:
		y.Lsh(y, by)
	case opSHR:
		y.Rsh(y, by)
	case opSAR:
		y.SRsh(y, by)
	}
}

// access executes opcodes that reach memory, storage and the program counter.
func (f *frame) access(op byte) error {
	switch op {
	case opPOP:
		f.pop()
	case opMLOAD, opMSTORE, opMSTORE8:
		return f.accessMemory(op)
	case opSLOAD:
		x := f.peek(0)
		key := ledger.Hash(x.Bytes32())
		sl, left, ok := f.s.loadMetered(f.account, &key, f.gas)
		if !ok {
			return ErrOutOfGas
		}
		f.gas = left
		*x = sl.current
	case opSSTORE:
		if f.readOnly {
			return ErrWriteProtection
		}
		key, v := ledger.Hash(f.pop().Bytes32()), f.pop()
		left, ok := f.s.storeMetered(f.account, &key, v, f.gas)
		if !ok {
			return ErrOutOfGas
		}
		f.gas = left
	case opJUMP:
		return f.jump(f.pop())
	case opJUMPI:
		dest, condition := f.pop(), f.pop()
		if !condition.IsZero() {
			return f.jump(dest)
		}
	case opPC:
		f.push().SetUint64(uint64(f.pc - 1))
	case opMSIZE:
		f.push().SetUint64(uint64(len(f.mem)))
	case opGAS:
		f.push().SetUint64(f.gas)
	}
	return nil
}

func (f *frame) jump(dest *uint256.Int) error {
	if !dest.IsUint64() || !canJump(f.code.jumps, dest[0]) {
		return ErrInvalidJump
	}
	f.pc = int(dest[0])
	return nil
}

func (f *frame) accessMemory(op byte) error {
	size := newWord(32)
	if op == opMSTORE8 {
		size = newWord(1)
	}
	at, n, ok := f.span(f.peek(0), size)
	if !ok {
		return ErrOutOfGas
	}
	word := f.mem[at : at+n]
	switch op {
	case opMLOAD:
		f.peek(0).SetBytes32(word)
		return nil
	case opMSTORE:
		f.peek(1).PutUint256(word)
	case opMSTORE8:
		word[0] = byte(f.peek(1)[0])
	}
	f.sp -= 2
	return nil
}

// outside executes the other opcodes, which know of the call, the message or the
// state.
func (f *frame) outside(op byte) error {
	switch op {
	case opADDRESS:
		f.push().SetBytes20(f.account.addr[:])
	case opCALLER:
		f.push().SetBytes20(f.caller[:])
	case opCALLVALUE:
		*f.push() = f.value
	case opCALLDATASIZE:
		f.push().SetUint64(uint64(len(f.input)))
	case opCALLDATALOAD:
		f.loadInput()
	case opTLOAD:
		x := f.peek(0)
		key := ledger.Hash(x.Bytes32())
		*x = f.s.loadTransient(f.account, &key)
	case opTSTORE:
		if f.readOnly {
			return ErrWriteProtection
		}
		key, v := ledger.Hash(f.pop().Bytes32()), f.pop()
		f.s.storeTransient(f.account, &key, v)
	default:
		return f.step(op)
	}
	return nil
}

// traceSelfDestruct reports the transfer of a SELFDESTRUCT that succeeds.
func (f *frame) traceSelfDestruct() error {
	heir, amount := ledger.Address(f.peek(0).Bytes20()), f.account.balance
	err := f.selfDestruct()
	if err != errStop {
		return err
	}
	tr := f.s.tracing
	tr.settle(0, nil)
	tr.tracer.Enter(&CallTrace{
		Kind: CallSelfDestruct, Depth: f.depth + 2, From: f.account.addr, To: heir, Value: amount,
	})
	tr.tracer.Exit(&ExitTrace{})
	return err
}
