package secp

// affine is a point of y² = x³ + 7 other than infinity.
type affine struct{ x, y field }

// jacobian is the point (x/z², y/z³); infinity if z is zero.
type jacobian struct{ x, y, z field }

// double sets p to 2p. No point of the curve has y = 0.
func (p *jacobian) double() {
	var a, b, c, d, e field
	a.square(&p.x)
	b.square(&p.y)
	c.square(&b)
	d.add(&p.x, &b)
	d.square(&d)
	d.sub(&d, &a)
	d.sub(&d, &c)
	d.add(&d, &d)
	e.add(&a, &a)
	e.add(&e, &a)
	p.z.mul(&p.y, &p.z)
	p.z.add(&p.z, &p.z)
	p.x.square(&e)
	p.x.sub(&p.x, &d)
	p.x.sub(&p.x, &d)
	d.sub(&d, &p.x)
	p.y.mul(&e, &d)
	c.add(&c, &c)
	c.add(&c, &c)
	c.add(&c, &c)
	p.y.sub(&p.y, &c)
}

// addAffine sets p to p + q, with q's y negated if negative is set.
func (p *jacobian) addAffine(q *affine, negative bool) {
	y := q.y
	if negative {
		y.negate(&y)
	}
	if p.z.isZero() {
		*p = jacobian{q.x, y, field{1}}
		return
	}
	var zz, h, r field
	zz.square(&p.z)
	h.mul(&q.x, &zz)
	h.sub(&h, &p.x)
	r.mul(&zz, &p.z)
	r.mul(&r, &y)
	r.sub(&r, &p.y)
	p.finish(&h, &r)
	p.z.mul(&p.z, &h)
}

// addJacobian sets p to p + q. Neither is infinity, and they differ in x.
func (p *jacobian) addJacobian(q *jacobian) {
	var zz1, zz2, h, r, t field
	zz1.square(&p.z)
	zz2.square(&q.z)
	p.x.mul(&p.x, &zz2)
	h.mul(&q.x, &zz1)
	h.sub(&h, &p.x)
	t.mul(&zz2, &q.z)
	p.y.mul(&p.y, &t)
	t.mul(&zz1, &p.z)
	r.mul(&q.y, &t)
	r.sub(&r, &p.y)
	t.mul(&p.z, &q.z)
	p.finish(&h, &r)
	p.z.mul(&t, &h)
}

// finish computes x and y of a sum from the differences h of the x and r of the y.
// If both are zero the sum is the double, from which the caller's product of z and h
// must not take away; if only h is, that product makes it infinity.
func (p *jacobian) finish(h, r *field) {
	if h.isZero() {
		if r.isZero() {
			p.double()
			*h = field{1}
		}
		return
	}
	var hh, hhh, v field
	hh.square(h)
	hhh.mul(&hh, h)
	v.mul(&p.x, &hh)
	hhh2 := hhh
	p.x.square(r)
	p.x.sub(&p.x, &hhh)
	p.x.sub(&p.x, &v)
	p.x.sub(&p.x, &v)
	v.sub(&v, &p.x)
	v.mul(&v, r)
	hhh2.mul(&hhh2, &p.y)
	p.y.sub(&v, &hhh2)
}

// oddMultiples returns p, 3p, 5p, …, n of them. p's order must exceed 2n.
func oddMultiples(p *affine, n int) []affine {
	points := make([]jacobian, n)
	points[0] = jacobian{p.x, p.y, field{1}}
	twice := points[0]
	twice.double()
	for i := 1; i < n; i++ {
		points[i] = points[i-1]
		points[i].addJacobian(&twice)
	}
	return toAffine(points)
}

// toAffine converts points other than infinity with one inversion.
func toAffine(points []jacobian) []affine {
	products := make([]field, len(points)+1) // of the z before
	products[0] = field{1}
	for i := range points {
		products[i+1].mul(&products[i], &points[i].z)
	}
	var inverse, zi, zi2 field
	inverse.inverse(&products[len(points)])
	out := make([]affine, len(points))
	for i := len(points) - 1; i >= 0; i-- {
		p := &points[i]
		zi.mul(&inverse, &products[i])
		inverse.mul(&inverse, &p.z)
		zi2.square(&zi)
		out[i].x.mul(&p.x, &zi2)
		zi2.mul(&zi2, &zi)
		out[i].y.mul(&p.y, &zi2)
	}
	return out
}

// lift sets y for x and reports whether x is on the curve.
func (p *affine) lift(odd bool) bool {
	var square, check field
	square.square(&p.x)
	square.mul(&square, &p.x)
	square.add(&square, &field{7})
	p.y.root(&square)
	check.square(&p.y)
	check.sub(&check, &square)
	if !check.isZero() {
		return false
	}
	if p.y.isOdd() != odd {
		p.y.negate(&p.y)
	}
	return true
}
