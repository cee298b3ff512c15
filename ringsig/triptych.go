package ringsig

import (
	"crypto/subtle"
	"fmt"
	"io"

	"github.com/rootstem/rootstem/internal/curve"
)

// Proof is a Triptych. Make one with Prove or ParseProof.
type Proof struct {
	tag        curve.Point  // J
	aux        *curve.Point // K = z·J in the form with amounts
	a, b, c, d curve.Point
	x, y       []curve.Point             // Xⱼ, Yⱼ: m of each
	f          [][radix - 1]curve.Scalar // fⱼ,ᵢ for i ≥ 1
	zA, zC, z  curve.Scalar
}

// Tag returns J.
func (p *Proof) Tag() Tag { return curve.Encode(&p.tag) }

// Amounts reports whether the proof is of the form with amounts.
func (p *Proof) Amounts() bool { return p.aux != nil }

// Ring returns the padded size of the ring that the proof speaks of.
func (p *Proof) Ring() int { return 1 << (2 * len(p.x)) }

// AppendBinary appends J ‖ [K] ‖ A ‖ B ‖ C ‖ D ‖ X₀… ‖ Y₀… ‖ f₀,₁ f₀,₂ f₀,₃ f₁,₁ … ‖ z_A ‖ z_C ‖ z
// and never fails: 261 + 162m bytes for 4^m members, 33 more with amounts.
func (p *Proof) AppendBinary(b []byte) ([]byte, error) {
	b = appendPoint(b, &p.tag)
	if p.aux != nil {
		b = appendPoint(b, p.aux)
	}
	for _, q := range []*curve.Point{&p.a, &p.b, &p.c, &p.d} {
		b = appendPoint(b, q)
	}
	for _, list := range [][]curve.Point{p.x, p.y} {
		for j := range list {
			b = appendPoint(b, &list[j])
		}
	}
	for j := range p.f {
		for i := range p.f[j] {
			b = appendScalar(b, &p.f[j][i])
		}
	}
	for _, s := range []*curve.Scalar{&p.zA, &p.zC, &p.z} {
		b = appendScalar(b, s)
	}
	return b, nil
}

// ProofSize returns the length of a proof over a ring of a padded size, and 0 for a
// size that is not admitted.
func ProofSize(size int, amounts bool) int {
	m := digitsOf(size)
	if m == 0 {
		return 0
	}
	n := (5+2*m)*curve.PointSize + (3*m+3)*curve.ScalarSize
	if amounts {
		n += curve.PointSize
	}
	return n
}

// ParseProof reads what AppendBinary wrote, all of b. The length tells the form and
// the ring's size. ErrEncoding as for ParseSignature.
func ParseProof(b []byte) (*Proof, error) {
	for m, size := minDigits, 64; m <= maxDigits; m, size = m+1, size*radix {
		for _, amounts := range []bool{false, true} {
			if len(b) == ProofSize(size, amounts) {
				return parseProof(b, m, amounts)
			}
		}
	}
	return nil, fmt.Errorf("%w: proof of %d bytes", ErrEncoding, len(b))
}

func parseProof(b []byte, m int, amounts bool) (*Proof, error) {
	r := reader{b: b}
	p := &Proof{tag: r.point()}
	if amounts {
		aux := r.point()
		p.aux = &aux
	}
	p.a, p.b, p.c, p.d = r.point(), r.point(), r.point(), r.point()
	for range m {
		p.x = append(p.x, r.point())
	}
	for range m {
		p.y = append(p.y, r.point())
	}
	for range m {
		p.f = append(p.f, [radix - 1]curve.Scalar{r.scalar(), r.scalar(), r.scalar()})
	}
	p.zA, p.zC, p.z = r.scalar(), r.scalar(), r.scalar()
	if err := r.done(); err != nil {
		return nil, err
	}
	return p, nil
}

