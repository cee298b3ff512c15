package curve

import (
	"math/bits"

	"github.com/consensys/gnark-crypto/ecc/secp256k1/fp"
)

// element is an integer modulo the base field's p = 2²⁵⁶ − 2³² − 977 in four limbs, the
// lowest first: any representative below 2²⁵⁶, of which normal makes the one below p.
// Every method runs in constant time unless it says otherwise; receivers may alias
// arguments. Products need one short reduction, as 2²⁵⁶ ≡ 2³² + 977: about half the
// time of Montgomery's, which gnark-crypto and secp256k1-voi use.
type element [4]uint64

// fold is 2²⁵⁶ mod p.
const fold = 1<<32 + 977

// elementOf returns x.
func elementOf(x *fp.Element) element { return x.Bits() }

// field returns z for gnark-crypto, which keeps 2²⁵⁶·z.
func (z *element) field() field {
	radix, out := fp.NewElement(fold), fp.Element(z.normal())
	out.Mul(&out, &radix)
	return out
}

// bytes returns the 32 bytes of z, big-endian.
func (z *element) bytes() (out [32]byte) {
	n := z.normal()
	for i := range out {
		out[31-i] = byte(n[i/8] >> (i % 8 * 8))
	}
	return out
}

// normal returns the representative below p.
func (z *element) normal() (out element) {
	var c uint64
	out[0], c = bits.Add64(z[0], fold, 0)
	out[1], c = bits.Add64(z[1], 0, c)
	out[2], c = bits.Add64(z[2], 0, c)
	out[3], c = bits.Add64(z[3], 0, c)
	// z ≥ p exactly if z + fold overflows, and then the rest is z − p.
	for i := range out {
		out[i] = z[i] ^ (z[i]^out[i])&-c
	}
	return out
}

// isZero reports whether z ≡ 0.
func (z *element) isZero() bool {
	return z[0]|z[1]|z[2]|z[3] == 0 || z[0]+fold|^z[1]|^z[2]|^z[3] == 0 // 0 or p
}

// add sets z = x + y.
func (z *element) add(x, y *element) {
	var c uint64
	z[0], c = bits.Add64(x[0], y[0], 0)
	z[1], c = bits.Add64(x[1], y[1], c)
	z[2], c = bits.Add64(x[2], y[2], c)
	z[3], c = bits.Add64(x[3], y[3], c)
	z.carry(c)
}

// carry adds c·2²⁵⁶ for c = 0 or 1.
func (z *element) carry(c uint64) {
	z[0], c = bits.Add64(z[0], fold&-c, 0)
	z[1], c = bits.Add64(z[1], 0, c)
	z[2], c = bits.Add64(z[2], 0, c)
	z[3], c = bits.Add64(z[3], 0, c)
	z[0] += fold & -c // a second carry leaves less than fold
}

// sub sets z = x − y.
func (z *element) sub(x, y *element) {
	var b uint64
	z[0], b = bits.Sub64(x[0], y[0], 0)
	z[1], b = bits.Sub64(x[1], y[1], b)
	z[2], b = bits.Sub64(x[2], y[2], b)
	z[3], b = bits.Sub64(x[3], y[3], b)
	z[0], b = bits.Sub64(z[0], fold&-b, 0)
	z[1], b = bits.Sub64(z[1], 0, b)
	z[2], b = bits.Sub64(z[2], 0, b)
	z[3], b = bits.Sub64(z[3], 0, b)
	z[0] -= fold & -b // a second borrow leaves more than 2²⁵⁶ − fold
}

// negateIf sets z = −z if bit is 1, and leaves it if bit is 0.
func (z *element) negateIf(bit uint64) {
	var n element
	n.sub(&element{}, z)
	for i := range z {
		z[i] ^= (z[i] ^ n[i]) & -bit
	}
}

