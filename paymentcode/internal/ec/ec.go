// Package ec reads and writes secp256k1 points and scalars strictly, and hides
// which implementation computes with them.
//
// The implementation is yawning's secp256k1-voi: every function here runs in a time
// that does not depend on the values of its arguments, except that a refused
// argument returns early.
package ec

import (
	"crypto/sha256"
	"errors"

	secp256k1 "gitlab.com/yawning/secp256k1-voi"
	//lint:ignore SA1019 Bitcoin's protocol fixes the hash.
	"golang.org/x/crypto/ripemd160"

	"github.com/rootstem/rootstem/internal/keccak"
)

// Errors of this package.
var (
	ErrPoint  = errors.New("ec: not a compressed point on the curve, or the identity")
	ErrScalar = errors.New("ec: scalar is zero or not below the group's order")
)

// Scalar is an integer modulo the group's order. Point is a point of the curve.
type (
	Scalar = secp256k1.Scalar
	Point  = secp256k1.Point
)

// ParsePoint reads the 33-byte compressed encoding of SEC 1: prefix 2 or 3, x below
// the field's order, on the curve. It refuses every other form and the identity.
func ParsePoint(b []byte) (*Point, error) {
	if len(b) != 33 || b[0] != 2 && b[0] != 3 {
		return nil, ErrPoint
	}
	p, err := new(Point).SetCompressedBytes(b)
	if err != nil || p.IsIdentity() != 0 {
		return nil, ErrPoint
	}
	return p, nil
}

// ParseScalar reads 32 big-endian bytes in [1, n).
func ParseScalar(b []byte) (*Scalar, error) {
	if len(b) != 32 {
		return nil, ErrScalar
	}
	s, err := new(Scalar).SetCanonicalBytes((*[32]byte)(b))
	if err != nil || s.IsZero() != 0 {
		return nil, ErrScalar
	}
	return s, nil
}

// Compress returns the 33-byte encoding of p, or ErrPoint for the identity.
func Compress(p *Point) (out [33]byte, err error) {
	if p.IsIdentity() != 0 {
		return out, ErrPoint
	}
	copy(out[:], p.CompressedBytes())
	return out, nil
}

// Base returns s·G.
func Base(s *Scalar) *Point { return new(Point).ScalarBaseMult(s) }

// Mul returns s·p.
func Mul(s *Scalar, p *Point) *Point { return new(Point).ScalarMult(s, p) }

// Public returns the compressed s·G, or ErrScalar for zero.
func Public(s *Scalar) ([33]byte, error) {
	if s.IsZero() != 0 {
		return [33]byte{}, ErrScalar
	}
	return Compress(Base(s))
}

// Shift returns the compressed p + s·G, or ErrPoint for the identity.
func Shift(p *Point, s *Scalar) ([33]byte, error) {
	return Compress(new(Point).Add(p, Base(s)))
}

// Sum returns a + b, or ErrScalar for zero.
func Sum(a, b *Scalar) (*Scalar, error) {
	s := new(Scalar).Add(a, b)
	if s.IsZero() != 0 {
		return nil, ErrScalar
	}
	return s, nil
}

// Address returns Ethereum's account of a compressed key: the last 20 bytes of the
// Keccak of x ‖ y.
func Address(pub [33]byte) (a [20]byte, err error) {
	p, err := ParsePoint(pub[:])
	if err != nil {
		return a, err
	}
	h := keccak.Sum256(p.UncompressedBytes()[1:])
	copy(a[:], h[12:])
	return a, nil
}

// Hash160 is RIPEMD-160 of SHA-256, as Bitcoin uses it.
func Hash160(b []byte) (out [20]byte) {
	inner := sha256.Sum256(b)
	h := ripemd160.New()
	h.Write(inner[:])
	h.Sum(out[:0])
	return out
}
