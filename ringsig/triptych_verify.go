package ringsig

import (
	"fmt"
	"io"

	"github.com/rootstem/rootstem/internal/curve"
)

// Limits of a batch.
const (
	// MaxBatch is the largest number of proofs that one call verifies together.
	MaxBatch = 1024
	// MaxBatchMembers bounds the keys and commitments of all distinct rings of a batch,
	// padding included.
	MaxBatchMembers = 1 << 18
)

// VerifyProof checks one Triptych. Whether its tag was seen before is the caller's
// question. Errors: ErrStatement, ErrProof. Variable time on public data.
func VerifyProof(st *Statement, p *Proof) error {
	return VerifyProofs(nil, []*Statement{st}, []*Proof{p})
}

// VerifyProofs checks proofs[i] for statements[i], all together: it returns nil if
// every one is valid, and otherwise does not say which is not. Proofs over one ring,
// by its digest, pay for the ring once.
//
// The equations are added up under 128-bit weights that depend on all of the batch,
// and on 32 bytes of rand: a verifier alone should give one. With nil the answer is
// a function of the batch, as consensus needs it, and a forger who tries 2^k batches
// succeeds with probability 2^(k−128).
//
// Errors: ErrStatement, ErrProof, ErrLimit (none, or more than MaxBatch, or rings of more
// than MaxBatchMembers), ErrRandom.
func VerifyProofs(rand io.Reader, statements []*Statement, proofs []*Proof) error {
	if len(statements) != len(proofs) || len(proofs) == 0 || len(proofs) > MaxBatch {
		return fmt.Errorf("%w: %d statements, %d proofs", ErrLimit, len(statements), len(proofs))
	}
	parts := make([]*membership, len(proofs))
	states := make([][32]byte, len(proofs))
	rings, members := map[[32]byte]struct{}{}, 0
	for i := range proofs {
		var err error
		if parts[i], err = newMembership(statements[i], proofs[i]); err != nil {
			return err
		}
		states[i] = parts[i].state
		ring := statements[i].Ring
		if _, ok := rings[ring.digest]; !ok {
			rings[ring.digest] = struct{}{}
			members += len(ring.keys) + len(ring.commitments)
		}
		if members > MaxBatchMembers {
			return fmt.Errorf("%w: rings of more than %d members", ErrLimit, MaxBatchMembers)
		}
	}
	w, err := newWeights(rand, states)
	if err != nil {
		return err
	}
	s := triptychSum{params: statements[0].Scope.params}
	for _, part := range parts {
		s.add(part, w)
	}
	return s.check()
}

// membership is a proof with its statement and challenges.
type membership struct {
	st     *Statement
	p      *Proof
	offset curve.Point
	mu, xi curve.Scalar
	f      [][radix]curve.Scalar // with fⱼ,₀ = ξ − Σ fⱼ,ᵢ
	state  [32]byte
}

func newMembership(st *Statement, p *Proof) (*membership, error) {
	offset, err := st.check()
	if err != nil {
		return nil, err
	}
	if p == nil || digitsOf(len(st.Ring.keys)) != len(p.x) || (p.aux != nil) != st.amounts() {
		return nil, fmt.Errorf("%w: it does not fit the ring or the form", ErrProof)
	}
	m := &membership{st: st, p: p, offset: offset}
	t, mu, err := triptychTranscript(st, &p.tag, p.aux, len(p.x))
	if err != nil {
		return nil, ErrProof
	}
	m.mu = mu
	if m.xi, err = p.challenge(&t); err != nil {
		return nil, ErrProof
	}
	for j := range p.f {
		row := [radix]curve.Scalar{m.xi}
		for i := range p.f[j] {
			t.appendScalar("f", &p.f[j][i])
			row[i+1] = p.f[j][i]
			row[0].Sub(&row[0], &row[i+1])
		}
		m.f = append(m.f, row)
	}
	t.appendScalar("z_A", &p.zA)
	t.appendScalar("z_C", &p.zC)
	t.appendScalar("z", &p.z)
	m.state = t.state
	return m, nil
}

// triptychSum accumulates the equations of a batch, which must add up to the
// identity. Coefficients of points that proofs share are added up as scalars.
type triptychSum struct {
	params *Params
	g      curve.Scalar
	bits   [maxDigits * radix]curve.Scalar
	rings  []ringSum
	terms  []curve.Term
}

