// Package eddsa verifies ed25519 signatures (RFC 8032), alone and many at once.
//
// Verify and VerifyAll answer by one rule, that of ZIP 215: the key A and the point R
// are any encodings of points, s is below the group's order, and
// 8·s·B = 8·R + 8·k·A with k = SHA-512(R ‖ A ‖ message). crypto/ed25519 is stricter
// with what only a signer who does not follow RFC 8032 can make, and has no form for
// many: a certificate that some nodes check at once and others one by one must not
// divide them.
//
// Everything here is public and takes variable time.
package eddsa

import (
	"crypto/sha512"
	"encoding/binary"

	"filippo.io/edwards25519"
)

// Signature is one signature with what it is verified against.
type Signature struct {
	Key     []byte // 32 bytes
	Message []byte
	Sig     *[64]byte // R ‖ s
}

// Verify reports whether the signature holds.
func Verify(s Signature) bool {
	t, ok := s.parse()
	if !ok {
		return false
	}
	t.key.Negate(&t.key)
	var p edwards25519.Point
	p.VarTimeDoubleScalarBaseMult(&t.k, &t.key, &t.s)
	p.Subtract(&p, &t.r)
	return small(&p)
}

// few is how many signatures are checked one by one: sharing does not pay.
const few = 3

// VerifyAll reports whether all signatures hold. From some five signatures on it takes
// about half the time of so many calls of Verify.
//
// It checks the sum of the equations, each with a factor zᵢ of 128 bits: SHA-512 over
// all keys, signatures and messages draws them, so that equal inputs give equal
// answers and signatures that do not hold alone hold together with probability 2⁻¹²⁸.
func VerifyAll(all []Signature) bool {
	if len(all) <= few {
		for _, s := range all {
			if !Verify(s) {
				return false
			}
		}
		return true
	}
	n := len(all)
	terms := make([]term, n)
	scalars := make([]*edwards25519.Scalar, 0, 2*n+1)
	points := make([]*edwards25519.Point, 0, 2*n+1)
	seed := sha512.New()
	for i, s := range all {
		t, ok := s.parse()
		if !ok {
			return false
		}
		terms[i] = t
		// k stands for the message and R with the key.
		seed.Write(s.Key)
		seed.Write(s.Sig[:])
		seed.Write(t.k.Bytes())
	}
	key := seed.Sum(nil)
	var sum edwards25519.Scalar
	for i := range terms {
		t := &terms[i]
		z := factor(key, i)
		sum.MultiplyAdd(z, &t.s, &sum)
		t.k.Multiply(z, &t.k)
		scalars = append(scalars, z, &t.k)
		points = append(points, &t.r, &t.key)
	}
	sum.Negate(&sum)
	scalars = append(scalars, &sum)
	points = append(points, edwards25519.NewGeneratorPoint())
	var p edwards25519.Point
	p.VarTimeMultiScalarMult(scalars, points)
	return small(&p)
}

// term is a parsed signature.
type term struct {
	key, r edwards25519.Point
	s, k   edwards25519.Scalar
}

func (s *Signature) parse() (t term, ok bool) {
	if len(s.Key) != 32 {
		return t, false
	}
	if _, err := t.key.SetBytes(s.Key); err != nil {
		return t, false
	}
	if _, err := t.r.SetBytes(s.Sig[:32]); err != nil {
		return t, false
	}
	if _, err := t.s.SetCanonicalBytes(s.Sig[32:]); err != nil {
		return t, false
	}
	h := sha512.New()
	h.Write(s.Sig[:32])
	h.Write(s.Key)
	h.Write(s.Message)
	_, err := t.k.SetUniformBytes(h.Sum(nil))
	return t, err == nil
}

// factor returns the i-th factor, 128 bits of SHA-512(seed ‖ i), which is not zero.
func factor(seed []byte, i int) *edwards25519.Scalar {
	digest := sha512.Sum512(binary.LittleEndian.AppendUint64(seed[:64:64], uint64(i)))
	var b [32]byte
	copy(b[:16], digest[:])
	b[0] |= 1
	z, err := new(edwards25519.Scalar).SetCanonicalBytes(b[:])
	if err != nil {
		panic(err) // it has 128 bits
	}
	return z
}

// small reports whether the point vanishes when it is multiplied by the cofactor.
func small(p *edwards25519.Point) bool {
	p.MultByCofactor(p)
	return p.Equal(edwards25519.NewIdentityPoint()) == 1
}
