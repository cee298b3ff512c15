package secp

import (
	"encoding/binary"
	"math/bits"
)

// field is an integer modulo p = 2^256 - 2^32 - 977, little-endian words. It is
// below 2^256, not always below p. Arithmetic takes variable time: it sees public
// data only.
type field [4]uint64

// fold is 2^256 mod p.
const fold = 1<<32 + 977

func (z *field) setBytes(b *[32]byte) {
	for i := range z {
		z[i] = binary.BigEndian.Uint64(b[24-8*i:])
	}
}

// bytes returns the value below p, big-endian.
func (z *field) bytes() (b [32]byte) {
	x := *z
	x.normalize()
	for i := range x {
		binary.BigEndian.PutUint64(b[24-8*i:], x[i])
	}
	return b
}

// normalize makes the value less than p.
func (z *field) normalize() {
	var x field
	var c uint64
	x[0], c = bits.Add64(z[0], fold, 0)
	x[1], c = bits.Add64(z[1], 0, c)
	x[2], c = bits.Add64(z[2], 0, c)
	x[3], c = bits.Add64(z[3], 0, c)
	if c == 1 {
		*z = x
	}
}

func (z *field) isZero() bool {
	x := *z
	x.normalize()
	return x == field{}
}

func (z *field) isOdd() bool {
	x := *z
	x.normalize()
	return x[0]&1 == 1
}

func (z *field) add(x, y *field) {
	z0, c := bits.Add64(x[0], y[0], 0)
	z1, c := bits.Add64(x[1], y[1], c)
	z2, c := bits.Add64(x[2], y[2], c)
	z3, c := bits.Add64(x[3], y[3], c)
	z0, c = bits.Add64(z0, c*fold, 0)
	z1, c = bits.Add64(z1, 0, c)
	z2, c = bits.Add64(z2, 0, c)
	z3, c = bits.Add64(z3, 0, c)
	*z = field{z0 + c*fold, z1, z2, z3}
}

func (z *field) sub(x, y *field) {
	z0, b := bits.Sub64(x[0], y[0], 0)
	z1, b := bits.Sub64(x[1], y[1], b)
	z2, b := bits.Sub64(x[2], y[2], b)
	z3, b := bits.Sub64(x[3], y[3], b)
	z0, b = bits.Sub64(z0, b*fold, 0)
	z1, b = bits.Sub64(z1, 0, b)
	z2, b = bits.Sub64(z2, 0, b)
	z3, b = bits.Sub64(z3, 0, b)
	*z = field{z0 - b*fold, z1, z2, z3}
}

func (z *field) negate(x *field) { z.sub(&field{}, x) }

// mulAdd returns x·y + a + b, which fits.
func mulAdd(x, y, a, b uint64) (hi, lo uint64) {
	hi, lo = bits.Mul64(x, y)
	lo, c := bits.Add64(lo, a, 0)
	hi, _ = bits.Add64(hi, 0, c) // an ADC, where hi += c would take three instructions
	lo, c = bits.Add64(lo, b, 0)
	hi, _ = bits.Add64(hi, 0, c)
	return hi, lo
}

// wide is the product of two integers of 256 bits.
func wide(x, y *[4]uint64) (r [8]uint64) {
	x0, y0, y1, y2, y3 := x[0], y[0], y[1], y[2], y[3]
	c, r0 := bits.Mul64(x0, y0)
	c, r1 := mulAdd(x0, y1, c, 0)
	c, r2 := mulAdd(x0, y2, c, 0)
	r4, r3 := mulAdd(x0, y3, c, 0)
	x0 = x[1]
	c, r1 = mulAdd(x0, y0, r1, 0)
	c, r2 = mulAdd(x0, y1, r2, c)
	c, r3 = mulAdd(x0, y2, r3, c)
	r5, r4 := mulAdd(x0, y3, r4, c)
	x0 = x[2]
	c, r2 = mulAdd(x0, y0, r2, 0)
	c, r3 = mulAdd(x0, y1, r3, c)
	c, r4 = mulAdd(x0, y2, r4, c)
	r6, r5 := mulAdd(x0, y3, r5, c)
	x0 = x[3]
	c, r3 = mulAdd(x0, y0, r3, 0)
	c, r4 = mulAdd(x0, y1, r4, c)
	c, r5 = mulAdd(x0, y2, r5, c)
	r7, r6 := mulAdd(x0, y3, r6, c)
	return [8]uint64{r0, r1, r2, r3, r4, r5, r6, r7}
}

// reduce sets z to r mod p: the upper half counts fold times.
func (z *field) reduce(r0, r1, r2, r3, r4, r5, r6, r7 uint64) {
	c, r0 := mulAdd(r4, fold, r0, 0)
	c, r1 = mulAdd(r5, fold, r1, c)
	c, r2 = mulAdd(r6, fold, r2, c)
	c, r3 = mulAdd(r7, fold, r3, c)
	hi, lo := bits.Mul64(c, fold)
	r0, c = bits.Add64(r0, lo, 0)
	r1, c = bits.Add64(r1, hi, c)
	r2, c = bits.Add64(r2, 0, c)
	r3, c = bits.Add64(r3, 0, c)
	r0, c = bits.Add64(r0, c*fold, 0)
	*z = field{r0, r1 + c, r2, r3}
}

