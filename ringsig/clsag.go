package ringsig

import (
	"fmt"
	"io"

	"github.com/rootstem/rootstem/internal/curve"
)

// MaxSignatureRing bounds the rings of Sign. A signature grows by 32 bytes with
// each member: from about 24 members on, Triptych's proof over 64 is shorter.
const MaxSignatureRing = 128

// Signature is a CLSAG. Make one with Sign or ParseSignature.
type Signature struct {
	tag curve.Point  // J
	aux *curve.Point // D = z·J in the form with amounts
	c0  curve.Scalar
	s   []curve.Scalar
}

// Tag returns J.
func (sig *Signature) Tag() Tag { return curve.Encode(&sig.tag) }

// Amounts reports whether the signature is of the form with amounts.
func (sig *Signature) Amounts() bool { return sig.aux != nil }

// Ring returns the number of members that the signature speaks of.
func (sig *Signature) Ring() int { return len(sig.s) }

// AppendBinary appends J ‖ [D] ‖ c₀ ‖ s₀ ‖ … ‖ s₍ₙ₋₁₎ and never fails: 65 + 32n bytes,
// 98 + 32n with amounts.
func (sig *Signature) AppendBinary(b []byte) ([]byte, error) {
	b = appendPoint(b, &sig.tag)
	if sig.aux != nil {
		b = appendPoint(b, sig.aux)
	}
	b = appendScalar(b, &sig.c0)
	for i := range sig.s {
		b = appendScalar(b, &sig.s[i])
	}
	return b, nil
}

func appendPoint(b []byte, p *curve.Point) []byte {
	e := curve.Encode(p)
	return append(b, e[:]...)
}

func appendScalar(b []byte, s *curve.Scalar) []byte {
	e := curve.EncodeScalar(s)
	return append(b, e[:]...)
}

// ParseSignature reads what AppendBinary wrote, all of b. ErrEncoding: a length of
// neither form, points off the curve or not canonical, scalars that are zero or not
// below n.
func ParseSignature(b []byte) (*Signature, error) {
	r := reader{b: b}
	sig := &Signature{tag: r.point()}
	points := 1
	if len(b)%32 == 2 {
		points = 2
		aux := r.point()
		sig.aux = &aux
	}
	n := (len(b) - points*curve.PointSize) / 32
	if len(b) != points*curve.PointSize+32*n || n < 1+MinRing || n > 1+MaxSignatureRing {
		return nil, fmt.Errorf("%w: signature of %d bytes", ErrEncoding, len(b))
	}
	sig.c0 = r.scalar()
	for range n - 1 {
		sig.s = append(sig.s, r.scalar())
	}
	if err := r.done(); err != nil {
		return nil, err
	}
	return sig, nil
}

// clsag is what signer and verifier share.
type clsag struct {
	st      *Statement
	t       transcript
	muP     curve.Scalar
	muC     curve.Scalar
	offset  curve.Point
	v       curve.Point // V = μ_P·U + μ_C·D, which is w·J
	amounts bool
}

// newClsag absorbs the statement and the tag, and derives the weights that
// aggregate keys and commitments.
func newClsag(st *Statement, tag, aux, offset *curve.Point) (*clsag, error) {
	c := &clsag{st: st, t: st.transcript("clsag"), offset: *offset, v: st.Scope.u, amounts: st.amounts()}
	c.t.appendPoint("tag", tag)
	if !c.amounts {
		c.muP.SetOne()
		return c, nil
	}
	c.t.appendPoint("aux", aux)
	var err error
	if c.muP, err = c.t.challenge("mu_P"); err != nil {
		return nil, err
	}
	if c.muC, err = c.t.challenge("mu_C"); err != nil {
		return nil, err
	}
	v, err := st.Scope.params.arith.Sum([]*curve.Table{st.Scope.uT}, []curve.Scalar{c.muP}, []curve.Term{{Scalar: c.muC, Point: *aux}})
	if err != nil || curve.IsZero(&v) {
		return nil, ErrSignature
	}
	c.v = curve.Affine(&v)
	return c, nil
}

// next returns c₍ⱼ₊₁₎ from Lⱼ and Rⱼ.
func (c *clsag) next(l, r *curve.Point) (curve.Scalar, error) {
	t := c.t
	t.appendPoint("L", l)
	t.appendPoint("R", r)
	return t.challenge("c")
}

// aggregate returns W = μ_P·P + μ_C·(C − C′) of every member.
func (c *clsag) aggregate() ([]curve.Point, error) {
	ring := c.st.Ring
	if !c.amounts {
		return ring.keys, nil
	}
	sums := make([]curve.Sum, len(ring.keys))
	for i := range ring.keys {
		var diff curve.Point
		diff.Sub(&ring.commitments[i], &c.offset)
		w, err := c.st.Scope.params.arith.Sum(nil, nil, []curve.Term{{Scalar: c.muP, Point: ring.keys[i]}, {Scalar: c.muC, Point: diff}})
		if err != nil || curve.IsZero(&w) {
			return nil, ErrSignature
		}
		sums[i] = w
	}
	return curve.AffineAll(sums), nil
}

