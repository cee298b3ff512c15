package curve

import (
	"math/bits"

	voi "gitlab.com/yawning/secp256k1-voi"
)

// secretWindow is the width of the signed digits of secret scalars: a lookup reads
// 2^(secretWindow−1) multiples, so wider ones cost more than they save.
const secretWindow = 5

// MulTables returns Σ scalars[i]·tables[i] in constant time in the scalars, several
// times faster than MulSum. The slices have one length, and no table is narrower than
// 3 bits.
//
// Nobody may know a relation between the tables' points, and the scalars should be
// random: then no two intermediate sums are equal or opposite, but with a probability
// that equals that of guessing a discrete logarithm. Otherwise the result can be
// wrong, and the time differ.
func MulTables(tables []*Table, scalars []*SecretScalar) *SecretPoint {
	if len(tables) == 0 {
		return &SecretPoint{*voi.NewIdentityPoint()}
	}
	width := uint(secretWindow)
	for _, t := range tables {
		width = min(width, t.window-1)
	}
	sums := columnSums(tables, scalars, width)
	acc := jacobian{sums[len(sums)-1].x, sums[len(sums)-1].y, element{1}}
	for j := len(sums) - 2; j >= 0; j-- {
		for range width {
			acc.double()
		}
		h, r := acc.differences(&sums[j])
		acc.chord(&h, &r)
	}
	clear(sums)
	return acc.secret()
}

// secretPoints is the number of points that are chosen before they are added up: as
// many as a processor's cache holds.
const secretPoints = 8192

// columnSums returns, for each place of the digits, the sum of the multiples that the
// scalars' digits there choose.
func columnSums(tables []*Table, scalars []*SecretScalar, width uint) []pair {
	columns := (256 + int(width) - 1) / int(width)
	left := make([]digits, len(tables))
	for i := range left {
		left[i] = newDigits(scalars[i])
	}
	group := min(columns, max(1, secretPoints/len(tables)))
	points := make([]pair, group*len(tables)) // column after column
	sums := make([]pair, 0, columns)
	for from := 0; from < columns; from += group {
		n := min(group, columns-from)
		for i, t := range tables {
			for j := range n {
				left[i].choose(&points[j*len(tables)+i], t.odd[:1<<(width-1)], width, from+j == columns-1)
			}
		}
		sums = append(sums, addColumns(points[:n*len(tables)], n)...)
	}
	clear(left)
	clear(points)
	return sums
}

// digits yields a scalar's odd digits, the lowest first: k = Σ dⱼ·2^(width·j) with all dⱼ
// odd and below 2^width in absolute value (Joye and Tunstall, 2009). An even k is
// replaced by n − k, and every digit's sign flipped.
type digits struct {
	limbs [4]uint64 // what is left, odd
	flip  uint64    // 0 or 1
}

func newDigits(s *SecretScalar) (d digits) {
	order := [4]uint64{0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff}
	b := s.Bytes()
	for i, v := range b {
		d.limbs[3-i/8] |= uint64(v) << (56 - i%8*8)
	}
	clear(b[:])
	d.flip = 1 - d.limbs[0]&1
	var other [4]uint64
	var borrow uint64
	for i := range other {
		other[i], borrow = bits.Sub64(order[i], d.limbs[i], borrow)
		d.limbs[i] ^= (d.limbs[i] ^ other[i]) & -d.flip
	}
	clear(other[:])
	return d
}

// choose sets out to the next digit's multiple, reading all odd multiples.
func (d *digits) choose(out *pair, odd []pair, width uint, last bool) {
	digit := d.limbs[0]&(2<<width-1) | 1 // the digit plus 2^width
	negative := 1 - digit>>width
	if last { // nothing is left above: the digit itself
		negative = 0
	}
	place := (digit ^ -negative) & (1<<width - 1) >> 1
	var p pair
	for i := range odd {
		mask := -((uint64(i) ^ place - 1) >> 63) // all ones for i = place
		for k := range p.x {
			p.x[k] |= odd[i].x[k] & mask
			p.y[k] |= odd[i].y[k] & mask
		}
	}
	p.y.negateIf(negative ^ d.flip)
	*out = p
	for k := range d.limbs {
		d.limbs[k] >>= width
		if k < 3 {
			d.limbs[k] |= d.limbs[k+1] << (64 - width)
		}
	}
	d.limbs[0] |= 1
}

// addColumns adds the points of each column up, in pairs and all columns together, so
// that an inversion serves half of the additions that are left. It returns one point
// for each column, and overwrites points.
func addColumns(points []pair, columns int) []pair {
	nums, dens := make([]element, 0, len(points)/2), make([]element, 0, len(points)/2)
	for size := len(points) / columns; size > 1; size = (size + 1) / 2 {
		nums, dens = nums[:0], dens[:0]
		for c := range columns {
			for i := 1; i < size; i += 2 {
				p, q := &points[c*size+i-1], &points[c*size+i]
				var num, den element
				num.sub(&q.y, &p.y)
				den.sub(&q.x, &p.x)
				nums, dens = append(nums, num), append(dens, den)
			}
		}
		invertAll(dens, (*element).inverse)
		out, k := 0, 0
		for c := range columns {
			for i := 0; i < size; i += 2 {
				sum := points[c*size+i]
				if i+1 < size {
					sum = chord(&points[c*size+i], &points[c*size+i+1], &nums[k], &dens[k])
					k++
				}
				points[out] = sum // out is not beyond what was read
				out++
			}
		}
	}
	clear(nums[:cap(nums)])
	clear(dens[:cap(dens)])
	clear(points[columns:])
	return points[:columns]
}

// secret returns p for secret computations. p is not the identity.
func (p *jacobian) secret() *SecretPoint {
	var z, zz, x, y element
	z.inverse(&p.z)
	zz.square(&z)
	x.mul(&p.x, &zz)
	y.mul(&p.y, &zz)
	y.mul(&y, &z)
	bx, by := x.bytes(), y.bytes()
	q, err := voi.NewPointFromCoords(&bx, &by)
	if err != nil {
		return &SecretPoint{*voi.NewIdentityPoint()} // of the probability in MulTables' doc
	}
	return &SecretPoint{*q}
}
