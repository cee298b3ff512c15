package ringsig

import (
	"fmt"
	"io"
	"math/bits"

	"github.com/rootstem/rootstem/internal/curve"
)

// Limits of range proofs.
const (
	// RangeBits is the width of amounts: a proof shows 0 ≤ v < 2⁶⁴.
	RangeBits = 64
	// MaxRangeValues is the largest number of amounts in one proof.
	MaxRangeValues = 16
)

// RangeGenerators holds the bases of range proofs. It is immutable, safe for
// concurrent use, and costs about 10 ms for each value: make one and keep it.
type RangeGenerators struct {
	params *Params
	max    int
	gT, hT []*curve.Table // Gᵢ and Hᵢ, RangeBits·max of each
	qT     *curve.Table   // Q
}

// NewRangeGenerators derives the bases for proofs over up to max values: 1, 2, 4, 8
// or 16, otherwise ErrLimit.
func (p *Params) NewRangeGenerators(max int) (*RangeGenerators, error) {
	if !rangeCount(max) {
		return nil, fmt.Errorf("%w: %d values", ErrLimit, max)
	}
	var g, h []curve.Point
	for i := range RangeBits * max {
		g, h = append(g, indexed("range-left", i)), append(h, indexed("range-right", i))
	}
	window := uint(8)
	if max > 2 {
		window = 6
	}
	q := indexed("range-product", 0)
	return &RangeGenerators{
		params: p, max: max,
		gT: p.arith.Tables(g, window), hT: p.arith.Tables(h, window), qT: p.arith.Table(&q, baseWindow),
	}, nil
}

// rangeCount reports whether a proof admits m values.
func rangeCount(m int) bool { return m > 0 && m <= MaxRangeValues && m&(m-1) == 0 }

// RangeStatement claims that every commitment hides an amount in [0, 2⁶⁴). The
// number of commitments is 1, 2, 4, 8 or 16; who has another number adds commitments
// to zero.
type RangeStatement struct {
	Scope       *Scope
	Commitments []Commitment
	Message     []byte
}

// check decodes the commitments and begins the transcript.
func (st *RangeStatement) check(max int) ([]curve.Point, transcript, error) {
	if st == nil || st.Scope == nil {
		return nil, transcript{}, fmt.Errorf("%w: a range needs a scope", ErrStatement)
	}
	m := len(st.Commitments)
	if !rangeCount(m) || m > max {
		return nil, transcript{}, fmt.Errorf("%w: %d values", ErrLimit, m)
	}
	t := newTranscript("range")
	st.Scope.absorb(&t)
	t.append("message", st.Message)
	t.appendUint("n", RangeBits)
	t.appendUint("m", uint64(m))
	points := make([]curve.Point, m)
	for i := range points {
		var err error
		if points[i], err = curve.DecodePoint(st.Commitments[i][:]); err != nil {
			return nil, t, fmt.Errorf("%w: commitment: %w", ErrStatement, err)
		}
		t.append("commitment", st.Commitments[i][:])
	}
	return points, t, nil
}

// rangeProof is a decoded proof.
type rangeProof struct {
	a, s, t1, t2 curve.Point
	l, r         []curve.Point
	tauX, mu, t  curve.Scalar
	u, v         curve.Scalar // the last elements of the two vectors, a and b in the paper
}

// RangeProofSize returns the length of a proof over m values: 674, 739, 803, 867 and
// 931 bytes for 1, 2, 4, 8 and 16, and 0 for another m.
func RangeProofSize(m int) int {
	if !rangeCount(m) {
		return 0
	}
	points := 4 + 2*rounds(m)
	return (points+7)/8 + 32*points + 5*curve.ScalarSize
}

// rounds returns how often 64·m elements are halved.
func rounds(m int) int { return bits.Len(uint(RangeBits*m)) - 1 }

