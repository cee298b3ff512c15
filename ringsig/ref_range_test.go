package ringsig

import "math/big"

// rangeProve is the paper's protocol with bases folded one by one.
func (r ref) rangeProve(name string, chain int, message []byte, values []uint64, gammas []*big.Int) []byte {
	g, h, q := r.base(), r.hash("amount", nil), r.indexed("range-product", 0)
	s := r.script("range")
	s.append("scope", []byte(name))
	s.uint("chain", chain)
	s.append("message", message)
	s.uint("n", 64)
	s.uint("m", len(values))
	var secrets, aL, aR, sL, sR []*big.Int
	for i, v := range values {
		big64 := new(big.Int).SetUint64(v)
		s.point("commitment", r.add(r.mul(gammas[i], g), r.mul(big64, h)))
		secrets = append(secrets, big64, gammas[i])
		for b := range 64 {
			bit := new(big.Int).SetUint64(v >> b & 1)
			aL, aR = append(aL, bit), append(aR, r.minus(bit, big.NewInt(1)))
		}
	}
	n := len(aL)
	var gs, hs []rpoint
	for i := range n {
		gs, hs = append(gs, r.indexed("range-left", i)), append(hs, r.indexed("range-right", i))
	}
	next := s.nonces(secrets...)
	alpha, rho, tau1, tau2 := next(), next(), next(), next()
	for range n {
		sL = append(sL, next())
	}
	for range n {
		sR = append(sR, next())
	}
	commit := func(blind *big.Int, l, rr []*big.Int) rpoint {
		return r.add(r.mul(blind, g), r.add(r.lin(l, gs), r.lin(rr, hs)))
	}
	pa, ps := commit(alpha, aL, aR), commit(rho, sL, sR)
	s.point("A", pa)
	s.point("S", ps)
	y, z := s.challenge("y"), s.challenge("z")
	// l(X) and r(X) at 0 and at 1 give t₀, and t₁ + t₂; t₂ is ⟨s_L, yⁿ∘s_R⟩.
	at := func(x *big.Int) (l, rr []*big.Int) {
		for i := range n {
			l = append(l, r.plus(r.minus(aL[i], z), r.times(sL[i], x)))
			two := r.times(r.pow(z, 2+i/64), r.pow(big.NewInt(2), i%64))
			rr = append(rr, r.plus(r.times(r.pow(y, i), r.plus(aR[i], z, r.times(sR[i], x))), two))
		}
		return l, rr
	}
	dot := func(a, b []*big.Int) *big.Int {
		sum := new(big.Int)
		for i := range a {
			sum = r.plus(sum, r.times(a[i], b[i]))
		}
		return sum
	}
	t0, t01 := dot(at(new(big.Int))), dot(at(big.NewInt(1)))
	t2 := new(big.Int)
	for i := range n {
		t2 = r.plus(t2, r.times(sL[i], r.pow(y, i), sR[i]))
	}
	t1 := r.minus(r.minus(t01, t0), t2)
	p1, p2 := r.add(r.mul(t1, h), r.mul(tau1, g)), r.add(r.mul(t2, h), r.mul(tau2, g))
	s.point("T1", p1)
	s.point("T2", p2)
	x := s.challenge("x")
	a, b := at(x)
	tauX := r.plus(r.times(tau2, x, x), r.times(tau1, x))
	for i := range gammas {
		tauX = r.plus(tauX, r.times(r.pow(z, 2+i), gammas[i]))
	}
	mu, t := r.plus(alpha, r.times(rho, x)), dot(a, b)
	s.scalar("tau_x", tauX)
	s.scalar("mu", mu)
	s.scalar("t", t)
	qw := r.mul(s.challenge("w"), q)
	for i := range hs {
		hs[i] = r.mul(r.pow(r.inv(y), i), hs[i])
	}
	var ls, rs []rpoint
	for len(a) > 1 {
		k := len(a) / 2
		l := r.add(r.add(r.lin(a[:k], gs[k:]), r.lin(b[k:], hs[:k])), r.mul(dot(a[:k], b[k:]), qw))
		rr := r.add(r.add(r.lin(a[k:], gs[:k]), r.lin(b[:k], hs[k:])), r.mul(dot(a[k:], b[:k]), qw))
		ls, rs = append(ls, l), append(rs, rr)
		s.point("L", l)
		s.point("R", rr)
		u := s.challenge("u")
		ui := r.inv(u)
		for i := range k {
			a[i] = r.plus(r.times(a[i], u), r.times(a[i+k], ui))
			b[i] = r.plus(r.times(b[i], ui), r.times(b[i+k], u))
			gs[i] = r.add(r.mul(ui, gs[i]), r.mul(u, gs[i+k]))
			hs[i] = r.add(r.mul(u, hs[i]), r.mul(ui, hs[i+k]))
		}
		a, b, gs, hs = a[:k], b[:k], gs[:k], hs[:k]
	}
	points := append(append([]rpoint{pa, ps, p1, p2}, ls...), rs...)
	out := make([]byte, (len(points)+7)/8)
	for i, p := range points {
		out[i/8] |= byte(p.y.Bit(0)) << (i % 8)
		out = append(out, bytes32(p.x)...)
	}
	for _, v := range []*big.Int{tauX, mu, t, a[0], b[0]} {
		out = append(out, bytes32(v)...)
	}
	return out
}
