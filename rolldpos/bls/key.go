package bls

import (
	"crypto/sha512"
	"fmt"
	"io"
	"math/big"

	"github.com/consensys/gnark-crypto/ecc/bls12-381/fr"

	curve "github.com/consensys/gnark-crypto/ecc/bls12-381"
)

// Sizes of encodings, in bytes.
const (
	SecretKeySize = 32
	PublicKeySize = 96
	SignatureSize = 48
)

// SecretKey is a scalar in [1, r). It must not be copied.
type SecretKey struct{ k fr.Element }

// GenerateKey draws a key from 48 bytes of rand, which must be unpredictable. It
// returns ErrRandom if rand fails.
func GenerateKey(rand io.Reader) (*SecretKey, error) {
	var wide [48]byte
	if _, err := io.ReadFull(rand, wide[:]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRandom, err)
	}
	key := &SecretKey{reduce(&wide)}
	clear(wide[:])
	if key.k.IsZero() {
		return nil, fmt.Errorf("%w: zero", ErrRandom)
	}
	return key, nil
}

// DecodeSecretKey reads a key from 32 bytes, big-endian. It refuses other lengths,
// zero and values from the group's order up with ErrSecretKey.
func DecodeSecretKey(b []byte) (*SecretKey, error) {
	var k fr.Element
	if len(b) != SecretKeySize {
		return nil, fmt.Errorf("%w: %d bytes", ErrSecretKey, len(b))
	}
	if err := k.SetBytesCanonical(b); err != nil {
		return nil, fmt.Errorf("%w: not below the group's order", ErrSecretKey)
	}
	if k.IsZero() {
		return nil, fmt.Errorf("%w: zero", ErrSecretKey)
	}
	return &SecretKey{k}, nil
}

// Bytes returns the key's 32 bytes, big-endian.
func (k *SecretKey) Bytes() [SecretKeySize]byte { return k.k.Bytes() }

// Erase overwrites the key, which must not be used from then on. Copies that Go's
// runtime made of it on the stack are beyond reach.
func (k *SecretKey) Erase() { k.k.SetZero() }

// Public returns the key's public half. On its timing see the package's doc.
func (k *SecretKey) Public() *PublicKey {
	a, b := k.split([]byte("public"))
	defer wipe(a, b)
	var p, q curve.G2Affine
	p.ScalarMultiplicationBase(a)
	q.ScalarMultiplicationBase(b)
	p.Add(&p, &q)
	return &PublicKey{p}
}

// Sign signs msg under the tag dst. On its timing see the package's doc. A dst that
// is empty or longer than 255 bytes is the program's fault, and panics.
func (k *SecretKey) Sign(dst string, msg []byte) Signature {
	h, err := hashToG1(dst, msg)
	if err != nil {
		panic(err)
	}
	at := h.Bytes()
	a, b := k.split(at[:])
	defer wipe(a, b)
	var p, q curve.G1Affine
	p.ScalarMultiplication(&h, a)
	q.ScalarMultiplication(&h, b)
	p.Add(&p, &q)
	return p.Bytes()
}

// split returns a and b with a + b = k; a is a hash of k and context.
func (k *SecretKey) split(context []byte) (a, b *big.Int) {
	secret := k.k.Bytes()
	h := sha512.New384()
	h.Write([]byte("rootstem-bls-v1/split"))
	h.Write(secret[:])
	h.Write(context)
	wide := [48]byte(h.Sum(nil))
	clear(secret[:])
	x := reduce(&wide)
	clear(wide[:])
	var y fr.Element
	y.Sub(&k.k, &x)
	a, b = new(big.Int), new(big.Int)
	x.BigInt(a)
	y.BigInt(b)
	x.SetZero()
	y.SetZero()
	return a, b
}

func wipe(numbers ...*big.Int) {
	for _, n := range numbers {
		clear(n.Bits())
	}
}

// reduce returns 48 big-endian bytes modulo the group's order, in constant time.
func reduce(wide *[48]byte) fr.Element {
	var half [32]byte
	var high, low, shift fr.Element
	copy(half[8:], wide[:24])
	high.SetBytes(half[:])
	copy(half[8:], wide[24:])
	low.SetBytes(half[:])
	clear(half[:])
	half[7] = 1 // 2¹⁹²
	shift.SetBytes(half[:])
	high.Mul(&high, &shift).Add(&high, &low)
	return high
}

// PublicKey is a point of G2's subgroup of prime order, not the identity.
type PublicKey struct{ p curve.G2Affine }

// DecodePublicKey reads a key from its 96 bytes. Only the canonical encoding of a
// point of the subgroup, not the identity, passes; all else is ErrPublicKey.
func DecodePublicKey(b []byte) (*PublicKey, error) {
	var p curve.G2Affine
	if len(b) != PublicKeySize {
		return nil, fmt.Errorf("%w: %d bytes", ErrPublicKey, len(b))
	}
	if _, err := p.SetBytes(b); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPublicKey, err)
	}
	if p.IsInfinity() {
		return nil, fmt.Errorf("%w: identity", ErrPublicKey)
	}
	return &PublicKey{p}, nil
}

// Bytes returns the compressed encoding.
func (p *PublicKey) Bytes() [PublicKeySize]byte { return p.p.Bytes() }

// Equal reports whether both are one key. Variable time.
func (p *PublicKey) Equal(o *PublicKey) bool { return p.p.Equal(&o.p) }
