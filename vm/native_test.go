package vm

import (
	"errors"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// runNative executes one native with gas for its frame and returns the result and
// the session.
func runNative(t *testing.T, gas uint64, run nativeFunc) (Result, *Session) {
	t.Helper()
	machine, w := fixtureVM(map[ledger.Address]Native{nativeA: run})
	s := machine.Begin(testBlock, w)
	return apply(t, s, message(&nativeA, gasTx+gas)), s
}

func TestNativeMetersStorageAsOpcodes(t *testing.T) {
	var costs []uint64
	var refund uint64
	res, s := runNative(t, 100_000, func(f *Frame, _ []byte) ([]byte, bool) {
		step := func(do func()) {
			before := f.Gas()
			do()
			costs = append(costs, before-f.Gas())
		}
		step(func() { f.Load(num(1)) })
		step(func() { f.Load(num(1)) })
		step(func() { f.Store(num(1), num(5)) })
		step(func() { f.Store(num(1), num(6)) })
		step(func() { f.Store(num(1), num(6)) })
		step(func() { f.Store(num(2), num(5)) })
		step(func() { f.Store(num(1), num(0)) })
		refund = f.s.refund
		require.Equal(t, num(0), f.Load(num(1)))
		return nil, true
	})
	require.Equal(t, Success, res.Status, res.Err)
	require.Equal(t, []uint64{2100, 100, 20000, 100, 100, 22100, 100}, costs)
	require.Equal(t, uint64(19900), refund)
	require.Equal(t, []ledger.Slot{{Key: num(2), Value: num(5)}}, changeOf(t, s, nativeA).Storage)
}

func changeOf(t *testing.T, s *Session, a ledger.Address) *ledger.Change {
	t.Helper()
	for _, c := range s.Changes() {
		if c.Address == a {
			return &c
		}
	}
	t.Fatalf("no change of %s", a)
	return nil
}

func TestNativeRevertUndoesWritesAndReturnsData(t *testing.T) {
	res, s := runNative(t, 100_000, func(f *Frame, _ []byte) ([]byte, bool) {
		f.Store(num(1), num(5))
		f.Log(nil, []byte("x"))
		return []byte("why"), false
	})
	require.Equal(t, Reverted, res.Status)
	require.ErrorIs(t, res.Err, ErrReverted)
	require.Equal(t, []byte("why"), res.Return)
	require.Empty(t, res.Logs)
	require.Less(t, res.GasUsed, uint64(gasTx+30_000), "gas that is left stays with the sender")
	for _, c := range s.Changes() {
		require.NotEqual(t, nativeA, c.Address)
	}
}

func TestNativeOutOfGasCannotBeRecovered(t *testing.T) {
	reached := false
	res, s := runNative(t, 25_000, func(f *Frame, _ []byte) ([]byte, bool) {
		f.Store(num(1), num(5))
		func() {
			defer func() { _ = recover() }()
			f.UseGas(1 << 40)
		}()
		require.True(t, f.Poisoned())
		func() {
			defer func() { reached = recover() != nil }()
			f.Load(num(1))
		}()
		return []byte("fine"), true
	})
	require.True(t, reached, "a poisoned frame panics again")
	require.Equal(t, Halted, res.Status)
	require.ErrorIs(t, res.Err, ErrOutOfGas)
	require.Nil(t, res.Return)
	require.Equal(t, uint64(gasTx+25_000), res.GasUsed)
	for _, c := range s.Changes() {
		require.NotEqual(t, nativeA, c.Address)
	}
}

func TestNativePanicHaltsTheCall(t *testing.T) {
	res, _ := runNative(t, 50_000, func(*Frame, []byte) ([]byte, bool) { panic("bug") })
	require.Equal(t, Halted, res.Status)
	require.ErrorIs(t, res.Err, ErrNativePanic)
	require.Equal(t, uint64(gasTx+50_000), res.GasUsed)
}

func TestNativeStaticCallRefusesEveryWrite(t *testing.T) {
	writes := map[string]func(f *Frame){
		"store":    func(f *Frame) { f.Store(num(1), num(1)) },
		"log":      func(f *Frame) { f.Log(nil, nil) },
		"transfer": func(f *Frame) { f.Transfer(bob, uint256.Int{}) },
		"mint":     func(f *Frame) { f.Mint(bob, *uint256.NewInt(1)) },
		"burn":     func(f *Frame) { f.Burn(alice, *uint256.NewInt(1)) },
		"call":     func(f *Frame) { f.Call(bob, *uint256.NewInt(1), nil, 0) },
		"child": func(f *Frame) {
			_, ok := f.Do(nativeB, func(f *Frame) ([]byte, bool) { f.Store(num(1), num(1)); return nil, true })
			if !ok {
				f.fail(ErrWriteProtection)
			}
		},
	}
	for name, write := range writes {
		t.Run(name, func(t *testing.T) {
			var readOnly bool
			machine, w := fixtureVM(map[ledger.Address]Native{
				nativeA: nativeFunc(func(f *Frame, _ []byte) ([]byte, bool) {
					readOnly = f.ReadOnly()
					write(f)
					return nil, true
				}),
				nativeB: nativeFunc(func(*Frame, []byte) ([]byte, bool) { return nil, true }),
			})
			w.deploy(codeA, callAsm(opSTATICCALL, nativeA))
			res := apply(t, machine.Begin(testBlock, w), message(&codeA, 500_000))
			require.Equal(t, Success, res.Status)
			require.True(t, readOnly)
			require.Equal(t, make([]byte, 32), res.Return, "the static call fails")
		})
	}
}

func TestNativeRefusesToRunForAnotherAccount(t *testing.T) {
	ran := false
	machine, w := fixtureVM(map[ledger.Address]Native{
		nativeA: nativeFunc(func(*Frame, []byte) ([]byte, bool) { ran = true; return nil, true }),
	})
	w.deploy(bob, append([]byte{0xef, 0x01, 0x00}, nativeA[:]...))
	for name, code := range map[string][]byte{
		"delegatecall": callAsm(opDELEGATECALL, nativeA),
		"callcode":     callAsm(opCALLCODE, nativeA),
		"delegation":   callAsm(opCALL, bob),
	} {
		w.deploy(codeA, code)
		res := apply(t, machine.Begin(testBlock, w), message(&codeA, 500_000))
		require.Equal(t, Success, res.Status, name)
		require.Equal(t, make([]byte, 32), res.Return, name)
		require.False(t, ran, name)
	}
	res := apply(t, machine.Begin(testBlock, w), message(&bob, 500_000))
	require.ErrorIs(t, res.Err, ErrNativeDelegation)
	require.Equal(t, uint64(500_000), res.GasUsed)
}

func TestNativeSeesTheCall(t *testing.T) {
	machine, w := fixtureVM(map[ledger.Address]Native{
		nativeA: nativeFunc(func(f *Frame, input []byte) ([]byte, bool) {
			require.Equal(t, nativeA, f.Self())
			require.Equal(t, alice, f.Caller())
			require.Equal(t, alice, f.Origin())
			require.Equal(t, *uint256.NewInt(9), f.Value())
			require.Equal(t, *uint256.NewInt(9), f.Balance(nativeA))
			require.Equal(t, uint64(7), f.Block().Number)
			require.Equal(t, uint64(5), f.ChainID())
			require.Equal(t, 1, f.CodeSize(nativeA))
			require.Equal(t, 0, f.CodeSize(alice))
			f.Log([]ledger.Hash{num(1)}, input)
			return append([]byte("re:"), input...), true
		}),
	})
	m := message(&nativeA, 100_000, 'h', 'i')
	m.Value.SetUint64(9)
	res := apply(t, machine.Begin(testBlock, w), m)
	require.Equal(t, Success, res.Status, res.Err)
	require.Equal(t, []byte("re:hi"), res.Return)
	require.Equal(t, []ledger.Log{{Address: nativeA, Topics: []ledger.Hash{num(1)}, Data: []byte("hi")}}, res.Logs)
}

func TestNativeSeesReentrancy(t *testing.T) {
	var active []bool
	machine, w := fixtureVM(map[ledger.Address]Native{
		nativeA: nativeFunc(func(f *Frame, input []byte) ([]byte, bool) {
			active = append(active, f.Active(nativeA))
			if len(input) == 0 {
				_, ok := f.Call(codeA, uint256.Int{}, nil, 0)
				active = append(active, f.Active(nativeA))
				return nil, ok
			}
			return nil, true
		}),
	})
	// codeA calls nativeA back with one byte.
	w.deploy(codeA, asm(0, 0, 1, 0, 0, nativeA, op(opGAS), op(opCALL), op(opPOP)))
	res := apply(t, machine.Begin(testBlock, w), message(&nativeA, 500_000))
	require.Equal(t, Success, res.Status, res.Err)
	require.Equal(t, []bool{false, true, false}, active)
}

func TestNativeDoOpensAFrameOfTheOther(t *testing.T) {
	noop := nativeFunc(func(*Frame, []byte) ([]byte, bool) { return nil, true })
	run := nativeFunc(func(f *Frame, _ []byte) ([]byte, bool) {
		out, ok := f.Do(nativeB, func(c *Frame) ([]byte, bool) {
			require.Equal(t, nativeB, c.Self())
			require.Equal(t, nativeA, c.Caller())
			require.True(t, c.Active(nativeA))
			require.False(t, c.Active(nativeB))
			c.Store(num(1), num(1))
			return []byte("out"), true
		})
		require.True(t, ok)
		require.Equal(t, []byte("out"), out)
		_, ok = f.Do(nativeB, func(c *Frame) ([]byte, bool) {
			c.Store(num(2), num(2))
			return nil, false
		})
		require.False(t, ok)
		_, ok = f.Do(nativeB, func(c *Frame) ([]byte, bool) {
			c.Store(num(3), num(3))
			c.UseGas(c.Gas() + 1)
			return nil, true
		})
		require.False(t, ok)
		require.NotZero(t, f.Gas(), "a 64th stays")
		f.Store(num(4), num(4))
		return nil, true
	})
	machine, w := fixtureVM(map[ledger.Address]Native{nativeA: run, nativeB: noop})
	s := machine.Begin(testBlock, w)
	res := apply(t, s, message(&nativeA, 4_000_000))
	require.Equal(t, Success, res.Status, res.Err)
	require.Equal(t, []ledger.Slot{{Key: num(1), Value: num(1)}}, changeOf(t, s, nativeB).Storage)
	require.Equal(t, []ledger.Slot{{Key: num(4), Value: num(4)}}, changeOf(t, s, nativeA).Storage)
}

func TestNativeFrameMustBeTheInnermost(t *testing.T) {
	machine, w := fixtureVM(map[ledger.Address]Native{
		nativeA: nativeFunc(func(f *Frame, _ []byte) ([]byte, bool) {
			f.Do(nativeB, func(*Frame) ([]byte, bool) {
				f.Store(num(1), num(1)) // the parent's frame
				return nil, true
			})
			return nil, true
		}),
		nativeB: nativeFunc(func(*Frame, []byte) ([]byte, bool) { return nil, true }),
	})
	res := apply(t, machine.Begin(testBlock, w), message(&nativeA, 500_000))
	require.Equal(t, Halted, res.Status)
	require.ErrorIs(t, res.Err, ErrFrame)
}

func TestNativeMintBurnTransferFollowTheJournal(t *testing.T) {
	fail := false
	machine, w := fixtureVM(map[ledger.Address]Native{
		nativeA: nativeFunc(func(f *Frame, _ []byte) ([]byte, bool) {
			f.Mint(f.Self(), *uint256.NewInt(100))
			require.True(t, f.Transfer(bob, *uint256.NewInt(30)))
			require.False(t, f.Transfer(bob, *uint256.NewInt(1000)))
			require.True(t, f.Burn(bob, *uint256.NewInt(10)))
			require.False(t, f.Burn(bob, *uint256.NewInt(1000)))
			return nil, !fail
		}),
	})
	s := machine.Begin(testBlock, w)
	require.Equal(t, Success, apply(t, s, message(&nativeA, 500_000)).Status)
	require.Equal(t, uint64(70), changeOf(t, s, nativeA).Account.Balance.Uint64())
	require.Equal(t, uint64(20), changeOf(t, s, bob).Account.Balance.Uint64())
	fail = true
	m := message(&nativeA, 500_000)
	m.Nonce = 1
	require.Equal(t, Reverted, apply(t, s, m).Status)
	require.Equal(t, uint64(70), changeOf(t, s, nativeA).Account.Balance.Uint64())
	require.Equal(t, uint64(20), changeOf(t, s, bob).Account.Balance.Uint64())
}

func TestNativeMintAboveTheMaximumHalts(t *testing.T) {
	res, _ := runNative(t, 200_000, func(f *Frame, _ []byte) ([]byte, bool) {
		f.Mint(alice, *new(uint256.Int).SetAllOne())
		return nil, true
	})
	require.Equal(t, Halted, res.Status)
	require.ErrorIs(t, res.Err, ErrBalanceOverflow)
}

func TestNativeHostFaultIsAnErrorAndLeavesTheSession(t *testing.T) {
	broken := errors.New("disk")
	var w *world
	machine, w := fixtureVM(map[ledger.Address]Native{
		nativeA: nativeFunc(func(f *Frame, input []byte) (out []byte, ok bool) {
			f.Store(num(1), num(1))
			if len(input) > 0 {
				w.err = broken
				defer func() { _ = recover(); out, ok = nil, true }()
				f.Balance(bob)
			}
			return nil, true
		}),
	})
	s := machine.Begin(testBlock, w)
	require.Equal(t, Success, apply(t, s, message(&nativeA, 200_000)).Status)
	before := s.Changes()
	m := message(&nativeA, 200_000, 1)
	m.Nonce = 1
	_, err := s.Apply(m)
	require.ErrorIs(t, err, broken)
	require.Equal(t, before, s.Changes())
	w.err = nil
	m.Data = nil
	require.Equal(t, Success, apply(t, s, m).Status, "the session goes on")
}

func TestNativeCallPassesGasAndValue(t *testing.T) {
	var given uint64
	machine, w := fixtureVM(map[ledger.Address]Native{
		nativeA: nativeFunc(func(f *Frame, _ []byte) ([]byte, bool) {
			out, ok := f.Call(codeA, *uint256.NewInt(3), nil, 10_000)
			require.True(t, ok)
			given = new(uint256.Int).SetBytes(out).Uint64()
			_, ok = f.Call(codeA, *uint256.NewInt(1 << 62), nil, 0)
			require.False(t, ok, "more than the balance")
			return nil, true
		}),
	})
	w.deploy(codeA, asm(op(opGAS), 0, op(opMSTORE), 32, 0, op(opRETURN)))
	m := message(&nativeA, 200_000)
	m.Value.SetUint64(5)
	s := machine.Begin(testBlock, w)
	res := apply(t, s, m)
	require.Equal(t, Success, res.Status, res.Err)
	require.Equal(t, uint64(10_000+gasStipend-2), given)
	require.Equal(t, uint64(3), changeOf(t, s, codeA).Account.Balance.Uint64())
}

func TestNativeWithoutAnAccountCannotStore(t *testing.T) {
	machine, w := fixtureVM(map[ledger.Address]Native{
		nativeA: nativeFunc(func(f *Frame, _ []byte) ([]byte, bool) { f.Store(num(1), num(1)); return nil, true }),
	})
	delete(w.accounts, nativeA)
	res := apply(t, machine.Begin(testBlock, w), message(&nativeA, 100_000))
	require.ErrorIs(t, res.Err, ErrNoAccount)
}

func TestNativeFrameIsDeadAfterItsCall(t *testing.T) {
	var kept *Frame
	_, s := runNative(t, 100_000, func(f *Frame, _ []byte) ([]byte, bool) { kept = f; return nil, true })
	require.Panics(t, func() { kept.Store(num(1), num(1)) })
	require.Len(t, s.Changes(), 2)
}

func TestNativeLogRefusesAFifthTopic(t *testing.T) {
	res, _ := runNative(t, 100_000, func(f *Frame, _ []byte) ([]byte, bool) {
		f.Log(make([]ledger.Hash, 5), nil)
		return nil, true
	})
	require.ErrorIs(t, res.Err, ErrFrame)
}
