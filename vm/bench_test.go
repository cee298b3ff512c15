package vm

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// TestTransferAllocatesLittle bounds the cost of the most frequent message.
func TestTransferAllocatesLittle(t *testing.T) {
	machine, w := fixtureVM(nil)
	s := machine.Begin(testBlock, w)
	s.block.GasLimit = 1 << 62
	m := message(&bob, 21_000)
	m.Value.SetUint64(1)
	apply(t, s, m)
	allocs := testing.AllocsPerRun(100, func() {
		m.Nonce++
		if res, err := s.Apply(m); err != nil || res.Status != Success {
			t.Fatal(res, err)
		}
	})
	require.LessOrEqual(t, allocs, 2.0)
}

// TestCallAllocatesNothingInWarmFrames holds nested calls of bytecode to the frames
// that earlier messages left.
func TestCallAllocatesNothingInWarmFrames(t *testing.T) {
	machine, w := fixtureVM(nil)
	w.deploy(codeA, loop(100, 0, 0, 0, 0, codeB, op(opGAS), op(opSTATICCALL), op(opPOP)))
	w.deploy(codeB, asm(op(opCALLER), 0, op(opMSTORE), 32, 0, op(opRETURN)))
	s := machine.Begin(testBlock, w)
	s.block.GasLimit = 1 << 62
	m := message(&codeA, 1_000_000)
	apply(t, s, m)
	allocs := testing.AllocsPerRun(20, func() {
		m.Nonce++
		if res, err := s.Apply(m); err != nil || res.Status != Success {
			t.Fatal(res, err)
		}
	})
	require.LessOrEqual(t, allocs, 4.0)
}

// loop repeats body, which must leave the stack as it was.
func loop(times int, body ...any) []byte {
	parts := append([]any{times, label("top")}, body...)
	return asm(append(parts, 1, op(opSWAP1), op(opSUB), op(opDUP1), ref("top"), op(opJUMPI))...)
}

func BenchmarkRun(b *testing.B) {
	// A transfer between two balances in a mapping, with its event.
	token := func(who int) []any {
		return []any{who, 0, op(opMSTORE), 0, 32, op(opMSTORE), 64, 0, op(opKECCAK256)}
	}
	var erc20 []any
	erc20 = append(append(erc20, token(1)...), op(opDUP1), op(opSLOAD), 1, op(opADD), op(opSWAP1), op(opSSTORE))
	erc20 = append(append(erc20, token(2)...), op(opDUP1), op(opSLOAD), 1, op(opSWAP1), op(opSUB), op(opSWAP1), op(opSSTORE))
	erc20 = append(erc20, 1, 2, 3, 32, 0, op(opLOG0+3))
	for name, code := range map[string][]byte{
		"arithmetic":  loop(50_000, 3, 5, op(opMUL), 7, op(opADD), op(opPOP)),
		"stack":       loop(50_000, op(opDUP1), op(opDUP1), op(opSWAP1), op(opPOP), op(opPOP)),
		"memory":      loop(50_000, 64, op(opMLOAD), 64, op(opMSTORE)),
		"keccak64":    loop(20_000, 64, 0, op(opKECCAK256), op(opPOP)),
		"sload":       loop(50_000, 1, op(opSLOAD), op(opPOP)),
		"sstore":      loop(20_000, op(opDUP1), 1, op(opSSTORE)),
		"transient":   loop(20_000, op(opDUP1), 1, op(opTSTORE), 1, op(opTLOAD), op(opPOP)),
		"staticcall":  loop(10_000, 0, 0, 0, 0, codeB, op(opGAS), op(opSTATICCALL), op(opPOP)),
		"erc20":       loop(1_000, erc20...),
		"div":         loop(50_000, 12345, ledger.Hash{1, 2, 3}, op(opDIV), op(opPOP)),
		"codesizeEnv": loop(50_000, op(opCALLER), op(opPOP), op(opTIMESTAMP), op(opPOP)),
	} {
		b.Run(name, func(b *testing.B) {
			w := newWorld()
			w.fund(alice, 1<<60)
			w.deploy(codeA, code)
			w.deploy(codeB, []byte{opSTOP})
			machine := New(Config{})
			m := &ledger.Message{From: alice, To: &codeA, Gas: 1 << 40}
			b.ReportAllocs()
			var used uint64
			for b.Loop() {
				res, err := machine.Call(testBlock, w, m)
				if err != nil || res.Status != Success {
					b.Fatal(res, err)
				}
				used += res.GasUsed
			}
			b.ReportMetric(float64(used)/1e6/b.Elapsed().Seconds(), "Mgas/s")
		})
	}
}

func BenchmarkTransfer(b *testing.B) {
	machine, w := fixtureVM(nil)
	s := machine.Begin(testBlock, w)
	s.block.GasLimit = 1 << 62
	m := message(&bob, 21_000)
	m.Value.SetUint64(1)
	b.ReportAllocs()
	for b.Loop() {
		if res, err := s.Apply(m); err != nil || res.Status != Success {
			b.Fatal(res, err)
		}
		m.Nonce++
	}
}
