package vm

import (
	"math/bits"

	"github.com/holiman/uint256"
)

// exp sets z to base^e mod 2^256. Long exponents go four bits at a time, with a
// table of the base's first powers.
func exp(z, base, e *uint256.Int) {
	n := e.BitLen()
	if n <= 64 {
		z.Exp(base, e)
		return
	}
	if base[0]&1 == 0 { // e > 255, and every factor adds a zero bit
		z.Clear()
		return
	}
	var powers [16]uint256.Int
	powers[0][0] = 1
	for i := 1; i < len(powers); i++ {
		powers[i].Mul(&powers[i-1], base)
	}
	r := uint256.Int{1}
	for i := (n - 1) / 4; i >= 0; i-- {
		x0, x1, x2, x3 := square(r[0], r[1], r[2], r[3])
		x0, x1, x2, x3 = square(x0, x1, x2, x3)
		x0, x1, x2, x3 = square(x0, x1, x2, x3)
		r[0], r[1], r[2], r[3] = square(x0, x1, x2, x3)
		if digit := e[i/16] >> (i % 16 * 4) & 15; digit != 0 {
			r.Mul(&r, &powers[digit])
		}
	}
	*z = r
}

// square returns the four words of x² mod 2^256, the lowest first. Products of
// different words count twice.
func square(x0, x1, x2, x3 uint64) (y0, y1, y2, y3 uint64) {
	high0, y0 := bits.Mul64(x0, x0)
	high1, low1 := bits.Mul64(x1, x1)
	high01, cross1 := bits.Mul64(x0, x1)
	high02, low02 := bits.Mul64(x0, x2)
	cross2, carry := bits.Add64(high01, low02, 0)
	cross3 := high02 + x0*x3 + x1*x2 + carry
	y1, carry = bits.Add64(high0, cross1<<1, 0)
	y2, carry = bits.Add64(low1, cross2<<1|cross1>>63, carry)
	y3 = high1 + (cross3<<1 | cross2>>63) + carry
	return y0, y1, y2, y3
}
