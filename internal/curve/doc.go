// Package curve is the arithmetic of secp256k1 that privacy schemes need, split by
// secrecy. Point and Scalar are public: everything on them runs in variable time.
// SecretScalar and SecretPoint are secret: everything on them runs in constant time,
// on secp256k1-voi, but for MulTables. A value crosses from the secret side to the
// public one by a named call (Reveal), never by accident.
//
// Sums over tables, of public multiples and of secret ones, run on a base field of
// the package's own, which is in constant time and twice as fast as gnark-crypto's and
// voi's. Everything else that is public is gnark-crypto's.
//
// Encodings are canonical only: a scalar is 32 bytes, big-endian, below the order
// n; a point is SEC 1's compressed form of 33 bytes with the prefix 2 or 3. The
// identity has no encoding.
package curve

import (
	"github.com/consensys/gnark-crypto/ecc/secp256k1"
	"github.com/consensys/gnark-crypto/ecc/secp256k1/fp"
	"github.com/consensys/gnark-crypto/ecc/secp256k1/fr"
)

// Sizes of encodings in bytes.
const (
	PointSize  = 33
	ScalarSize = 32
)

// Point is a public point in affine coordinates. Its zero value is the identity.
type Point = secp256k1.G1Affine

// Sum is a public point in Jacobian coordinates, the form in which sums accumulate.
// Its zero value is not valid: begin with Zero.
type Sum = secp256k1.G1Jac

// Scalar is a public integer modulo the group's order n.
type Scalar = fr.Element

// field is an element of the base field.
type field = fp.Element
