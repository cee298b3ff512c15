package asm

import "fmt"

// Op is an opcode of the EVM.
type Op byte

// The opcodes of the forks that package vm executes.
const (
	STOP           Op = 0x00
	ADD            Op = 0x01
	MUL            Op = 0x02
	SUB            Op = 0x03
	DIV            Op = 0x04
	SDIV           Op = 0x05
	MOD            Op = 0x06
	SMOD           Op = 0x07
	ADDMOD         Op = 0x08
	MULMOD         Op = 0x09
	EXP            Op = 0x0a
	SIGNEXTEND     Op = 0x0b
	LT             Op = 0x10
	GT             Op = 0x11
	SLT            Op = 0x12
	SGT            Op = 0x13
	EQ             Op = 0x14
	ISZERO         Op = 0x15
	AND            Op = 0x16
	OR             Op = 0x17
	XOR            Op = 0x18
	NOT            Op = 0x19
	BYTE           Op = 0x1a
	SHL            Op = 0x1b
	SHR            Op = 0x1c
	SAR            Op = 0x1d
	CLZ            Op = 0x1e
	KECCAK256      Op = 0x20
	ADDRESS        Op = 0x30
	BALANCE        Op = 0x31
	ORIGIN         Op = 0x32
	CALLER         Op = 0x33
	CALLVALUE      Op = 0x34
	CALLDATALOAD   Op = 0x35
	CALLDATASIZE   Op = 0x36
	CALLDATACOPY   Op = 0x37
	CODESIZE       Op = 0x38
	CODECOPY       Op = 0x39
	GASPRICE       Op = 0x3a
	EXTCODESIZE    Op = 0x3b
	EXTCODECOPY    Op = 0x3c
	RETURNDATASIZE Op = 0x3d
	RETURNDATACOPY Op = 0x3e
	EXTCODEHASH    Op = 0x3f
	BLOCKHASH      Op = 0x40
	COINBASE       Op = 0x41
	TIMESTAMP      Op = 0x42
	NUMBER         Op = 0x43
	PREVRANDAO     Op = 0x44
	GASLIMIT       Op = 0x45
	CHAINID        Op = 0x46
	SELFBALANCE    Op = 0x47
	BASEFEE        Op = 0x48
	BLOBHASH       Op = 0x49
	BLOBBASEFEE    Op = 0x4a
	POP            Op = 0x50
	MLOAD          Op = 0x51
	MSTORE         Op = 0x52
	MSTORE8        Op = 0x53
	SLOAD          Op = 0x54
	SSTORE         Op = 0x55
	JUMP           Op = 0x56
	JUMPI          Op = 0x57
	PC             Op = 0x58
	MSIZE          Op = 0x59
	GAS            Op = 0x5a
	JUMPDEST       Op = 0x5b
	TLOAD          Op = 0x5c
	TSTORE         Op = 0x5d
	MCOPY          Op = 0x5e
	PUSH0          Op = 0x5f
	PUSH1          Op = 0x60
	PUSH2          Op = 0x61
	PUSH3          Op = 0x62
	PUSH4          Op = 0x63
	PUSH5          Op = 0x64
	PUSH6          Op = 0x65
	PUSH7          Op = 0x66
	PUSH8          Op = 0x67
	PUSH9          Op = 0x68
	PUSH10         Op = 0x69
	PUSH11         Op = 0x6a
	PUSH12         Op = 0x6b
	PUSH13         Op = 0x6c
	PUSH14         Op = 0x6d
	PUSH15         Op = 0x6e
	PUSH16         Op = 0x6f
	PUSH17         Op = 0x70
	PUSH18         Op = 0x71
	PUSH19         Op = 0x72
	PUSH20         Op = 0x73
	PUSH21         Op = 0x74
	PUSH22         Op = 0x75
	PUSH23         Op = 0x76
	PUSH24         Op = 0x77
	PUSH25         Op = 0x78
	PUSH26         Op = 0x79
	PUSH27         Op = 0x7a
	PUSH28         Op = 0x7b
	PUSH29         Op = 0x7c
	PUSH30         Op = 0x7d
	PUSH31         Op = 0x7e
	PUSH32         Op = 0x7f
	DUP1           Op = 0x80
	DUP2           Op = 0x81
	DUP3           Op = 0x82
	DUP4           Op = 0x83
	DUP5           Op = 0x84
	DUP6           Op = 0x85
	DUP7           Op = 0x86
	DUP8           Op = 0x87
	DUP9           Op = 0x88
	DUP10          Op = 0x89
	DUP11          Op = 0x8a
	DUP12          Op = 0x8b
	DUP13          Op = 0x8c
	DUP14          Op = 0x8d
	DUP15          Op = 0x8e
	DUP16          Op = 0x8f
	SWAP1          Op = 0x90
	SWAP2          Op = 0x91
	SWAP3          Op = 0x92
	SWAP4          Op = 0x93
	SWAP5          Op = 0x94
	SWAP6          Op = 0x95
	SWAP7          Op = 0x96
	SWAP8          Op = 0x97
	SWAP9          Op = 0x98
	SWAP10         Op = 0x99
	SWAP11         Op = 0x9a
	SWAP12         Op = 0x9b
	SWAP13         Op = 0x9c
	SWAP14         Op = 0x9d
	SWAP15         Op = 0x9e
	SWAP16         Op = 0x9f
	LOG0           Op = 0xa0
	LOG1           Op = 0xa1
	LOG2           Op = 0xa2
	LOG3           Op = 0xa3
	LOG4           Op = 0xa4
	CREATE         Op = 0xf0
	CALL           Op = 0xf1
	CALLCODE       Op = 0xf2
	RETURN         Op = 0xf3
	DELEGATECALL   Op = 0xf4
	CREATE2        Op = 0xf5
	STATICCALL     Op = 0xfa
	REVERT         Op = 0xfd
	INVALID        Op = 0xfe
	SELFDESTRUCT   Op = 0xff
)

