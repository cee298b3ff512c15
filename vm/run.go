package vm

import (
	"encoding/binary"
	"math/bits"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// run executes the frame's code. It returns the output of RETURN or REVERT, which
// lies in the frame's memory; f.gas is what is left, meaningless after an error other
// than ErrReverted.
//
// It is one long switch with the bodies of the hot opcodes written out, several of
// them alike: a call or a table of functions for each would cost more than the opcode.
//
// pc, gas and the stack pointer live in locals. Opcodes that need more than the
// stack are methods: they find the locals in the frame and leave theirs there. Every
// other call has the locals in the frame meanwhile too: a local that is alive across
// one call anywhere would be stored before every opcode.
func (f *frame) run() (out []byte, err error) {
	var (
		ops   = &f.s.vm.ops
		code  = f.code.padded
		jumps = f.code.jumps
		stack = &f.stack
		gas   = f.gas
		pc    = 0
		sp    = 0
	)
	for {
		op := code[pc]
		info := &ops[op]
		if uint(sp)-uint(info.min) > uint(info.span) {
			return nil, ops.refuse(op, sp)
		}
		if gas < uint64(info.gas) {
			return nil, ErrOutOfGas
		}
		gas -= uint64(info.gas)
		pc++
		switch op {
		case opSTOP:
			f.gas = gas
			return nil, nil
		case opADD:
			sp--
			y := &stack[(sp-1)&stackMask]
			y.Add(&stack[sp&stackMask], y)
		case opMUL:
			sp--
			y := &stack[(sp-1)&stackMask]
			f.gas, f.pc, f.sp = gas, pc, sp
			y.Mul(&stack[sp&stackMask], y)
			gas, pc, sp = f.gas, f.pc, f.sp
		case opSUB:
			sp--
			y := &stack[(sp-1)&stackMask]
			y.Sub(&stack[sp&stackMask], y)
		case opDIV:
			sp--
			y := &stack[(sp-1)&stackMask]
			f.gas, f.pc, f.sp = gas, pc, sp
			y.Div(&stack[sp&stackMask], y)
			gas, pc, sp = f.gas, f.pc, f.sp
		case opSDIV:
			sp--
			y := &stack[(sp-1)&stackMask]
			f.gas, f.pc, f.sp = gas, pc, sp
			y.SDiv(&stack[sp&stackMask], y)
			gas, pc, sp = f.gas, f.pc, f.sp
		case opMOD:
			sp--
			y := &stack[(sp-1)&stackMask]
			f.gas, f.pc, f.sp = gas, pc, sp
			y.Mod(&stack[sp&stackMask], y)
			gas, pc, sp = f.gas, f.pc, f.sp
		case opSMOD:
			sp--
			y := &stack[(sp-1)&stackMask]
			f.gas, f.pc, f.sp = gas, pc, sp
			y.SMod(&stack[sp&stackMask], y)
			gas, pc, sp = f.gas, f.pc, f.sp
		case opADDMOD:
			sp -= 2
			z := &stack[(sp-1)&stackMask]
			f.gas, f.pc, f.sp = gas, pc, sp
			z.AddMod(&stack[(sp+1)&stackMask], &stack[sp&stackMask], z)
			gas, pc, sp = f.gas, f.pc, f.sp
		case opMULMOD:
			sp -= 2
			z := &stack[(sp-1)&stackMask]
			f.gas, f.pc, f.sp = gas, pc, sp
			z.MulMod(&stack[(sp+1)&stackMask], &stack[sp&stackMask], z)
			gas, pc, sp = f.gas, f.pc, f.sp
		case opEXP:
			sp--
			e := &stack[(sp-1)&stackMask]
			cost := gasExpByte * uint64(e.ByteLen())
			if gas < cost {
				return nil, ErrOutOfGas
			}
			gas -= cost
			f.gas, f.pc, f.sp = gas, pc, sp
			exp(e, &stack[sp&stackMask], e)
			gas, pc, sp = f.gas, f.pc, f.sp
		case opSIGNEXTEND:
			sp--
			y := &stack[(sp-1)&stackMask]
			f.gas, f.pc, f.sp = gas, pc, sp
			y.ExtendSign(y, &stack[sp&stackMask])
			gas, pc, sp = f.gas, f.pc, f.sp
		case opLT:
			sp--
			y := &stack[(sp-1)&stackMask]
			*y = uint256.Int{less(&stack[sp&stackMask], y)}
		case opGT:
			sp--
			y := &stack[(sp-1)&stackMask]
			*y = uint256.Int{less(y, &stack[sp&stackMask])}
		case opSLT:
			sp--
			y := &stack[(sp-1)&stackMask]
			f.gas, f.pc, f.sp = gas, pc, sp
			setBool(y, stack[sp&stackMask].Slt(y))
			gas, pc, sp = f.gas, f.pc, f.sp
		case opSGT:
			sp--
			y := &stack[(sp-1)&stackMask]
			f.gas, f.pc, f.sp = gas, pc, sp
			setBool(y, stack[sp&stackMask].Sgt(y))
			gas, pc, sp = f.gas, f.pc, f.sp
		case opEQ:
			sp--
			y := &stack[(sp-1)&stackMask]
			setBool(y, stack[sp&stackMask] == *y)
		case opISZERO:
			x := &stack[(sp-1)&stackMask]
			setBool(x, x.IsZero())
		case opAND:
			sp--
			y := &stack[(sp-1)&stackMask]
			y.And(&stack[sp&stackMask], y)
		case opOR:
			sp--
			y := &stack[(sp-1)&stackMask]
			y.Or(&stack[sp&stackMask], y)
		case opXOR:
			sp--
			y := &stack[(sp-1)&stackMask]
			y.Xor(&stack[sp&stackMask], y)
		case opNOT:
			x := &stack[(sp-1)&stackMask]
			x.Not(x)
		case opBYTE:
			sp--
			y := &stack[(sp-1)&stackMask]
			f.gas, f.pc, f.sp = gas, pc, sp
			y.Byte(&stack[sp&stackMask])
			gas, pc, sp = f.gas, f.pc, f.sp
		case opSHL:
			sp--
			shift, y := &stack[sp&stackMask], &stack[(sp-1)&stackMask]
			if shift.LtUint64(256) {
				f.gas, f.pc, f.sp = gas, pc, sp
				y.Lsh(y, uint(shift[0]))
				gas, pc, sp = f.gas, f.pc, f.sp
			} else {
				y.Clear()
			}
		case opSHR:
			sp--
			shift, y := &stack[sp&stackMask], &stack[(sp-1)&stackMask]
			if shift.LtUint64(256) {
				f.gas, f.pc, f.sp = gas, pc, sp
				y.Rsh(y, uint(shift[0]))
				gas, pc, sp = f.gas, f.pc, f.sp
			} else {
				y.Clear()
			}
		case opSAR:
			sp--
			shift, y := &stack[sp&stackMask], &stack[(sp-1)&stackMask]
			by := uint(256)
			if shift.LtUint64(256) {
				by = uint(shift[0])
			}
			f.gas, f.pc, f.sp = gas, pc, sp
			y.SRsh(y, by)
			gas, pc, sp = f.gas, f.pc, f.sp
		case opCLZ:
			x := &stack[(sp-1)&stackMask]
			f.gas, f.pc, f.sp = gas, pc, sp
			x.SetUint64(uint64(256 - x.BitLen()))
			gas, pc, sp = f.gas, f.pc, f.sp
		case opCALLDATALOAD:
			f.gas, f.pc, f.sp = gas, pc, sp
			f.loadInput()
			gas, pc, sp = f.gas, f.pc, f.sp
		case opCALLDATASIZE:
			stack[sp&stackMask].SetUint64(uint64(len(f.input)))
			sp++
		case opCALLER:
			stack[sp&stackMask].SetBytes20(f.caller[:])
			sp++
		case opCALLVALUE:
			stack[sp&stackMask] = f.value
			sp++
		case opADDRESS:
			stack[sp&stackMask].SetBytes20(f.account.addr[:])
			sp++
		case opPOP:
			sp--
		case opMLOAD:
			x := &stack[(sp-1)&stackMask]
			at := x[0]
			if !x.IsUint64() || at > maxMemory {
				return nil, ErrOutOfGas
			}
			if at+32 > uint64(len(f.mem)) {
				f.gas, f.pc, f.sp = gas, pc, sp
				if !f.expand(at + 32) {
					return nil, ErrOutOfGas
				}
				gas, pc, sp = f.gas, f.pc, f.sp
			}
			stack[(sp-1)&stackMask].SetBytes32(f.mem[at : at+32])
		case opMSTORE:
			sp -= 2
			x := &stack[(sp+1)&stackMask]
			at := x[0]
			if !x.IsUint64() || at > maxMemory {
				return nil, ErrOutOfGas
			}
			if at+32 > uint64(len(f.mem)) {
				f.gas, f.pc, f.sp = gas, pc, sp
				if !f.expand(at + 32) {
					return nil, ErrOutOfGas
				}
				gas, pc, sp = f.gas, f.pc, f.sp
			}
			stack[sp&stackMask].PutUint256(f.mem[at : at+32])
		case opMSTORE8:
			sp -= 2
			x := &stack[(sp+1)&stackMask]
			at := x[0]
			if !x.IsUint64() || at > maxMemory {
				return nil, ErrOutOfGas
			}
			f.gas, f.pc, f.sp = gas, pc, sp
			if !f.expand(at + 1) {
				return nil, ErrOutOfGas
			}
			gas, pc, sp = f.gas, f.pc, f.sp
			f.mem[at] = byte(stack[sp&stackMask][0])
		case opSLOAD:
			x := &stack[(sp-1)&stackMask]
			key := ledger.Hash(x.Bytes32())
			f.pc, f.sp = pc, sp
			sl, left, ok := f.s.loadMetered(f.account, &key, gas)
			if !ok {
				return nil, ErrOutOfGas
			}
			gas, pc, sp = left, f.pc, f.sp
			stack[(sp-1)&stackMask] = sl.current
		case opSSTORE:
			if f.readOnly {
				return nil, ErrWriteProtection
			}
			sp -= 2
			key := ledger.Hash(stack[(sp+1)&stackMask].Bytes32())
			f.pc, f.sp = pc, sp
			left, ok := f.s.storeMetered(f.account, &key, &stack[sp&stackMask], gas)
			if !ok {
				return nil, ErrOutOfGas
			}
			gas, pc, sp = left, f.pc, f.sp
		case opTLOAD:
			x := &stack[(sp-1)&stackMask]
			key := ledger.Hash(x.Bytes32())
			f.gas, f.pc, f.sp = gas, pc, sp
			w := f.s.loadTransient(f.account, &key)
			gas, pc, sp = f.gas, f.pc, f.sp
			stack[(sp-1)&stackMask] = w
		case opTSTORE:
			if f.readOnly {
				return nil, ErrWriteProtection
			}
			sp -= 2
			key := ledger.Hash(stack[(sp+1)&stackMask].Bytes32())
			f.gas, f.pc, f.sp = gas, pc, sp
			f.s.storeTransient(f.account, &key, &stack[sp&stackMask])
			gas, pc, sp = f.gas, f.pc, f.sp
		case opJUMP:
			sp--
			dest := &stack[sp&stackMask]
			if !dest.IsUint64() || !canJump(jumps, dest[0]) {
				return nil, ErrInvalidJump
			}
			if gas < gasJumpDest {
				return nil, ErrOutOfGas
			}
			gas -= gasJumpDest
			pc = int(dest[0]) + 1
		case opJUMPI:
			sp -= 2
			if stack[sp&stackMask].IsZero() {
				break
			}
			dest := &stack[(sp+1)&stackMask]
			if !dest.IsUint64() || !canJump(jumps, dest[0]) {
				return nil, ErrInvalidJump
			}
			if gas < gasJumpDest {
				return nil, ErrOutOfGas
			}
			gas -= gasJumpDest
			pc = int(dest[0]) + 1
		case opPC:
			stack[sp&stackMask].SetUint64(uint64(pc - 1))
			sp++
		case opMSIZE:
			stack[sp&stackMask].SetUint64(uint64(len(f.mem)))
			sp++
		case opGAS:
			stack[sp&stackMask].SetUint64(gas)
			sp++
		case opJUMPDEST:
		case opPUSH0:
			stack[sp&stackMask].Clear()
			sp++
		case opPUSH1:
			word := uint64(code[pc])
			pc++
			// The jump that often follows runs at once, by its own rules and price.
			if next := code[pc]; next&^1 != opJUMP {
				stack[sp&stackMask] = uint256.Int{word}
				sp++
			} else if next == opJUMP {
				if gas < gasJump {
					return nil, ErrOutOfGas
				}
				if !canJump(jumps, word) {
					return nil, ErrInvalidJump
				}
				if gas < gasJump+gasJumpDest {
					return nil, ErrOutOfGas
				}
				gas -= gasJump + gasJumpDest
				pc = int(word) + 1
			} else {
				if sp == 0 {
					return nil, ErrStackUnderflow
				}
				if gas < gasJumpIf {
					return nil, ErrOutOfGas
				}
				gas -= gasJumpIf
				pc++
				sp--
				if stack[sp&stackMask].IsZero() {
					break
				}
				if !canJump(jumps, word) {
					return nil, ErrInvalidJump
				}
				if gas < gasJumpDest {
					return nil, ErrOutOfGas
				}
				gas -= gasJumpDest
				pc = int(word) + 1
			}
		case opPUSH1 + 1:
			word := uint64(binary.BigEndian.Uint16(code[pc:]))
			pc += 2
			// The jump that often follows runs at once, by its own rules and price.
			if next := code[pc]; next&^1 != opJUMP {
				stack[sp&stackMask] = uint256.Int{word}
				sp++
			} else if next == opJUMP {
				if gas < gasJump {
					return nil, ErrOutOfGas
				}
				if !canJump(jumps, word) {
					return nil, ErrInvalidJump
				}
				if gas < gasJump+gasJumpDest {
					return nil, ErrOutOfGas
				}
				gas -= gasJump + gasJumpDest
				pc = int(word) + 1
			} else {
				if sp == 0 {
					return nil, ErrStackUnderflow
				}
				if gas < gasJumpIf {
					return nil, ErrOutOfGas
				}
				gas -= gasJumpIf
				pc++
				sp--
				if stack[sp&stackMask].IsZero() {
					break
				}
				if !canJump(jumps, word) {
					return nil, ErrInvalidJump
				}
				if gas < gasJumpDest {
					return nil, ErrOutOfGas
				}
				gas -= gasJumpDest
				pc = int(word) + 1
			}
		case opPUSH1 + 2:
			stack[sp&stackMask] = uint256.Int{uint64(binary.BigEndian.Uint32(code[pc:]) >> 8)}
			sp++
			pc += 3
		case opPUSH1 + 3:
			stack[sp&stackMask] = uint256.Int{uint64(binary.BigEndian.Uint32(code[pc:]))}
			sp++
			pc += 4
		case opPUSH1 + 4:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc:]) >> 24}
			sp++
			pc += 5
		case opPUSH1 + 5:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc:]) >> 16}
			sp++
			pc += 6
		case opPUSH1 + 6:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc:]) >> 8}
			sp++
			pc += 7
		case opPUSH1 + 7:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc:])}
			sp++
			pc += 8
		case opPUSH1 + 8:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc+1:]), binary.BigEndian.Uint64(code[pc:]) >> 56}
			sp++
			pc += 9
		case opPUSH1 + 9:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc+2:]), binary.BigEndian.Uint64(code[pc:]) >> 48}
			sp++
			pc += 10
		case opPUSH1 + 10:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc+3:]), binary.BigEndian.Uint64(code[pc:]) >> 40}
			sp++
			pc += 11
		case opPUSH1 + 11:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc+4:]), binary.BigEndian.Uint64(code[pc:]) >> 32}
			sp++
			pc += 12
		case opPUSH1 + 12:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc+5:]), binary.BigEndian.Uint64(code[pc:]) >> 24}
			sp++
			pc += 13
		case opPUSH1 + 13:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc+6:]), binary.BigEndian.Uint64(code[pc:]) >> 16}
			sp++
			pc += 14
		case opPUSH1 + 14:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc+7:]), binary.BigEndian.Uint64(code[pc:]) >> 8}
			sp++
			pc += 15
		case opPUSH1 + 15:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc+8:]), binary.BigEndian.Uint64(code[pc:])}
			sp++
			pc += 16
		case opPUSH1 + 16:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc+9:]), binary.BigEndian.Uint64(code[pc+1:]), binary.BigEndian.Uint64(code[pc:]) >> 56}
			sp++
			pc += 17
		case opPUSH1 + 17:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc+10:]), binary.BigEndian.Uint64(code[pc+2:]), binary.BigEndian.Uint64(code[pc:]) >> 48}
			sp++
			pc += 18
		case opPUSH1 + 18:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc+11:]), binary.BigEndian.Uint64(code[pc+3:]), binary.BigEndian.Uint64(code[pc:]) >> 40}
			sp++
			pc += 19
		case opPUSH1 + 19:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc+12:]), binary.BigEndian.Uint64(code[pc+4:]), binary.BigEndian.Uint64(code[pc:]) >> 32}
			sp++
			pc += 20
		case opPUSH1 + 20:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc+13:]), binary.BigEndian.Uint64(code[pc+5:]), binary.BigEndian.Uint64(code[pc:]) >> 24}
			sp++
			pc += 21
		case opPUSH1 + 21:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc+14:]), binary.BigEndian.Uint64(code[pc+6:]), binary.BigEndian.Uint64(code[pc:]) >> 16}
			sp++
			pc += 22
		case opPUSH1 + 22:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc+15:]), binary.BigEndian.Uint64(code[pc+7:]), binary.BigEndian.Uint64(code[pc:]) >> 8}
			sp++
			pc += 23
		case opPUSH1 + 23:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc+16:]), binary.BigEndian.Uint64(code[pc+8:]), binary.BigEndian.Uint64(code[pc:])}
			sp++
			pc += 24
		case opPUSH1 + 24:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc+17:]), binary.BigEndian.Uint64(code[pc+9:]), binary.BigEndian.Uint64(code[pc+1:]), binary.BigEndian.Uint64(code[pc:]) >> 56}
			sp++
			pc += 25
		case opPUSH1 + 25:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc+18:]), binary.BigEndian.Uint64(code[pc+10:]), binary.BigEndian.Uint64(code[pc+2:]), binary.BigEndian.Uint64(code[pc:]) >> 48}
			sp++
			pc += 26
		case opPUSH1 + 26:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc+19:]), binary.BigEndian.Uint64(code[pc+11:]), binary.BigEndian.Uint64(code[pc+3:]), binary.BigEndian.Uint64(code[pc:]) >> 40}
			sp++
			pc += 27
		case opPUSH1 + 27:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc+20:]), binary.BigEndian.Uint64(code[pc+12:]), binary.BigEndian.Uint64(code[pc+4:]), binary.BigEndian.Uint64(code[pc:]) >> 32}
			sp++
			pc += 28
		case opPUSH1 + 28:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc+21:]), binary.BigEndian.Uint64(code[pc+13:]), binary.BigEndian.Uint64(code[pc+5:]), binary.BigEndian.Uint64(code[pc:]) >> 24}
			sp++
			pc += 29
		case opPUSH1 + 29:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc+22:]), binary.BigEndian.Uint64(code[pc+14:]), binary.BigEndian.Uint64(code[pc+6:]), binary.BigEndian.Uint64(code[pc:]) >> 16}
			sp++
			pc += 30
		case opPUSH1 + 30:
			stack[sp&stackMask] = uint256.Int{binary.BigEndian.Uint64(code[pc+23:]), binary.BigEndian.Uint64(code[pc+15:]), binary.BigEndian.Uint64(code[pc+7:]), binary.BigEndian.Uint64(code[pc:]) >> 8}
			sp++
			pc += 31
		case opPUSH32:
			stack[sp&stackMask].SetBytes32(code[pc : pc+32])
			sp++
			pc += 32
		case opDUP1:
			stack[sp&stackMask] = stack[(sp-1)&stackMask]
			sp++
		case opDUP1 + 1:
			stack[sp&stackMask] = stack[(sp-2)&stackMask]
			sp++
		case opDUP1 + 2:
			stack[sp&stackMask] = stack[(sp-3)&stackMask]
			sp++
		case opDUP1 + 3:
			stack[sp&stackMask] = stack[(sp-4)&stackMask]
			sp++
		case opDUP1 + 4:
			stack[sp&stackMask] = stack[(sp-5)&stackMask]
			sp++
		case opDUP1 + 5:
			stack[sp&stackMask] = stack[(sp-6)&stackMask]
			sp++
		case opDUP1 + 6:
			stack[sp&stackMask] = stack[(sp-7)&stackMask]
			sp++
		case opDUP1 + 7:
			stack[sp&stackMask] = stack[(sp-8)&stackMask]
			sp++
		case opDUP1 + 8:
			stack[sp&stackMask] = stack[(sp-9)&stackMask]
			sp++
		case opDUP1 + 9:
			stack[sp&stackMask] = stack[(sp-10)&stackMask]
			sp++
		case opDUP1 + 10:
			stack[sp&stackMask] = stack[(sp-11)&stackMask]
			sp++
		case opDUP1 + 11:
			stack[sp&stackMask] = stack[(sp-12)&stackMask]
			sp++
		case opDUP1 + 12:
			stack[sp&stackMask] = stack[(sp-13)&stackMask]
			sp++
		case opDUP1 + 13:
			stack[sp&stackMask] = stack[(sp-14)&stackMask]
			sp++
		case opDUP1 + 14:
			stack[sp&stackMask] = stack[(sp-15)&stackMask]
			sp++
		case opDUP1 + 15:
			stack[sp&stackMask] = stack[(sp-16)&stackMask]
			sp++
		case opSWAP1:
			x, y := &stack[(sp-1)&stackMask], &stack[(sp-2)&stackMask]
			swap(x, y)
		case opSWAP1 + 1:
			x, y := &stack[(sp-1)&stackMask], &stack[(sp-3)&stackMask]
			swap(x, y)
		case opSWAP1 + 2:
			x, y := &stack[(sp-1)&stackMask], &stack[(sp-4)&stackMask]
			swap(x, y)
		case opSWAP1 + 3:
			x, y := &stack[(sp-1)&stackMask], &stack[(sp-5)&stackMask]
			swap(x, y)
		case opSWAP1 + 4:
			x, y := &stack[(sp-1)&stackMask], &stack[(sp-6)&stackMask]
			swap(x, y)
		case opSWAP1 + 5:
			x, y := &stack[(sp-1)&stackMask], &stack[(sp-7)&stackMask]
			swap(x, y)
		case opSWAP1 + 6:
			x, y := &stack[(sp-1)&stackMask], &stack[(sp-8)&stackMask]
			swap(x, y)
		case opSWAP1 + 7:
			x, y := &stack[(sp-1)&stackMask], &stack[(sp-9)&stackMask]
			swap(x, y)
		case opSWAP1 + 8:
			x, y := &stack[(sp-1)&stackMask], &stack[(sp-10)&stackMask]
			swap(x, y)
		case opSWAP1 + 9:
			x, y := &stack[(sp-1)&stackMask], &stack[(sp-11)&stackMask]
			swap(x, y)
		case opSWAP1 + 10:
			x, y := &stack[(sp-1)&stackMask], &stack[(sp-12)&stackMask]
			swap(x, y)
		case opSWAP1 + 11:
			x, y := &stack[(sp-1)&stackMask], &stack[(sp-13)&stackMask]
			swap(x, y)
		case opSWAP1 + 12:
			x, y := &stack[(sp-1)&stackMask], &stack[(sp-14)&stackMask]
			swap(x, y)
		case opSWAP1 + 13:
			x, y := &stack[(sp-1)&stackMask], &stack[(sp-15)&stackMask]
			swap(x, y)
		case opSWAP1 + 14:
			x, y := &stack[(sp-1)&stackMask], &stack[(sp-16)&stackMask]
			swap(x, y)
		case opSWAP1 + 15:
			x, y := &stack[(sp-1)&stackMask], &stack[(sp-17)&stackMask]
			swap(x, y)
		case opRETURN:
			f.gas = gas
			return f.output(&stack[(sp-1)&stackMask], &stack[(sp-2)&stackMask], nil)
		case opREVERT:
			f.gas = gas
			return f.output(&stack[(sp-1)&stackMask], &stack[(sp-2)&stackMask], ErrReverted)
		default:
			f.gas, f.pc, f.sp = gas, pc, sp
			if err := f.step(op); err != nil {
				if err == errStop {
					return nil, nil
				}
				return nil, err
			}
			gas, pc, sp = f.gas, f.pc, f.sp
		}
	}
}

// output is what a frame ends with: bytes of its memory and how it ended.
func (f *frame) output(offset, size *uint256.Int, end error) ([]byte, error) {
	from, n, ok := f.span(offset, size)
	if !ok {
		return nil, ErrOutOfGas
	}
	return f.mem[from : from+n], end
}

// swap exchanges words limb by limb: *x, *y = *y, *x would call memmove.
func swap(x, y *uint256.Int) {
	x[0], y[0] = y[0], x[0]
	x[1], y[1] = y[1], x[1]
	x[2], y[2] = y[2], x[2]
	x[3], y[3] = y[3], x[3]
}

// less is 1 if x < y and 0 otherwise.
func less(x, y *uint256.Int) uint64 {
	_, b := bits.Sub64(x[0], y[0], 0)
	_, b = bits.Sub64(x[1], y[1], b)
	_, b = bits.Sub64(x[2], y[2], b)
	_, b = bits.Sub64(x[3], y[3], b)
	return b
}

func setBool(w *uint256.Int, b bool) {
	w.Clear()
	if b {
		w[0] = 1
	}
}
