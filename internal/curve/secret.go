package curve

import (
	voi "gitlab.com/yawning/secp256k1-voi"
)

// SecretScalar is an integer modulo n that an observer must not learn. All
// operations run in constant time. The zero value is zero. Receivers may alias
// arguments.
type SecretScalar struct{ s voi.Scalar }

// DecodeSecret reads a scalar in [1, n) from 32 bytes, big-endian. Only whether
// the encoding is valid shows in the time that it takes.
func DecodeSecret(b []byte) (*SecretScalar, error) {
	if len(b) != ScalarSize {
		return nil, ErrScalar
	}
	s, err := voi.NewScalarFromCanonicalBytes((*[ScalarSize]byte)(b))
	if err != nil || s.IsZero() == 1 {
		return nil, ErrScalar
	}
	return &SecretScalar{*s}, nil
}

// SecretFromUint64 returns v.
func SecretFromUint64(v uint64) *SecretScalar {
	return &SecretScalar{*voi.NewScalarFromUint64(v)}
}

// Hidden returns a public scalar for use in secret computations.
func Hidden(s *Scalar) *SecretScalar {
	b := s.Bytes()
	v, _ := voi.NewScalarFromBytes(&b)
	return &SecretScalar{*v}
}

// SecretFromWide returns 64 bytes, big-endian, modulo n, in constant time.
func SecretFromWide(b *[64]byte) *SecretScalar {
	hi, _ := voi.NewScalarFromBytes((*[32]byte)(b[:32]))
	lo, _ := voi.NewScalarFromBytes((*[32]byte)(b[32:]))
	shift := voi.NewScalarFromUint64(1 << 32)
	for range 3 { // 2³² → 2²⁵⁶ by squaring three times
		shift.Square(shift)
	}
	hi.Multiply(hi, shift)
	out := &SecretScalar{}
	out.s.Add(hi, lo)
	hi.Zero()
	lo.Zero()
	return out
}

// Add sets s = a + b.
func (s *SecretScalar) Add(a, b *SecretScalar) *SecretScalar { s.s.Add(&a.s, &b.s); return s }

// Sub sets s = a − b.
func (s *SecretScalar) Sub(a, b *SecretScalar) *SecretScalar { s.s.Subtract(&a.s, &b.s); return s }

// Mul sets s = a·b.
func (s *SecretScalar) Mul(a, b *SecretScalar) *SecretScalar { s.s.Multiply(&a.s, &b.s); return s }

// Neg sets s = −a.
func (s *SecretScalar) Neg(a *SecretScalar) *SecretScalar { s.s.Negate(&a.s); return s }

// Invert sets s = a⁻¹, and 0 for 0.
func (s *SecretScalar) Invert(a *SecretScalar) *SecretScalar { s.s.Invert(&a.s); return s }

// Select sets s = a if bit is 0 and s = b if bit is 1.
func (s *SecretScalar) Select(a, b *SecretScalar, bit uint64) *SecretScalar {
	s.s.ConditionalSelect(&a.s, &b.s, bit)
	return s
}

// IsZero reports whether s is zero. The comparison is constant time; the branch
// that a caller takes on it is not.
func (s *SecretScalar) IsZero() bool { return s.s.IsZero() == 1 }

// Bytes returns the secret's 32 bytes, big-endian.
func (s *SecretScalar) Bytes() [ScalarSize]byte { return [ScalarSize]byte(s.s.Bytes()) }

// Reveal makes the value public: from here on nothing protects it.
func (s *SecretScalar) Reveal() Scalar {
	var out Scalar
	out.SetBytes(s.s.Bytes())
	return out
}

// Zeroise overwrites the value. Go may have copied it before (stack growth, spilled
// registers); those copies are beyond reach.
func (s *SecretScalar) Zeroise() { s.s.Zero() }

// SecretPoint is a point whose discrete logarithm or whose choice is a secret. All
// operations run in constant time. The zero value is not valid: use a constructor.
type SecretPoint struct{ p voi.Point }

// HiddenPoint returns a public point for use in secret computations.
func HiddenPoint(p *Point) *SecretPoint {
	if p.IsInfinity() {
		return &SecretPoint{*voi.NewIdentityPoint()}
	}
	x, y := p.X.Bytes(), p.Y.Bytes()
	q, err := voi.NewPointFromCoords(&x, &y)
	if err != nil {
		panic("curve: a public point is not on the curve")
	}
	return &SecretPoint{*q}
}

// MulBase returns s·G.
func MulBase(s *SecretScalar) *SecretPoint {
	return &SecretPoint{*voi.NewIdentityPoint().ScalarBaseMult(&s.s)}
}

// Mul returns s·p.
func Mul(s *SecretScalar, p *SecretPoint) *SecretPoint {
	return &SecretPoint{*voi.NewIdentityPoint().ScalarMult(&s.s, &p.p)}
}

// MulSum returns Σ scalars[i]·points[i]. The slices have one length.
func MulSum(scalars []*SecretScalar, points []*SecretPoint) *SecretPoint {
	ss, ps := make([]*voi.Scalar, len(scalars)), make([]*voi.Point, len(points))
	for i := range scalars {
		ss[i] = &scalars[i].s
	}
	for i := range points {
		ps[i] = &points[i].p
	}
	return &SecretPoint{*voi.NewIdentityPoint().MultiScalarMult(ss, ps)}
}

// Add returns p + q.
func (p *SecretPoint) Add(q *SecretPoint) *SecretPoint {
	return &SecretPoint{*voi.NewIdentityPoint().Add(&p.p, &q.p)}
}

// Neg returns −p.
func (p *SecretPoint) Neg() *SecretPoint {
	return &SecretPoint{*voi.NewIdentityPoint().Negate(&p.p)}
}

// Choose returns p if bit is 0 and q if bit is 1.
func (p *SecretPoint) Choose(q *SecretPoint, bit uint64) *SecretPoint {
	return &SecretPoint{*voi.NewIdentityPoint().ConditionalSelect(&p.p, &q.p, bit)}
}

// Reveal makes the point public. Constant time up to the result.
func (p *SecretPoint) Reveal() (out Point) {
	if p.p.IsIdentity() == 1 {
		return out
	}
	b := p.p.UncompressedBytes()
	out.X.SetBytes(b[1:33])
	out.Y.SetBytes(b[33:])
	return out
}
