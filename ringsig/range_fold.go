package ringsig

import "github.com/rootstem/rootstem/internal/curve"

// rebaseAfter is the number of halvings after which the folded bases are computed:
// until then their coefficients to the old bases are kept instead, which is cheaper
// while tables of the old bases are at hand.
const rebaseAfter = 3

// folder runs the inner-product argument of section 3 on public vectors. The folded
// base p is Σ gs[i]·g[i] over i ≡ p modulo the current length, and so for h.
type folder struct {
	arith  *curve.Arithmetic
	g, h   []*curve.Table
	gs, hs []curve.Scalar
	q      *curve.Table
	w      curve.Scalar
	a, b   []curve.Scalar
}

// fold sets the proof's L, R, and last elements, with bases Gᵢ, y⁻ⁱ·Hᵢ and w·Q.
func (g *RangeGenerators) fold(t *transcript, p *rangeProof, a, b []curve.Scalar, y, w *curve.Scalar) error {
	n := len(a)
	f := &folder{arith: g.params.arith, g: g.gT[:n], h: g.hT[:n], q: g.qT, w: *w, a: a, b: b}
	f.gs, f.hs = ones(n), ones(n)
	var inverse curve.Scalar
	inverse.Inverse(y)
	for i := 1; i < n; i++ {
		f.hs[i].Mul(&f.hs[i-1], &inverse)
	}
	for round := 1; len(f.a) > 1; round++ {
		l, r, err := f.cross()
		if err != nil {
			return err
		}
		p.l, p.r = append(p.l, l), append(p.r, r)
		t.appendPoint("L", &l)
		t.appendPoint("R", &r)
		u, err := t.challenge("u")
		if err != nil {
			return err
		}
		f.halve(&u)
		if round%rebaseAfter == 0 && len(f.a) > 1 {
			if err := f.rebase(); err != nil {
				return err
			}
		}
	}
	p.u, p.v = f.a[0], f.b[0]
	return nil
}

func ones(n int) []curve.Scalar {
	out := make([]curve.Scalar, n)
	for i := range out {
		out[i].SetOne()
	}
	return out
}

// cross returns L = ⟨a_lo, G_hi⟩ + ⟨b_hi, H_lo⟩ + ⟨a_lo, b_hi⟩·w·Q and R, its mirror.
func (f *folder) cross() (l, r curve.Point, err error) {
	size := len(f.a)
	half := size / 2
	var tl, tr []*curve.Table
	var sl, sr []curve.Scalar
	for i := range f.g {
		var ga, hb curve.Scalar
		if p := i % size; p < half {
			tr, sr = append(tr, f.g[i]), append(sr, *ga.Mul(&f.a[p+half], &f.gs[i]))
			tl, sl = append(tl, f.h[i]), append(sl, *hb.Mul(&f.b[p+half], &f.hs[i]))
		} else {
			tl, sl = append(tl, f.g[i]), append(sl, *ga.Mul(&f.a[p-half], &f.gs[i]))
			tr, sr = append(tr, f.h[i]), append(sr, *hb.Mul(&f.b[p-half], &f.hs[i]))
		}
	}
	cl, cr := inner(f.a[:half], f.b[half:]), inner(f.a[half:], f.b[:half])
	cl.Mul(&cl, &f.w)
	cr.Mul(&cr, &f.w)
	sumL, err := f.arith.Sum(append(tl, f.q), append(sl, cl), nil)
	if err != nil {
		return l, r, err
	}
	sumR, err := f.arith.Sum(append(tr, f.q), append(sr, cr), nil)
	if err != nil {
		return l, r, err
	}
	if curve.IsZero(&sumL) || curve.IsZero(&sumR) {
		return l, r, ErrTransient
	}
	both := curve.AffineAll([]curve.Sum{sumL, sumR})
	return both[0], both[1], nil
}

// halve folds the vectors by u: a' = u·a_lo + u⁻¹·a_hi, b' = u⁻¹·b_lo + u·b_hi, and
// the bases inversely.
func (f *folder) halve(u *curve.Scalar) {
	var inv, t curve.Scalar
	inv.Inverse(u)
	size := len(f.a)
	half := size / 2
	for i := range f.gs {
		if i%size < half {
			f.gs[i].Mul(&f.gs[i], &inv)
			f.hs[i].Mul(&f.hs[i], u)
		} else {
			f.gs[i].Mul(&f.gs[i], u)
			f.hs[i].Mul(&f.hs[i], &inv)
		}
	}
	for p := range half {
		f.a[p].Mul(&f.a[p], u)
		f.a[p].Add(&f.a[p], t.Mul(&f.a[p+half], &inv))
		f.b[p].Mul(&f.b[p], &inv)
		f.b[p].Add(&f.b[p], t.Mul(&f.b[p+half], u))
	}
	f.a, f.b = f.a[:half], f.b[:half]
}

// rebase replaces the bases by the folded ones.
func (f *folder) rebase() error {
	size := len(f.a)
	for _, side := range []struct {
		tables  *[]*curve.Table
		scalars *[]curve.Scalar
	}{{&f.g, &f.gs}, {&f.h, &f.hs}} {
		sums := make([]curve.Sum, size)
		for p := range sums {
			var ts []*curve.Table
			var ss []curve.Scalar
			for i := p; i < len(*side.tables); i += size {
				ts, ss = append(ts, (*side.tables)[i]), append(ss, (*side.scalars)[i])
			}
			sum, err := f.arith.SumTables(ts, ss)
			if err != nil {
				return err
			}
			if curve.IsZero(&sum) {
				return ErrTransient
			}
			sums[p] = sum
		}
		*side.tables = f.arith.Tables(curve.AffineAll(sums), tableWindow)
		*side.scalars = ones(size)
	}
	return nil
}
