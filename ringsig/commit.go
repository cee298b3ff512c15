package ringsig

import (
	"fmt"
	"io"

	"github.com/rootstem/rootstem/internal/curve"
)

// Commitment is a Pedersen commitment C = γ·G + v·H to an amount v, compressed. It
// hides v perfectly and binds to it as long as nobody knows H's logarithm to G.
type Commitment [curve.PointSize]byte

// Commit returns γ·G + v·H. Constant time.
func (p *Params) Commit(v uint64, gamma *Blinding) Commitment {
	c := p.commit(curve.SecretFromUint64(v), gamma.s).Reveal()
	return curve.Encode(&c)
}

func (p *Params) commit(v, gamma *curve.SecretScalar) *curve.SecretPoint {
	return curve.MulBase(gamma).Add(curve.Mul(v, curve.HiddenPoint(&p.h)))
}

// MaxBalanceTerms bounds inputs and outputs of a balance proof, each.
const MaxBalanceTerms = 1024

// BalanceProofSize is the length of a balance proof: R ‖ s.
const BalanceProofSize = curve.PointSize + curve.ScalarSize

// Balance is the statement that commitments to inputs hide as much as those to
// outputs and a public fee: Σ Inputs − Σ Outputs − Fee·H = e·G for an excess e that
// the prover knows. It says nothing of ranges: without a range proof for every
// output an amount may be negative modulo n.
type Balance struct {
	Scope   *Scope
	Inputs  []Commitment
	Outputs []Commitment
	Fee     uint64
	Message []byte
}

// excess returns E = Σ Inputs − Σ Outputs − Fee·H and the transcript.
func (b *Balance) excess() (curve.Point, transcript, error) {
	if b == nil || b.Scope == nil || len(b.Inputs) == 0 {
		return curve.Point{}, transcript{}, fmt.Errorf("%w: a balance needs a scope and an input", ErrStatement)
	}
	if len(b.Inputs) > MaxBalanceTerms || len(b.Outputs) > MaxBalanceTerms {
		return curve.Point{}, transcript{}, fmt.Errorf("%w: %d inputs, %d outputs", ErrLimit, len(b.Inputs), len(b.Outputs))
	}
	t := newTranscript("balance")
	b.Scope.absorb(&t)
	t.append("message", b.Message)
	t.appendUint("fee", b.Fee)
	acc := curve.Zero()
	for side, list := range [][]Commitment{b.Inputs, b.Outputs} {
		t.appendUint("count", uint64(len(list)))
		for i := range list {
			c, err := curve.DecodePoint(list[i][:])
			if err != nil {
				return curve.Point{}, t, fmt.Errorf("%w: commitment: %w", ErrStatement, err)
			}
			t.append("commitment", list[i][:])
			if side == 1 {
				c.Neg(&c)
			}
			acc.AddMixed(&c)
		}
	}
	var fee curve.Scalar
	fee.SetUint64(b.Fee)
	fee.Neg(&fee)
	f, err := b.Scope.params.arith.SumTables([]*curve.Table{b.Scope.params.hT}, []curve.Scalar{fee})
	if err != nil {
		return curve.Point{}, t, err
	}
	acc.AddAssign(&f)
	if curve.IsZero(&acc) {
		return curve.Point{}, t, fmt.Errorf("%w: the excess is zero, which links inputs and outputs", ErrBalance)
	}
	return curve.Affine(&acc), t, nil
}

// ProveBalance proves that b balances. The excess is Σ γ of the inputs − Σ γ of the
// outputs, and must not be zero. The nonce is hedged as Sign's. Constant time in the
// excess. Errors: ErrStatement, ErrLimit, ErrBalance, ErrWitness, ErrRandom.
//
// Source: a Schnorr proof of knowledge of E's logarithm to G, as in Mimblewimble's
// kernels.
func ProveBalance(rand io.Reader, b *Balance, excess *Blinding) ([]byte, error) {
	e, t, err := b.excess()
	if err != nil {
		return nil, err
	}
	if excess == nil || excess.s.IsZero() {
		return nil, fmt.Errorf("%w: zero excess", ErrWitness)
	}
	if p := curve.MulBase(excess.s).Reveal(); !p.Equal(&e) {
		return nil, fmt.Errorf("%w: the excess does not fit, or the amounts do not balance", ErrWitness)
	}
	nonces, err := newNonces(rand, &t, excess.Bytes())
	if err != nil {
		return nil, err
	}
	defer nonces.zeroise()
	k := nonces.next()
	defer k.Zeroise()
	r := curve.MulBase(k).Reveal()
	t.appendPoint("R", &r)
	c, err := t.challenge("c")
	if err != nil {
		return nil, err
	}
	s := new(curve.SecretScalar).Mul(curve.Hidden(&c), excess.s)
	s.Add(s, k)
	if s.IsZero() || r.IsInfinity() {
		return nil, ErrTransient
	}
	public := s.Reveal()
	return appendScalar(appendPoint(nil, &r), &public), nil
}

// VerifyBalance checks a balance proof. Errors: ErrStatement, ErrLimit, ErrEncoding,
// ErrBalance. Variable time on public data.
func VerifyBalance(b *Balance, proof []byte) error {
	e, t, err := b.excess()
	if err != nil {
		return err
	}
	in := reader{b: proof}
	r, s := in.point(), in.scalar()
	if err := in.done(); err != nil {
		return err
	}
	t.appendPoint("R", &r)
	c, err := t.challenge("c")
	if err != nil {
		return ErrBalance
	}
	var minus, one curve.Scalar
	minus.Neg(&s)
	one.SetOne()
	p := b.Scope.params
	sum, err := p.arith.Sum([]*curve.Table{p.gT}, []curve.Scalar{minus}, []curve.Term{{Scalar: one, Point: r}, {Scalar: c, Point: e}})
	if err != nil {
		return err
	}
	if !curve.IsZero(&sum) {
		return ErrBalance
	}
	return nil
}
