package curve

import "github.com/consensys/gnark-crypto/ecc/secp256k1/fp"

// leastPairs is the number of pairs from which affine additions that share an
// inversion beat mixed additions.
const leastPairs = 24

// columns holds the points that a sum of windows adds between two doublings, one
// column for each bit. They are added up pairwise in affine coordinates, all columns
// together, so that one inversion serves many additions.
type columns struct {
	points     []Point
	start, len []int // of each column in points
}

func newColumns(tables []*Table, digits [][2][wnafLen]int16, top int) *columns {
	c := &columns{start: make([]int, top), len: make([]int, top)}
	total := 0
	for bit := range top {
		c.start[bit] = total
		for i := range digits {
			for half := range 2 {
				if digits[i][half][bit] != 0 {
					total++
				}
			}
		}
	}
	c.points = make([]Point, total)
	for i, t := range tables {
		for half, odd := range [2][]Point{t.odd, t.image} {
			for bit, d := range digits[i][half][:top] {
				if d != 0 {
					c.put(bit, odd, d)
				}
			}
		}
	}
	return c
}

func (c *columns) put(bit int, odd []Point, d int16) {
	p := &c.points[c.start[bit]+c.len[bit]]
	c.len[bit]++
	if d > 0 {
		*p = odd[d>>1]
		return
	}
	*p = odd[(-d)>>1]
	p.Y.Neg(&p.Y)
}

func (c *columns) column(bit int) []Point {
	return c.points[c.start[bit] : c.start[bit]+c.len[bit]]
}

// reduce halves the columns for as long as that pays.
func (c *columns) reduce() {
	for {
		pairs := 0
		for _, n := range c.len {
			pairs += n / 2
		}
		if pairs < leastPairs {
			return
		}
		c.halve(pairs)
	}
}

// halve adds the points of each column in pairs.
func (c *columns) halve(pairs int) {
	nums, dens := make([]fp.Element, 0, pairs), make([]fp.Element, 0, pairs)
	for bit := range c.len {
		col := c.column(bit)
		for i := 0; i+1 < len(col); i += 2 {
			num, den := slope(&col[i], &col[i+1])
			nums, dens = append(nums, num), append(dens, den)
		}
	}
	inverses := fp.BatchInvert(dens)
	k := 0
	for bit := range c.len {
		col := c.column(bit)
		out := 0
		for i := 0; i < len(col); i += 2 {
			sum := col[i]
			if i+1 < len(col) {
				opposite := dens[k].IsZero()
				sum = chord(&col[i], &col[i+1], &nums[k], &inverses[k])
				k++
				if opposite {
					continue
				}
			}
			col[out] = sum
			out++
		}
		c.len[bit] = out
	}
}

// slope returns numerator and denominator of the slope through p and q, or of the
// tangent if they are equal. The denominator is zero if q = −p. Neither is the
// identity.
func slope(p, q *Point) (num, den fp.Element) {
	if !p.X.Equal(&q.X) {
		num.Sub(&q.Y, &p.Y)
		den.Sub(&q.X, &p.X)
		return num, den
	}
	if p.Y.Equal(&q.Y) { // y ≠ 0: the order is odd
		den.Double(&p.Y)
		num.Square(&p.X)
		var three fp.Element
		three.Double(&num)
		num.Add(&num, &three)
	}
	return num, den
}

// chord returns p + q from the slope's numerator and inverted denominator.
func chord(p, q *Point, num, inverse *fp.Element) (out Point) {
	var l fp.Element
	l.Mul(num, inverse)
	out.X.Square(&l)
	out.X.Sub(&out.X, &p.X)
	out.X.Sub(&out.X, &q.X)
	out.Y.Sub(&p.X, &out.X)
	out.Y.Mul(&out.Y, &l)
	out.Y.Sub(&out.Y, &p.Y)
	return out
}
