// Package lagrange interpolates polynomials over the scalars of BLS12-381 at zero.
package lagrange

import "github.com/consensys/gnark-crypto/ecc/bls12-381/fr"

// AtZero returns λᵢ = Π xⱼ / (xⱼ − xᵢ) over j ≠ i, with which p(0) = Σ λᵢ·p(xᵢ) for every
// polynomial p of a degree below their number. The indices must be distinct and not
// zero.
func AtZero(indices []uint32) []fr.Element {
	xs := make([]fr.Element, len(indices))
	var all fr.Element
	all.SetOne()
	for i, x := range indices {
		xs[i].SetUint64(uint64(x))
		all.Mul(&all, &xs[i])
	}
	below := make([]fr.Element, len(xs)) // xᵢ · Π (xⱼ − xᵢ)
	for i := range xs {
		below[i] = xs[i]
		for j := range xs {
			if j != i {
				var d fr.Element
				d.Sub(&xs[j], &xs[i])
				below[i].Mul(&below[i], &d)
			}
		}
	}
	out := fr.BatchInvert(below)
	for i := range out {
		out[i].Mul(&out[i], &all)
	}
	return out
}