// Prove makes a Triptych over a ring of 64, 256, 1024, 4096 or 16384 members, padding
// included. Nonces as for Sign. Its time grows with the ring: about a second for
// 16384 members.
//
// Errors: ErrStatement, ErrRing, ErrWitness, ErrRandom.
//
// Secrecy: constant time in all secrets; the index is never an address.
//
// Source: Noether and Goodell, "Triptych: logarithmic-sized linkable ring signatures
// with applications" (2020), with n = 4.
func Prove(rand io.Reader, st *Statement, w *Witness) (*Proof, error) {
	offset, err := st.check()
	if err != nil {
		return nil, err
	}
	m := digitsOf(len(st.Ring.keys))
	if m == 0 {
		return nil, fmt.Errorf("%w: Triptych admits no ring of %d", ErrRing, len(st.Ring.keys))
	}
	if err := st.checkWitness(w, &offset); err != nil {
		return nil, err
	}
	j := w.Key.tag(st.Scope)
	p := &Proof{tag: j.Reveal()}
	secrets := [][32]byte{w.Key.x.Bytes()}
	if w.Blinding != nil {
		aux := curve.Mul(w.Blinding.s, j).Reveal()
		p.aux = &aux
		secrets = append(secrets, w.Blinding.Bytes())
	}
	t, mu, err := triptychTranscript(st, &p.tag, p.aux, m)
	if err != nil {
		return nil, err
	}
	members, err := st.membersForProof(&mu, &offset)
	if err != nil {
		return nil, err
	}
	nonces, err := newNonces(rand, &t, secrets...)
	if err != nil {
		return nil, err
	}
	defer nonces.zeroise()
	secret := new(curve.SecretScalar).Add(w.Key.x, new(curve.SecretScalar))
	defer secret.Zeroise()
	if w.Blinding != nil {
		z := new(curve.SecretScalar).Mul(curve.Hidden(&mu), w.Blinding.s)
		secret.Add(secret, z)
		z.Zeroise()
	}
	tp := newTriptychProver(st.Scope.params, nonces, m, w.Index)
	defer tp.zeroise()
	tp.commit(p)
	tp.mask(p, j, members)
	xi, err := p.challenge(&t)
	if err != nil {
		return nil, err
	}
	return p, tp.respond(p, &xi, secret)
}

// triptychTranscript absorbs the statement, the tag and the ring's shape, and
// derives μ, which is zero in the key form.
func triptychTranscript(st *Statement, tag, aux *curve.Point, m int) (t transcript, mu curve.Scalar, err error) {
	t = st.transcript("triptych")
	t.appendUint("n", radix)
	t.appendUint("m", uint64(m))
	t.appendPoint("tag", tag)
	if aux != nil {
		t.appendPoint("aux", aux)
		mu, err = t.challenge("mu")
	}
	return t, mu, err
}

// challenge absorbs the first move and returns ξ.
func (p *Proof) challenge(t *transcript) (curve.Scalar, error) {
	for i, q := range []*curve.Point{&p.a, &p.b, &p.c, &p.d} {
		t.appendPoint("ABCD"[i:i+1], q)
	}
	for j := range p.x {
		t.appendPoint("X", &p.x[j])
	}
	for j := range p.y {
		t.appendPoint("Y", &p.y[j])
	}
	return t.challenge("xi")
}

// membersForProof returns Wₖ = Pₖ + μ·(Cₖ − C′) of every member, which is public.
func (st *Statement) membersForProof(mu *curve.Scalar, offset *curve.Point) ([]*curve.SecretPoint, error) {
	out := make([]*curve.SecretPoint, len(st.Ring.keys))
	ws := st.Ring.keys
	if st.amounts() {
		sums := make([]curve.Sum, len(ws))
		for k := range ws {
			var diff curve.Point
			diff.Sub(&st.Ring.commitments[k], offset)
			w, err := st.Scope.params.arith.Sum(nil, nil, []curve.Term{{Scalar: *mu, Point: diff}})
			if err != nil {
				return nil, err
			}
			w.AddMixed(&ws[k])
			sums[k] = w
		}
		ws = curve.AffineAll(sums)
	}
	for k := range ws {
		out[k] = curve.HiddenPoint(&ws[k])
	}
	return out, nil
}

// triptychProver holds the secrets of one proof.
type triptychProver struct {
	params         *Params
	rA, rB, rC, rD *curve.SecretScalar
	bit            [][radix]uint64              // σⱼ,ᵢ
	a              [][radix]*curve.SecretScalar // aⱼ,ᵢ, which add up to zero for each j
	rho            []*curve.SecretScalar
}

func newTriptychProver(params *Params, nonces *nonces, m, index int) *triptychProver {
	tp := &triptychProver{params: params}
	tp.rA, tp.rB, tp.rC, tp.rD = nonces.next(), nonces.next(), nonces.next(), nonces.next()
	for j := range m {
		var bit [radix]uint64
		row := [radix]*curve.SecretScalar{new(curve.SecretScalar)}
		digit := int32(index >> (2 * j) & (radix - 1))
		for i := range radix {
			bit[i] = uint64(subtle.ConstantTimeEq(digit, int32(i)))
			if i > 0 {
				row[i] = nonces.next()
				row[0].Sub(row[0], row[i])
			}
		}
		tp.bit, tp.a = append(tp.bit, bit), append(tp.a, row)
	}
	for range m {
		tp.rho = append(tp.rho, nonces.next())
	}
	return tp
}

func (tp *triptychProver) zeroise() {
	for _, s := range append([]*curve.SecretScalar{tp.rA, tp.rB, tp.rC, tp.rD}, tp.rho...) {
		s.Zeroise()
	}
	for j := range tp.a {
		clear(tp.bit[j][:])
		for _, s := range tp.a[j] {
			s.Zeroise()
		}
	}
}

