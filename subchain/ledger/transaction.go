package ledger

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/internal/secp"
)

// Types of transactions (EIP-2718).
const (
	LegacyTx     = 0
	AccessListTx = 1 // EIP-2930
	DynamicFeeTx = 2 // EIP-1559
	BlobTx       = 3 // EIP-4844
	SetCodeTx    = 4 // EIP-7702
)

// Errors of transactions.
var (
	ErrTxType    = errors.New("ledger: transaction type not supported")
	ErrTxFormat  = errors.New("ledger: malformed transaction")
	ErrSignature = errors.New("ledger: invalid signature")
)

// AccessTuple names slots that a transaction declares in advance (EIP-2930).
type AccessTuple struct {
	Address Address
	Slots   []Hash
}

// Authorization lets an account point at code (EIP-7702).
type Authorization struct {
	ChainID uint256.Int // 0: valid on every chain
	Address Address
	Nonce   uint64
	V       uint8 // y parity as encoded: any byte, only 0 and 1 recover
	R, S    uint256.Int
}

// Transaction is a signed Ethereum transaction of types 0 to 4. Its fields must
// not change after Hash, Sender or Envelope was called.
type Transaction struct {
	Type           uint8
	ChainID        uint256.Int // 0 in a legacy transaction without replay protection
	Nonce          uint64
	GasTipCap      uint256.Int // legacy and 2930: the gas price
	GasFeeCap      uint256.Int // legacy and 2930: the gas price
	Gas            uint64
	To             *Address // nil creates a contract
	Value          uint256.Int
	Data           []byte
	AccessList     []AccessTuple
	BlobFeeCap     uint256.Int
	BlobHashes     []Hash
	Authorizations []Authorization
	V              uint256.Int // as encoded: parity, or 27/28, or 35 + 2·chain id + parity
	R, S           uint256.Int

	named  atomic.Pointer[named]
	sender atomic.Pointer[Address]
}

// named is a transaction's hash with what it is the hash of.
type named struct {
	hash     Hash
	envelope []byte
}

// Envelope returns the EIP-2718 encoding: RLP for a legacy transaction, the type
// and RLP for others. The bytes must not be changed: after Hash was called they are
// shared.
func (tx *Transaction) Envelope() []byte {
	if x := tx.named.Load(); x != nil {
		return slices.Clip(x.envelope)
	}
	p := tx.appendFields(make([]byte, 0, len(tx.Data)+192))
	p = rlp.AppendInteger(p, tx.V.Bytes())
	p = rlp.AppendInteger(p, tx.R.Bytes())
	p = rlp.AppendInteger(p, tx.S.Bytes())
	if tx.Type == LegacyTx {
		return rlp.AppendList(nil, p)
	}
	return rlp.AppendList([]byte{tx.Type}, p)
}

// Hash is the Keccak-256 of the envelope. Both are kept: a transaction that has a name
// is about to be sent, stored and proven.
func (tx *Transaction) Hash() Hash {
	if x := tx.named.Load(); x != nil {
		return x.hash
	}
	envelope := tx.Envelope()
	x := &named{keccak.Sum256(envelope), envelope}
	tx.named.Store(x)
	return x.hash
}

// appendFields appends all fields but the signature, without the list's header.
func (tx *Transaction) appendFields(p []byte) []byte {
	if tx.Type != LegacyTx {
		p = rlp.AppendInteger(p, tx.ChainID.Bytes())
	}
	p = rlp.AppendUint(p, tx.Nonce)
	p = rlp.AppendInteger(p, tx.GasTipCap.Bytes())
	if tx.Type >= DynamicFeeTx {
		p = rlp.AppendInteger(p, tx.GasFeeCap.Bytes())
	}
	p = rlp.AppendUint(p, tx.Gas)
	if tx.To == nil {
		p = rlp.AppendBytes(p, nil)
	} else {
		p = rlp.AppendBytes(p, tx.To[:])
	}
	p = rlp.AppendInteger(p, tx.Value.Bytes())
	p = rlp.AppendBytes(p, tx.Data)
	if tx.Type == LegacyTx {
		return p
	}
	p = appendAccessList(p, tx.AccessList)
	switch tx.Type {
	case BlobTx:
		p = rlp.AppendInteger(p, tx.BlobFeeCap.Bytes())
		var hashes []byte
		for i := range tx.BlobHashes {
			hashes = rlp.AppendBytes(hashes, tx.BlobHashes[i][:])
		}
		p = rlp.AppendList(p, hashes)
	case SetCodeTx:
		var auths []byte
		for i := range tx.Authorizations {
			auths = tx.Authorizations[i].appendRLP(auths)
		}
		p = rlp.AppendList(p, auths)
	}
	return p
}

