package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/light"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// This file is what runs on a device: it signs readings and checks that the chain
// has recorded them. It holds a key, the genesis hash and the genesis committee,
// trusts nobody who brings it bytes, and links neither network nor database.

// maxValues bounds the values of a reading.
const maxValues = 32

// errNotRecorded reports a valid proof that the chain holds no such reading.
var errNotRecorded = errors.New("the chain has not recorded this reading")

// Reading is what a device signs. Values are millionths.
type Reading struct {
	Device ledger.Hash `abi:"device"` // Keccak-256 of its public key, x ‖ y
	Seq    uint64      `abi:"seq"`    // from 1
	Time   uint64      `abi:"time"`   // ms since 1970
	Values []int64     `abi:"values"`
}

// appendTuple appends the reading as Solidity encodes the struct.
func (r *Reading) appendTuple(dst []byte) []byte {
	dst = append(dst, r.Device[:]...)
	dst = appendWord(appendWord(dst, r.Seq), r.Time)
	dst = appendWord(appendWord(dst, 4*32), uint64(len(r.Values)))
	for _, v := range r.Values {
		dst = appendSigned(dst, v)
	}
	return dst
}

// digest is SHA-256("rootstem.reading.v1" ‖ abi.encode(uint256 chainID, address
// module, Reading reading)): a signature holds for one module of one chain.
func (r *Reading) digest(chainID uint64, module ledger.Address) ledger.Hash {
	b := appendWord([]byte("rootstem.reading.v1"), chainID)
	b = append(append(b, make([]byte, 12)...), module[:]...)
	b = appendWord(b, 3*32)
	return sha256.Sum256(r.appendTuple(b))
}

func appendWord(dst []byte, x uint64) []byte {
	dst = append(dst, make([]byte, 24)...)
	return binary.BigEndian.AppendUint64(dst, x)
}

func appendSigned(dst []byte, x int64) []byte {
	w := appendWord(nil, uint64(x))
	if x < 0 {
		for i := range w[:24] {
			w[i] = 0xff
		}
	}
	return append(dst, w...)
}

// device is one meter.
type device struct {
	key       *ecdsa.PrivateKey // P-256
	id        ledger.Hash
	chainID   uint64
	module    ledger.Address
	genesis   ledger.Hash
	committee *rolldpos.Committee
}

// newDevice makes a device with a given P-256 scalar, 32 bytes big-endian.
func newDevice(scalar []byte) (*device, error) {
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
	if err != nil {
		return nil, fmt.Errorf("device key: %w", err)
	}
	d := &device{key: key}
	x, y, err := d.public()
	d.id = ledger.Keccak(x[:], y[:])
	return d, err
}

// public returns the coordinates of the device's public key.
func (d *device) public() (x, y ledger.Hash, err error) {
	b, err := d.key.PublicKey.Bytes() // 4 ‖ x ‖ y
	if err != nil {
		return x, y, fmt.Errorf("device key: %w", err)
	}
	return ledger.Hash(b[1:33]), ledger.Hash(b[33:65]), nil
}

// sign returns r ‖ s over the reading's digest. The nonce is that of RFC 6979:
// the same reading has the same signature, whoever asks for it again.
func (d *device) sign(r *Reading) ([]byte, error) {
	digest := r.digest(d.chainID, d.module)
	der, err := d.key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("signing a reading: %w", err)
	}
	var sig struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &sig); err != nil {
		return nil, fmt.Errorf("signing a reading: %w", err)
	}
	out := make([]byte, 64)
	sig.R.FillBytes(out[:32])
	sig.S.FillBytes(out[32:])
	return out, nil
}

// evidence is what anyone can bring to a device: a final header and the way from
// its state root to the slot of one reading.
type evidence struct {
	Header      []byte   // RLP
	Certificate []byte   // of the header's finality
	Account     [][]byte // trie nodes from the state root to the module's account
	Slot        [][]byte // trie nodes from the account's storage root to the slot
}

// size is the number of bytes that reach the device.
func (e *evidence) size() (n int) {
	n = len(e.Header) + len(e.Certificate)
	for _, node := range append(append([][]byte(nil), e.Account...), e.Slot...) {
		n += len(node)
	}
	return n
}

// slot is where the module keeps the digest of a reading: digests is a map of maps,
// device → sequence number → digest.
func (d *device) slot(seq uint64) ledger.Hash {
	base := ledger.Keccak([]byte("rootstem.slot.v1"), []byte("digests"))
	base = ledger.Keccak(d.id[:], base[:])
	return ledger.Keccak(appendWord(nil, seq), base[:])
}

// verify returns the final header under which the chain has recorded the reading.
func (d *device) verify(r *Reading, e *evidence) (*ledger.Header, error) {
	certificate, err := rolldpos.DecodeCertificate(e.Certificate)
	if err != nil {
		return nil, err
	}
	header, err := light.Verify(d.genesis, e.Header, d.committee.At(certificate.Epoch), certificate)
	if err != nil {
		return nil, err
	}
	account, err := ledger.VerifyAccount(header.StateRoot, d.module, e.Account)
	if err != nil {
		return nil, err
	}
	value, err := ledger.VerifySlot(account.Root, d.slot(r.Seq), e.Slot)
	if err != nil {
		return nil, err
	}
	if value != r.digest(d.chainID, d.module) {
		return nil, errNotRecorded
	}
	return &header.Header, nil
}
