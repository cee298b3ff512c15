// Package secp signs digests with secp256k1 keys and recovers their signers, as
// Ethereum does. It wraps decred's implementation: constant time for secrets,
// variable time for recovery, which sees public data only.
package secp

import (
	"errors"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"github.com/rootstem/rootstem/internal/keccak"
)

// Errors of this package.
var (
	ErrSignature = errors.New("secp: invalid signature")
	ErrKey       = errors.New("secp: private key is zero or not below the group's order")
)

// halfOrder is ⌊n/2⌋: EIP-2 admits s up to it.
var halfOrder = [32]byte{
	0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
}

// Signature is an ECDSA signature with the parity of its nonce point. R and S are
// big-endian.
type Signature struct {
	R, S [32]byte
	V    byte // 0 or 1
}

// LowS reports whether s is in the lower half of the order (EIP-2).
func (s *Signature) LowS() bool {
	for i := range s.S {
		if s.S[i] != halfOrder[i] {
			return s.S[i] < halfOrder[i]
		}
	}
	return true
}

// Recover returns the uncompressed public key (x ‖ y, big-endian) that signed
// digest. It accepts high s, as the ECRECOVER precompile does, and refuses v > 1,
// r or s outside [1, n), and the point at infinity.
func Recover(digest [32]byte, sig *Signature) (pub [64]byte, err error) {
	if sig.V > 1 {
		return pub, ErrSignature
	}
	var compact [65]byte
	compact[0] = 27 + sig.V
	copy(compact[1:], sig.R[:])
	copy(compact[33:], sig.S[:])
	key, _, err := ecdsa.RecoverCompact(compact[:], digest[:])
	if err != nil {
		return pub, ErrSignature
	}
	copy(pub[:], key.SerializeUncompressed()[1:])
	return pub, nil
}

// Address returns the account of a public key: the last 20 bytes of its Keccak.
func Address(pub [64]byte) (a [20]byte) {
	h := keccak.Sum256(pub[:])
	copy(a[:], h[12:])
	return a
}

// Key is a private key.
type Key struct{ k *secp256k1.PrivateKey }

// ParseKey reads a big-endian scalar in [1, n).
func ParseKey(b [32]byte) (*Key, error) {
	var s secp256k1.ModNScalar
	if overflow := s.SetBytes(&b); overflow != 0 || s.IsZero() {
		return nil, ErrKey
	}
	return &Key{secp256k1.NewPrivateKey(&s)}, nil
}

// Bytes returns the big-endian scalar.
func (k *Key) Bytes() (b [32]byte) { return [32]byte(k.k.Serialize()) }

// Public returns x ‖ y.
func (k *Key) Public() (pub [64]byte) {
	copy(pub[:], k.k.PubKey().SerializeUncompressed()[1:])
	return pub
}

// Address returns the key's account.
func (k *Key) Address() [20]byte { return Address(k.Public()) }

// Sign signs digest with the nonce of RFC 6979 and a low s.
func (k *Key) Sign(digest [32]byte) (sig Signature) {
	compact := ecdsa.SignCompact(k.k, digest[:], false)
	sig.V = compact[0] - 27
	copy(sig.R[:], compact[1:33])
	copy(sig.S[:], compact[33:])
	return sig
}