// mul sets z = x·y.
func (z *element) mul(x, y *element) {
	var t0, t1, t2, t3, t4, t5, t6, t7, c, h0, h1, h2, h3, l0, l1, l2, l3 uint64
	x0, x1, x2, x3 := x[0], x[1], x[2], x[3]

	m := y[0]
	h0, t0 = bits.Mul64(x0, m)
	h1, l1 = bits.Mul64(x1, m)
	h2, l2 = bits.Mul64(x2, m)
	h3, l3 = bits.Mul64(x3, m)
	t1, c = bits.Add64(h0, l1, 0)
	t2, c = bits.Add64(h1, l2, c)
	t3, c = bits.Add64(h2, l3, c)
	t4 = h3 + c

	m = y[1]
	h0, l0 = bits.Mul64(x0, m)
	h1, l1 = bits.Mul64(x1, m)
	h2, l2 = bits.Mul64(x2, m)
	h3, l3 = bits.Mul64(x3, m)
	t1, c = bits.Add64(t1, l0, 0)
	t2, c = bits.Add64(t2, l1, c)
	t3, c = bits.Add64(t3, l2, c)
	t4, t5 = bits.Add64(t4, l3, c)
	t2, c = bits.Add64(t2, h0, 0)
	t3, c = bits.Add64(t3, h1, c)
	t4, c = bits.Add64(t4, h2, c)
	t5 += h3 + c

	m = y[2]
	h0, l0 = bits.Mul64(x0, m)
	h1, l1 = bits.Mul64(x1, m)
	h2, l2 = bits.Mul64(x2, m)
	h3, l3 = bits.Mul64(x3, m)
	t2, c = bits.Add64(t2, l0, 0)
	t3, c = bits.Add64(t3, l1, c)
	t4, c = bits.Add64(t4, l2, c)
	t5, t6 = bits.Add64(t5, l3, c)
	t3, c = bits.Add64(t3, h0, 0)
	t4, c = bits.Add64(t4, h1, c)
	t5, c = bits.Add64(t5, h2, c)
	t6 += h3 + c

	m = y[3]
	h0, l0 = bits.Mul64(x0, m)
	h1, l1 = bits.Mul64(x1, m)
	h2, l2 = bits.Mul64(x2, m)
	h3, l3 = bits.Mul64(x3, m)
	t3, c = bits.Add64(t3, l0, 0)
	t4, c = bits.Add64(t4, l1, c)
	t5, c = bits.Add64(t5, l2, c)
	t6, t7 = bits.Add64(t6, l3, c)
	t4, c = bits.Add64(t4, h0, 0)
	t5, c = bits.Add64(t5, h1, c)
	t6, c = bits.Add64(t6, h2, c)
	t7 += h3 + c

	z.reduce(t0, t1, t2, t3, t4, t5, t6, t7)
}

// square sets z = x².
func (z *element) square(x *element) {
	var t0, t1, t2, t3, t4, t5, t6, t7, c, h, l uint64
	x0, x1, x2, x3 := x[0], x[1], x[2], x[3]

	t2, t1 = bits.Mul64(x0, x1)
	t3, l = bits.Mul64(x0, x2)
	t2, c = bits.Add64(t2, l, 0)
	t4, l = bits.Mul64(x0, x3)
	t3, c = bits.Add64(t3, l, c)
	t4 += c
	h, l = bits.Mul64(x1, x2)
	t3, c = bits.Add64(t3, l, 0)
	t4, t5 = bits.Add64(t4, h, c)
	h, l = bits.Mul64(x1, x3)
	t4, c = bits.Add64(t4, l, 0)
	t5, t6 = bits.Add64(t5, h, c)
	h, l = bits.Mul64(x2, x3)
	t5, c = bits.Add64(t5, l, 0)
	t6 += h + c

	t7 = t6 >> 63
	t6 = t6<<1 | t5>>63
	t5 = t5<<1 | t4>>63
	t4 = t4<<1 | t3>>63
	t3 = t3<<1 | t2>>63
	t2 = t2<<1 | t1>>63
	t1 <<= 1

	h, t0 = bits.Mul64(x0, x0)
	t1, c = bits.Add64(t1, h, 0)
	h, l = bits.Mul64(x1, x1)
	t2, c = bits.Add64(t2, l, c)
	t3, c = bits.Add64(t3, h, c)
	h, l = bits.Mul64(x2, x2)
	t4, c = bits.Add64(t4, l, c)
	t5, c = bits.Add64(t5, h, c)
	h, l = bits.Mul64(x3, x3)
	t6, c = bits.Add64(t6, l, c)
	t7 += h + c

	z.reduce(t0, t1, t2, t3, t4, t5, t6, t7)
}

