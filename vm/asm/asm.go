// Package asm writes small programs of EVM bytecode, for tests and examples. It knows
// the names of the opcodes and the places of labels; a compiler it is not.
//
//	code, err := asm.Assemble(asm.CALLDATASIZE, asm.Ref("end"), asm.JUMPI, 0, 0, asm.REVERT, asm.Label("end"))
package asm

import (
	"errors"
	"fmt"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// ErrProgram reports a part that cannot be assembled.
var ErrProgram = errors.New("asm: malformed program")

// Label marks a place: it assembles to a JUMPDEST.
type Label string

// Ref pushes the place of a Label, as PUSH2.
type Ref string

// Assemble returns the bytecode of parts in order: an Op is itself; a non-negative
// int, a uint64 or a *uint256.Int its shortest PUSH; an Address and a Hash a PUSH20
// and a PUSH32; a Label and a Ref as they say; a []byte is copied. Anything else, a
// Ref to no Label and a Label that stands twice or beyond 65,535 is ErrProgram.
func Assemble(parts ...any) ([]byte, error) {
	a := assembler{labels: make(map[Label]int), refs: make(map[int]Label)}
	for i, p := range parts {
		if err := a.add(p); err != nil {
			return nil, fmt.Errorf("%w: part %d: %w", ErrProgram, i, err)
		}
	}
	for at, l := range a.refs {
		place, ok := a.labels[l]
		if !ok || place > 0xffff {
			return nil, fmt.Errorf("%w: no place for %q", ErrProgram, l)
		}
		a.out[at], a.out[at+1] = byte(place>>8), byte(place)
	}
	return a.out, nil
}

type assembler struct {
	out    []byte
	labels map[Label]int
	refs   map[int]Label // place of the operand
}

var (
	errNegative = errors.New("negative number")
	errTwice    = errors.New("label stands twice")
	errPart     = errors.New("part of an unknown type")
)

func (a *assembler) add(part any) error {
	switch x := part.(type) {
	case Op:
		a.out = append(a.out, byte(x))
	case int:
		if x < 0 {
			return errNegative
		}
		a.push(uint256.NewInt(uint64(x)))
	case uint64:
		a.push(uint256.NewInt(x))
	case *uint256.Int:
		a.push(x)
	case ledger.Address:
		a.out = append(append(a.out, byte(PUSH20)), x[:]...)
	case ledger.Hash:
		a.out = append(append(a.out, byte(PUSH32)), x[:]...)
	case Label:
		if _, ok := a.labels[x]; ok {
			return errTwice
		}
		a.labels[x] = len(a.out)
		a.out = append(a.out, byte(JUMPDEST))
	case Ref:
		a.refs[len(a.out)+1] = Label(x)
		a.out = append(a.out, byte(PUSH2), 0, 0)
	case []byte:
		a.out = append(a.out, x...)
	default:
		return fmt.Errorf("%w: %T", errPart, part)
	}
	return nil
}

func (a *assembler) push(w *uint256.Int) {
	b := w.Bytes()
	a.out = append(append(a.out, byte(PUSH0)+byte(len(b))), b...)
}

// Deploy returns init code that makes a contract with code.
func Deploy(code []byte) []byte {
	// PUSH3 length, DUP1, PUSH1 start, PUSH0, CODECOPY, PUSH0, RETURN
	const start = 11
	n := len(code)
	head := []byte{byte(PUSH3), byte(n >> 16), byte(n >> 8), byte(n), byte(DUP1), byte(PUSH1), start, byte(PUSH0), byte(CODECOPY), byte(PUSH0), byte(RETURN)}
	return append(head, code...)
}
