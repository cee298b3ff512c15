package ledger

import (
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/internal/mpt"
	"github.com/rootstem/rootstem/internal/rlp"
)

// EmptyRoot is the root of a trie that holds nothing: of the storage of an account
// without storage, and of an empty list of transactions or receipts.
var EmptyRoot = Hash(mpt.EmptyRoot)

// ErrProof refuses a Merkle proof, or one whose value is not of the kind that the
// trie holds.
var ErrProof = errors.New("ledger: invalid proof")

// AppendRLP appends the value that the state trie holds for an account:
// [nonce, balance, storage root, code hash].
func (a *Account) AppendRLP(dst []byte) []byte {
	p := rlp.AppendUint(make([]byte, 0, 110), a.Nonce)
	p = rlp.AppendInteger(p, a.Balance.Bytes())
	p = rlp.AppendBytes(p, a.Root[:])
	p = rlp.AppendBytes(p, a.CodeHash[:])
	return rlp.AppendList(dst, p)
}

// DecodeAccount reads what AppendRLP wrote. It refuses a zero storage root or code
// hash, which no present account has.
func DecodeAccount(b []byte) (Account, error) {
	var a Account
	d := rlp.NewDecoder(b)
	a.Nonce = d.Uint()
	word(d, &a.Balance)
	d.Fixed(a.Root[:])
	d.Fixed(a.CodeHash[:])
	if d.Err() == nil && (a.Root.IsZero() || a.CodeHash.IsZero()) {
		d.Fail(rlp.ErrInvalid)
	}
	if err := d.Done(); err != nil {
		return Account{}, fmt.Errorf("ledger: account: %w", err)
	}
	return a, nil
}

// AppendSlotValue appends the value that a storage trie holds for a slot: the
// integer without leading zeros, as an RLP string. Zero is not held.
func AppendSlotValue(dst []byte, value Hash) []byte { return rlp.AppendInteger(dst, value[:]) }

// DecodeSlotValue reads what AppendSlotValue wrote. It refuses zero.
func DecodeSlotValue(b []byte) (value Hash, err error) {
	d := rlp.Items(b)
	x := d.Integer(32)
	if err := d.Done(); err != nil {
		return Hash{}, fmt.Errorf("ledger: slot: %w", err)
	}
	if len(x) == 0 {
		return Hash{}, fmt.Errorf("ledger: slot: %w", rlp.ErrInteger)
	}
	copy(value[32-len(x):], x)
	return value, nil
}

// AccountProof is what eth_getProof answers (EIP-1186): an account with the nodes
// from the state root to it, and slots with the nodes from its storage root.
type AccountProof struct {
	Address Address
	Account Account // zero value: proven absent
	Proof   [][]byte
	Storage []SlotProof
}

// SlotProof is one slot's part of an AccountProof. A zero Value is proven absence.
type SlotProof struct {
	Key, Value Hash
	Proof      [][]byte
}

// Verify checks the account and every slot against a state root, and that the
// values beside the proofs are the proven ones.
func (p *AccountProof) Verify(stateRoot Hash) error {
	account, err := VerifyAccount(stateRoot, p.Address, p.Proof)
	if err != nil {
		return err
	}
	if account != p.Account {
		return fmt.Errorf("%w: account %v is not the proven one", ErrProof, p.Address)
	}
	storageRoot := account.Root
	if !account.Exists() {
		storageRoot = EmptyRoot
	}
	for i := range p.Storage {
		s := &p.Storage[i]
		value, err := VerifySlot(storageRoot, s.Key, s.Proof)
		if err != nil {
			return err
		}
		if value != s.Value {
			return fmt.Errorf("%w: slot %v is not the proven one", ErrProof, s.Key)
		}
	}
	return nil
}

// VerifyAccount returns the account at addr in the state with this root, or the
// zero Account if the proof shows that none is there. Every failure is ErrProof.
func VerifyAccount(stateRoot Hash, addr Address, proof [][]byte) (Account, error) {
	key := keccak.Sum256(addr[:])
	value, err := mpt.VerifyProof(stateRoot, key[:], proof)
	if err != nil {
		return Account{}, fmt.Errorf("%w: account %v: %w", ErrProof, addr, err)
	}
	if value == nil {
		return Account{}, nil
	}
	a, err := DecodeAccount(value)
	if err != nil {
		return Account{}, fmt.Errorf("%w: %w", ErrProof, err)
	}
	return a, nil
}

// VerifySlot returns the value of a slot in the storage with this root, zero if
// the proof shows that it holds none. Every failure is ErrProof. The storage root
// must come from a verified account.
func VerifySlot(storageRoot Hash, key Hash, proof [][]byte) (Hash, error) {
	path := keccak.Sum256(key[:])
	value, err := mpt.VerifyProof(storageRoot, path[:], proof)
	if err != nil {
		return Hash{}, fmt.Errorf("%w: slot %v: %w", ErrProof, key, err)
	}
	if value == nil {
		return Hash{}, nil
	}
	h, err := DecodeSlotValue(value)
	if err != nil {
		return Hash{}, fmt.Errorf("%w: %w", ErrProof, err)
	}
	return h, nil
}

// TxRoot is the root that Header.TxRoot holds: of the list of the envelopes.
func TxRoot(txs []*Transaction) Hash { return mpt.ListRoot(envelopes(txs)) }

// ReceiptsRoot is the root that Header.ReceiptsRoot holds: of the list of the
// envelopes.
func ReceiptsRoot(receipts []*Receipt) Hash { return mpt.ListRoot(envelopes(receipts)) }

// ProveReceipt proves receipts[index] against ReceiptsRoot(receipts).
func ProveReceipt(receipts []*Receipt, index int) ([][]byte, error) {
	return mpt.ListProof(envelopes(receipts), index)
}

// ProveTransaction proves txs[index] against TxRoot(txs).
func ProveTransaction(txs []*Transaction, index int) ([][]byte, error) {
	return mpt.ListProof(envelopes(txs), index)
}

// VerifyItem returns the envelope at index in the list of transactions or receipts
// with this root. An index past the list's end is refused like every other
// failure, with ErrProof.
func VerifyItem(listRoot Hash, index uint64, proof [][]byte) ([]byte, error) {
	value, err := mpt.VerifyProof(listRoot, mpt.ListKey(index), proof)
	if err != nil {
		return nil, fmt.Errorf("%w: item %d: %w", ErrProof, index, err)
	}
	if value == nil {
		return nil, fmt.Errorf("%w: no item %d", ErrProof, index)
	}
	return value, nil
}

func envelopes[T interface{ Envelope() []byte }](items []T) [][]byte {
	out := make([][]byte, len(items))
	for i := range items {
		out[i] = items[i].Envelope()
	}
	return out
}
