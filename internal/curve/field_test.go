package curve

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/consensys/gnark-crypto/ecc/secp256k1/fp"
)

// elements returns edge values, with representatives from p up, and random ones.
func elements(rng *rand.Rand) []element {
	ones := ^uint64(0)
	p := element{^uint64(fold) + 1, ones, ones, ones}
	out := []element{{}, {1}, {2}, {fold}, {fold - 1}, {fold + 1}, p, {p[0] - 1, ones, ones, ones},
		{p[0] + 1, ones, ones, ones}, {ones, ones, ones, ones}, {ones, ones, ones, ones - 1}, {0, 0, 0, 1 << 63}, {ones}, {0, ones, ones, ones}}
	for range 40 {
		out = append(out, element{rng.Uint64(), rng.Uint64(), rng.Uint64(), rng.Uint64()})
	}
	return out
}

func integer(z *element) *big.Int {
	out := new(big.Int)
	for i := 3; i >= 0; i-- {
		out.Lsh(out, 64).Or(out, new(big.Int).SetUint64(z[i]))
	}
	return out
}

func TestFieldArithmeticAgreesWithIntegersForEveryRepresentative(t *testing.T) {
	mod := fp.Modulus()
	same := func(want *big.Int, got element, name string, x, y element) {
		n := got.normal()
		require.Negative(t, integer(&n).Cmp(mod))
		require.Zero(t, want.Mod(want, mod).Cmp(integer(&n)), "%s of %x and %x", name, x, y)
	}
	all := elements(rand.New(rand.NewPCG(5, 6)))
	for _, x := range all {
		ix := integer(&x)
		require.Equal(t, new(big.Int).Mod(ix, mod).Sign() == 0, x.isZero())
		var z element
		z.square(&x)
		same(new(big.Int).Mul(ix, ix), z, "square", x, x)
		z = x
		z.negateIf(1)
		same(new(big.Int).Neg(ix), z, "negative", x, x)
		z.negateIf(0)
		same(new(big.Int).Neg(ix), z, "the same", x, x)
		z.inverse(&x)
		inverse := new(big.Int).ModInverse(ix, mod)
		if inverse == nil {
			inverse = new(big.Int)
		}
		same(new(big.Int).Set(inverse), z, "inverse", x, x)
		z.inversePublic(&x)
		same(inverse, z, "inverse", x, x)
		f := x.field()
		same(f.BigInt(new(big.Int)), x, "conversion", x, x)
		b := x.bytes()
		same(new(big.Int).SetBytes(b[:]), x, "bytes", x, x)
		for _, y := range all {
			iy := integer(&y)
			z.add(&x, &y)
			same(new(big.Int).Add(ix, iy), z, "sum", x, y)
			z.sub(&x, &y)
			same(new(big.Int).Sub(ix, iy), z, "difference", x, y)
			z.mul(&x, &y)
			same(new(big.Int).Mul(ix, iy), z, "product", x, y)
			z = x
			z.mul(&z, &y) // aliased
			same(new(big.Int).Mul(ix, iy), z, "product", x, y)
		}
	}
}

func TestInvertAllLeavesZeros(t *testing.T) {
	xs := elements(rand.New(rand.NewPCG(7, 8)))
	for _, inverse := range []func(z, x *element){(*element).inverse, (*element).inversePublic} {
		got := append([]element{}, xs...)
		invertAll(got, inverse)
		for i := range xs {
			var product element
			product.mul(&got[i], &xs[i])
			if xs[i].isZero() {
				require.True(t, got[i].isZero())
				continue
			}
			require.Equal(t, element{1}, product.normal())
		}
	}
}

func TestSecretSumsAgreeWithTheConstantTimeImplementation(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	a := NewArithmetic()
	for _, width := range []uint{3, 4, 5, 6, 9} {
		for _, n := range []int{1, 2, 3, 7, 28} {
			var scalars []Scalar
			var points []Point
			for range n {
				scalars, points = append(scalars, randomScalar(rng)), append(points, randomPoint(rng))
			}
			var one, minus Scalar
			one.SetOne()
			minus.Neg(&one)
			for i, edge := range []Scalar{one, minus, {}} { // the smallest, the largest and zero
				if i+1 < n {
					scalars[i] = edge
				}
			}
			var secrets []*SecretScalar
			for i := range scalars {
				secrets = append(secrets, Hidden(&scalars[i]))
			}
			require.Equal(t, naive(scalars, points), MulTables(a.Tables(points, width), secrets).Reveal(), "n = %d, width %d", n, width)
		}
	}
	require.Equal(t, Point{}, MulTables(nil, nil).Reveal())
}

func FuzzFieldProducts(f *testing.F) {
	f.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != 64 {
			return
		}
		var x, y, z, s element
		for i := range 32 {
			x[i/8] |= uint64(b[i]) << (i % 8 * 8)
			y[i/8] |= uint64(b[32+i]) << (i % 8 * 8)
		}
		fx, fy := x.field(), y.field()
		fx.Mul(&fx, &fy)
		z.mul(&x, &y)
		require.Equal(t, elementOf(&fx), z.normal())
		fx.Square(&fy)
		s.square(&y)
		require.Equal(t, elementOf(&fx), s.normal())
	})
}
