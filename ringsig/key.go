package ringsig

import (
	"fmt"
	"io"

	"github.com/rootstem/rootstem/internal/curve"
)

// PublicKey is a ring member P = x·G, compressed (SEC 1, 33 bytes).
type PublicKey [curve.PointSize]byte

// Tag is J = x⁻¹·U, compressed. One key has one tag in a scope, whatever the ring,
// the message or the scheme: a tag seen twice is a key used twice. A Tag compares
// with == and serves as the key of a map.
type Tag [curve.PointSize]byte

// SecretKey is x, in [1, n). It must not be copied.
type SecretKey struct{ x *curve.SecretScalar }

// ParseSecretKey reads x from 32 bytes, big-endian. It refuses zero and values from
// the group's order up with ErrKey.
func ParseSecretKey(b []byte) (*SecretKey, error) {
	x, err := curve.DecodeSecret(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return &SecretKey{x}, nil
}

// Public returns P = x·G. Constant time.
func (k *SecretKey) Public() PublicKey {
	p := curve.MulBase(k.x).Reveal()
	return curve.Encode(&p)
}

// Tag returns J = x⁻¹·U. Constant time. Whoever knows the tag recognises every
// signature of this key in this scope.
func (k *SecretKey) Tag(s *Scope) Tag {
	j := k.tag(s).Reveal()
	return curve.Encode(&j)
}

func (k *SecretKey) tag(s *Scope) *curve.SecretPoint {
	inverse := new(curve.SecretScalar).Invert(k.x)
	defer inverse.Zeroise()
	return curve.Mul(inverse, curve.HiddenPoint(&s.u))
}

// Zeroise overwrites the key, which is invalid from then on. Copies that Go's
// runtime made of it on the stack are beyond reach.
func (k *SecretKey) Zeroise() { k.x.Zeroise() }

// Blinding is the secret scalar that hides a commitment's amount. Zero is valid as
// a difference, not as a blinding to commit with.
type Blinding struct{ s *curve.SecretScalar }

// ParseBlinding reads a blinding from 32 bytes, big-endian, in [1, n).
func ParseBlinding(b []byte) (*Blinding, error) {
	s, err := curve.DecodeSecret(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return &Blinding{s}, nil
}

// NewBlinding draws a blinding from 64 bytes of rand, which must be unpredictable:
// nothing hedges it.
func NewBlinding(rand io.Reader) (*Blinding, error) {
	var wide [64]byte
	if _, err := io.ReadFull(rand, wide[:]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRandom, err)
	}
	s := curve.SecretFromWide(&wide)
	clear(wide[:])
	if s.IsZero() {
		return nil, fmt.Errorf("%w: zero", ErrRandom)
	}
	return &Blinding{s}, nil
}

// Bytes returns the 32 bytes, big-endian.
func (b *Blinding) Bytes() [32]byte { return b.s.Bytes() }

// Minus returns b − o. Constant time.
func (b *Blinding) Minus(o *Blinding) *Blinding {
	return &Blinding{new(curve.SecretScalar).Sub(b.s, o.s)}
}

// Plus returns b + o. Constant time.
func (b *Blinding) Plus(o *Blinding) *Blinding {
	return &Blinding{new(curve.SecretScalar).Add(b.s, o.s)}
}

// Zeroise overwrites the blinding.
func (b *Blinding) Zeroise() { b.s.Zeroise() }
