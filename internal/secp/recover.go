package secp

import (
	"sync"

	"github.com/rootstem/rootstem/internal/curve"
)

// generatorWindow is the width of the generator's signed windows: 64 multiples, 8 KiB.
const generatorWindow = 8

// recovery is what every recovery shares. It is immutable.
type recovery struct {
	arithmetic *curve.Arithmetic
	generator  *curve.Table
}

// shared computes the tables when they are first needed, in some 50 µs.
var shared = sync.OnceValue(func() *recovery {
	a, g := curve.NewArithmetic(), curve.Generator()
	return &recovery{a, a.Table(&g, generatorWindow)}
})

// pointWindow is the width of the signed windows of a point that is met once.
const pointWindow = 5

// Recover returns the uncompressed public key (x ‖ y, big-endian) that signed
// digest. It accepts high s, as the ECRECOVER precompile does, and refuses v > 1,
// r or s outside [1, n), and the point at infinity, with ErrSignature. Variable time:
// all that it sees is public. SEC 1, section 4.1.6.
func Recover(digest [32]byte, sig *Signature) (pub [64]byte, err error) {
	r, err := curve.DecodeScalar(sig.R[:])
	if err != nil || r.IsZero() || sig.V > 1 {
		return pub, ErrSignature
	}
	s, err := curve.DecodeScalar(sig.S[:])
	if err != nil || s.IsZero() {
		return pub, ErrSignature
	}
	// The nonce point has x = r: v has no value for x = r + n.
	nonce, err := curve.Lift(sig.R[:], sig.V == 1)
	if err != nil {
		return pub, ErrSignature
	}
	// Q = r⁻¹·(s·R − e·G)
	var ofGenerator, ofNonce curve.Scalar
	r.Inverse(&r)
	ofNonce.Mul(&s, &r)
	ofGenerator.SetBytes(digest[:])
	ofGenerator.Mul(&ofGenerator, &r).Neg(&ofGenerator)
	t := shared()
	sum, err := t.arithmetic.SumTables(
		[]*curve.Table{t.generator, t.arithmetic.Table(&nonce, pointWindow)},
		[]curve.Scalar{ofGenerator, ofNonce})
	if err != nil || curve.IsZero(&sum) {
		return pub, ErrSignature
	}
	q := curve.Affine(&sum)
	x, y := q.X.Bytes(), q.Y.Bytes()
	copy(pub[:32], x[:])
	copy(pub[32:], y[:])
	return pub, nil
}
