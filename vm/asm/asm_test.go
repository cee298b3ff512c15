package asm

import (
	"fmt"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
)

func ExampleAssemble() {
	code, err := Assemble(CALLDATASIZE, Ref("end"), JUMPI, 0, 0, REVERT, Label("end"), 256, POP)
	fmt.Printf("%x %v\n", code, err)
	// Output: 36610008575f5ffd5b61010050 <nil>
}

func TestAssembleTakesEveryKindOfPart(t *testing.T) {
	code, err := Assemble(ledger.Address{1}, ledger.Hash{2}, uint64(0), new(uint256.Int).Not(new(uint256.Int)), []byte{9, 9})
	require.NoError(t, err)
	require.Len(t, code, 21+33+1+33+2)
	require.Equal(t, byte(PUSH20), code[0])
	require.Equal(t, byte(PUSH32), code[21])
	require.Equal(t, byte(PUSH0), code[54])
	require.Equal(t, byte(PUSH32), code[55])
}

func TestAssembleRefusesWhatHasNoMeaning(t *testing.T) {
	for _, parts := range [][]any{{-1}, {"text"}, {Ref("nowhere")}, {Label("a"), Label("a")}, {make([]byte, 1<<16), Label("far"), Ref("far")}} {
		code, err := Assemble(parts...)
		require.ErrorIs(t, err, ErrProgram)
		require.Nil(t, code)
	}
}

func TestOpcodesHaveTheirNames(t *testing.T) {
	require.Equal(t, "PUSH0", PUSH0.String())
	require.Equal(t, "PUSH32", PUSH32.String())
	require.Equal(t, "DUP1", DUP1.String())
	require.Equal(t, "SWAP16", SWAP16.String())
	require.Equal(t, "LOG4", LOG4.String())
	require.Equal(t, "CLZ", CLZ.String())
	require.Equal(t, "opcode 0xc not defined", Op(0x0c).String())
}