// ringSum holds the coefficients of a ring's keys and commitments.
type ringSum struct {
	ring              *Ring
	keys, commitments []curve.Scalar
}

func (s *triptychSum) term(c curve.Scalar, p *curve.Point) {
	s.terms = append(s.terms, curve.Term{Scalar: c, Point: *p})
}

// add adds the four equations of one proof, as numbered in the package's doc, under
// four weights.
func (s *triptychSum) add(m *membership, w *weights) {
	w1, w2, w3, w4 := w.next(), w.next(), w.next(), w.next()
	p := m.p
	var c curve.Scalar
	// (1) A + ξ·B − Com(f; z_A), (2) ξ·C + D − Com(f·(ξ − f); z_C)
	s.term(w1, &p.a)
	s.term(*c.Mul(&w1, &m.xi), &p.b)
	s.term(*c.Mul(&w2, &m.xi), &p.c)
	s.term(w2, &p.d)
	for j := range m.f {
		for i := range m.f[j] {
			f := &m.f[j][i]
			c.Sub(&m.xi, f)
			c.Mul(&c, &w2)
			c.Add(&c, &w1)
			c.Mul(&c, f)
			s.bits[j*radix+i].Sub(&s.bits[j*radix+i], &c)
		}
	}
	s.g.Sub(&s.g, c.Mul(&w1, &p.zA))
	s.g.Sub(&s.g, c.Mul(&w2, &p.zC))
	// (3) Σ tₖ·(Pₖ + μ·(Cₖ − C′)) − Σ ξʲ·Xⱼ − z·G, (4) ξᵐ·(U + μ·K) − Σ ξʲ·Yⱼ − z·J
	s.g.Sub(&s.g, c.Mul(&w3, &p.z))
	s.term(*c.Neg(c.Mul(&w4, &p.z)), &p.tag)
	var power curve.Scalar
	power.SetOne()
	for j := range p.x {
		s.term(*c.Neg(c.Mul(&w3, &power)), &p.x[j])
		s.term(*c.Neg(c.Mul(&w4, &power)), &p.y[j])
		power.Mul(&power, &m.xi)
	}
	s.term(*c.Mul(&w4, &power), &m.st.Scope.u)
	if p.aux != nil {
		s.term(*c.Mul(&c, &m.mu), p.aux)
		c.Mul(&w3, &power)
		c.Mul(&c, &m.mu)
		s.term(*c.Neg(&c), &m.offset)
	}
	s.addRing(m, &w3)
}

// addRing adds weight·tₖ to the coefficients of the members, tₖ = Πⱼ fⱼ,ₖⱼ.
func (s *triptychSum) addRing(m *membership, weight *curve.Scalar) {
	t := []curve.Scalar{*weight}
	for j := len(m.f) - 1; j >= 0; j-- {
		next := make([]curve.Scalar, radix*len(t))
		for b := range t {
			for i := range radix {
				next[b*radix+i].Mul(&t[b], &m.f[j][i])
			}
		}
		t = next
	}
	r := s.ring(m.st.Ring)
	var c curve.Scalar
	for k := range t {
		r.keys[k].Add(&r.keys[k], &t[k])
		if len(r.commitments) > 0 {
			r.commitments[k].Add(&r.commitments[k], c.Mul(&t[k], &m.mu))
		}
	}
}

func (s *triptychSum) ring(ring *Ring) *ringSum {
	for i := range s.rings {
		if s.rings[i].ring.digest == ring.digest {
			return &s.rings[i]
		}
	}
	s.rings = append(s.rings, ringSum{ring, make([]curve.Scalar, len(ring.keys)), make([]curve.Scalar, len(ring.commitments))})
	return &s.rings[len(s.rings)-1]
}

func (s *triptychSum) check() error {
	for i := range s.rings {
		r := &s.rings[i]
		for k := range r.keys {
			s.term(r.keys[k], &r.ring.keys[k])
		}
		for k := range r.commitments {
			s.term(r.commitments[k], &r.ring.commitments[k])
		}
	}
	tables := append([]*curve.Table{s.params.gT}, s.params.bitsT...)
	sum, err := s.params.arith.Sum(tables, append([]curve.Scalar{s.g}, s.bits[:]...), s.terms)
	if err != nil {
		return err
	}
	if !curve.IsZero(&sum) {
		return ErrProof
	}
	return nil
}
