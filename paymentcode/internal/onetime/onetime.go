// Package onetime is a private key that was derived for one payment.
//
// Such a key is the spend key plus a number that the payer and whoever holds the
// view key can compute. Whoever learns both has the spend key, and with it every
// payment. So a Key signs, but does not hand out its scalar unless it was made to.
package onetime

import (
	"bytes"
	"errors"

	"gitlab.com/yawning/secp256k1-voi/secec"
	"gitlab.com/yawning/secp256k1-voi/secec/bitcoin"

	"github.com/rootstem/rootstem/internal/secp"
	"github.com/rootstem/rootstem/paymentcode/internal/ec"
)

// Errors of this package.
var (
	ErrExport = errors.New("paymentcode: this one-time key must not leave the device: with the view key it gives the spend key")
	ErrWiped  = errors.New("paymentcode: the key was wiped")
)

// Key is a one-time private key. It must not be copied and is not safe for
// concurrent use with Wipe.
type Key struct {
	scalar     *ec.Scalar
	public     [33]byte
	exportable bool
}

// New returns the key of base + tweak, or ec.ErrScalar if that is zero.
func New(base, tweak *ec.Scalar, exportable bool) (*Key, error) {
	s, err := ec.Sum(base, tweak)
	if err != nil {
		return nil, err
	}
	pub, err := ec.Public(s)
	if err != nil {
		return nil, err
	}
	return &Key{scalar: s, public: pub, exportable: exportable}, nil
}

// Public returns the compressed public key.
func (k *Key) Public() [33]byte { return k.public }

// Address returns Ethereum's account of the key.
func (k *Key) Address() ([20]byte, error) { return ec.Address(k.public) }

// String shows nothing secret.
func (k *Key) String() string { return "one-time key" }

// GoString shows nothing secret.
func (k *Key) GoString() string { return k.String() }

// Sign returns Ethereum's signature of a digest: r ‖ s ‖ v, big-endian, low s, v 0
// or 1, with the nonce of RFC 6979. Constant time.
//
// The digest must be a hash of what is signed, never bytes that somebody else chose:
// with the difference d of two one-time keys, which their payer knows, a signature
// (r, s) of e under one is a signature of e − r·d under the other. As digests that is
// out of anybody's control, as chosen bytes it is not. SignSchnorr binds its key.
func (k *Key) Sign(digest [32]byte) (out [65]byte, err error) {
	err = k.Lend(func(scalar *[32]byte) error {
		key, err := secp.ParseKey(*scalar)
		if err != nil {
			return err
		}
		sig := key.Sign(digest)
		copy(out[:], sig.R[:])
		copy(out[32:], sig.S[:])
		out[64] = sig.V
		return nil
	})
	return out, err
}

// SignSchnorr returns the BIP-340 signature of a message of any length. aux should be
// fresh randomness; the nonce is sound without. Constant time.
func (k *Key) SignSchnorr(message []byte, aux [32]byte) (out [64]byte, err error) {
	if k.scalar.IsZero() != 0 {
		return out, ErrWiped
	}
	key, err := secec.NewPrivateKeyFromScalar(k.scalar)
	if err != nil {
		return out, ec.ErrScalar
	}
	sig, err := bitcoin.NewSchnorrPrivateKeyFromECDSA(key).Sign(bytes.NewReader(aux[:]), message, nil)
	if err != nil {
		return out, err
	}
	copy(out[:], sig)
	return out, nil
}

// Lend calls use with the big-endian scalar and erases it afterwards. It is for
// signers of the same process, such as a ring signature; use must not keep or send
// it.
func (k *Key) Lend(use func(scalar *[32]byte) error) error {
	if k.scalar.IsZero() != 0 {
		return ErrWiped
	}
	b := k.scalar.Bytes()
	scalar := [32]byte(b)
	defer clear(b)
	defer clear(scalar[:])
	return use(&scalar)
}

// Export returns the big-endian scalar, or ErrExport if somebody else may hold the
// view key.
func (k *Key) Export() (out [32]byte, err error) {
	if !k.exportable {
		return out, ErrExport
	}
	err = k.Lend(func(scalar *[32]byte) error {
		out = *scalar
		return nil
	})
	return out, err
}

// Wipe erases the scalar; every later use returns ErrWiped. Copies that the runtime
// or the compiler made may remain.
func (k *Key) Wipe() { k.scalar.Zero() }
