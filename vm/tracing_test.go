package vm

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// auditor is a Tracer that keeps the books of gas of every frame.
type auditor struct {
	t      require.TestingT
	frames []*audited
	steps  int
	logs   int
}

// audited is an open frame. want is the gas that the next opcode must find.
type audited struct {
	call     CallTrace
	want     uint64
	stepping bool
	bytecode bool
	logs     int // of the auditor when the frame opened
}

func (a *auditor) top() *audited { return a.frames[len(a.frames)-1] }

func (a *auditor) Enter(c *CallTrace) {
	if n := len(a.frames); n > 0 {
		require.False(a.t, a.frames[n-1].stepping, "an opcode is charged before its frame opens")
		require.Equal(a.t, n+1, c.Depth)
	}
	a.frames = append(a.frames, &audited{call: *c, want: c.Gas, logs: a.logs})
}

func (a *auditor) Step(st *StepTrace) {
	f := a.top()
	require.False(a.t, f.stepping)
	require.Equal(a.t, f.want, st.Gas, "pc %d op %x", st.PC, st.Op)
	f.stepping, f.bytecode = true, true
	a.steps++
}

func (a *auditor) Charge(cost uint64, err error) {
	f := a.top()
	require.True(a.t, f.stepping)
	f.stepping = false
	f.want -= cost
}

func (a *auditor) Log(*ledger.Log) { a.logs++ }

func (a *auditor) Exit(e *ExitTrace) {
	f := a.top()
	a.frames = a.frames[:len(a.frames)-1]
	require.False(a.t, f.stepping)
	if f.bytecode && f.call.Kind != CallCreate && f.call.Kind != CallCreate2 && (e.Err == nil || e.Err == ErrReverted) {
		require.Equal(a.t, f.want, f.call.Gas-e.GasUsed)
	}
	if e.Err != nil {
		a.logs = f.logs
		if e.Err != ErrReverted && e.Err != ErrDepth && e.Err != ErrBalance {
			require.Equal(a.t, f.call.Gas, e.GasUsed)
		}
	}
	if len(a.frames) == 0 {
		return
	}
	switch parent := a.top(); f.call.Kind {
	case CallCreate, CallCreate2:
		parent.want -= e.GasUsed
	default:
		parent.want += f.call.Gas - e.GasUsed
	}
}

func TestTracedExecutionEqualsUntraced(t *testing.T) {
	programs := uint64(3000)
	if testing.Short() {
		programs = 300
	}
	steps := 0
	for seed := range programs {
		r := rand.New(rand.NewPCG(seed, 2))
		machine, w := fixtureVM(map[ledger.Address]Native{nativeA: randomNative(seed), nativeB: randomNative(seed + 1)})
		w.deploy(codeA, randomCode(r))
		w.deploy(codeB, randomCode(r))
		w.store(codeA, num(1), num(1))
		m := message(&codeA, 50_000+r.Uint64N(1_000_000), 1, 2, 3)
		if seed%4 == 0 {
			m.To, m.Data = nil, randomCode(r)
		}
		name := fmt.Sprintf("seed %d", seed)
		s := machine.Begin(testBlock, w)
		a := &auditor{t: t}
		traced, err := s.Trace(m, a)
		require.NoError(t, err, name)
		require.Empty(t, a.frames, name)
		require.Empty(t, s.Changes(), "tracing leaves the session as it was")
		res := apply(t, s, m)
		require.Equal(t, res, traced.Result, name)
		require.Equal(t, s.Changes(), traced.Changes, name)
		require.Len(t, res.Logs, a.logs, name)
		steps += a.steps
	}
	require.Greater(t, steps, int(programs)*3)
}

func TestTraceSeesTheStateOfTheSession(t *testing.T) {
	machine, w := fixtureVM(nil)
	// The constructor stores 5 in slot 1, the code returns slot 1.
	code := asm(1, op(opSLOAD), 0, op(opMSTORE), 32, 0, op(opRETURN))
	init := append(asm(5, 1, op(opSSTORE), len(code), 18, 0, op(opCODECOPY), len(code), 0, op(opRETURN)), make([]byte, 18)...)
	init = append(init[:18:18], code...)
	s := machine.Begin(testBlock, w)
	m := message(nil, 200_000, init...)
	res := apply(t, s, m)
	require.Equal(t, Success, res.Status, res.Err)
	require.Equal(t, code, res.Return)
	call := message(res.Contract, 100_000)
	call.Nonce = 1
	traced, err := s.Trace(call, nil)
	require.NoError(t, err)
	five := num(5)
	require.Equal(t, five[:], traced.Return)
	require.Equal(t, traced.Result, apply(t, s, call))
}

func TestTraceReportsTheHostsFault(t *testing.T) {
	machine, w := fixtureVM(nil)
	w.deploy(codeA, asm(bob, op(opBALANCE)))
	s := machine.Begin(testBlock, w)
	w.err = errors.New("disk")
	traced, err := s.Trace(message(&codeA, 100_000), &auditor{t: t})
	require.ErrorIs(t, err, w.err)
	require.Nil(t, traced)
}

func TestStateReadsWhatMessagesLeft(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		machine, w := fixtureVM(map[ledger.Address]Native{nativeA: randomNative(seed), nativeB: randomNative(seed + 1)})
		w.deploy(codeA, randomCode(r))
		w.deploy(codeB, randomCode(r))
		w.store(codeA, num(1), num(1))
		whole, absorbed := machine.Begin(testBlock, w), machine.Begin(testBlock, w)
		for i := range uint64(4) {
			m := message(&codeA, 50_000+r.Uint64N(500_000), byte(i))
			m.Nonce = i
			want := apply(t, whole, m)
			branch := absorbed.Branch(absorbed.State())
			got := apply(t, branch, m)
			require.Equal(t, want, got, "seed %d message %d", seed, i)
			fee := branch.DeferredFee()
			require.NoError(t, absorbed.Absorb(branch.Changes(), got.GasUsed, 0))
			if !fee.IsZero() {
				coinbase := absorbed.account(testBlock.Coinbase)
				coinbase.balance.Add(&coinbase.balance, &fee)
				coinbase.exists = true
			}
		}
		require.Equal(t, whole.Changes(), absorbed.Changes(), "seed %d", seed)
		require.Equal(t, whole.GasUsed(), absorbed.GasUsed())
	}
}
