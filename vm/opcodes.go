package vm

// Opcodes that code outside the interpreter's switch names, and the first of each
// range.
const (
	opSTOP           = 0x00
	opADD            = 0x01
	opMUL            = 0x02
	opSUB            = 0x03
	opDIV            = 0x04
	opSDIV           = 0x05
	opMOD            = 0x06
	opSMOD           = 0x07
	opADDMOD         = 0x08
	opMULMOD         = 0x09
	opEXP            = 0x0a
	opSIGNEXTEND     = 0x0b
	opLT             = 0x10
	opGT             = 0x11
	opSLT            = 0x12
	opSGT            = 0x13
	opEQ             = 0x14
	opISZERO         = 0x15
	opAND            = 0x16
	opOR             = 0x17
	opXOR            = 0x18
	opNOT            = 0x19
	opBYTE           = 0x1a
	opSHL            = 0x1b
	opSHR            = 0x1c
	opSAR            = 0x1d
	opCLZ            = 0x1e // EIP-7939
	opKECCAK256      = 0x20
	opADDRESS        = 0x30
	opBALANCE        = 0x31
	opORIGIN         = 0x32
	opCALLER         = 0x33
	opCALLVALUE      = 0x34
	opCALLDATALOAD   = 0x35
	opCALLDATASIZE   = 0x36
	opCALLDATACOPY   = 0x37
	opCODESIZE       = 0x38
	opCODECOPY       = 0x39
	opGASPRICE       = 0x3a
	opEXTCODESIZE    = 0x3b
	opEXTCODECOPY    = 0x3c
	opRETURNDATASIZE = 0x3d
	opRETURNDATACOPY = 0x3e
	opEXTCODEHASH    = 0x3f
	opBLOCKHASH      = 0x40
	opCOINBASE       = 0x41
	opTIMESTAMP      = 0x42
	opNUMBER         = 0x43
	opPREVRANDAO     = 0x44
	opGASLIMIT       = 0x45
	opCHAINID        = 0x46
	opSELFBALANCE    = 0x47
	opBASEFEE        = 0x48
	opBLOBHASH       = 0x49 // EIP-4844
	opBLOBBASEFEE    = 0x4a // EIP-7516
	opPOP            = 0x50
	opMLOAD          = 0x51
	opMSTORE         = 0x52
	opMSTORE8        = 0x53
	opSLOAD          = 0x54
	opSSTORE         = 0x55
	opJUMP           = 0x56
	opJUMPI          = 0x57
	opPC             = 0x58
	opMSIZE          = 0x59
	opGAS            = 0x5a
	opJUMPDEST       = 0x5b
	opTLOAD          = 0x5c // EIP-1153
	opTSTORE         = 0x5d
	opMCOPY          = 0x5e // EIP-5656
	opPUSH0          = 0x5f // EIP-3855
	opPUSH1          = 0x60
	opPUSH32         = 0x7f
	opDUP1           = 0x80
	opSWAP1          = 0x90
	opLOG0           = 0xa0
	opCREATE         = 0xf0
	opCALL           = 0xf1
	opCALLCODE       = 0xf2
	opRETURN         = 0xf3
	opDELEGATECALL   = 0xf4
	opCREATE2        = 0xf5
	opSTATICCALL     = 0xfa
	opREVERT         = 0xfd
	opINVALID        = 0xfe
	opSELFDESTRUCT   = 0xff
)

// opInfo is what holds for an opcode whatever its operands are.
type opInfo struct {
	gas  uint16
	min  uint16 // words that must be on the stack
	span uint16 // how many more may be there; see undefined
	_    uint16 // 8 bytes index faster
}

// undefined as opInfo.min lets no stack pass.
const undefined = stackSize + 1

type opTable [256]opInfo

// define says that op takes in words from the stack, puts out words there, and costs
// gas beside what depends on its operands.
func (t *opTable) define(op, in, out, gas int) {
	t[op] = opInfo{gas: uint16(gas), min: uint16(in), span: uint16(stackSize - max(in, out))}
}

