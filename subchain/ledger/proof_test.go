package ledger

import (
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/internal/mpt"
)

type nodes map[[32]byte][]byte

func (n nodes) Get(h [32]byte) ([]byte, error) { return n[h], nil }
func (n nodes) add(h [32]byte, b []byte)       { n[h] = b }

func secureTrie(t *testing.T, n nodes, content map[string][]byte) Hash {
	var trie mpt.Trie
	for k, v := range content {
		key := keccak.Sum256([]byte(k))
		var err error
		trie, err = trie.Put(key[:], v)
		require.NoError(t, err)
	}
	return trie.Commit(n.add)
}

func prove(t *testing.T, n nodes, root Hash, key []byte) [][]byte {
	h := keccak.Sum256(key)
	p, err := mpt.Prove(root, h[:], n)
	require.NoError(t, err)
	return p
}

func TestAccountProofBindsAccountAndSlots(t *testing.T) {
	n := make(nodes)
	slot, missing := Hash{31: 1}, Hash{31: 2}
	storage := secureTrie(t, n, map[string][]byte{
		string(slot[:]): AppendSlotValue(nil, Hash{30: 1}), string(make([]byte, 32)): AppendSlotValue(nil, Hash{0: 1}),
	})
	account := Account{Nonce: 3, Balance: *uint256.NewInt(500), Root: storage, CodeHash: EmptyCodeHash}
	addr, nobody := Address{1}, Address{2}
	state := map[string][]byte{string(addr[:]): account.AppendRLP(nil)}
	for i := range 50 {
		other := Account{Nonce: uint64(i), Root: EmptyRoot, CodeHash: EmptyCodeHash}
		state[string([]byte{0xff, byte(i)})] = other.AppendRLP(nil)
	}
	root := secureTrie(t, n, state)
	proof := &AccountProof{Address: addr, Account: account, Proof: prove(t, n, root, addr[:]), Storage: []SlotProof{
		{Key: slot, Value: Hash{30: 1}, Proof: prove(t, n, storage, slot[:])},
		{Key: missing, Proof: prove(t, n, storage, missing[:])},
	}}
	require.NoError(t, proof.Verify(root))
	require.ErrorIs(t, proof.Verify(Hash{}), ErrProof)
	require.ErrorIs(t, proof.Verify(EmptyRoot), ErrProof)
	for _, bend := range []func(p *AccountProof){
		func(p *AccountProof) { p.Account.Nonce++ },
		func(p *AccountProof) { p.Account.Balance.SetUint64(501) },
		func(p *AccountProof) { p.Account.Root = EmptyRoot },
		func(p *AccountProof) { p.Account = Account{} },
		func(p *AccountProof) { p.Address = nobody },
		func(p *AccountProof) { p.Storage[0].Value = Hash{} },
		func(p *AccountProof) { p.Storage[1].Value = Hash{1} },
		func(p *AccountProof) { p.Storage[0].Key = missing },
		func(p *AccountProof) { p.Proof = p.Proof[1:] },
	} {
		bent := *proof
		bent.Storage = append([]SlotProof(nil), proof.Storage...)
		bend(&bent)
		require.ErrorIs(t, bent.Verify(root), ErrProof)
	}
	absent := &AccountProof{Address: nobody, Proof: prove(t, n, root, nobody[:]), Storage: []SlotProof{{Key: slot}}}
	require.NoError(t, absent.Verify(root))
}

func TestProofRefusesAValueOfAnotherKind(t *testing.T) {
	n := make(nodes)
	addr := Address{1}
	zero := Account{Root: EmptyRoot}
	for _, value := range [][]byte{{1}, {0xc0}, zero.AppendRLP(nil)} {
		root := secureTrie(t, n, map[string][]byte{string(addr[:]): value})
		_, err := VerifyAccount(root, addr, prove(t, n, root, addr[:]))
		require.ErrorIs(t, err, ErrProof)
	}
	var key Hash
	for _, value := range [][]byte{{0x80}, {0x00}, {0x82, 0, 1}, {1, 1}, {0xc0}, append([]byte{0xa1}, make([]byte, 33)...)} {
		root := secureTrie(t, n, map[string][]byte{string(key[:]): value})
		_, err := VerifySlot(root, key, prove(t, n, root, key[:]))
		require.ErrorIs(t, err, ErrProof)
	}
}

func TestListProofsOfReceiptsAndTransactions(t *testing.T) {
	var receipts []*Receipt
	var txs []*Transaction
	for i := range 200 {
		receipts = append(receipts, &Receipt{Type: uint8(i % 5), Success: i%2 == 0, CumulativeGas: uint64(i * 21000),
			Logs: []Log{{Address: Address{byte(i)}, Topics: []Hash{{1}}}}})
		txs = append(txs, &Transaction{Type: DynamicFeeTx, Nonce: uint64(i)})
	}
	root, txRoot := ReceiptsRoot(receipts), TxRoot(txs)
	for i := range receipts {
		proof, err := ProveReceipt(receipts, i)
		require.NoError(t, err)
		got, err := VerifyItem(root, uint64(i), proof)
		require.NoError(t, err)
		require.Equal(t, receipts[i].Envelope(), got)
		_, err = VerifyItem(root, 200, proof)
		require.ErrorIs(t, err, ErrProof)
		proof, err = ProveTransaction(txs, i)
		require.NoError(t, err)
		got, err = VerifyItem(txRoot, uint64(i), proof)
		require.NoError(t, err)
		require.Equal(t, txs[i].Envelope(), got)
	}
	require.Equal(t, EmptyRoot, TxRoot(nil))
	require.Equal(t, EmptyRoot, ReceiptsRoot(nil))
	_, err := VerifyItem(EmptyRoot, 0, nil)
	require.ErrorIs(t, err, ErrProof)
}