// commit sets A, B, C and D: commitments to a, σ, a·(1 − 2σ) and −a².
func (tp *triptychProver) commit(p *Proof) {
	var as, cs, ds []*curve.SecretScalar
	zero := new(curve.SecretScalar)
	sumB := curve.MulBase(tp.rB)
	for j := range tp.a {
		chosen := curve.HiddenPoint(&tp.params.bits[j*radix])
		for i, a := range tp.a[j] {
			gen := curve.HiddenPoint(&tp.params.bits[j*radix+i])
			chosen = chosen.Choose(gen, tp.bit[j][i])
			as = append(as, a)
			cs = append(cs, new(curve.SecretScalar).Select(a, new(curve.SecretScalar).Neg(a), tp.bit[j][i]))
			square := new(curve.SecretScalar).Mul(a, a)
			ds = append(ds, square.Sub(zero, square))
		}
		sumB = sumB.Add(chosen)
	}
	gens := tp.params.bitsT[:len(as)]
	p.a = curve.MulTables(gens, as).Add(curve.MulBase(tp.rA)).Reveal()
	p.b = sumB.Reveal()
	p.c = curve.MulTables(gens, cs).Add(curve.MulBase(tp.rC)).Reveal()
	p.d = curve.MulTables(gens, ds).Add(curve.MulBase(tp.rD)).Reveal()
}

// mask sets Xⱼ and Yⱼ. The sum Σₖ pₖ(ξ)·Wₖ with pₖ = Πⱼ (σⱼ,ₖⱼ·ξ + aⱼ,ₖⱼ) is folded digit by
// digit, as a polynomial in ξ whose coefficients are points: a factor aⱼ,ᵢ multiplies,
// a factor σⱼ,ᵢ·ξ selects. Every digit costs the same for every index.
func (tp *triptychProver) mask(p *Proof, tag *curve.SecretPoint, members []*curve.SecretPoint) {
	blocks := make([][]*curve.SecretPoint, len(members))
	for k := range members {
		blocks[k] = members[k : k+1]
	}
	for j := range tp.a {
		next := make([][]*curve.SecretPoint, len(blocks)/radix)
		for b := range next {
			next[b] = tp.fold(j, blocks[b*radix:(b+1)*radix])
		}
		blocks = next
	}
	for j, rho := range tp.rho {
		p.x = append(p.x, blocks[0][j].Add(curve.MulBase(rho)).Reveal())
		p.y = append(p.y, curve.Mul(rho, tag).Reveal())
	}
}

// fold returns Σᵢ (σⱼ,ᵢ·ξ + aⱼ,ᵢ)·qᵢ. As the aⱼ,ᵢ add up to zero, Σ aⱼ,ᵢ·qᵢ is
// Σ aⱼ,ᵢ·(qᵢ − q₀), a product less.
func (tp *triptychProver) fold(j int, q [][]*curve.SecretPoint) []*curve.SecretPoint {
	degree := len(q[0])
	out := make([]*curve.SecretPoint, degree+1)
	for e := range degree {
		minus := q[0][e].Neg()
		diffs := make([]*curve.SecretPoint, radix-1)
		chosen := q[0][e]
		for i := 1; i < radix; i++ {
			diffs[i-1] = q[i][e].Add(minus)
			chosen = chosen.Choose(q[i][e], tp.bit[j][i])
		}
		sum := curve.MulSum(tp.a[j][1:], diffs)
		if e > 0 {
			sum = sum.Add(out[e])
		}
		out[e], out[e+1] = sum, chosen
	}
	return out
}

// respond sets f = σ·ξ + a, z_A = r_B·ξ + r_A, z_C = r_C·ξ + r_D and
// z = w·ξᵐ − Σ ρⱼ·ξʲ.
func (tp *triptychProver) respond(p *Proof, xi *curve.Scalar, secret *curve.SecretScalar) error {
	hx, zero := curve.Hidden(xi), new(curve.SecretScalar)
	for j := range tp.a {
		var row [radix - 1]curve.Scalar
		for i := 1; i < radix; i++ {
			f := new(curve.SecretScalar).Select(zero, hx, tp.bit[j][i])
			row[i-1] = f.Add(f, tp.a[j][i]).Reveal()
			if row[i-1].IsZero() {
				return ErrTransient
			}
		}
		p.f = append(p.f, row)
	}
	zA, zC := new(curve.SecretScalar).Mul(tp.rB, hx), new(curve.SecretScalar).Mul(tp.rC, hx)
	p.zA, p.zC = zA.Add(zA, tp.rA).Reveal(), zC.Add(zC, tp.rD).Reveal()
	power, z := curve.SecretFromUint64(1), new(curve.SecretScalar)
	for _, rho := range tp.rho {
		term := new(curve.SecretScalar).Mul(rho, power)
		z.Sub(z, term)
		power.Mul(power, hx)
	}
	term := new(curve.SecretScalar).Mul(secret, power)
	p.z = z.Add(z, term).Reveal()
	term.Zeroise()
	if p.zA.IsZero() || p.zC.IsZero() || p.z.IsZero() {
		return ErrTransient
	}
	return nil
}
