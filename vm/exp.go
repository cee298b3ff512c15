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
	exponent, result := *e, uint256.Int{1}
	for i := (n - 1) / 4; i >= 0; i-- {
		square(&result)
		square(&result)
		square(&result)
		square(&result)
		if digit := exponent[i/16] >> (i % 16 * 4) & 15; digit != 0 {
			result.Mul(&result, &powers[digit])
		}
	}
	*z = result
}

// square sets x to x² mod 2^256. Products of different limbs count twice.
func square(x *uint256.Int) {
	high0, low0 := bits.Mul64(x[0], x[0])
	high1, low1 := bits.Mul64(x[1], x[1])
	high01, cross1 := bits.Mul64(x[0], x[1])
	high02, low02 := bits.Mul64(x[0], x[2])
	cross2, carry := bits.Add64(high01, low02, 0)
	cross3 := high02 + x[0]*x[3] + x[1]*x[2] + carry
	x[0] = low0
	x[1], carry = bits.Add64(high0, cross1<<1, 0)
	x[2], carry = bits.Add64(low1, cross2<<1|cross1>>63, carry)
	x[3] = high1 + (cross3<<1 | cross2>>63) + carry
}
