package vm

import (
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
)

func TestCallNeedsNoFundsNonceOrKey(t *testing.T) {
	machine, w := fixtureVM(nil)
	w.deploy(codeA, callAsm(opCALL, codeB))
	w.deploy(codeB, asm(op(opORIGIN), 0, op(opMSTORE), 32, 0, op(opRETURN)))
	res, err := machine.Call(testBlock, w, &ledger.Message{From: codeB, To: &codeA, Nonce: 99, CheckNonce: false})
	require.NoError(t, err)
	require.Equal(t, Success, res.Status, res.Err)
	require.Equal(t, codeB[:], res.Return[44:])
	require.True(t, res.GasPrice.IsZero())
}

func TestCallReportsMissingValue(t *testing.T) {
	machine, w := fixtureVM(nil)
	res, err := machine.Call(testBlock, w, &ledger.Message{From: bob, To: &alice, Value: *uint256.NewInt(1)})
	require.NoError(t, err)
	require.Equal(t, Invalid, res.Status)
	require.ErrorIs(t, res.Err, ErrInsufficientFunds)
}

func TestEstimateFindsTheLeastGas(t *testing.T) {
	machine, w := fixtureVM(map[ledger.Address]Native{
		nativeA: nativeFunc(func(f *Frame, _ []byte) ([]byte, bool) { f.Store(num(1), num(1)); return nil, true }),
	})
	// codeB clears a slot, which earns a refund; codeA calls it and reverts if that
	// fails, so that the 64th that stays counts.
	w.deploy(codeB, asm(0, 1, op(opSSTORE), 1, 2, op(opSSTORE)))
	w.store(codeB, num(1), num(1))
	w.deploy(codeA, asm(0, 0, 0, 0, 0, codeB, op(opGAS), op(opCALL), ref("ok"), op(opJUMPI), 0, 0, op(opREVERT), label("ok")))
	for name, to := range map[string]ledger.Address{"transfer": bob, "native": nativeA, "nested": codeA} {
		m := message(&to, 0)
		gas, res, err := machine.Estimate(testBlock, w, m)
		require.NoError(t, err, name)
		require.Equal(t, Success, res.Status, name)
		m.Gas = gas
		require.Equal(t, Success, apply(t, machine.Begin(testBlock, w), m).Status, name)
		m.Gas = gas - 1
		require.NotEqual(t, Success, apply(t, machine.Begin(testBlock, w), m).Status, name)
		if to == bob {
			require.Equal(t, uint64(21_000), gas)
		}
	}
}

func TestEstimateIgnoresGasThatAFailingCallBurns(t *testing.T) {
	machine, w := fixtureVM(nil)
	w.deploy(codeA, asm(0, 0, 0, 0, 0, codeB, op(opGAS), op(opCALL)))
	w.deploy(codeB, []byte{opINVALID})
	gas, res, err := machine.Estimate(testBlock, w, message(&codeA, 0))
	require.NoError(t, err)
	require.Equal(t, Success, res.Status)
	require.Less(t, gas, uint64(30_000))
}

func TestEstimateReturnsTheFailure(t *testing.T) {
	machine, w := fixtureVM(nil)
	w.deploy(codeA, asm(op(opCALLDATASIZE), 0, op(opMSTORE), 32, 0, op(opREVERT)))
	gas, res, err := machine.Estimate(testBlock, w, message(&codeA, 0, 1, 2))
	require.NoError(t, err)
	require.Zero(t, gas)
	require.Equal(t, Reverted, res.Status)
	want := num(2)
	require.Equal(t, want[:], res.Return)
}

func TestEstimateStaysWithinThePayersFunds(t *testing.T) {
	machine, w := fixtureVM(nil)
	w.deploy(codeA, asm(1, 0, op(opSSTORE)))
	w.fund(alice, 100*43_000)
	gas, res, err := machine.Estimate(testBlock, w, message(&codeA, 0))
	require.NoError(t, err)
	require.Zero(t, gas)
	require.ErrorIs(t, res.Err, ErrOutOfGas)
}