// Sign makes a CLSAG over a ring of 2 to MaxSignatureRing members. Its nonces come
// from the secret key, the statement and 32 bytes of rand; a rand that is stuck, or
// nil, leaves them as safe as RFC 6979's.
//
// Errors: ErrStatement, ErrRing, ErrWitness, ErrRandom.
//
// Secrecy: every operation on a secret, and every operation whose count or operands
// depend on the index, runs in constant time; the order in which members are
// visited begins after the index, which an observer of memory accesses could see.
//
// Source: Goodell, Noether, Blue, "Concise Linkable Ring Signatures and Forgery
// Against Adversarial Keys" (2019), with Triptych's tag: see the package's doc.
func Sign(rand io.Reader, st *Statement, w *Witness) (*Signature, error) {
	offset, err := st.check()
	if err != nil {
		return nil, err
	}
	if n := len(st.Ring.keys); n > MaxSignatureRing {
		return nil, fmt.Errorf("%w: %d members, at most %d", ErrRing, n, MaxSignatureRing)
	}
	if err := st.checkWitness(w, &offset); err != nil {
		return nil, err
	}
	j := w.Key.tag(st.Scope)
	sig := &Signature{tag: j.Reveal()}
	secrets := [][32]byte{w.Key.x.Bytes()}
	if w.Blinding != nil {
		aux := curve.Mul(w.Blinding.s, j).Reveal()
		sig.aux = &aux
		secrets = append(secrets, w.Blinding.Bytes())
	}
	c, err := newClsag(st, &sig.tag, sig.aux, &offset)
	if err != nil {
		return nil, err
	}
	nonces, err := newNonces(rand, &c.t, secrets...)
	if err != nil {
		return nil, err
	}
	defer nonces.zeroise()
	if err := c.close(sig, w, j, nonces); err != nil {
		return nil, err
	}
	return sig, nil
}

// close walks the ring once and closes it at the signer's index.
func (c *clsag) close(sig *Signature, w *Witness, j *curve.SecretPoint, nonces *nonces) error {
	ws, err := c.aggregate()
	if err != nil {
		return err
	}
	n := len(ws)
	sig.s = make([]curve.Scalar, n)
	v := curve.HiddenPoint(&c.v)
	alpha := nonces.next()
	defer alpha.Zeroise()
	l, r := curve.MulBase(alpha).Reveal(), curve.Mul(alpha, j).Reveal()
	var ch curve.Scalar
	for k := 1; ; k++ {
		if ch, err = c.next(&l, &r); err != nil {
			return err
		}
		i := (w.Index + k) % n
		if i == 0 {
			sig.c0 = ch
		}
		if k == n {
			break
		}
		s, hc := nonces.next(), curve.Hidden(&ch)
		if s.IsZero() {
			return ErrTransient
		}
		l = curve.MulBase(s).Add(curve.Mul(hc, curve.HiddenPoint(&ws[i]))).Reveal()
		r = curve.MulSum([]*curve.SecretScalar{s, hc}, []*curve.SecretPoint{j, v}).Reveal()
		sig.s[i] = s.Reveal()
	}
	// s = α − c·w with w = μ_P·x + μ_C·z.
	secret := new(curve.SecretScalar).Mul(curve.Hidden(&c.muP), w.Key.x)
	defer secret.Zeroise()
	if c.amounts {
		z := new(curve.SecretScalar).Mul(curve.Hidden(&c.muC), w.Blinding.s)
		secret.Add(secret, z)
		z.Zeroise()
	}
	secret.Mul(secret, curve.Hidden(&ch))
	secret.Sub(alpha, secret)
	if secret.IsZero() {
		return ErrTransient
	}
	sig.s[w.Index] = secret.Reveal()
	return nil
}

// Verify checks a CLSAG. Whether its tag was seen before is the caller's question.
// Errors: ErrStatement, ErrSignature. Variable time on public data.
func Verify(st *Statement, sig *Signature) error {
	offset, err := st.check()
	if err != nil {
		return err
	}
	if sig == nil || len(sig.s) != len(st.Ring.keys) || (sig.aux != nil) != st.amounts() {
		return fmt.Errorf("%w: it does not fit the ring or the form", ErrSignature)
	}
	c, err := newClsag(st, &sig.tag, sig.aux, &offset)
	if err != nil {
		return err
	}
	ws, err := c.aggregate()
	if err != nil {
		return err
	}
	p := st.Scope.params
	members := p.arith.Tables(ws, tableWindow)
	right := p.arith.Tables([]curve.Point{sig.tag, c.v}, ringWindow)
	ch := sig.c0
	for i := range ws {
		pair := []curve.Scalar{sig.s[i], ch}
		l, err := p.arith.SumTables([]*curve.Table{p.gT, members[i]}, pair)
		if err != nil {
			return err
		}
		r, err := p.arith.SumTables(right, pair)
		if err != nil {
			return err
		}
		if curve.IsZero(&l) || curve.IsZero(&r) {
			return ErrSignature
		}
		both := curve.AffineAll([]curve.Sum{l, r})
		if ch, err = c.next(&both[0], &both[1]); err != nil {
			return ErrSignature
		}
	}
	if !ch.Equal(&sig.c0) {
		return ErrSignature
	}
	return nil
}