func appendAccessList(dst []byte, list []AccessTuple) []byte {
	var p []byte
	for i := range list {
		t := rlp.AppendBytes(nil, list[i].Address[:])
		var slots []byte
		for j := range list[i].Slots {
			slots = rlp.AppendBytes(slots, list[i].Slots[j][:])
		}
		p = rlp.AppendList(p, rlp.AppendList(t, slots))
	}
	return rlp.AppendList(dst, p)
}

func (a *Authorization) appendUnsigned(p []byte) []byte {
	p = rlp.AppendInteger(p, a.ChainID.Bytes())
	p = rlp.AppendBytes(p, a.Address[:])
	return rlp.AppendUint(p, a.Nonce)
}

func (a *Authorization) appendRLP(dst []byte) []byte {
	p := a.appendUnsigned(nil)
	p = rlp.AppendUint(p, uint64(a.V))
	p = rlp.AppendInteger(p, a.R.Bytes())
	p = rlp.AppendInteger(p, a.S.Bytes())
	return rlp.AppendList(dst, p)
}

// Authority recovers the account that signed the authorization. It refuses a high
// s and a parity above 1.
func (a *Authorization) Authority() (Address, error) {
	digest := keccak.Sum256([]byte{5}, rlp.AppendList(nil, a.appendUnsigned(nil)))
	return recoverSigner(digest, a.V, &a.R, &a.S)
}

// SignAuthorization fills the signature of a.
func SignAuthorization(a *Authorization, key *Key) {
	digest := keccak.Sum256([]byte{5}, rlp.AppendList(nil, a.appendUnsigned(nil)))
	sig := key.k.Sign(digest)
	a.V = sig.V
	a.R.SetBytes(sig.R[:])
	a.S.SetBytes(sig.S[:])
}

func recoverSigner(digest Hash, parity uint8, r, s *uint256.Int) (Address, error) {
	sig := secp.Signature{R: r.Bytes32(), S: s.Bytes32(), V: parity}
	if !sig.LowS() {
		return Address{}, fmt.Errorf("%w: s is above half of the order", ErrSignature)
	}
	pub, err := secp.Recover(digest, &sig)
	if err != nil {
		return Address{}, fmt.Errorf("%w: %v", ErrSignature, err)
	}
	return secp.Address(pub), nil
}

// Protected reports whether the signature binds a chain id (EIP-155 or typed).
func (tx *Transaction) Protected() bool {
	return tx.Type != LegacyTx || (!tx.V.Eq(uint256.NewInt(27)) && !tx.V.Eq(uint256.NewInt(28)))
}

// SigningHash is the digest that the sender signs.
func (tx *Transaction) SigningHash() Hash {
	p := tx.appendFields(nil)
	if tx.Type != LegacyTx {
		return keccak.Sum256([]byte{tx.Type}, rlp.AppendList(nil, p))
	}
	if tx.ChainID.Sign() != 0 {
		p = rlp.AppendInteger(p, tx.ChainID.Bytes())
		p = rlp.AppendUint(rlp.AppendUint(p, 0), 0)
	}
	return keccak.Sum256(rlp.AppendList(nil, p))
}

