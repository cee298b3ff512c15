package secp

import (
	"encoding/binary"
	"math/bits"
	"sync"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// Widths of the windows: odd multiples up to 2^(w-1) - 1 are tabled.
const (
	baseWindow  = 10
	pointWindow = 5
)

// beta is a cube root of one: (βx, y) is λ times (x, y), with lambda below (Gallant,
// Lambert, Vanstone: Faster point multiplication on elliptic curves with efficient
// endomorphisms).
var beta = field{0xc1396c28719501ee, 0x9cf0497512f58995, 0x6e64479eac3434e9, 0x7ae96a2b657c0710}

// lattice holds what splits a scalar k into k1 + λ·k2 of at most 128 bits each:
// round(2^384·b2/n) and round(-2^384·b1/n) for a short basis (a1, b1), (a2, b2), and
// -λ, -b1 and -b2 mod n.
type lattice struct {
	g1, g2               [4]uint64
	lambda, minB1, minB2 secp256k1.ModNScalar
}

var newLattice = sync.OnceValue(func() *lattice {
	l := &lattice{
		g1: [4]uint64{0xe893209a45dbb031, 0x3daa8a1471e8ca7f, 0xe86c90e49284eb15, 0x3086d221a7d46bcd},
		g2: [4]uint64{0x1571b4ae8ac47f71, 0x221208ac9df506c6, 0x6f547fa90abfe4c4, 0xe4437ed6010e8828},
	}
	setScalar(&l.lambda, 0xdf02967c1b23bd72, 0x122e22ea20816678, 0xa5261c028812645a, 0x5363ad4cc05c30e0)
	l.lambda.Negate()
	setScalar(&l.minB1, 0x6f547fa90abfe4c3, 0xe4437ed6010e8828, 0, 0)
	setScalar(&l.minB2, 0xd765cda83db1562c, 0x8a280ac50774346d, 0xfffffffffffffffe, 0xffffffffffffffff)
	return l
})

func setScalar(s *secp256k1.ModNScalar, words ...uint64) {
	var b [32]byte
	for i, w := range words {
		binary.BigEndian.PutUint64(b[24-8*i:], w)
	}
	s.SetBytes(&b)
}

func scalarWords(s *secp256k1.ModNScalar) (w [4]uint64) {
	b := s.Bytes()
	for i := range w {
		w[i] = binary.BigEndian.Uint64(b[24-8*i:])
	}
	return w
}

// half is one part of a split scalar: its size and sign.
type half struct {
	words    [3]uint64
	negative bool
}

func newHalf(s *secp256k1.ModNScalar) (h half) {
	if s.IsOverHalfOrder() {
		s.Negate()
		h.negative = true
	}
	w := scalarWords(s)
	copy(h.words[:], w[:3])
	return h
}

// split returns k1 and k2 with k = k1 + λ·k2.
func (l *lattice) split(k *secp256k1.ModNScalar) (k1, k2 half) {
	words := scalarWords(k)
	var c1, c2, t secp256k1.ModNScalar
	roundedShift(&c1, &words, &l.g1)
	roundedShift(&c2, &words, &l.g2)
	c1.Mul(&l.minB1)
	c1.Add(c2.Mul(&l.minB2))
	t.Mul2(&c1, &l.lambda).Add(k)
	return newHalf(&t), newHalf(&c1)
}

// roundedShift sets s to round(x·y / 2^384).
func roundedShift(s *secp256k1.ModNScalar, x, y *[4]uint64) {
	r := wide(x, y)
	low, carry := bits.Add64(r[6], r[5]>>63, 0)
	setScalar(s, low, r[7]+carry)
}

// digits is a scalar in signed digits, the lowest first: zero or odd.
type digits [132]int16

// recode fills d with digits below 2^(window-1) in size and returns how many count.
func (d *digits) recode(h *half, window uint) (n int) {
	k := h.words
	for k[0]|k[1]|k[2] != 0 {
		if k[0]&1 == 1 {
			digit := int64(k[0] & (1<<window - 1))
			var c uint64
			if digit >= 1<<(window-1) {
				digit -= 1 << window
				k[0], c = bits.Add64(k[0], uint64(-digit), 0)
				k[1], c = bits.Add64(k[1], 0, c)
				k[2] += c
			} else {
				k[0] -= uint64(digit)
			}
			if h.negative {
				d[n] = int16(-digit)
			} else {
				d[n] = int16(digit)
			}
		}
		n++
		k[0] = k[0]>>1 | k[1]<<63
		k[1] = k[1]>>1 | k[2]<<63
		k[2] >>= 1
	}
	return n
}

// generator returns the tables of the group's base point and of λ times it.
var generator = sync.OnceValue(func() *[2][]affine {
	g := affine{
		field{0x59f2815b16f81798, 0x029bfcdb2dce28d9, 0x55a06295ce870b07, 0x79be667ef9dcbbac},
		field{0x9c47d08ffb10d4b8, 0xfd17b448a6855419, 0x5da4fbfc0e1108a8, 0x483ada7726a3c465},
	}
	return tables(&g, baseWindow)
})

func tables(p *affine, window uint) *[2][]affine {
	t := &[2][]affine{oddMultiples(p, 1<<(window-2))}
	t[1] = make([]affine, len(t[0]))
	for i := range t[0] {
		t[1][i].x.mul(&t[0][i].x, &beta)
		t[1][i].y = t[0][i].y
	}
	return t
}

// multiply returns u1·G + u2·p, by one chain of doublings for the four halves
// (Straus).
func multiply(u1, u2 *secp256k1.ModNScalar, p *affine) (sum jacobian) {
	var recoded [4]digits
	l := newLattice()
	a, b := l.split(u1)
	c, d := l.split(u2)
	n := max(recoded[0].recode(&a, baseWindow), recoded[1].recode(&b, baseWindow),
		recoded[2].recode(&c, pointWindow), recoded[3].recode(&d, pointWindow))
	base, point := generator(), tables(p, pointWindow)
	lists := [4][]affine{base[0], base[1], point[0], point[1]}
	for i := n - 1; i >= 0; i-- {
		sum.double()
		for j := range lists {
			if digit := recoded[j][i]; digit > 0 {
				sum.addAffine(&lists[j][digit>>1], false)
			} else if digit < 0 {
				sum.addAffine(&lists[j][-digit>>1], true)
			}
		}
	}
	return sum
}
