package ringsig

import (
	"fmt"
	"io"

	"github.com/rootstem/rootstem/internal/curve"
)

// Verify checks one range proof. Errors: ErrStatement, ErrLimit, ErrEncoding,
// ErrRange. Variable time on public data.
func (g *RangeGenerators) Verify(st *RangeStatement, proof []byte) error {
	return g.VerifyAll(nil, []*RangeStatement{st}, [][]byte{proof})
}

// VerifyAll checks proofs[i] for statements[i], all together, as VerifyProofs does:
// nil if every one is valid, and no word on which is not. The proofs share one
// multiplication of the bases. Errors: those of Verify, ErrLimit (none, or more than
// MaxBatch) and ErrRandom.
func (g *RangeGenerators) VerifyAll(rand io.Reader, statements []*RangeStatement, proofs [][]byte) error {
	if len(statements) != len(proofs) || len(proofs) == 0 || len(proofs) > MaxBatch {
		return fmt.Errorf("%w: %d statements, %d proofs", ErrLimit, len(statements), len(proofs))
	}
	parts := make([]*rangeCheck, len(proofs))
	states := make([][32]byte, len(proofs))
	longest := 0
	for i := range proofs {
		var err error
		if parts[i], err = g.newRangeCheck(statements[i], proofs[i]); err != nil {
			return err
		}
		states[i] = parts[i].state
		longest = max(longest, RangeBits*len(parts[i].v))
	}
	w, err := newWeights(rand, states)
	if err != nil {
		return err
	}
	sum := &rangeSum{gs: make([]curve.Scalar, longest), hs: make([]curve.Scalar, longest)}
	for _, part := range parts {
		sum.add(part, w)
	}
	return g.check(sum)
}

// rangeCheck is a proof with its statement and challenges.
type rangeCheck struct {
	p             *rangeProof
	v             []curve.Point
	y, z, x, w    curve.Scalar
	u, uInv, yInv []curve.Scalar // yInv: the inverse of y alone
	state         [32]byte
}

func (g *RangeGenerators) newRangeCheck(st *RangeStatement, proof []byte) (*rangeCheck, error) {
	v, t, err := st.check(g.max)
	if err != nil {
		return nil, err
	}
	p, err := decodeRange(proof, len(v))
	if err != nil {
		return nil, err
	}
	c := &rangeCheck{p: p, v: v}
	t.appendPoint("A", &p.a)
	t.appendPoint("S", &p.s)
	fail := false
	draw := func(label string) curve.Scalar {
		s, err := t.challenge(label)
		fail = fail || err != nil
		return s
	}
	c.y, c.z = draw("y"), draw("z")
	t.appendPoint("T1", &p.t1)
	t.appendPoint("T2", &p.t2)
	c.x = draw("x")
	t.appendScalar("tau_x", &p.tauX)
	t.appendScalar("mu", &p.mu)
	t.appendScalar("t", &p.t)
	c.w = draw("w")
	for i := range p.l {
		t.appendPoint("L", &p.l[i])
		t.appendPoint("R", &p.r[i])
		c.u = append(c.u, draw("u"))
	}
	if fail {
		return nil, ErrRange
	}
	inverses := batchInvert(append([]curve.Scalar{c.y}, c.u...))
	c.yInv, c.uInv = inverses[:1], inverses[1:]
	t.appendScalar("a", &p.u)
	t.appendScalar("b", &p.v)
	c.state = t.state
	return c, nil
}

// batchInvert returns the inverses of non-zero scalars with one inversion.
func batchInvert(in []curve.Scalar) []curve.Scalar {
	out := make([]curve.Scalar, len(in))
	var acc curve.Scalar
	acc.SetOne()
	for i := range in {
		out[i] = acc
		acc.Mul(&acc, &in[i])
	}
	acc.Inverse(&acc)
	for i := len(in) - 1; i >= 0; i-- {
		out[i].Mul(&out[i], &acc)
		acc.Mul(&acc, &in[i])
	}
	return out
}

// rangeSum accumulates the equations of a batch.
type rangeSum struct {
	g, h, q curve.Scalar
	gs, hs  []curve.Scalar
	terms   []curve.Term
}

func (s *rangeSum) term(c curve.Scalar, p *curve.Point) {
	s.terms = append(s.terms, curve.Term{Scalar: c, Point: *p})
}