func (z *field) mul(x, y *field) {
	x0, y0, y1, y2, y3 := x[0], y[0], y[1], y[2], y[3]
	c, r0 := bits.Mul64(x0, y0)
	c, r1 := mulAdd(x0, y1, c, 0)
	c, r2 := mulAdd(x0, y2, c, 0)
	r4, r3 := mulAdd(x0, y3, c, 0)
	x0 = x[1]
	c, r1 = mulAdd(x0, y0, r1, 0)
	c, r2 = mulAdd(x0, y1, r2, c)
	c, r3 = mulAdd(x0, y2, r3, c)
	r5, r4 := mulAdd(x0, y3, r4, c)
	x0 = x[2]
	c, r2 = mulAdd(x0, y0, r2, 0)
	c, r3 = mulAdd(x0, y1, r3, c)
	c, r4 = mulAdd(x0, y2, r4, c)
	r6, r5 := mulAdd(x0, y3, r5, c)
	x0 = x[3]
	c, r3 = mulAdd(x0, y0, r3, 0)
	c, r4 = mulAdd(x0, y1, r4, c)
	c, r5 = mulAdd(x0, y2, r5, c)
	r7, r6 := mulAdd(x0, y3, r6, c)
	z.reduce(r0, r1, r2, r3, r4, r5, r6, r7)
}

func (z *field) square(x *field) {
	x0, x1, x2, x3 := x[0], x[1], x[2], x[3]
	// Products of different words, doubled below.
	c, r1 := bits.Mul64(x0, x1)
	c, r2 := mulAdd(x0, x2, c, 0)
	r4, r3 := mulAdd(x0, x3, c, 0)
	c, r3 = mulAdd(x1, x2, r3, 0)
	r5, r4 := mulAdd(x1, x3, r4, c)
	r6, r5 := mulAdd(x2, x3, r5, 0)
	r7 := r6 >> 63
	r6 = r6<<1 | r5>>63
	r5 = r5<<1 | r4>>63
	r4 = r4<<1 | r3>>63
	r3 = r3<<1 | r2>>63
	r2 = r2<<1 | r1>>63
	r1 <<= 1
	hi, r0 := bits.Mul64(x0, x0)
	r1, c = bits.Add64(r1, hi, 0)
	hi, lo := bits.Mul64(x1, x1)
	r2, c = bits.Add64(r2, lo, c)
	r3, c = bits.Add64(r3, hi, c)
	hi, lo = bits.Mul64(x2, x2)
	r4, c = bits.Add64(r4, lo, c)
	r5, c = bits.Add64(r5, hi, c)
	hi, lo = bits.Mul64(x3, x3)
	r6, c = bits.Add64(r6, lo, c)
	r7, _ = bits.Add64(r7, hi, c)
	z.reduce(r0, r1, r2, r3, r4, r5, r6, r7)
}

// squares squares n times.
func (z *field) squares(x *field, n int) {
	z.square(x)
	for range n - 1 {
		z.square(z)
	}
}

// ladder returns x to 2^223 - 1, 2^22 - 1 and 2^2 - 1: the runs of ones in the
// exponents of root and inverse.
func (x *field) ladder() (x223, x22, x2 field) {
	var x3, x6, x9, x11, x44, x88, x176, x220 field
	step := func(z, a *field, n int, b *field) {
		z.squares(a, n)
		z.mul(z, b)
	}
	step(&x2, x, 1, x)
	step(&x3, &x2, 1, x)
	step(&x6, &x3, 3, &x3)
	step(&x9, &x6, 3, &x3)
	step(&x11, &x9, 2, &x2)
	step(&x22, &x11, 11, &x11)
	step(&x44, &x22, 22, &x22)
	step(&x88, &x44, 44, &x44)
	step(&x176, &x88, 88, &x88)
	step(&x220, &x176, 44, &x44)
	step(&x223, &x220, 3, &x3)
	return x223, x22, x2
}

// root sets z to x^((p+1)/4), a square root of x if it has one.
func (z *field) root(x *field) {
	t, x22, x2 := x.ladder()
	t.squares(&t, 23)
	t.mul(&t, &x22)
	t.squares(&t, 6)
	t.mul(&t, &x2)
	z.squares(&t, 2)
}

// inverse sets z to x^(p-2), 0 for 0.
func (z *field) inverse(x *field) {
	a := *x
	t, x22, x2 := a.ladder()
	t.squares(&t, 23)
	t.mul(&t, &x22)
	t.squares(&t, 5)
	t.mul(&t, &a)
	t.squares(&t, 3)
	t.mul(&t, &x2)
	t.squares(&t, 2)
	z.mul(&t, &a)
}
