package ringsig

import "github.com/rootstem/rootstem/internal/curve"

// rangeProver holds the secrets of one range proof, in the paper's names.
type rangeProver struct {
	g                      *RangeGenerators
	bits                   []uint64 // a_L
	blindings              []*Blinding
	alpha, rho, tau1, tau2 *curve.SecretScalar
	sL, sR                 []*curve.SecretScalar
}

func newRangeProver(g *RangeGenerators, values []uint64, blindings []*Blinding, nonces *nonces) *rangeProver {
	rp := &rangeProver{g: g, blindings: blindings}
	for _, v := range values {
		for i := range RangeBits {
			rp.bits = append(rp.bits, v>>i&1)
		}
	}
	rp.alpha, rp.rho, rp.tau1, rp.tau2 = nonces.next(), nonces.next(), nonces.next(), nonces.next()
	for range rp.bits {
		rp.sL = append(rp.sL, nonces.next())
	}
	for range rp.bits {
		rp.sR = append(rp.sR, nonces.next())
	}
	return rp
}

func (rp *rangeProver) zeroise() {
	clear(rp.bits)
	for _, s := range append(append([]*curve.SecretScalar{rp.alpha, rp.rho, rp.tau1, rp.tau2}, rp.sL...), rp.sR...) {
		s.Zeroise()
	}
}

// commit returns A = α·G + Σ a_Lᵢ·Gᵢ + a_Rᵢ·Hᵢ with a_R = a_L − 1, and
// S = ρ·G + Σ s_Lᵢ·Gᵢ + s_Rᵢ·Hᵢ.
func (rp *rangeProver) commit() (a, s curve.Point) {
	n := len(rp.bits)
	sum := curve.MulBase(rp.alpha)
	for i, bit := range rp.bits {
		g, h := rp.g.gT[i].Base(), rp.g.hT[i].Base()
		sum = sum.Add(curve.HiddenPoint(&h).Neg().Choose(curve.HiddenPoint(&g), bit))
	}
	bases := append(append([]*curve.Table{}, rp.g.gT[:n]...), rp.g.hT[:n]...)
	mask := curve.MulTables(bases, append(append([]*curve.SecretScalar{}, rp.sL...), rp.sR...))
	return sum.Reveal(), mask.Add(curve.MulBase(rp.rho)).Reveal()
}

// polynomials runs the protocol of section 4.2 up to the vectors l and r, which the
// paper's protocol publishes, and sets A, S, T₁, T₂, τ_x, μ and t.
func (rp *rangeProver) polynomials(t *transcript, p *rangeProof) (left, right []curve.Scalar, y curve.Scalar, err error) {
	p.a, p.s = rp.commit()
	t.appendPoint("A", &p.a)
	t.appendPoint("S", &p.s)
	if y, err = t.challenge("y"); err != nil {
		return nil, nil, y, err
	}
	z, err := t.challenge("z")
	if err != nil {
		return nil, nil, y, err
	}
	l0, r0, r1 := rp.coefficients(&y, &z)
	t1 := new(curve.SecretScalar).Add(product(l0, r1), product(rp.sL, r0))
	t2 := product(rp.sL, r1)
	p.t1 = rp.g.params.commit(t1, rp.tau1).Reveal()
	p.t2 = rp.g.params.commit(t2, rp.tau2).Reveal()
	t.appendPoint("T1", &p.t1)
	t.appendPoint("T2", &p.t2)
	x, err := t.challenge("x")
	if err != nil {
		return nil, nil, y, err
	}
	hx := curve.Hidden(&x)
	for i := range l0 {
		l, r := new(curve.SecretScalar).Mul(rp.sL[i], hx), new(curve.SecretScalar).Mul(r1[i], hx)
		left = append(left, l.Add(l, l0[i]).Reveal())
		right = append(right, r.Add(r, r0[i]).Reveal())
		l0[i].Zeroise()
		r0[i].Zeroise()
		r1[i].Zeroise()
	}
	p.t = inner(left, right)
	rp.blind(p, hx, &z)
	t.appendScalar("tau_x", &p.tauX)
	t.appendScalar("mu", &p.mu)
	t.appendScalar("t", &p.t)
	return left, right, y, nil
}

// coefficients returns l(X) = l₀ + s_L·X and r(X) = r₀ + r₁·X: l₀ = a_L − z,
// r₀ = yⁱ·(a_R + z) + z^(1+j)·2ⁱ, r₁ = yⁱ·s_R.
func (rp *rangeProver) coefficients(y, z *curve.Scalar) (l0, r0, r1 []*curve.SecretScalar) {
	var yi, zj, two curve.Scalar
	yi.SetOne()
	zj.Set(z)
	hz, one := curve.Hidden(z), curve.SecretFromUint64(1)
	for i, bit := range rp.bits {
		if i%RangeBits == 0 {
			zj.Mul(&zj, z)
			two.Set(&zj)
		}
		power := curve.Hidden(&yi)
		l := new(curve.SecretScalar).Sub(curve.SecretFromUint64(bit), hz)
		r := curve.SecretFromUint64(bit)
		r.Sub(r, one)
		r.Add(r, hz)
		r.Mul(r, power)
		l0, r0 = append(l0, l), append(r0, r.Add(r, curve.Hidden(&two)))
		r1 = append(r1, new(curve.SecretScalar).Mul(rp.sR[i], power))
		yi.Mul(&yi, y)
		two.Double(&two)
	}
	return l0, r0, r1
}

// blind sets τ_x = τ₂·x² + τ₁·x + Σ z^(1+j)·γⱼ and μ = α + ρ·x.
func (rp *rangeProver) blind(p *rangeProof, x *curve.SecretScalar, z *curve.Scalar) {
	tau := new(curve.SecretScalar).Mul(rp.tau2, x)
	tau.Add(tau, rp.tau1)
	tau.Mul(tau, x)
	zj := *z
	for _, b := range rp.blindings {
		zj.Mul(&zj, z)
		term := new(curve.SecretScalar).Mul(curve.Hidden(&zj), b.s)
		tau.Add(tau, term)
		term.Zeroise()
	}
	p.tauX = tau.Reveal()
	mu := new(curve.SecretScalar).Mul(rp.rho, x)
	p.mu = mu.Add(mu, rp.alpha).Reveal()
}

func product(a, b []*curve.SecretScalar) *curve.SecretScalar {
	sum := new(curve.SecretScalar)
	for i := range a {
		sum.Add(sum, new(curve.SecretScalar).Mul(a[i], b[i]))
	}
	return sum
}

func inner(a, b []curve.Scalar) (sum curve.Scalar) {
	var t curve.Scalar
	for i := range a {
		sum.Add(&sum, t.Mul(&a[i], &b[i]))
	}
	return sum
}
