package vm

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// randomCode is a program that mostly has operands: each opcode comes after pushes of
// small numbers, addresses of the test or random words.
func randomCode(r *rand.Rand) []byte {
	var parts []any
	targets := []ledger.Address{codeA, codeB, nativeA, nativeB, alice, bob, {19: 1}, {19: 2}, {19: 4}, {19: 5}}
	for range 1 + r.IntN(60) {
		for range r.IntN(8) {
			switch r.IntN(6) {
			case 0:
				parts = append(parts, targets[r.IntN(len(targets))])
			case 1:
				parts = append(parts, ledger.Hash{byte(r.Uint32()), 31: byte(r.Uint32())})
			case 2:
				parts = append(parts, op(opGAS))
			default:
				parts = append(parts, r.IntN(70))
			}
		}
		parts = append(parts, op(r.Uint32()))
		if r.IntN(4) == 0 {
			calls := []op{opCALL, opCALLCODE, opDELEGATECALL, opSTATICCALL, opCREATE, opCREATE2, opSSTORE, opTSTORE}
			parts = append(parts, calls[r.IntN(len(calls))])
		}
	}
	return asm(parts...)
}

// randomNative does a random sequence of things that a frame offers.
func randomNative(seed uint64) Native {
	return nativeFunc(func(f *Frame, input []byte) ([]byte, bool) {
		r := rand.New(rand.NewPCG(seed, uint64(len(input))+f.Gas()))
		for range r.IntN(6) {
			one := *uint256.NewInt(1)
			switch r.IntN(8) {
			case 0:
				f.Store(num(r.Uint64N(3)), num(r.Uint64N(3)))
			case 1:
				f.Mint(bob, one)
			case 2:
				f.Burn(alice, one)
			case 3:
				f.Call(codeB, one, input, f.Gas()/2)
			case 4:
				f.Transfer(bob, one)
			case 5:
				f.Do(nativeB, func(c *Frame) ([]byte, bool) {
					c.Store(num(1), num(r.Uint64N(3)))
					return nil, r.IntN(2) == 0
				})
			case 6:
				f.StaticCall(codeA, input, f.Gas()/2)
			case 7:
				f.Log([]ledger.Hash{num(1)}, input[:min(len(input), 10)])
			}
		}
		return input[:min(len(input), 40)], r.IntN(4) > 0
	})
}

// TestRandomProgramsEndAlikeAndKeepTheBooks executes random programs: nothing
// panics, a second run gives the same, no gas appears, a failed message changes only
// the sender and the coinbase, and reading everything back through a new session
// gives no change.
func TestRandomProgramsEndAlikeAndKeepTheBooks(t *testing.T) {
	programs := uint64(3000)
	if testing.Short() {
		programs = 300
	}
	ended := map[Status]int{}
	for seed := range programs {
		r := rand.New(rand.NewPCG(seed, 1))
		machine, w := fixtureVM(map[ledger.Address]Native{nativeA: randomNative(seed), nativeB: randomNative(seed + 1)})
		w.deploy(codeA, randomCode(r))
		w.deploy(codeB, randomCode(r))
		w.store(codeA, num(1), num(1))
		gas := 50_000 + r.Uint64N(1_000_000)
		run := func() (Result, []ledger.Change) {
			s := machine.Begin(testBlock, w)
			return apply(t, s, message(&codeA, gas, 1, 2, 3)), s.Changes()
		}
		res, changes := run()
		again, changesAgain := run()
		name := fmt.Sprintf("seed %d: %v", seed, res.Err)
		require.Equal(t, res, again, name)
		require.Equal(t, changes, changesAgain, name)
		require.LessOrEqual(t, res.GasUsed, gas, name)
		ended[res.Status]++
		if res.Status != Success {
			require.Len(t, changes, 2, name)
		}
		w.apply(changes)
		s := machine.Begin(testBlock, w)
		for _, c := range changes {
			s.account(c.Address)
			for _, slot := range c.Storage {
				require.Equal(t, slot.Value.Word(), s.slot(s.account(c.Address), &slot.Key).current, name)
			}
		}
		require.Empty(t, s.Changes(), name)
	}
	require.Greater(t, ended[Success], int(programs/20), "%v", ended)
	require.Greater(t, ended[Halted], int(programs/20), "%v", ended)
}

func FuzzApply(f *testing.F) {
	f.Add(asm(0, op(opCALLDATALOAD), 0, op(opSSTORE)), []byte{1})
	f.Add(callAsm(opDELEGATECALL, codeA), []byte{})
	f.Add(asm(32, 0, 0, op(opCREATE2)), []byte{0xff})
	f.Fuzz(func(t *testing.T, code, input []byte) {
		machine, w := fixtureVM(map[ledger.Address]Native{nativeA: randomNative(1), nativeB: randomNative(2)})
		w.deploy(codeA, append(code, opSTOP))
		w.deploy(codeB, append(input, opSTOP))
		s := machine.Begin(testBlock, w)
		res := apply(t, s, message(&codeA, 300_000, input...))
		require.LessOrEqual(t, res.GasUsed, uint64(300_000))
		s.Changes()
	})
}
