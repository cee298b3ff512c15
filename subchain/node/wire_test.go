package node

import (
	"crypto/ed25519"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/ledger"
)

func transaction(t testing.TB, nonce uint64) *ledger.Transaction {
	t.Helper()
	k, err := ledger.ParseKey(ledger.Keccak([]byte("wire")))
	require.NoError(t, err)
	tx := &ledger.Transaction{Type: ledger.DynamicFeeTx, Nonce: nonce, Gas: 21000, To: &ledger.Address{1}}
	tx.ChainID.SetUint64(5)
	tx.Sign(k)
	return tx
}

func TestMessagesSurviveTheWire(t *testing.T) {
	s, err := decodeStatus(status{77}.encode()[1:])
	require.NoError(t, err)
	require.Equal(t, uint64(77), s.height)

	e := &endorsement{seq: 3, hash: ledger.Hash{9}, seat: 2, sig: [64]byte{1}}
	back, err := decodeEndorsement(e.encode()[1:])
	require.NoError(t, err)
	require.Equal(t, e, back)

	txs := []*ledger.Transaction{transaction(t, 0), transaction(t, 1)}
	got, err := decodeTransactions(appendTransactions(nil, txs))
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.Equal(t, txs[1].Hash(), got[1].Hash())

	block := &ledger.Block{Header: ledger.Header{Height: 4}, Transactions: txs}
	raw := appendFinalBlock(nil, &chain.Record{Block: block, Certificate: []byte("c")})
	raw = appendFinalBlock(raw, &chain.Record{Block: block})
	blocks, err := decodeRange(raw)
	require.NoError(t, err)
	require.Len(t, blocks, 2)
	require.Equal(t, block.Header.Hash(), blocks[1].block.Header.Hash())
	require.Equal(t, []byte("c"), blocks[0].certificate)
	require.Empty(t, blocks[1].certificate)
}

func TestTruncatedAndPaddedMessagesAreRefused(t *testing.T) {
	e := (&endorsement{seq: 3}).encode()[1:]
	for i := range e {
		_, err := decodeEndorsement(e[:i])
		require.ErrorIs(t, err, errWire)
	}
	_, err := decodeEndorsement(append(e, 0))
	require.ErrorIs(t, err, errWire)
	_, err = decodeStatus(nil)
	require.ErrorIs(t, err, errWire)
	txs := appendTransactions(nil, []*ledger.Transaction{transaction(t, 0)})
	_, err = decodeTransactions(txs[:len(txs)-1])
	require.ErrorIs(t, err, errWire)
}

func TestBodiesAreBoundedInNumberAndBytes(t *testing.T) {
	b := newBodies()
	block := func(h uint64) *ledger.Block { return &ledger.Block{Header: ledger.Header{Height: h}} }
	for h := uint64(1); h <= 2*maxBodies; h++ {
		b.put(block(h), 100)
	}
	require.Len(t, b.blocks, maxBodies)
	require.Equal(t, 100*maxBodies, b.bytes)
	b.put(block(9999), maxBodyBytes)
	require.Len(t, b.blocks, 1)
	b.drop(&chain.Record{Block: block(10_000)})
	require.Zero(t, b.bytes)
	require.Empty(t, b.blocks)
}

func TestWhatNodesSendOneAnotherIsFrozen(t *testing.T) {
	p := &chainkey.Partial{Statement: chainkey.Statement{Kind: chainkey.CommitKind, Epoch: 7, View: 9, Block: [32]byte{5}}, Seat: 3}
	var all []byte
	for _, msg := range [][]byte{
		status{77}.encode(), (&endorsement{seq: 3, hash: ledger.Hash{9}, seat: 2, sig: [64]byte{1}}).encode(),
		encodePartial(ledger.Hash{1}, p, ed25519.NewKeyFromSeed(make([]byte, 32))),
	} {
		all = append(all, msg...)
	}
	require.Equal(t, "0x278a10ada34bf36c78976192e2839361856294d66ea887db57f1ea2ff8f0c7a0", ledger.Keccak(all).String())
}

func FuzzWireMessagesNeverPanic(f *testing.F) {
	f.Add(status{1}.encode())
	f.Add((&endorsement{seq: 1}).encode())
	f.Add(appendTransactions([]byte{wireTransactions}, []*ledger.Transaction{transaction(f, 0)}))
	p := &chainkey.Partial{Statement: chainkey.Statement{Kind: chainkey.RoundKind, Epoch: 7}, Seat: 3}
	f.Add(encodePartial(ledger.Hash{1}, p, ed25519.NewKeyFromSeed(make([]byte, 32))))
	f.Add(appendFinalBlock(nil, &chain.Record{Block: &ledger.Block{}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if blocks, err := decodeRange(b); err == nil {
			require.LessOrEqual(t, len(blocks), maxRangeBlocks)
		}
		if len(b) == 0 {
			return
		}
		if s, err := decodeStatus(b[1:]); err == nil {
			require.Equal(t, b[1:], s.encode()[1:])
		}
		if e, err := decodeEndorsement(b[1:]); err == nil {
			require.Equal(t, b[1:], e.encode()[1:])
		}
		if w, err := decodePartial(b[1:]); err == nil {
			require.Equal(t, b[1:], rlp.AppendList(nil, rlp.AppendBytes(w.partial.AppendBinary(nil), w.sig[:])))
		}
		if txs, err := decodeTransactions(b[1:]); err == nil {
			require.Equal(t, b[1:], appendTransactions(nil, txs))
		}
	})
}
