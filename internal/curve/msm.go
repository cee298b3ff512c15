package curve

import (
	"errors"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/secp256k1/fp"
)

// ErrLength reports sums whose scalars and points differ in number, or are more than
// MaxTerms.
var ErrLength = errors.New("curve: scalars and points differ in number, or are too many")

// MaxTerms bounds the terms of a sum.
const MaxTerms = 1 << 20

// Limits of multi-scalar multiplication.
const (
	// bucketsFrom is the number of points from which gnark-crypto's buckets beat
	// interleaved windows, and preparedFrom the number if most have tables.
	bucketsFrom  = 400
	preparedFrom = 5000
	// columnsFrom is the number of terms from which affine columns pay.
	columnsFrom = 6
	// variableWindow is the width of the signed windows of a point met once.
	variableWindow = 5
)

// Table holds the odd multiples of a point and of its image under the
// endomorphism: what a sum needs of a base that returns. It is immutable.
type Table struct {
	odd, image []pair // (2i+1)·P and λ·(2i+1)·P
	window     uint
}

// Base returns the table's point.
func (t *Table) Base() Point { return t.odd[0].point() }

// Arithmetic computes sums of public multiples of public points, in variable time.
// It is immutable and safe for concurrent use.
type Arithmetic struct{ endo *endomorphism }

// NewArithmetic returns the arithmetic; its constants cost a microsecond.
func NewArithmetic() *Arithmetic { return &Arithmetic{newEndomorphism()} }

// Tables prepares points for sums with signed windows of the given width, 2 to 12
// bits: 2^(width−2) multiples each, of 128 bytes. No point may be the identity.
func (a *Arithmetic) Tables(points []Point, width uint) []*Table {
	per, n := 1<<(width-2), len(points)
	odd := make([]pair, n*per)
	twice, nums, dens := make([]pair, n), make([]element, n), make([]element, n)
	for i := range points {
		odd[i*per] = pairOf(&points[i])
		nums[i], dens[i] = tangent(&odd[i*per])
	}
	invertAll(dens, (*element).inversePublic)
	for i := range twice {
		twice[i] = chord(&odd[i*per], &odd[i*per], &nums[i], &dens[i])
	}
	for j := 1; j < per; j++ { // one inversion for the next multiple of all points
		for i := range twice {
			nums[i], dens[i] = slope(&odd[i*per+j-1], &twice[i])
		}
		invertAll(dens, (*element).inversePublic)
		for i := range twice {
			odd[i*per+j] = chord(&odd[i*per+j-1], &twice[i], &nums[i], &dens[i])
		}
	}
	images := make([]pair, len(odd))
	for i := range odd {
		images[i].x.mul(&odd[i].x, &a.endo.beta)
		images[i].y = odd[i].y
	}
	tables := make([]*Table, n)
	for i := range tables {
		tables[i] = &Table{odd[i*per : (i+1)*per], images[i*per : (i+1)*per], width}
	}
	return tables
}

// Table prepares one point.
func (a *Arithmetic) Table(p *Point, width uint) *Table { return a.Tables([]Point{*p}, width)[0] }

// SumTables returns Σ scalars[i]·tables[i] by interleaved windows over split scalars
// (Straus 1964 with the endomorphism): the doublings are shared by all terms.
func (a *Arithmetic) SumTables(tables []*Table, scalars []Scalar) (Sum, error) {
	if len(tables) != len(scalars) {
		return Zero(), ErrLength
	}
	w := a.windows(tables, scalars)
	c := newColumns(tables, w)
	if len(tables) >= columnsFrom {
		c.reduce()
	}
	var acc jacobian
	for bit := len(c.len) - 1; bit >= 0; bit-- {
		acc.double()
		col := c.column(bit)
		for i := range col {
			acc.add(&col[i])
		}
	}
	return acc.sum(), nil
}

// windows holds the digits of all scalars' halves: those of half i end at ends[i].
type windows struct {
	digits []window
	ends   []int
	top    int // bits that any half has
}

func (a *Arithmetic) windows(tables []*Table, scalars []Scalar) *windows {
	w := &windows{digits: make([]window, 0, 48*len(scalars)), ends: make([]int, 0, 2*len(scalars))}
	for i := range scalars {
		k1, k2 := a.endo.split(&scalars[i])
		for _, k := range []*halfScalar{&k1, &k2} {
			w.digits = k.wnaf(w.digits, tables[i].window)
			w.ends = append(w.ends, len(w.digits))
			if n := len(w.digits); n > 0 {
				w.top = max(w.top, int(w.digits[n-1].bit)+1)
			}
		}
	}
	return w
}

// Term is one summand with a point that was not met before.
type Term struct {
	Scalar Scalar
	Point  Point
}

// Sum returns Σ scalars[i]·tables[i] + Σ terms, choosing the faster of interleaved
// windows and gnark-crypto's buckets. Identities and zero scalars are skipped.
func (a *Arithmetic) Sum(tables []*Table, scalars []Scalar, terms []Term) (Sum, error) {
	if len(tables) != len(scalars) || len(terms)+len(tables) > MaxTerms {
		return Zero(), ErrLength
	}
	points := make([]Point, 0, len(terms)+len(tables))
	all := make([]Scalar, 0, len(terms)+len(tables))
	for i := range terms {
		if !terms[i].Point.IsInfinity() && !terms[i].Scalar.IsZero() {
			points, all = append(points, terms[i].Point), append(all, terms[i].Scalar)
		}
	}
	if len(points) < bucketsFrom && len(points)+len(tables) < preparedFrom {
		ts := append(a.Tables(points, variableWindow), tables...)
		return a.SumTables(ts, append(all, scalars...))
	}
	for i, t := range tables {
		points, all = append(points, t.Base()), append(all, scalars[i])
	}
	return Buckets(points, all)
}

// Buckets returns Σ scalars[i]·points[i] by gnark-crypto's bucket method, in one
// task.
func Buckets(points []Point, scalars []Scalar) (Sum, error) {
	acc := Zero()
	if len(points) != len(scalars) || len(points) > MaxTerms {
		return acc, ErrLength
	}
	if len(points) == 0 {
		return acc, nil
	}
	if _, err := acc.MultiExp(points, scalars, ecc.MultiExpConfig{NbTasks: 1}); err != nil {
		return Zero(), err
	}
	if acc.Z.IsZero() {
		return Zero(), nil // one form of the identity
	}
	return acc, nil
}

// AffineAll returns the affine forms of sums with one inversion.
func AffineAll(sums []Sum) []Point {
	z := make([]fp.Element, len(sums))
	for i := range sums {
		z[i] = sums[i].Z
	}
	inverses := fp.BatchInvert(z)
	out := make([]Point, len(sums))
	for i := range sums {
		var square fp.Element // zero for the identity, whose affine form is all zero
		square.Square(&inverses[i])
		out[i].X.Mul(&sums[i].X, &square)
		out[i].Y.Mul(&sums[i].Y, &square)
		out[i].Y.Mul(&out[i].Y, &inverses[i])
	}
	return out
}
