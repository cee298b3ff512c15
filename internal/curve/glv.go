package curve

import (
	"encoding/binary"
	"math/bits"

	"github.com/consensys/gnark-crypto/ecc/secp256k1/fr"
)

// The endomorphism (x, y) ↦ (β·x, y) of secp256k1 is multiplication by λ. A scalar
// k splits into k₁ + k₂·λ with |k₁|, |k₂| < 2¹²⁸ (Gallant, Lambert, Vanstone 2001;
// the rounding is by multiplication with g₁ and g₂, the lattice's basis vectors
// scaled by 2³⁸⁴/n). Limbs are little-endian.
type endomorphism struct {
	beta         element
	lambda       fr.Element
	minusB1      fr.Element
	minusB2      fr.Element
	g1, g2, half [4]uint64
}

func newEndomorphism() *endomorphism {
	e := &endomorphism{
		g1:   [4]uint64{0xe893209a45dbb031, 0x3daa8a1471e8ca7f, 0xe86c90e49284eb15, 0x3086d221a7d46bcd},
		g2:   [4]uint64{0x1571b4ae8ac47f71, 0x221208ac9df506c6, 0x6f547fa90abfe4c4, 0xe4437ed6010e8828},
		beta: element{0xc1396c28719501ee, 0x9cf0497512f58995, 0x6e64479eac3434e9, 0x7ae96a2b657c0710},
		half: [4]uint64{0xdfe92f46681b20a0, 0x5d576e7357a4501d, 0xffffffffffffffff, 0x7fffffffffffffff},
	}
	e.lambda.SetBytes([]byte("\x53\x63\xad\x4c\xc0\x5c\x30\xe0\xa5\x26\x1c\x02\x88\x12\x64\x5a\x12\x2e\x22\xea\x20\x81\x66\x78\xdf\x02\x96\x7c\x1b\x23\xbd\x72"))
	e.minusB1.SetBytes([]byte("\xe4\x43\x7e\xd6\x01\x0e\x88\x28\x6f\x54\x7f\xa9\x0a\xbf\xe4\xc3"))
	e.minusB2.SetBytes([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe\x8a\x28\x0a\xc5\x07\x74\x34\x6d\xd7\x65\xcd\xa8\x3d\xb1\x56\x2c"))
	return e
}

// halfScalar is a signed integer below 2¹²⁸ in absolute value.
type halfScalar struct {
	abs [2]uint64
	neg bool
}

// split returns k₁ and k₂ with k = k₁ + k₂·λ.
func (e *endomorphism) split(k *Scalar) (k1, k2 halfScalar) {
	limbs := k.Bits()
	c1, c2 := mulShift384(&limbs, &e.g1), mulShift384(&limbs, &e.g2)
	var r1, r2, t fr.Element
	r2.Mul(&c1, &e.minusB1)
	t.Mul(&c2, &e.minusB2)
	r2.Add(&r2, &t)
	t.Mul(&r2, &e.lambda)
	r1.Sub(k, &t)
	return e.signed(&r1), e.signed(&r2)
}

// signed returns the representative of r nearest to zero.
func (e *endomorphism) signed(r *fr.Element) (h halfScalar) {
	b := r.Bits()
	for i := 3; i >= 0; i-- {
		if b[i] != e.half[i] {
			h.neg = b[i] > e.half[i]
			break
		}
	}
	if h.neg {
		var m fr.Element
		b = m.Neg(r).Bits()
	}
	h.abs = [2]uint64{b[0], b[1]}
	return h
}

// mulShift384 returns ⌊a·b/2³⁸⁴⌉ as a scalar.
func mulShift384(a, b *[4]uint64) (out fr.Element) {
	var p [8]uint64
	for i := range a {
		var carry uint64
		for j := range b {
			hi, lo := bits.Mul64(a[i], b[j])
			var c uint64
			lo, c = bits.Add64(lo, p[i+j], 0)
			hi += c
			lo, c = bits.Add64(lo, carry, 0)
			hi += c
			p[i+j], carry = lo, hi
		}
		p[i+4] = carry
	}
	lo, c := bits.Add64(p[6], p[5]>>63, 0)
	hi := p[7] + c
	var buf [32]byte
	binary.BigEndian.PutUint64(buf[16:], hi)
	binary.BigEndian.PutUint64(buf[24:], lo)
	out.SetBytes(buf[:])
	return out
}

// window is a digit with its place.
type window struct {
	bit   uint8
	digit int16
}

// wnaf appends the non-zero digits of h's width-w non-adjacent form, the lowest
// first: odd digits below 2^(w−1) in absolute value, at least w−1 zeros between two
// of them.
func (h *halfScalar) wnaf(out []window, w uint) []window {
	lo, hi, carry := h.abs[0], h.abs[1], uint64(0) // carry is bit 128 from the bottom, shifted along
	bit := uint(0)
	for lo|hi|carry != 0 {
		shift := uint(bits.TrailingZeros64(lo))
		if shift == 64 {
			lo, hi, carry = hi, carry, 0
			bit += 64
			continue
		}
		lo = lo>>shift | hi<<(64-shift)
		hi = hi>>shift | carry<<(64-shift)
		carry >>= shift
		bit += shift
		d := int16(lo & (1<<w - 1))
		lo -= uint64(d)
		if d >= 1<<(w-1) {
			d -= 1 << w
			var c uint64
			lo, c = bits.Add64(lo, 1<<w, 0)
			hi, c = bits.Add64(hi, 0, c)
			carry += c
		}
		if h.neg {
			d = -d
		}
		out = append(out, window{uint8(bit), d})
	}
	return out
}