// add adds the two equations of one proof, as numbered in the package's doc, under
// two weights.
func (s *rangeSum) add(c *rangeCheck, w *weights) {
	w1, w2 := w.next(), w.next()
	p := c.p
	var t, z curve.Scalar
	// (1) Σ z^(1+j)·Vⱼ + δ·H + x·T₁ + x²·T₂ − t·H − τ_x·G
	z.Set(&c.z)
	for j := range c.v {
		z.Mul(&z, &c.z)
		s.term(*t.Mul(&w1, &z), &c.v[j])
	}
	delta := c.delta()
	delta.Sub(&delta, &p.t)
	s.h.Add(&s.h, delta.Mul(&delta, &w1))
	t.Mul(&w1, &c.x)
	s.term(t, &p.t1)
	s.term(*t.Mul(&t, &c.x), &p.t2)
	s.g.Sub(&s.g, t.Mul(&w1, &p.tauX))
	// (2) A + x·S − μ·G + w·(t − a·b)·Q + Σ uₖ²·Lₖ + uₖ⁻²·Rₖ + Σ over Gᵢ, Hᵢ
	s.term(w2, &p.a)
	s.term(*t.Mul(&w2, &c.x), &p.s)
	s.g.Sub(&s.g, t.Mul(&w2, &p.mu))
	t.Mul(&p.u, &p.v)
	t.Sub(&p.t, &t)
	t.Mul(&t, &c.w)
	s.q.Add(&s.q, t.Mul(&t, &w2))
	for k := range p.l {
		t.Square(&c.u[k])
		s.term(*t.Mul(&t, &w2), &p.l[k])
		t.Square(&c.uInv[k])
		s.term(*t.Mul(&t, &w2), &p.r[k])
	}
	s.addBases(c, &w2)
}

// delta returns δ(y, z) = (z − z²)·Σ yⁱ − Σⱼ z^(j+2)·(2⁶⁴ − 1).
func (c *rangeCheck) delta() curve.Scalar {
	var sum, power, d, z, all curve.Scalar
	power.SetOne()
	for range RangeBits * len(c.v) {
		sum.Add(&sum, &power)
		power.Mul(&power, &c.y)
	}
	z.Square(&c.z)
	d.Sub(&c.z, &z)
	d.Mul(&d, &sum)
	all.SetUint64(1<<64 - 1)
	for range c.v {
		z.Mul(&z, &c.z)
		d.Sub(&d, sum.Mul(&z, &all))
	}
	return d
}

// addBases adds weight·(−z − a·sᵢ) to Gᵢ and weight·(z + y⁻ⁱ·(z^(1+j)·2ⁱ − b·sᵢ⁻¹)) to Hᵢ,
// where sᵢ = Π uₖ^(±1): + if the k-th bit of i, from the highest, is set.
func (s *rangeSum) addBases(c *rangeCheck, weight *curve.Scalar) {
	n := RangeBits * len(c.v)
	products := ones(n) // sᵢ; sᵢ⁻¹ is s₍ₙ₋₁₋ᵢ₎
	for k := range c.u {
		bit := n >> (k + 1)
		for i := range products {
			if i&bit != 0 {
				products[i].Mul(&products[i], &c.u[k])
			} else {
				products[i].Mul(&products[i], &c.uInv[k])
			}
		}
	}
	var yi, z, two, t curve.Scalar
	yi.SetOne()
	z.Set(&c.z)
	for i := range n {
		if i%RangeBits == 0 {
			z.Mul(&z, &c.z)
			two.Set(&z)
		}
		t.Mul(&c.p.u, &products[i])
		t.Add(&t, &c.z)
		s.gs[i].Sub(&s.gs[i], t.Mul(&t, weight))
		t.Mul(&c.p.v, &products[n-1-i])
		t.Sub(&two, &t)
		t.Mul(&t, &yi)
		t.Add(&t, &c.z)
		s.hs[i].Add(&s.hs[i], t.Mul(&t, weight))
		yi.Mul(&yi, &c.yInv[0])
		two.Double(&two)
	}
}

func (g *RangeGenerators) check(s *rangeSum) error {
	n := len(s.gs)
	tables := make([]*curve.Table, 0, 2*n+3)
	tables = append(append(append(tables, g.gT[:n]...), g.hT[:n]...), g.params.gT, g.params.hT, g.qT)
	scalars := append(append(append([]curve.Scalar{}, s.gs...), s.hs...), s.g, s.h, s.q)
	sum, err := g.params.arith.Sum(tables, scalars, s.terms)
	if err != nil {
		return err
	}
	if !curve.IsZero(&sum) {
		return ErrRange
	}
	return nil
}
