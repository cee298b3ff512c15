package vm

import (
	"encoding/binary"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// run executes the frame's code. It returns the output of RETURN or REVERT, which
// lies in the frame's memory; f.gas is what is left, meaningless after an error other
// than ErrReverted.
//
// pc, gas and the stack pointer live in locals. Opcodes that need more than the
// stack are methods: they find the locals in the frame and leave theirs there.
func (f *frame) run() (out []byte, err error) {
	var (
		ops   = &f.s.vm.ops
		code  = f.code.padded
		stack = &f.stack
		gas   = f.gas
		pc    = 0
		sp    = 0
	)
	for {
		op := code[pc]
		info := &ops[op]
		if sp < int(info.min) || sp > int(info.max) {
			return nil, info.refuse(sp)
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
			y.Mul(&stack[sp&stackMask], y)
		case opSUB:
			sp--
			y := &stack[(sp-1)&stackMask]
			y.Sub(&stack[sp&stackMask], y)
		case opDIV:
			sp--
			y := &stack[(sp-1)&stackMask]
			y.Div(&stack[sp&stackMask], y)
		case opSDIV:
			sp--
			y := &stack[(sp-1)&stackMask]
			y.SDiv(&stack[sp&stackMask], y)
		case opMOD:
			sp--
			y := &stack[(sp-1)&stackMask]
			y.Mod(&stack[sp&stackMask], y)
		case opSMOD:
			sp--
			y := &stack[(sp-1)&stackMask]
			y.SMod(&stack[sp&stackMask], y)
		case opADDMOD:
			sp -= 2
			z := &stack[(sp-1)&stackMask]
			z.AddMod(&stack[(sp+1)&stackMask], &stack[sp&stackMask], z)
		case opMULMOD:
			sp -= 2
			z := &stack[(sp-1)&stackMask]
			z.MulMod(&stack[(sp+1)&stackMask], &stack[sp&stackMask], z)
		case opEXP:
			sp--
			e := &stack[(sp-1)&stackMask]
			cost := gasExpByte * uint64(e.ByteLen())
			if gas < cost {
				return nil, ErrOutOfGas
			}
			gas -= cost
			e.Exp(&stack[sp&stackMask], e)
		case opSIGNEXTEND:
			sp--
			y := &stack[(sp-1)&stackMask]
			y.ExtendSign(y, &stack[sp&stackMask])
		case opLT:
			sp--
			y := &stack[(sp-1)&stackMask]
			setBool(y, stack[sp&stackMask].Lt(y))
		case opGT:
			sp--
			y := &stack[(sp-1)&stackMask]
			setBool(y, stack[sp&stackMask].Gt(y))
		case opSLT:
			sp--
			y := &stack[(sp-1)&stackMask]
			setBool(y, stack[sp&stackMask].Slt(y))
		case opSGT:
			sp--
			y := &stack[(sp-1)&stackMask]
			setBool(y, stack[sp&stackMask].Sgt(y))
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
			y.Byte(&stack[sp&stackMask])
		case opSHL:
			sp--
			shift, y := &stack[sp&stackMask], &stack[(sp-1)&stackMask]
			if shift.LtUint64(256) {
				y.Lsh(y, uint(shift[0]))
			} else {
				y.Clear()
			}
		case opSHR:
			sp--
			shift, y := &stack[sp&stackMask], &stack[(sp-1)&stackMask]
			if shift.LtUint64(256) {
				y.Rsh(y, uint(shift[0]))
			} else {
				y.Clear()
			}
		case opSAR:
			sp--
			shift, y := &stack[sp&stackMask], &stack[(sp-1)&stackMask]
			if shift.LtUint64(256) {
				y.SRsh(y, uint(shift[0]))
			} else {
				y.SRsh(y, 256)
			}
		case opCLZ:
			x := &stack[(sp-1)&stackMask]
			x.SetUint64(uint64(256 - x.BitLen()))
		case opCALLDATALOAD:
			x := &stack[(sp-1)&stackMask]
			var word [32]byte
			slice(f.input, x, word[:])
			x.SetBytes32(word[:])
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
			if !x.IsUint64() || x[0] > maxMemory {
				return nil, ErrOutOfGas
			}
			if x[0]+32 > uint64(len(f.mem)) {
				f.gas = gas
				if !f.expand(x[0] + 32) {
					return nil, ErrOutOfGas
				}
				gas = f.gas
			}
			x.SetBytes32(f.mem[x[0] : x[0]+32])
		case opMSTORE:
			sp -= 2
			x := &stack[(sp+1)&stackMask]
			if !x.IsUint64() || x[0] > maxMemory {
				return nil, ErrOutOfGas
			}
			if x[0]+32 > uint64(len(f.mem)) {
				f.gas = gas
				if !f.expand(x[0] + 32) {
					return nil, ErrOutOfGas
				}
				gas = f.gas
			}
			stack[sp&stackMask].PutUint256(f.mem[x[0] : x[0]+32])
		case opMSTORE8:
			sp -= 2
			x := &stack[(sp+1)&stackMask]
			if !x.IsUint64() || x[0] > maxMemory {
				return nil, ErrOutOfGas
			}
			f.gas = gas
			if !f.expand(x[0] + 1) {
				return nil, ErrOutOfGas
			}
			gas = f.gas
			f.mem[x[0]] = byte(stack[sp&stackMask][0])
		case opSLOAD:
			x := &stack[(sp-1)&stackMask]
			key := ledger.Hash(x.Bytes32())
			sl, left, ok := f.s.loadMetered(f.account, &key, gas)
			if !ok {
				return nil, ErrOutOfGas
			}
			gas = left
			*x = sl.current
		case opSSTORE:
			if f.readOnly {
				return nil, ErrWriteProtection
			}
			sp -= 2
			key := ledger.Hash(stack[(sp+1)&stackMask].Bytes32())
			left, ok := f.s.storeMetered(f.account, &key, &stack[sp&stackMask], gas)
			if !ok {
				return nil, ErrOutOfGas
			}
			gas = left
		case opJUMP:
			sp--
			dest := &stack[sp&stackMask]
			if !dest.IsUint64() || !f.code.canJump(dest[0]) {
				return nil, ErrInvalidJump
			}
			pc = int(dest[0])
		case opJUMPI:
			sp -= 2
			if stack[sp&stackMask].IsZero() {
				break
			}
			dest := &stack[(sp+1)&stackMask]
			if !dest.IsUint64() || !f.code.canJump(dest[0]) {
				return nil, ErrInvalidJump
			}
			pc = int(dest[0])
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
			stack[sp&stackMask] = uint256.Int{uint64(code[pc])}
			sp++
			pc++
		case opPUSH1 + 1:
			stack[sp&stackMask] = uint256.Int{uint64(binary.BigEndian.Uint16(code[pc:]))}
			sp++
			pc += 2
		case opPUSH1 + 3:
			stack[sp&stackMask] = uint256.Int{uint64(binary.BigEndian.Uint32(code[pc:]))}
			sp++
			pc += 4
		case opPUSH32:
			stack[sp&stackMask].SetBytes32(code[pc : pc+32])
			sp++
			pc += 32
		case opPUSH1 + 2, opPUSH1 + 4, opPUSH1 + 5, opPUSH1 + 6, opPUSH1 + 7, opPUSH1 + 8, opPUSH1 + 9,
			opPUSH1 + 10, opPUSH1 + 11, opPUSH1 + 12, opPUSH1 + 13, opPUSH1 + 14, opPUSH1 + 15, opPUSH1 + 16,
			opPUSH1 + 17, opPUSH1 + 18, opPUSH1 + 19, opPUSH1 + 20, opPUSH1 + 21, opPUSH1 + 22, opPUSH1 + 23,
			opPUSH1 + 24, opPUSH1 + 25, opPUSH1 + 26, opPUSH1 + 27, opPUSH1 + 28, opPUSH1 + 29, opPUSH1 + 30:
			n := int(op-opPUSH1) + 1
			stack[sp&stackMask].SetBytes(code[pc : pc+n])
			sp++
			pc += n
		case opDUP1, opDUP1 + 1, opDUP1 + 2, opDUP1 + 3, opDUP1 + 4, opDUP1 + 5, opDUP1 + 6, opDUP1 + 7,
			opDUP1 + 8, opDUP1 + 9, opDUP1 + 10, opDUP1 + 11, opDUP1 + 12, opDUP1 + 13, opDUP1 + 14, opDUP1 + 15:
			stack[sp&stackMask] = stack[(sp-1-int(op-opDUP1))&stackMask]
			sp++
		case opSWAP1, opSWAP1 + 1, opSWAP1 + 2, opSWAP1 + 3, opSWAP1 + 4, opSWAP1 + 5, opSWAP1 + 6, opSWAP1 + 7,
			opSWAP1 + 8, opSWAP1 + 9, opSWAP1 + 10, opSWAP1 + 11, opSWAP1 + 12, opSWAP1 + 13, opSWAP1 + 14, opSWAP1 + 15:
			x, y := &stack[(sp-1)&stackMask], &stack[(sp-2-int(op-opSWAP1))&stackMask]
			*x, *y = *y, *x
		case opRETURN, opREVERT:
			f.gas = gas
			from, n, ok := f.span(&stack[(sp-1)&stackMask], &stack[(sp-2)&stackMask])
			if !ok {
				return nil, ErrOutOfGas
			}
			if op == opREVERT {
				err = ErrReverted
			}
			return f.mem[from : from+n], err
		default:
			f.gas, f.pc, f.sp = gas, pc, sp
			if err := f.step(op); err != nil {
				if err == errStop {
					return nil, nil
				}
				return nil, err
			}
			gas, sp = f.gas, f.sp
		}
	}
}

func setBool(w *uint256.Int, b bool) {
	w.Clear()
	if b {
		w[0] = 1
	}
}
