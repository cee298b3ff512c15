package lagrange

import (
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bls12-381/fr"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPointsOfAPolynomialGiveItsConstantTerm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := rapid.SliceOfNDistinct(rapid.Uint32Range(1, 1<<32-1), 1, 12, rapid.ID).Draw(t, "xs")
		coeffs := rapid.SliceOfN(rapid.Uint64(), len(xs), len(xs)).Draw(t, "coefficients")
		var sum fr.Element
		for i, lambda := range AtZero(xs) {
			var x, y, c fr.Element
			x.SetUint64(uint64(xs[i]))
			for j := len(coeffs) - 1; j >= 0; j-- {
				y.Mul(&y, &x).Add(&y, c.SetUint64(coeffs[j]))
			}
			sum.Add(&sum, y.Mul(&y, &lambda))
		}
		var want fr.Element
		want.SetUint64(coeffs[0])
		require.Equal(t, want, sum)
	})
}