// encode returns parities ‖ x-coordinates ‖ scalars.
func (p *rangeProof) encode() []byte {
	points := append([]curve.Point{p.a, p.s, p.t1, p.t2}, append(append([]curve.Point{}, p.l...), p.r...)...)
	parities := (len(points) + 7) / 8
	out := make([]byte, parities, parities+32*len(points)+5*curve.ScalarSize)
	for i := range points {
		b := curve.Encode(&points[i])
		out[i/8] |= b[0] & 1 << (i % 8)
		out = append(out, b[1:]...)
	}
	for _, s := range []*curve.Scalar{&p.tauX, &p.mu, &p.t, &p.u, &p.v} {
		out = appendScalar(out, s)
	}
	return out
}

// decodeRange reads a proof over m values, all of b.
func decodeRange(b []byte, m int) (*rangeProof, error) {
	k := rounds(m)
	count := 4 + 2*k
	if len(b) != RangeProofSize(m) {
		return nil, fmt.Errorf("%w: range proof of %d bytes", ErrEncoding, len(b))
	}
	parities := b[:(count+7)/8]
	if count%8 != 0 && parities[len(parities)-1]>>(count%8) != 0 {
		return nil, fmt.Errorf("%w: unused parity bits", ErrEncoding)
	}
	r := reader{b: b[len(parities):]}
	points := make([]curve.Point, count)
	for i := range points {
		p, err := curve.Lift(r.take(32), parities[i/8]>>(i%8)&1 == 1)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrEncoding, err)
		}
		points[i] = p
	}
	p := &rangeProof{a: points[0], s: points[1], t1: points[2], t2: points[3], l: points[4 : 4+k], r: points[4+k:]}
	p.tauX, p.mu, p.t, p.u, p.v = r.scalar(), r.scalar(), r.scalar(), r.scalar(), r.scalar()
	if err := r.done(); err != nil {
		return nil, err
	}
	return p, nil
}

// Prove shows that the statement's commitments are those to values with blindings,
// and hence in range. Nonces as for Sign.
//
// Errors: ErrStatement, ErrLimit, ErrWitness, ErrRandom.
//
// Secrecy: constant time in values and blindings. The inner-product argument runs in
// variable time on vectors that the paper's protocol may publish.
//
// Source: Bünz, Bootle, Boneh, Poelstra, Wuille, Maxwell, "Bulletproofs: Short Proofs
// for Confidential Transactions and More" (2018), sections 3, 4.1 to 4.3.
func (g *RangeGenerators) Prove(rand io.Reader, st *RangeStatement, values []uint64, blindings []*Blinding) ([]byte, error) {
	_, t, err := st.check(g.max)
	if err != nil {
		return nil, err
	}
	if len(values) != len(st.Commitments) || len(blindings) != len(values) {
		return nil, fmt.Errorf("%w: %d values, %d blindings", ErrWitness, len(values), len(blindings))
	}
	secrets := make([][32]byte, 0, 2*len(values))
	for i, v := range values {
		if blindings[i] == nil || g.params.Commit(v, blindings[i]) != st.Commitments[i] {
			return nil, fmt.Errorf("%w: value %d does not open its commitment", ErrWitness, i)
		}
		secrets = append(secrets, curve.SecretFromUint64(v).Bytes(), blindings[i].Bytes())
	}
	nonces, err := newNonces(rand, &t, secrets...)
	if err != nil {
		return nil, err
	}
	defer nonces.zeroise()
	rp := newRangeProver(g, values, blindings, nonces)
	defer rp.zeroise()
	proof := &rangeProof{}
	left, right, y, err := rp.polynomials(&t, proof)
	if err != nil {
		return nil, err
	}
	w, err := t.challenge("w")
	if err != nil {
		return nil, err
	}
	if err := g.fold(&t, proof, left, right, &y, &w); err != nil {
		return nil, err
	}
	for _, s := range []*curve.Scalar{&proof.tauX, &proof.mu, &proof.t, &proof.u, &proof.v} {
		if s.IsZero() {
			return nil, ErrTransient
		}
	}
	return proof.encode(), nil
}
