package bls

import (
	"fmt"

	curve "github.com/consensys/gnark-crypto/ecc/bls12-381"
)

// Domain separation tags of RFC 9380 suites for signatures without proof of
// possession, as drand uses them.
const (
	DrandQuicknetDST = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_" // signature in G1
	DrandChainedDST  = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_" // signature in G2: KeyG1
)

// possessionDST is the draft's tag for proofs of possession, and theirs alone.
const possessionDST = "BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_"

// Signature is a compressed point of G1. A value is not known to be a point before it
// has been verified. There is one signature of a message under a key and a tag.
type Signature [SignatureSize]byte

// point decodes a signature. It refuses, with ErrEncoding, what is not the canonical
// encoding of a point of the subgroup other than the identity.
func (s *Signature) point() (curve.G1Affine, error) {
	var p curve.G1Affine
	if s[0]&0x80 == 0 { // an uncompressed point has twice the length
		return p, fmt.Errorf("%w: not compressed", ErrEncoding)
	}
	if _, err := p.SetBytes(s[:]); err != nil {
		return p, fmt.Errorf("%w: %w", ErrEncoding, err)
	}
	if p.IsInfinity() {
		return p, fmt.Errorf("%w: identity", ErrEncoding)
	}
	return p, nil
}

func hashToG1(dst string, msg []byte) (curve.G1Affine, error) {
	if len(dst) == 0 || len(dst) > 255 {
		return curve.G1Affine{}, fmt.Errorf("%w: %d bytes", ErrDST, len(dst))
	}
	h, err := curve.HashToG1(msg, []byte(dst))
	if err != nil {
		return curve.G1Affine{}, fmt.Errorf("%w: %w", ErrDST, err)
	}
	return h, nil
}

// Verify returns nil if sig is the key's signature of msg under dst. Errors:
// ErrEncoding, ErrSignature, ErrDST.
func (p *PublicKey) Verify(dst string, msg []byte, sig Signature) error {
	s, err := sig.point()
	if err != nil {
		return err
	}
	h, err := hashToG1(dst, msg)
	if err != nil {
		return err
	}
	return pair(&s, &h, &p.p)
}

// pair returns nil if e(s, g₂) = e(h, p).
func pair(s, h *curve.G1Affine, p *curve.G2Affine) error {
	_, _, _, g2 := curve.Generators()
	g2.Neg(&g2)
	ok, err := curve.PairingCheck([]curve.G1Affine{*s, *h}, []curve.G2Affine{g2, *p})
	if err != nil || !ok {
		return ErrSignature
	}
	return nil
}

// lines holds what the Miller loop computes of a fixed point of G2.
type lines = [2][len(curve.LoopCounter) - 1]curve.LineEvaluationAff

// Verifier verifies signatures of one key with the key's part of the pairing computed
// ahead. It holds 48 KB, of which each Verify makes a copy, and may be used by several
// goroutines at once.
type Verifier struct{ fixed [2]lines }

// NewVerifier prepares a key.
func NewVerifier(p *PublicKey) *Verifier {
	_, _, _, g2 := curve.Generators()
	g2.Neg(&g2)
	return &Verifier{[2]lines{curve.PrecomputeLines(g2), curve.PrecomputeLines(p.p)}}
}

// Verify is PublicKey.Verify.
func (v *Verifier) Verify(dst string, msg []byte, sig Signature) error {
	s, err := sig.point()
	if err != nil {
		return err
	}
	h, err := hashToG1(dst, msg)
	if err != nil {
		return err
	}
	fixed := v.fixed // gnark-crypto scales the lines in place
	ok, err := curve.PairingCheckFixedQ([]curve.G1Affine{s, h}, fixed[:])
	if err != nil || !ok {
		return ErrSignature
	}
	return nil
}

// Prove shows that the caller holds k: the signature of the encoded public key under a
// tag of its own.
func Prove(k *SecretKey) Signature {
	p := k.Public().Bytes()
	return k.Sign(possessionDST, p[:])
}

// VerifyPossession returns nil if proof is p's proof of possession, ErrPossession
// otherwise.
func VerifyPossession(p *PublicKey, proof Signature) error {
	b := p.Bytes()
	if err := p.Verify(possessionDST, b[:], proof); err != nil {
		return fmt.Errorf("%w: %w", ErrPossession, err)
	}
	return nil
}

// Aggregate adds signatures up. Errors: ErrEmpty, ErrEncoding, the latter also if the
// sum is the identity.
func Aggregate(sigs []Signature) (Signature, error) {
	if len(sigs) == 0 {
		return Signature{}, ErrEmpty
	}
	var sum curve.G1Jac
	for i := range sigs {
		p, err := sigs[i].point()
		if err != nil {
			return Signature{}, fmt.Errorf("signature %d: %w", i, err)
		}
		sum.AddMixed(&p)
	}
	var out curve.G1Affine
	out.FromJacobian(&sum)
	if out.IsInfinity() {
		return Signature{}, fmt.Errorf("%w: the signatures cancel out", ErrEncoding)
	}
	return out.Bytes(), nil
}

// VerifyAggregate returns nil if sig is the sum of signatures of msg by all keys. Each
// key's possession must have been proved before. Errors: ErrEmpty, ErrPublicKey if
// the keys cancel out, and those of Verify.
func VerifyAggregate(keys []*PublicKey, dst string, msg []byte, sig Signature) error {
	if len(keys) == 0 {
		return ErrEmpty
	}
	var sum curve.G2Jac
	for _, k := range keys {
		sum.AddMixed(&k.p)
	}
	var p curve.G2Affine
	p.FromJacobian(&sum)
	if p.IsInfinity() {
		return fmt.Errorf("%w: the keys cancel out", ErrPublicKey)
	}
	return (&PublicKey{p}).Verify(dst, msg, sig)
}
