package bls

import (
	"fmt"

	curve "github.com/consensys/gnark-crypto/ecc/bls12-381"
)

// Sizes of the other orientation's encodings, in bytes.
const (
	KeyG1Size       = 48
	SignatureG2Size = 96
)

// KeyG1 is a public key in G1, whose signatures lie in G2, as of drand's chained
// networks. This package only verifies them.
type KeyG1 struct{ p curve.G1Affine }

// SignatureG2 is a compressed point of G2. A value is not known to be a point before
// it has been verified.
type SignatureG2 [SignatureG2Size]byte

// DecodeKeyG1 reads a key from its 48 bytes, with the checks of DecodePublicKey.
func DecodeKeyG1(b []byte) (*KeyG1, error) {
	if len(b) != KeyG1Size {
		return nil, fmt.Errorf("%w: %d bytes", ErrPublicKey, len(b))
	}
	p, err := (*Signature)(b).point()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPublicKey, err)
	}
	return &KeyG1{p}, nil
}

// Bytes returns the compressed encoding.
func (k *KeyG1) Bytes() [KeyG1Size]byte { return k.p.Bytes() }

// Verify returns nil if sig is the key's signature of msg under dst. Errors:
// ErrEncoding, ErrSignature, ErrDST.
func (k *KeyG1) Verify(dst string, msg []byte, sig SignatureG2) error {
	var s curve.G2Affine
	if sig[0]&0x80 == 0 {
		return fmt.Errorf("%w: not compressed", ErrEncoding)
	}
	if _, err := s.SetBytes(sig[:]); err != nil {
		return fmt.Errorf("%w: %w", ErrEncoding, err)
	}
	if s.IsInfinity() {
		return fmt.Errorf("%w: identity", ErrEncoding)
	}
	if len(dst) == 0 || len(dst) > 255 {
		return fmt.Errorf("%w: %d bytes", ErrDST, len(dst))
	}
	h, err := curve.HashToG2(msg, []byte(dst))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDST, err)
	}
	_, _, g1, _ := curve.Generators()
	g1.Neg(&g1)
	ok, err := curve.PairingCheck([]curve.G1Affine{k.p, g1}, []curve.G2Affine{h, s})
	if err != nil || !ok {
		return ErrSignature
	}
	return nil
}
