package ringsig

import "math/big"

// sign is CLSAG by the formulas of the doc.
func (r ref) sign(st *rstatement) []byte {
	members := r.pad(st)
	s := r.begin("clsag", st, members)
	u, g := r.tagBase(st.name, st.chain), r.base()
	j := r.mul(r.inv(st.x), u)
	s.point("tag", j)
	out := r.encode(j)
	muP, muC, v, secrets := big.NewInt(1), new(big.Int), u, []*big.Int{st.x}
	if st.offset != nil {
		d := r.mul(st.z, j)
		s.point("aux", d)
		out = append(out, r.encode(d)...)
		muP, muC = s.challenge("mu_P"), s.challenge("mu_C")
		v = r.add(r.mul(muP, u), r.mul(muC, d))
		secrets = append(secrets, st.z)
	}
	next := s.nonces(secrets...)
	n := len(st.keys)
	c, resp := make([]*big.Int, n), make([]*big.Int, n)
	step := func(l, rr rpoint) *big.Int {
		f := s.fork()
		f.point("L", l)
		f.point("R", rr)
		return f.challenge("c")
	}
	alpha := next()
	c[(st.index+1)%n] = step(r.mul(alpha, g), r.mul(alpha, j))
	for k := 1; k < n; k++ {
		i := (st.index + k) % n
		w := r.mul(muP, st.keys[i])
		if st.offset != nil {
			w = r.add(w, r.mul(muC, r.sub(st.commitments[i], *st.offset)))
		}
		resp[i] = next()
		c[(i+1)%n] = step(r.add(r.mul(resp[i], g), r.mul(c[i], w)), r.add(r.mul(resp[i], j), r.mul(c[i], v)))
	}
	w := r.times(muP, st.x)
	if st.offset != nil {
		w = r.plus(w, r.times(muC, st.z))
	}
	resp[st.index] = r.minus(alpha, r.times(c[st.index], w))
	out = append(out, bytes32(c[0])...)
	for _, v := range resp {
		out = append(out, bytes32(v)...)
	}
	return out
}

// triptych is Triptych's prover, with the polynomials pₖ multiplied out.
func (r ref) triptych(st *rstatement) []byte {
	members := r.pad(st)
	s := r.begin("triptych", st, members)
	m := 0
	for size := 1; size < len(st.keys); size *= 4 {
		m++
	}
	u, g := r.tagBase(st.name, st.chain), r.base()
	s.uint("n", 4)
	s.uint("m", m)
	j := r.mul(r.inv(st.x), u)
	s.point("tag", j)
	out := r.encode(j)
	mu, secrets, w := new(big.Int), []*big.Int{st.x}, st.x
	if st.offset != nil {
		k := r.mul(st.z, j)
		s.point("aux", k)
		out = append(out, r.encode(k)...)
		mu = s.challenge("mu")
		secrets, w = append(secrets, st.z), r.plus(st.x, r.times(mu, st.z))
	}
	next := s.nonces(secrets...)
	rA, rB, rC, rD := next(), next(), next(), next()
	var sigma, a, rho []*big.Int
	for d := range m {
		first, sum := len(a), new(big.Int)
		for i := range 4 {
			sigma = append(sigma, big.NewInt(0))
			if st.index>>(2*d)&3 == i {
				sigma[len(sigma)-1].SetInt64(1)
			}
			if i == 0 {
				a = append(a, nil)
				continue
			}
			a = append(a, next())
			sum.Add(sum, a[len(a)-1])
		}
		a[first] = r.mod(sum.Neg(sum))
	}
	for range m {
		rho = append(rho, next())
	}
	commit := func(blind *big.Int, v func(i int) *big.Int) rpoint {
		c := r.mul(blind, g)
		for i := range 4 * m {
			c = r.add(c, r.mul(v(i), r.indexed("triptych", i)))
		}
		return c
	}
	pa := commit(rA, func(i int) *big.Int { return a[i] })
	pb := commit(rB, func(i int) *big.Int { return sigma[i] })
	pc := commit(rC, func(i int) *big.Int {
		return r.times(a[i], r.minus(big.NewInt(1), new(big.Int).Lsh(sigma[i], 1)))
	})
	pd := commit(rD, func(i int) *big.Int { return r.mod(new(big.Int).Neg(r.times(a[i], a[i]))) })
	for i, p := range []rpoint{pa, pb, pc, pd} {
		s.point("ABCD"[i:i+1], p)
		out = append(out, r.encode(p)...)
	}
	var xs, ys []rpoint
	for d := range m {
		xs, ys = append(xs, r.mul(rho[d], g)), append(ys, r.mul(rho[d], j))
	}
	for k := range st.keys {
		member := st.keys[k]
		if st.offset != nil {
			member = r.add(member, r.mul(mu, r.sub(st.commitments[k], *st.offset)))
		}
		p := []*big.Int{big.NewInt(1)}
		for d := range m {
			i := 4*d + k>>(2*d)&3
			q := make([]*big.Int, len(p)+1)
			for e := range q {
				q[e] = new(big.Int)
				if e < len(p) {
					q[e] = r.plus(q[e], r.times(p[e], a[i]))
				}
				if e > 0 {
					q[e] = r.plus(q[e], r.times(p[e-1], sigma[i]))
				}
			}
			p = q
		}
		for d := range m {
			xs[d] = r.add(xs[d], r.mul(p[d], member))
		}
	}
	for _, p := range xs {
		s.point("X", p)
		out = append(out, r.encode(p)...)
	}
	for _, p := range ys {
		s.point("Y", p)
		out = append(out, r.encode(p)...)
	}
	xi := s.challenge("xi")
	for i := range a {
		if i%4 != 0 {
			out = append(out, bytes32(r.plus(r.times(sigma[i], xi), a[i]))...)
		}
	}
	z := r.times(w, r.pow(xi, m))
	for d := range m {
		z = r.minus(z, r.times(rho[d], r.pow(xi, d)))
	}
	out = append(out, bytes32(r.plus(r.times(rB, xi), rA))...)
	out = append(out, bytes32(r.plus(r.times(rC, xi), rD))...)
	return append(out, bytes32(z)...)
}
