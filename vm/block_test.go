package vm

import (
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
)

func TestExecuteReturnsWhatASessionGives(t *testing.T) {
	machine, w := fixtureVM(nil)
	w.deploy(codeA, asm(0, op(opSLOAD), 1, op(opADD), 0, op(opSSTORE)))
	var messages []*ledger.Message
	s := machine.Begin(testBlock, w)
	var want []Result
	for i := range uint64(3) {
		m := message(&codeA, 50_000)
		m.Nonce = i
		messages = append(messages, m)
		want = append(want, apply(t, s, m))
	}
	got, err := machine.Execute(testBlock, w, messages)
	require.NoError(t, err)
	require.Equal(t, want, got.Results)
	require.Equal(t, s.Changes(), got.Changes)
	require.Equal(t, want[0].GasUsed+want[1].GasUsed+want[2].GasUsed, got.GasUsed)
	require.Equal(t, s.GasUsed(), got.GasUsed)
}

func TestExecuteRefusesABlockWithAnInvalidMessage(t *testing.T) {
	machine, w := fixtureVM(nil)
	first, second := message(&bob, 21_000), message(&bob, 21_000)
	second.Nonce = 2
	got, err := machine.Execute(testBlock, w, []*ledger.Message{first, second})
	require.ErrorIs(t, err, ErrInvalidBlock)
	require.ErrorIs(t, err, ErrNonceTooHigh)
	require.ErrorContains(t, err, "message 1")
	require.Nil(t, got)

	second.Nonce = 1
	b := testBlock
	b.GasLimit = 41_999
	_, err = machine.Execute(b, w, []*ledger.Message{first, second})
	require.ErrorIs(t, err, ErrGasLimit)
	b.GasLimit = 42_000
	got, err = machine.Execute(b, w, []*ledger.Message{first, second})
	require.NoError(t, err)
	require.Equal(t, uint64(42_000), got.GasUsed)
}

func TestExecuteHoldsBlobsToTheBlocksLimit(t *testing.T) {
	w := newWorld()
	w.fund(alice, 1<<60)
	machine := New(Config{ChainID: 5, Blobs: true, BlobsPerBlock: 3})
	var messages []*ledger.Message
	for i := range uint64(2) {
		m := message(&bob, 21_000)
		m.Type, m.Nonce, m.BlobHashes = ledger.BlobTx, i, []ledger.Hash{{1}, {1}}
		messages = append(messages, m)
	}
	_, err := machine.Execute(testBlock, w, messages)
	require.ErrorIs(t, err, ErrTooManyBlobs)
	messages[1].BlobHashes = messages[1].BlobHashes[:1]
	got, err := machine.Execute(testBlock, w, messages)
	require.NoError(t, err)
	require.Equal(t, uint64(3), got.Blobs)
}

func TestAccessListNamesWhatIsTouched(t *testing.T) {
	machine, w := fixtureVM(nil)
	// codeA reads its slot 1, the balance of the sender and of bob, and calls codeB,
	// which writes slot 2 and fails.
	w.deploy(codeA, asm(1, op(opSLOAD), op(opCALLER), op(opBALANCE), bob, op(opBALANCE),
		0, 0, 0, 0, 0, codeB, op(opGAS), op(opCALL)))
	w.deploy(codeB, asm(5, 2, op(opSSTORE), 0, 0, op(opREVERT)))
	list, res, err := machine.AccessList(testBlock, w, message(&codeA, 200_000))
	require.NoError(t, err)
	require.Equal(t, Success, res.Status)
	require.Equal(t, []ledger.AccessTuple{
		{Address: bob},
		{Address: codeA, Slots: []ledger.Hash{num(1)}},
		{Address: codeB, Slots: []ledger.Hash{num(2)}},
	}, list)
	m := message(&codeA, 200_000)
	m.AccessList = list
	require.Equal(t, apply(t, machine.Begin(testBlock, w), m).GasUsed, res.GasUsed)
}

func TestAccessListFollowsCodeThatSeesItsGas(t *testing.T) {
	machine, w := fixtureVM(nil)
	// A warm slot 1 leads the code to slot 2: the list grows in the second run.
	w.deploy(codeA, asm(op(opGAS), 1, op(opSLOAD), op(opPOP), op(opGAS), op(opSWAP1), op(opSUB), 1000, op(opGT),
		ref("warm"), op(opJUMPI), op(opSTOP), label("warm"), 2, op(opSLOAD)))
	list, _, err := machine.AccessList(testBlock, w, message(&codeA, 100_000))
	require.NoError(t, err)
	require.Equal(t, []ledger.AccessTuple{{Address: codeA, Slots: []ledger.Hash{num(1), num(2)}}}, list)
}

func TestAccessListReportsTheMessagesOwnFault(t *testing.T) {
	machine, w := fixtureVM(nil)
	m := message(&bob, 100)
	_, res, err := machine.AccessList(testBlock, w, m)
	require.NoError(t, err)
	require.ErrorIs(t, res.Err, ErrIntrinsicGas)
	m = message(&bob, 21_000)
	m.Value = *uint256.NewInt(1)
	m.From = sponsor
	_, res, err = machine.AccessList(testBlock, w, m)
	require.NoError(t, err)
	require.ErrorIs(t, res.Err, ErrInsufficientFunds)
}
