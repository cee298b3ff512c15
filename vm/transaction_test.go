package vm

import (
	"math"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
)

func TestTransferMovesValueAndPaysTheFee(t *testing.T) {
	machine, w := fixtureVM(nil)
	s := machine.Begin(testBlock, w)
	m := message(&bob, 30_000)
	m.Value.SetUint64(1000)
	res := apply(t, s, m)
	require.Equal(t, Success, res.Status)
	require.Equal(t, uint64(21_000), res.GasUsed)
	require.Equal(t, *uint256.NewInt(12), res.GasPrice)
	a := changeOf(t, s, alice).Account
	require.Equal(t, uint64(1), a.Nonce)
	require.Equal(t, uint64(1<<60-1000-12*21_000), a.Balance.Uint64())
	require.Equal(t, uint64(1000), changeOf(t, s, bob).Account.Balance.Uint64())
	require.Equal(t, uint64(2*21_000), changeOf(t, s, miner).Account.Balance.Uint64(), "the base fee is burned")
}

func TestGasPayerPaysAndTheSenderKeepsItsNonce(t *testing.T) {
	machine, w := fixtureVM(nil)
	w.fund(alice, 1000)
	w.fund(sponsor, 100*30_000)
	s := machine.Begin(testBlock, w)
	m := message(&bob, 30_000)
	m.GasPayer, m.CheckNonce, m.Nonce = sponsor, false, 77
	m.Value.SetUint64(1000)
	require.Equal(t, Success, apply(t, s, m).Status)
	require.Equal(t, &ledger.Change{Address: alice, Deleted: true}, changeOf(t, s, alice))
	require.Equal(t, uint64(100*30_000-12*21_000), changeOf(t, s, sponsor).Account.Balance.Uint64())
	require.Equal(t, uint64(0), changeOf(t, s, sponsor).Account.Nonce)
	m.Value.Clear()
	m.Gas = 30_001
	require.ErrorIs(t, apply(t, s, m).Err, ErrInsufficientFunds, "the most that it may cost exceeds the payer's balance")
}

func TestInvalidMessagesChangeNothing(t *testing.T) {
	rules := []struct {
		name string
		bend func(m *ledger.Message)
		want error
	}{
		{"nonce above", func(m *ledger.Message) { m.Nonce = 6 }, ErrNonceTooHigh},
		{"nonce below", func(m *ledger.Message) { m.Nonce = 4 }, ErrNonceTooLow},
		{"funds", func(m *ledger.Message) { m.Value.SetUint64(1 << 60) }, ErrInsufficientFunds},
		{"overflow", func(m *ledger.Message) { m.GasFeeCap.SetAllOne() }, ErrInsufficientFunds},
		{"gas", func(m *ledger.Message) { m.Gas = 20_999 }, ErrIntrinsicGas},
		{"floor", func(m *ledger.Message) { m.Data = make([]byte, 1000); m.Gas = 25_100 }, ErrFloorGas},
		{"fee cap", func(m *ledger.Message) { m.GasFeeCap.SetUint64(9); m.GasTipCap.Clear() }, ErrFeeCapTooLow},
		{"tip", func(m *ledger.Message) { m.GasTipCap.SetUint64(101) }, ErrTipAboveFeeCap},
		{"transaction's cap", func(m *ledger.Message) { m.Gas = txGasCap + 1 }, ErrTxGasCap},
		{"init code", func(m *ledger.Message) { m.To = nil; m.Data = make([]byte, maxInitCode+1) }, ErrInitCodeSize},
		{"sender with code", func(m *ledger.Message) { m.From = codeA; m.GasPayer = codeA; m.Nonce = 1 }, ErrSenderNotEOA},
		{"blobs", func(m *ledger.Message) { m.Type = ledger.BlobTx }, ErrTxType},
		{"authorizations", func(m *ledger.Message) { m.Type = ledger.SetCodeTx }, ErrNoAuthorizations},
		{"last nonce", func(m *ledger.Message) { m.From, m.GasPayer, m.Nonce = bob, bob, math.MaxUint64 }, ErrNonceMax},
	}
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			machine, w := fixtureVM(nil)
			rich := w.accounts[alice]
			rich.Nonce = 5
			w.accounts[alice] = rich
			rich.Nonce = math.MaxUint64
			w.accounts[bob] = rich
			w.deploy(codeA, []byte{opSTOP})
			s := machine.Begin(testBlock, w)
			m := message(&bob, 100_000)
			m.Nonce = 5
			rule.bend(m)
			res := apply(t, s, m)
			require.Equal(t, Invalid, res.Status)
			require.ErrorIs(t, res.Err, rule.want)
			require.Empty(t, s.Changes())
		})
	}
}

func TestBlockGasLimitBoundsTheSum(t *testing.T) {
	machine, w := fixtureVM(nil)
	b := testBlock
	b.GasLimit = 50_000
	s := machine.Begin(b, w)
	require.Equal(t, Success, apply(t, s, message(&bob, 40_000)).Status)
	m := message(&bob, 29_001)
	m.Nonce = 1
	require.ErrorIs(t, apply(t, s, m).Err, ErrGasLimit)
	m.Gas = 29_000
	require.Equal(t, Success, apply(t, s, m).Status)
}

