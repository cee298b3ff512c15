package precompile

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"
)

// modexp is base^exponent mod modulus over big-endian integers (EIP-198). Its
// price is EIP-2565's, in Osaka EIP-7883's, and Osaka bounds each operand to 1024
// bytes (EIP-7823).
type modexp struct{ osaka bool }

const (
	// modexpBound is EIP-7823's bound on the length of an operand, in bytes.
	modexpBound = 1024
	// The longest operands that Run reads before Osaka, in bytes. A longer base or
	// modulus costs more than 10^12 gas, a longer exponent more than 7·10^8. All sums
	// and bit counts of such lengths fit 32 bits.
	modexpReach         = 1 << 24
	modexpExponentReach = 1 << 28
)

// modexpLengths are the declared lengths of the operands in bytes, saturated at
// the largest uint64.
type modexpLengths struct{ base, exponent, modulus uint64 }

func readModexpLengths(input []byte) (l modexpLengths) {
	var head [96]byte
	fill(head[:], input, 0)
	l.base = saturated([32]byte(head[:32]))
	l.exponent = saturated([32]byte(head[32:64]))
	l.modulus = saturated([32]byte(head[64:]))
	return l
}

// saturated reads a big-endian word, or the largest uint64 if that is smaller.
func saturated(w [32]byte) uint64 {
	if [24]byte(w[:24]) != [24]byte{} {
		return math.MaxUint64
	}
	return binary.BigEndian.Uint64(w[24:])
}

func (c modexp) Gas(input []byte) uint64 {
	l := readModexpLengths(input)
	complexity, iterations := c.complexity(l), c.iterations(l, input)
	if c.osaka {
		return max(500, saturatingMul(complexity, iterations))
	}
	hi, lo := bits.Mul64(complexity, iterations)
	if hi >= 3 || complexity != 0 && max(complexity, iterations) == math.MaxUint64 {
		return math.MaxUint64 // also if a factor has saturated already
	}
	gas, _ := bits.Div64(hi, lo, 3)
	return max(200, gas)
}

// complexity is the price of one multiplication.
func (c modexp) complexity(l modexpLengths) uint64 {
	longest := max(l.base, l.modulus)
	n := longest / 8
	if longest%8 != 0 {
		n++
	}
	square := saturatingMul(n, n)
	switch {
	case !c.osaka:
		return square
	case longest <= 32:
		return 16
	default:
		return saturatingMul(2, square)
	}
}

// iterations counts the multiplications from the exponent's length and the bit
// length of its first 32 bytes.
func (c modexp) iterations(l modexpLengths, input []byte) uint64 {
	var head [32]byte
	n := int(min(l.exponent, 32))
	if l.base <= uint64(len(input)) {
		fill(head[32-n:], input, 96+int(l.base))
	}
	count := uint64(max(bitLen(head)-1, 0))
	if l.exponent > 32 {
		perByte := uint64(8)
		if c.osaka {
			perByte = 16
		}
		tail := saturatingMul(perByte, l.exponent-32)
		sum, carry := bits.Add64(count, tail, 0)
		if carry != 0 {
			return math.MaxUint64
		}
		count = sum
	}
	return max(count, 1)
}

func (c modexp) Run(input []byte) ([]byte, error) {
	l := readModexpLengths(input)
	if c.osaka && max(l.base, l.exponent, l.modulus) > modexpBound {
		return nil, ErrModexpLength
	}
	if l.modulus == 0 {
		return nil, nil
	}
	if max(l.base, l.modulus) > modexpReach || l.exponent > modexpExponentReach {
		return nil, ErrModexpLength
	}
	base, exponent, modulus := int(l.base), int(l.exponent), int(l.modulus)
	out := make([]byte, modulus)
	m := operand(input, 96+base+exponent, modulus)
	if m.BitLen() <= 1 { // x mod 1 is 0, and Ethereum defines x mod 0 as 0
		return out, nil
	}
	b := operand(input, 96, base)
	oneResult := b.BitLen() == 1 || zeroOperand(input, 96+base, exponent) // 1^e, b^0 and 0^0
	switch {
	case oneResult:
		out[modulus-1] = 1
		return out, nil
	case b.Sign() == 0:
		return out, nil
	}
	e := operand(input, 96+base, exponent)
	return b.Exp(b, e, m).FillBytes(out), nil
}

// zeroOperand reports whether the operand of n bytes at offset is 0.
func zeroOperand(input []byte, offset, n int) bool {
	for i := offset; i < min(offset+n, len(input)); i++ {
		if input[i] != 0 {
			return false
		}
	}
	return true
}

// operand reads n big-endian bytes at offset, zeros beyond the end of input.
func operand(input []byte, offset, n int) *big.Int {
	if offset >= len(input) {
		return new(big.Int)
	}
	tail := input[offset:]
	if n <= len(tail) {
		return new(big.Int).SetBytes(tail[:n])
	}
	x := new(big.Int).SetBytes(tail)
	if x.Sign() == 0 {
		return x
	}
	return x.Lsh(x, 8*uint(n-len(tail)))
}

func bitLen(w [32]byte) int {
	for i, b := range w {
		if b != 0 {
			return 8*(31-i) + bits.Len8(b)
		}
	}
	return 0
}

func saturatingMul(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	if hi != 0 {
		return math.MaxUint64
	}
	return lo
}