// String returns the opcode's name in upper case, or its number if it has none.
func (op Op) String() string {
	switch {
	case op >= PUSH0 && op <= PUSH32:
		return fmt.Sprintf("PUSH%d", op-PUSH0)
	case op >= DUP1 && op <= DUP16:
		return fmt.Sprintf("DUP%d", op-DUP1+1)
	case op >= SWAP1 && op <= SWAP16:
		return fmt.Sprintf("SWAP%d", op-SWAP1+1)
	case op >= LOG0 && op <= LOG4:
		return fmt.Sprintf("LOG%d", op-LOG0)
	}
	switch op {
	case STOP:
		return "STOP"
	case ADD:
		return "ADD"
	case MUL:
		return "MUL"
	case SUB:
		return "SUB"
	case DIV:
		return "DIV"
	case SDIV:
		return "SDIV"
	case MOD:
		return "MOD"
	case SMOD:
		return "SMOD"
	case ADDMOD:
		return "ADDMOD"
	case MULMOD:
		return "MULMOD"
	case EXP:
		return "EXP"
	case SIGNEXTEND:
		return "SIGNEXTEND"
	case LT:
		return "LT"
	case GT:
		return "GT"
	case SLT:
		return "SLT"
	case SGT:
		return "SGT"
	case EQ:
		return "EQ"
	case ISZERO:
		return "ISZERO"
	case AND:
		return "AND"
	case OR:
		return "OR"
	case XOR:
		return "XOR"
	case NOT:
		return "NOT"
	case BYTE:
		return "BYTE"
	case SHL:
		return "SHL"
	case SHR:
		return "SHR"
	case SAR:
		return "SAR"
	case CLZ:
		return "CLZ"
	case KECCAK256:
		return "KECCAK256"
	case ADDRESS:
		return "ADDRESS"
	case BALANCE:
		return "BALANCE"
	case ORIGIN:
		return "ORIGIN"
	case CALLER:
		return "CALLER"
	case CALLVALUE:
		return "CALLVALUE"
	case CALLDATALOAD:
		return "CALLDATALOAD"
	case CALLDATASIZE:
		return "CALLDATASIZE"
	case CALLDATACOPY:
		return "CALLDATACOPY"
	case CODESIZE:
		return "CODESIZE"
	case CODECOPY:
		return "CODECOPY"
	case GASPRICE:
		return "GASPRICE"
	case EXTCODESIZE:
		return "EXTCODESIZE"
	case EXTCODECOPY:
		return "EXTCODECOPY"
	case RETURNDATASIZE:
		return "RETURNDATASIZE"
	case RETURNDATACOPY:
		return "RETURNDATACOPY"
	case EXTCODEHASH:
		return "EXTCODEHASH"
	case BLOCKHASH:
		return "BLOCKHASH"
	case COINBASE:
		return "COINBASE"
	case TIMESTAMP:
		return "TIMESTAMP"
	case NUMBER:
		return "NUMBER"
	case PREVRANDAO:
		return "PREVRANDAO"
	case GASLIMIT:
		return "GASLIMIT"
	case CHAINID:
		return "CHAINID"
	case SELFBALANCE:
		return "SELFBALANCE"
	case BASEFEE:
		return "BASEFEE"
	case BLOBHASH:
		return "BLOBHASH"
	case BLOBBASEFEE:
		return "BLOBBASEFEE"
	case POP:
		return "POP"
	case MLOAD:
		return "MLOAD"
	case MSTORE:
		return "MSTORE"
	case MSTORE8:
		return "MSTORE8"
	case SLOAD:
		return "SLOAD"
	case SSTORE:
		return "SSTORE"
	case JUMP:
		return "JUMP"
	case JUMPI:
		return "JUMPI"
	case PC:
		return "PC"
	case MSIZE:
		return "MSIZE"
	case GAS:
		return "GAS"
	case JUMPDEST:
		return "JUMPDEST"
	case TLOAD:
		return "TLOAD"
	case TSTORE:
		return "TSTORE"
	case MCOPY:
		return "MCOPY"
	case CREATE:
		return "CREATE"
	case CALL:
		return "CALL"
	case CALLCODE:
		return "CALLCODE"
	case RETURN:
		return "RETURN"
	case DELEGATECALL:
		return "DELEGATECALL"
	case CREATE2:
		return "CREATE2"
	case STATICCALL:
		return "STATICCALL"
	case REVERT:
		return "REVERT"
	case INVALID:
		return "INVALID"
	case SELFDESTRUCT:
		return "SELFDESTRUCT"
	}
	return fmt.Sprintf("opcode 0x%x not defined", byte(op))
}
