package curve

import (
	"errors"

	"github.com/consensys/gnark-crypto/ecc/secp256k1"
	"github.com/consensys/gnark-crypto/ecc/secp256k1/fp"
)

// Errors of this package.
var (
	ErrPoint  = errors.New("curve: not a canonical encoding of a point")
	ErrScalar = errors.New("curve: not a canonical encoding of a scalar")
)

// Generator returns the standard base point G.
func Generator() Point {
	_, g := secp256k1.Generators()
	return g
}

// Zero returns the identity as a Sum.
func Zero() Sum {
	var s Sum
	s.X.SetOne()
	s.Y.SetOne()
	return s
}

// IsZero reports whether s is the identity.
func IsZero(s *Sum) bool { return s.Z.IsZero() }

// Affine returns the affine form of a sum.
func Affine(s *Sum) (p Point) {
	p.FromJacobian(s)
	return p
}

// Encode returns the compressed form of p. The identity has none: it encodes to
// 33 zero bytes, which DecodePoint refuses.
func Encode(p *Point) (out [PointSize]byte) {
	if p.IsInfinity() {
		return out
	}
	out[0] = 2 + byte(p.Y.Bits()[0]&1)
	x := p.X.Bytes()
	copy(out[1:], x[:])
	return out
}

// DecodePoint reads a compressed point. It refuses a length other than 33, a
// prefix other than 2 and 3, x ≥ p, and an x that no point of the curve has.
func DecodePoint(b []byte) (p Point, err error) {
	if len(b) != PointSize || b[0] != 2 && b[0] != 3 {
		return p, ErrPoint
	}
	return Lift(b[1:], b[0] == 3)
}

// Lift returns the point with the given x (32 bytes, big-endian, below p) and the
// given parity of y.
func Lift(x []byte, odd bool) (p Point, err error) {
	if len(x) != 32 {
		return Point{}, ErrPoint
	}
	var q Point
	if err := q.X.SetBytesCanonical(x); err != nil {
		return Point{}, ErrPoint
	}
	var y2 field
	y2.Square(&q.X).Mul(&y2, &q.X)
	seven := fp.NewElement(7)
	y2.Add(&y2, &seven)
	if q.Y.Sqrt(&y2) == nil {
		return Point{}, ErrPoint
	}
	if (q.Y.Bits()[0]&1 == 1) != odd {
		q.Y.Neg(&q.Y)
	}
	return q, nil
}

// DecodeScalar reads a scalar below n. Zero is valid here; callers for whom it is
// not ask IsZero.
func DecodeScalar(b []byte) (s Scalar, err error) {
	if len(b) != ScalarSize || s.SetBytesCanonical(b) != nil {
		return Scalar{}, ErrScalar
	}
	return s, nil
}

// EncodeScalar returns the 32 bytes of s, big-endian.
func EncodeScalar(s *Scalar) [ScalarSize]byte { return s.Bytes() }

// ReduceWide returns the 64 bytes, big-endian, modulo n. For uniform bytes the
// result is uniform but for a bias below 2⁻²⁵⁵. Variable time.
func ReduceWide(b [64]byte) (s Scalar) {
	s.SetBytes(b[:])
	return s
}
