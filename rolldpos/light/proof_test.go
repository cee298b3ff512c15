package light_test

import (
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/merkle"
	"github.com/rootstem/rootstem/internal/mpt"
	"github.com/rootstem/rootstem/rolldpos/light"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// nodes is a trie's nodes by hash.
type nodes map[[32]byte][]byte

func (n nodes) Get(hash [32]byte) ([]byte, error) { return n[hash], nil }

// secure makes a trie of hashed keys and returns its root and a prover.
func secure(t testing.TB, values map[string][]byte) (ledger.Hash, func(key []byte) [][]byte) {
	t.Helper()
	var trie mpt.Trie
	for k, v := range values {
		h := ledger.Keccak([]byte(k))
		var err error
		trie, err = trie.Put(h[:], v)
		require.NoError(t, err)
	}
	n := nodes{}
	root := trie.Commit(func(hash [32]byte, encoded []byte) { n[hash] = encoded })
	return root, func(key []byte) [][]byte {
		h := ledger.Keccak(key)
		proof, err := mpt.Prove(root, h[:], n)
		require.NoError(t, err)
		return proof
	}
}

// registry is a root chain's header that holds one checkpoint.
type registry struct {
	header  *light.Header
	address ledger.Address
	account [][]byte
	absent  [][]byte // of address 2
	prove   func(key []byte) [][]byte
}

func newRegistry(t testing.TB, subchain, seq uint64, block ledger.Hash) *registry {
	slot := light.CheckpointSlot(subchain, seq)
	other := light.CheckpointSlot(subchain+1, seq)
	storage, prove := secure(t, map[string][]byte{
		string(slot[:]): ledger.AppendSlotValue(nil, block), string(other[:]): ledger.AppendSlotValue(nil, ledger.Hash{9}),
	})
	r := &registry{address: ledger.Address{1}, prove: prove}
	a := ledger.Account{Nonce: 1, Root: storage, CodeHash: ledger.EmptyCodeHash}
	b := ledger.Account{Nonce: 2, Root: ledger.EmptyRoot, CodeHash: ledger.EmptyCodeHash}
	root, account := secure(t, map[string][]byte{string(r.address[:]): a.AppendRLP(nil), string(make([]byte, 20)): b.AppendRLP(nil)})
	r.header, r.account = &light.Header{Header: ledger.Header{StateRoot: root}}, account(r.address[:])
	r.absent = account(append([]byte{2}, make([]byte, 19)...))
	return r
}

func (r *registry) proof(subchain, seq uint64, header []byte) *light.CheckpointProof {
	slot := light.CheckpointSlot(subchain, seq)
	return &light.CheckpointProof{Seq: seq, Header: header, Account: r.account, Slot: r.prove(slot[:])}
}

func TestExpiredDeviceGoesOnFromTheRootsCheckpoint(t *testing.T) {
	w := rolling(t)
	c := w.fromKey()
	require.NoError(t, w.takeKeyed(c, 2))
	r := newRegistry(t, 5, 7, w.headers[24].Hash())
	at := light.Registration{Registry: r.address, Subchain: 5}
	now := w.now(2) + 10*period
	unchanged(t, c, light.ErrTrustExpired, func() error { return c.Handover(now, w.handover(2, 4)) })
	h, err := c.Reanchor(now, r.header, at, r.proof(5, 7, w.raw(24)))
	require.NoError(t, err)
	require.Equal(t, w.headers[24], &h.Header)
	unchanged(t, c, light.ErrTrustExpired, func() error {
		_, err := c.UpdateKeyed(now, w.raw(25), w.keyed(25))
		return err
	})
	key := w.key(6).Public().Bytes()
	require.NoError(t, c.LearnKey(w.anchors[24].Encode(), key[:]))
	require.NoError(t, c.Handover(w.now(25), w.handover(3, 7)))
	require.NoError(t, w.takeKeyed(c, 25))

	votes := w.fromGenesis()
	_, err = votes.Reanchor(now, r.header, at, r.proof(5, 7, w.raw(24)))
	require.NoError(t, err)
	require.NoError(t, w.takeVotes(votes, 25), "the checkpoint named the next committee")
}

func TestCheckpointThatTheRootDoesNotHoldIsRefused(t *testing.T) {
	w := rolling(t)
	c := w.fromKey()
	require.NoError(t, w.takeKeyed(c, 6))
	r := newRegistry(t, 5, 7, w.headers[9].Hash())
	at := light.Registration{Registry: r.address, Subchain: 5}
	try := func(at light.Registration, p *light.CheckpointProof) func() error {
		return func() error {
			_, err := c.Reanchor(w.now(9), r.header, at, p)
			return err
		}
	}
	good := r.proof(5, 7, w.raw(9))
	unchanged(t, c, light.ErrCheckpoint, try(at, r.proof(5, 7, w.raw(10))))
	unchanged(t, c, light.ErrCheckpoint, try(at, r.proof(5, 8, w.raw(9))))
	unchanged(t, c, light.ErrCheckpoint, try(light.Registration{Registry: r.address, Subchain: 6}, r.proof(6, 7, w.raw(9))))
	unchanged(t, c, ledger.ErrProof, try(light.Registration{Registry: r.address, Subchain: 6}, good))
	unchanged(t, c, ledger.ErrProof, try(light.Registration{Registry: ledger.Address{2}, Subchain: 5}, good))
	unchanged(t, c, ledger.ErrProof, try(at, &light.CheckpointProof{Seq: 7, Header: w.raw(9), Account: r.account}))
	unchanged(t, c, light.ErrFuture, func() error {
		_, err := c.Reanchor(w.now(9)-light.MaxDrift-1, r.header, at, good)
		return err
	})
	require.NoError(t, w.takeKeyed(c, 10))
	unchanged(t, c, light.ErrRollback, try(at, good))
}

func TestHeaderProvesWhatItHolds(t *testing.T) {
	r := newRegistry(t, 5, 7, ledger.Hash{7})
	key := light.CheckpointSlot(5, 7)
	account, err := r.header.Account(r.address, r.account)
	require.NoError(t, err)
	require.EqualValues(t, 1, account.Nonce)
	value, err := r.header.Slot(r.address, r.account, key, r.prove(key[:]))
	require.NoError(t, err)
	require.Equal(t, ledger.Hash{7}, value)
	_, err = r.header.Slot(r.address, r.account, ledger.Hash{1}, r.prove(key[:]))
	require.ErrorIs(t, err, ledger.ErrProof)
	value, err = r.header.Slot(ledger.Address{2}, r.absent, key, nil)
	require.NoError(t, err)
	require.True(t, value.IsZero(), "no account, no storage")
	_, err = r.header.Account(ledger.Address{3}, r.account)
	require.ErrorIs(t, err, ledger.ErrProof)

	receipts := []*ledger.Receipt{
		{Success: true, CumulativeGas: 21_000},
		{Type: 2, CumulativeGas: 50_000, Logs: []ledger.Log{{Address: ledger.Address{1}, Topics: []ledger.Hash{{2}}, Data: []byte{3}}}},
	}
	txs := []*ledger.Transaction{{To: &ledger.Address{}, Gas: 1}, {To: &ledger.Address{}, Gas: 2}}
	h := light.Header{Header: ledger.Header{TxRoot: ledger.TxRoot(txs), ReceiptsRoot: ledger.ReceiptsRoot(receipts)}}
	proof, err := ledger.ProveReceipt(receipts, 1)
	require.NoError(t, err)
	got, err := h.Receipt(1, proof)
	require.NoError(t, err)
	require.Equal(t, receipts[1], got)
	_, err = h.Receipt(0, proof)
	require.ErrorIs(t, err, ledger.ErrProof)
	proof, err = ledger.ProveTransaction(txs, 0)
	require.NoError(t, err)
	envelope, err := h.Transaction(0, proof)
	require.NoError(t, err)
	require.Equal(t, txs[0].Envelope(), envelope)
	_, err = h.Transaction(2, proof)
	require.ErrorIs(t, err, ledger.ErrProof)
	h.ReceiptsRoot = ledger.TxRoot(txs)
	_, err = h.Receipt(0, proof)
	require.ErrorIs(t, err, ledger.ErrProof, "proven, but no receipt")
}

func TestHeaderProvesMessagesThroughItsAnchor(t *testing.T) {
	leaves := []ledger.Hash{{1}, {2}, {3}}
	a := &ledger.Anchor{MessageCount: 3, Seq: 4}
	h := light.Header{Header: ledger.Header{MessagesRoot: merkle.Root(leaves), AnchorHash: a.Hash(), BaseFee: *uint256.NewInt(1)}}
	require.NoError(t, h.Message(a.Encode(), 1, leaves[1], merkle.Prove(leaves, 1)))
	require.ErrorIs(t, h.Message(a.Encode(), 1, leaves[2], merkle.Prove(leaves, 1)), ledger.ErrProof)
	require.ErrorIs(t, h.Message(a.Encode(), 3, leaves[1], merkle.Prove(leaves, 1)), ledger.ErrProof)
	fewer := *a
	fewer.MessageCount = 2
	require.ErrorIs(t, h.Message(fewer.Encode(), 1, leaves[1], merkle.Prove(leaves, 1)), ledger.ErrProof)
	opened, err := h.Anchor(a.Encode())
	require.NoError(t, err)
	require.Equal(t, a, opened)
	h.AnchorHash = ledger.Keccak([]byte("x"))
	_, err = h.Anchor([]byte("x"))
	require.ErrorIs(t, err, ledger.ErrProof)
}