// reduce sets z to the 512-bit integer t, the lowest limb first.
func (z *element) reduce(t0, t1, t2, t3, t4, t5, t6, t7 uint64) {
	var c uint64
	h0, l0 := bits.Mul64(t4, fold)
	h1, l1 := bits.Mul64(t5, fold)
	h2, l2 := bits.Mul64(t6, fold)
	h3, l3 := bits.Mul64(t7, fold)
	t0, c = bits.Add64(t0, l0, 0)
	t1, c = bits.Add64(t1, l1, c)
	t2, c = bits.Add64(t2, l2, c)
	t3, c = bits.Add64(t3, l3, c)
	h3 += c // below 2³⁴
	t1, c = bits.Add64(t1, h0, 0)
	t2, c = bits.Add64(t2, h1, c)
	t3, c = bits.Add64(t3, h2, c)
	h3 += c
	h0, l0 = bits.Mul64(h3, fold)
	z[0], c = bits.Add64(t0, l0, 0)
	z[1], c = bits.Add64(t1, h0, c)
	z[2], c = bits.Add64(t2, 0, c)
	z[3], c = bits.Add64(t3, 0, c)
	z.carry(c)
}

// inverse sets z = x⁻¹ = x^(p−2), and 0 for 0.
func (z *element) inverse(x *element) {
	// p − 2 has the limbs below: square and multiply by its public bits.
	exponent := [4]uint64{^uint64(fold) - 1, ^uint64(0), ^uint64(0), ^uint64(0)}
	var odd [8]element // x, x³, … x¹⁵
	var square, out element
	square.square(x)
	odd[0] = *x
	for i := 1; i < len(odd); i++ {
		odd[i].mul(&odd[i-1], &square)
	}
	out = element{1}
	for i := 255; i >= 0; {
		if exponent[i/64]>>(i%64)&1 == 0 {
			out.square(&out)
			i--
			continue
		}
		low := max(i-3, 0) // a window of four bits that ends in a one
		for exponent[low/64]>>(low%64)&1 == 0 {
			low++
		}
		digit := uint64(0)
		for ; i >= low; i-- {
			out.square(&out)
			digit = digit<<1 | exponent[i/64]>>(i%64)&1
		}
		out.mul(&out, &odd[digit>>1])
	}
	*z = out
}

// inversePublic is inverse in variable time, and faster.
func (z *element) inversePublic(x *element) {
	f := x.field()
	f.Inverse(&f)
	*z = elementOf(&f)
}

// invertAll replaces every element but zeros by its inverse, calling inverse once.
func invertAll(xs []element, inverse func(z, x *element)) {
	products := make([]element, len(xs))
	acc := element{1}
	for i := range xs {
		products[i] = acc
		if !xs[i].isZero() {
			acc.mul(&acc, &xs[i])
		}
	}
	inverse(&acc, &acc)
	for i := len(xs) - 1; i >= 0; i-- {
		if xs[i].isZero() {
			continue
		}
		products[i].mul(&products[i], &acc)
		acc.mul(&acc, &xs[i])
		xs[i] = products[i]
	}
	clear(products)
}
