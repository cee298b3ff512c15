package curve

// pair is a point in affine coordinates, never the identity.
type pair struct{ x, y element }

func pairOf(p *Point) pair { return pair{elementOf(&p.X), elementOf(&p.Y)} }

// point returns p for gnark-crypto.
func (p *pair) point() Point { return Point{X: p.x.field(), Y: p.y.field()} }

// slope returns numerator and denominator of the slope through p and q, or of the
// tangent if they are equal. The denominator is zero if q = −p. Variable time only if
// their x are equal.
func slope(p, q *pair) (num, den element) {
	den.sub(&q.x, &p.x)
	num.sub(&q.y, &p.y)
	if den.isZero() && num.isZero() {
		return tangent(p)
	}
	return num, den
}

// tangent returns numerator and denominator of the tangent's slope. y ≠ 0, as the
// order is odd.
func tangent(p *pair) (num, den element) {
	var square element
	square.square(&p.x)
	num.add(&square, &square)
	num.add(&num, &square)
	den.add(&p.y, &p.y)
	return num, den
}

// chord returns p + q from the slope's numerator and inverted denominator.
func chord(p, q *pair, num, inverse *element) (out pair) {
	var l element
	l.mul(num, inverse)
	out.x.square(&l)
	out.x.sub(&out.x, &p.x)
	out.x.sub(&out.x, &q.x)
	out.y.sub(&p.x, &out.x)
	out.y.mul(&out.y, &l)
	out.y.sub(&out.y, &p.y)
	return out
}

// jacobian is a point (x/z², y/z³); z = 0 is the identity.
type jacobian struct{ x, y, z element }

// sum returns p for gnark-crypto.
func (p *jacobian) sum() Sum {
	if p.z.isZero() {
		return Zero()
	}
	return Sum{X: p.x.field(), Y: p.y.field(), Z: p.z.field()}
}

// double sets p = 2·p (dbl-2009-l). The identity stays one. Constant time.
func (p *jacobian) double() {
	var a, b, c, d, e element
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

// differences returns q − p in the coordinates of p, scaled: both are zero if q = p,
// and only h if q = −p.
func (p *jacobian) differences(q *pair) (h, r element) {
	var zz element
	zz.square(&p.z)
	h.mul(&q.x, &zz)
	h.sub(&h, &p.x)
	r.mul(&q.y, &p.z)
	r.mul(&r, &zz)
	r.sub(&r, &p.y)
	return h, r
}

// chord sets p = p + q from their differences. Neither is the identity, and they are
// not equal. Constant time.
func (p *jacobian) chord(h, r *element) {
	var hh, hhh, v element
	hh.square(h)
	hhh.mul(h, &hh)
	v.mul(&p.x, &hh)
	p.z.mul(&p.z, h)
	p.x.square(r)
	p.x.sub(&p.x, &hhh)
	p.x.sub(&p.x, &v)
	p.x.sub(&p.x, &v)
	v.sub(&v, &p.x)
	v.mul(&v, r)
	hhh.mul(&hhh, &p.y)
	p.y.sub(&v, &hhh)
}

// add sets p = p + q, whatever they are. Variable time.
func (p *jacobian) add(q *pair) {
	if p.z.isZero() {
		*p = jacobian{q.x, q.y, element{1}}
		return
	}
	h, r := p.differences(q)
	if h.isZero() && r.isZero() {
		p.double()
		return
	}
	p.chord(&h, &r) // z = 0 if they are opposite
}