func (t *opTable) defineAll(in, out, gas int, ops ...int) {
	for _, op := range ops {
		t.define(op, in, out, gas)
	}
}

// newOpTable returns the opcodes of a fork. Prices are those of the Yellow Paper's
// appendix G and of the EIPs named beside the constants.
func newOpTable(r Rules) (t opTable) {
	for i := range t {
		t[i] = opInfo{min: undefined}
	}
	t.defineAll(2, 1, 3, opADD, opSUB, opLT, opGT, opSLT, opSGT, opEQ, opAND, opOR, opXOR, opBYTE, opSHL, opSHR, opSAR)
	t.defineAll(2, 1, 5, opMUL, opDIV, opSDIV, opMOD, opSMOD, opSIGNEXTEND)
	t.defineAll(3, 1, 8, opADDMOD, opMULMOD)
	t.defineAll(1, 1, 3, opISZERO, opNOT, opCALLDATALOAD, opMLOAD, opBLOBHASH)
	t.defineAll(0, 1, 2, opADDRESS, opORIGIN, opCALLER, opCALLVALUE, opCALLDATASIZE, opCODESIZE, opGASPRICE,
		opRETURNDATASIZE, opCOINBASE, opTIMESTAMP, opNUMBER, opPREVRANDAO, opGASLIMIT, opCHAINID, opBASEFEE,
		opBLOBBASEFEE, opPC, opMSIZE, opGAS, opPUSH0)
	t.defineAll(3, 0, 3, opCALLDATACOPY, opCODECOPY, opRETURNDATACOPY, opMCOPY)
	t.defineAll(1, 1, 0, opBALANCE, opEXTCODESIZE, opEXTCODEHASH, opSLOAD)
	t.defineAll(2, 0, 3, opMSTORE, opMSTORE8)
	t.defineAll(2, 0, 0, opSSTORE, opRETURN, opREVERT)
	t.define(opSTOP, 0, 0, 0)
	t.define(opEXP, 2, 1, 10)
	t.define(opKECCAK256, 2, 1, 30)
	t.define(opEXTCODECOPY, 4, 0, 0)
	t.define(opBLOCKHASH, 1, 1, 20)
	t.define(opSELFBALANCE, 0, 1, 5)
	t.define(opPOP, 1, 0, 2)
	t.define(opJUMP, 1, 0, gasJump)
	t.define(opJUMPI, 2, 0, gasJumpIf)
	t.define(opJUMPDEST, 0, 0, gasJumpDest)
	t.define(opTLOAD, 1, 1, 100)
	t.define(opTSTORE, 2, 0, 100)
	t.define(opCREATE, 3, 1, gasCreate)
	t.define(opCREATE2, 4, 1, gasCreate)
	t.defineAll(7, 1, 0, opCALL, opCALLCODE)
	t.defineAll(6, 1, 0, opDELEGATECALL, opSTATICCALL)
	t.define(opSELFDESTRUCT, 1, 0, 5000)
	for i := range 32 {
		t.define(opPUSH1+i, 0, 1, 3)
	}
	for i := range 16 {
		t.define(opDUP1+i, i+1, i+2, 3)
		t.define(opSWAP1+i, i+2, i+2, 3)
	}
	for i := range 5 {
		t.define(opLOG0+i, i+2, 0, gasLog*(i+1))
	}
	if r.hasOsaka() {
		t.define(opCLZ, 1, 1, 5)
	}
	return t
}

// refuse says why an opcode cannot run on a stack of sp words. It is not inlined, to
// keep its operands out of the interpreter's registers.
//
//go:noinline
func (t *opTable) refuse(op byte, sp int) error {
	switch in := &t[op]; {
	case in.min == undefined:
		return ErrInvalidOpcode
	case sp < int(in.min):
		return ErrStackUnderflow
	}
	return ErrStackOverflow
}