func TestSystemCallIsFreeAndUndoneOnFailure(t *testing.T) {
	machine, w := fixtureVM(nil)
	w.deploy(codeA, asm(op(opCALLER), 0, op(opSSTORE)))
	w.deploy(codeB, asm(1, 0, op(opSSTORE), op(opINVALID)))
	s := machine.Begin(testBlock, w)
	res, err := s.System(codeA, nil, 50_000)
	require.NoError(t, err)
	require.Equal(t, Success, res.Status)
	var caller ledger.Hash
	copy(caller[12:], ledger.SystemAddress[:])
	require.Equal(t, []ledger.Slot{{Value: caller}}, changeOf(t, s, codeA).Storage)
	res, err = s.System(codeB, nil, 50_000)
	require.NoError(t, err)
	require.Equal(t, Halted, res.Status)
	require.Equal(t, uint64(50_000), res.GasUsed)
	require.Len(t, s.Changes(), 1, "neither the system's account nor codeB")
}

func TestCreationStoresCodeAndTakesTheNonce(t *testing.T) {
	machine, w := fixtureVM(nil)
	s := machine.Begin(testBlock, w)
	// Returns the two bytes 0x6000.
	m := message(nil, 200_000, asm(0x6000, 0, op(opMSTORE), 2, 30, op(opRETURN))...)
	m.CheckNonce = false
	res := apply(t, s, m)
	require.Equal(t, Success, res.Status, res.Err)
	require.Equal(t, createAddress(alice, 0), *res.Contract)
	require.Equal(t, []byte{0x60, 0}, res.Return)
	c := changeOf(t, s, *res.Contract)
	require.Equal(t, []byte{0x60, 0}, c.Code)
	require.Equal(t, uint64(1), c.Account.Nonce)
	require.Equal(t, createAddress(alice, 1), *apply(t, s, m).Contract, "the nonce has moved")
}

func TestCreationRefusesAnAddressWithStorage(t *testing.T) {
	machine, w := fixtureVM(nil)
	addr := createAddress(alice, 0)
	w.fund(addr, 1)
	w.store(addr, num(1), num(1))
	s := machine.Begin(testBlock, w)
	res := apply(t, s, message(nil, 100_000))
	require.ErrorIs(t, res.Err, ErrCollision)
	require.Equal(t, uint64(100_000), res.GasUsed)
}

func TestChangesAreSortedAndMinimal(t *testing.T) {
	machine, w := fixtureVM(nil)
	w.deploy(codeA, asm(
		7, 9, op(opSSTORE), // new
		1, 3, op(opSSTORE), // as before
		0, 2, op(opSSTORE), // removed
		5, 4, op(opSSTORE), 0, 4, op(opSSTORE), // written and taken back
		op(opCALLER), op(opBALANCE), op(opPOP),
		bob, op(opBALANCE))) // read only
	w.store(codeA, num(3), num(1))
	w.store(codeA, num(2), num(1))
	w.fund(bob, 5)
	s := machine.Begin(testBlock, w)
	require.Equal(t, Success, apply(t, s, message(&codeA, 200_000)).Status)
	changes := s.Changes()
	var got []ledger.Address
	for _, c := range changes {
		got = append(got, c.Address)
	}
	require.Equal(t, []ledger.Address{alice, miner, codeA}, got)
	require.Equal(t, []ledger.Slot{{Key: num(2)}, {Key: num(9), Value: num(7)}}, changes[2].Storage)
	require.Nil(t, changes[2].Code)
	require.Equal(t, changes, s.Changes())
}

func TestContractDestroyedInItsCreationLeavesNothing(t *testing.T) {
	machine, w := fixtureVM(nil)
	s := machine.Begin(testBlock, w)
	m := message(nil, 200_000, asm(1, 1, op(opSSTORE), bob, op(opSELFDESTRUCT))...)
	m.Value.SetUint64(50)
	res := apply(t, s, m)
	require.Equal(t, Success, res.Status, res.Err)
	require.Equal(t, uint64(50), changeOf(t, s, bob).Account.Balance.Uint64())
	for _, c := range s.Changes() {
		require.NotEqual(t, *res.Contract, c.Address)
	}
}

func TestEffectsOfOneMessageAreTheOriginalsOfTheNext(t *testing.T) {
	machine, w := fixtureVM(nil)
	// Stores the first word of calldata in slot 0.
	w.deploy(codeA, asm(0, op(opCALLDATALOAD), 0, op(opSSTORE)))
	s := machine.Begin(testBlock, w)
	one, zero := num(1), num(0)
	first := apply(t, s, message(&codeA, 100_000, one[:]...))
	m := message(&codeA, 100_000, zero[:]...)
	m.Nonce = 1
	second := apply(t, s, m)
	require.Equal(t, Success, second.Status)
	require.Equal(t, uint64(21_000+31*4+16+2+3+2+22_100), first.GasUsed)
	require.Equal(t, uint64(21_000+32*4+2+3+2+5_000-refundClear), second.GasUsed)
	for _, c := range s.Changes() {
		require.NotEqual(t, codeA, c.Address, "back to what the reader gave")
	}
}