// Sender recovers the account that signed, once; later calls are free. It does not
// compare the chain id with any chain's.
func (tx *Transaction) Sender() (Address, error) {
	if a := tx.sender.Load(); a != nil {
		return *a, nil
	}
	parity, err := tx.parity()
	if err != nil {
		return Address{}, err
	}
	a, err := recoverSigner(tx.SigningHash(), parity, &tx.R, &tx.S)
	if err != nil {
		return Address{}, err
	}
	tx.sender.Store(&a)
	return a, nil
}

func (tx *Transaction) parity() (uint8, error) {
	v := tx.V
	if tx.Type == LegacyTx {
		base := uint256.NewInt(27)
		if tx.Protected() {
			base.Lsh(&tx.ChainID, 1)
			base.AddUint64(base, 35)
		}
		if v.Lt(base) {
			return 0, fmt.Errorf("%w: v", ErrSignature)
		}
		v.Sub(&v, base)
	}
	if !v.LtUint64(2) {
		return 0, fmt.Errorf("%w: v", ErrSignature)
	}
	return uint8(v.Uint64()), nil
}

// Key is an account's secp256k1 private key.
type Key struct{ k *secp.Key }

// ParseKey reads a big-endian scalar in [1, n).
func ParseKey(b [32]byte) (*Key, error) {
	k, err := secp.ParseKey(b)
	if err != nil {
		return nil, err
	}
	return &Key{k}, nil
}

// Address returns the key's account.
func (k *Key) Address() Address { return k.k.Address() }

// Bytes returns the big-endian scalar. Keep it secret.
func (k *Key) Bytes() [32]byte { return k.k.Bytes() }

// Sign signs a digest: r ‖ s ‖ parity (0 or 1).
func (k *Key) Sign(digest Hash) (sig [65]byte) {
	s := k.k.Sign(digest)
	copy(sig[:], s.R[:])
	copy(sig[32:], s.S[:])
	sig[64] = s.V
	return sig
}

// Sign fills the signature of tx with key's. A legacy transaction is bound to
// tx.ChainID unless that is zero.
func (tx *Transaction) Sign(key *Key) {
	sig := key.k.Sign(tx.SigningHash())
	tx.R.SetBytes(sig.R[:])
	tx.S.SetBytes(sig.S[:])
	tx.V.SetUint64(uint64(sig.V))
	if tx.Type == LegacyTx {
		if tx.ChainID.Sign() == 0 {
			tx.V.AddUint64(&tx.V, 27)
		} else {
			var base uint256.Int
			base.Lsh(&tx.ChainID, 1)
			base.AddUint64(&base, 35)
			tx.V.Add(&tx.V, &base)
		}
	}
	tx.named.Store(nil)
	a := key.Address()
	tx.sender.Store(&a)
}

// Message lowers a transaction of types 0 to 4, recovering its sender.
func (tx *Transaction) Message() (*Message, error) {
	from, err := tx.Sender()
	if err != nil {
		return nil, err
	}
	return &Message{
		Type: tx.Type, From: from, GasPayer: from, Nonce: tx.Nonce, CheckNonce: true,
		To: tx.To, Value: tx.Value, Gas: tx.Gas, GasFeeCap: tx.GasFeeCap, GasTipCap: tx.GasTipCap,
		Data: tx.Data, AccessList: tx.AccessList, Authorizations: tx.Authorizations,
		BlobFeeCap: tx.BlobFeeCap, BlobHashes: tx.BlobHashes,
	}, nil
}

// Message is what the virtual machine executes: a transaction whose signature was
// checked by the host. Types 0 to 4 lower to it, and a host may define its own.
type Message struct {
	Type     uint8
	From     Address
	GasPayer Address // pays for gas; From unless sponsored
	Nonce    uint64
	// CheckNonce demands that Nonce equals the sender's and increments it. Without
	// it the host has its own rule against replay and the nonce stays.
	CheckNonce     bool
	To             *Address // nil creates a contract
	Value          uint256.Int
	Gas            uint64
	GasFeeCap      uint256.Int
	GasTipCap      uint256.Int
	Data           []byte
	AccessList     []AccessTuple
	Authorizations []Authorization
	BlobFeeCap     uint256.Int
	BlobHashes     []Hash
}
