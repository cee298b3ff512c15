package precompile

import (
	"bytes"
	"crypto/sha256"
	"math/big"
	"testing"

	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fp"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/stretchr/testify/require"
)

const (
	bn254Modulus = "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47"
	blsModulus   = "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab"
)

func TestBN254FollowsEIP196(t *testing.T) {
	generator := concat(word(1), word(2))
	twice := unhex(t, "030644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd3"+
		"15ed738c0e0a7c92e7845f96b2ae9c0a68a6a449e3538fc7ff3ebf7a5a18a2c4")
	require.Equal(t, twice, run(t, at(Osaka, 6), concat(generator, generator)))
	require.Equal(t, twice, run(t, at(Osaka, 7), concat(generator, word(2), []byte("ignored"))))
	require.Equal(t, generator, run(t, at(Osaka, 6), generator), "a missing point is infinity")
	require.Equal(t, make([]byte, 64), run(t, at(Osaka, 7), generator), "a missing scalar is 0")
	require.Equal(t, make([]byte, 64), run(t, at(Osaka, 7), nil))
	order := bn254.ID.ScalarField()
	above := new(big.Int).Add(order, big.NewInt(2)).FillBytes(make([]byte, 32))
	require.Equal(t, twice, run(t, at(Osaka, 7), concat(generator, above)), "a scalar may exceed the order")

	p := unhex(t, bn254Modulus)
	for n, in := range map[string]error{
		string(concat(word(1), word(3))):       ErrNotOnCurve,
		string(concat(word(0), p)):             ErrFieldElement, // infinity, not canonical
		string(concat(p, word(2))):             ErrFieldElement,
		string(bytes.Repeat([]byte{0xff}, 64)): ErrFieldElement,
	} {
		_, err := at(Osaka, 6).Run([]byte(n))
		require.ErrorIs(t, err, in)
		_, err = at(Osaka, 7).Run([]byte(n))
		require.ErrorIs(t, err, in)
	}
}

func bn254G2(p bn254.G2Affine) (out []byte) {
	for _, e := range []interface{ Marshal() []byte }{&p.X.A1, &p.X.A0, &p.Y.A1, &p.Y.A0} {
		out = append(out, e.Marshal()...)
	}
	return out
}

func TestBN254PairingChecksSubgroupAndProduct(t *testing.T) {
	c := at(Osaka, 8)
	_, _, g1, g2 := bn254.Generators()
	var negative bn254.G1Affine
	negative.Neg(&g1)
	pair := concat(encodeBN254G1(&g1), bn254G2(g2))
	inverse := concat(encodeBN254G1(&negative), bn254G2(g2))
	require.Equal(t, word(1), run(t, c, nil))
	require.Equal(t, word(0), run(t, c, pair))
	require.Equal(t, word(1), run(t, c, concat(pair, inverse)))
	require.Equal(t, word(1), run(t, c, concat(encodeBN254G1(&g1), make([]byte, 128))), "infinity pairs to 1")
	require.Equal(t, word(1), run(t, c, make([]byte, 192)))
	_, err := c.Run(pair[:191])
	require.ErrorIs(t, err, ErrInputLength)

	// A point of the twist outside of the subgroup: the first x that has a y.
	outside := bn254OutsideSubgroup(t)
	_, err = c.Run(concat(make([]byte, 64), bn254G2(outside)))
	require.ErrorIs(t, err, ErrSubgroup)
	outside.Y.A0.SetUint64(12345)
	_, err = c.Run(concat(make([]byte, 64), bn254G2(outside)))
	require.ErrorIs(t, err, ErrNotOnCurve)
}

func bn254OutsideSubgroup(t *testing.T) (p bn254.G2Affine) {
	t.Helper()
	_, _, _, g := bn254.Generators()
	// b = y² - x³ of the generator.
	var b, rhs bn254.E2
	b.Square(&g.Y)
	rhs.Square(&g.X).Mul(&rhs, &g.X)
	b.Sub(&b, &rhs)
	for x := uint64(1); ; x++ {
		p.X.A0.SetUint64(x)
		rhs.Square(&p.X).Mul(&rhs, &p.X).Add(&rhs, &b)
		if rhs.Legendre() != 1 {
			continue
		}
		p.Y.Sqrt(&rhs)
		require.True(t, p.IsOnCurve())
		if !p.IsInSubGroup() {
			return p
		}
	}
}

func TestBLSMapsMatchRFC9380(t *testing.T) {
	require.Equal(t, unhex(t, mapG1Output), run(t, at(Prague, 0x10), unhex(t, mapG1Input)))
	require.Equal(t, unhex(t, mapG2Output), run(t, at(Prague, 0x11), unhex(t, mapG2Input)))
}

func blsG1Outside() bls12381.G1Affine {
	for i := uint64(1); ; i++ {
		p := bls12381.G1Affine{}
		p.X.SetUint64(i)
		var rhs, four fp.Element
		four.SetUint64(4)
		rhs.Square(&p.X).Mul(&rhs, &p.X).Add(&rhs, &four)
		if p.Y.Sqrt(&rhs) != nil && !p.IsInSubGroup() {
			return p
		}
	}
}

func blsG2Outside() bls12381.G2Affine {
	for i := uint64(1); ; i++ {
		p := bls12381.G2Affine{}
		p.X.A0.SetUint64(i)
		var rhs, b bls12381.E2
		b.A0.SetUint64(4)
		b.A1.SetUint64(4)
		rhs.Square(&p.X).Mul(&rhs, &p.X).Add(&rhs, &b)
		if rhs.Legendre() != 1 {
			continue
		}
		p.Y.Sqrt(&rhs)
		if !p.IsInSubGroup() {
			return p
		}
	}
}

func TestBLSAddTakesAnyCurvePointWhileTheOthersCheckTheSubgroup(t *testing.T) {
	p, q := blsG1Outside(), blsG2Outside()
	require.True(t, p.IsOnCurve() && q.IsOnCurve())
	require.Equal(t, encodeG1(&p), run(t, at(Prague, 0x0b), concat(encodeG1(&p), make([]byte, 128))))
	require.Equal(t, encodeG2(&q), run(t, at(Prague, 0x0d), concat(encodeG2(&q), make([]byte, 256))))
	for address, in := range map[uint16][]byte{
		0x0c: concat(encodeG1(&p), word(1)),
		0x0e: concat(encodeG2(&q), word(1)),
		0x0f: concat(encodeG1(&p), make([]byte, 256)),
	} {
		_, err := at(Prague, address).Run(in)
		require.ErrorIs(t, err, ErrSubgroup)
	}
	_, err := at(Prague, 0x0f).Run(concat(make([]byte, 128), encodeG2(&q)))
	require.ErrorIs(t, err, ErrSubgroup)
}

func TestBLSRefusesNonCanonicalEncodings(t *testing.T) {
	p := concat(make([]byte, 16), unhex(t, blsModulus))
	padded := make([]byte, 64)
	padded[0] = 1
	for _, element := range [][]byte{p, padded, bytes.Repeat([]byte{0xff}, 64)} {
		for address, in := range map[uint16][]byte{
			0x0b: concat(element, make([]byte, 192)),
			0x0c: concat(make([]byte, 64), element, word(1)),
			0x0d: concat(make([]byte, 192), element, make([]byte, 256)),
			0x0e: concat(element, make([]byte, 192), word(1)),
			0x0f: concat(make([]byte, 320), element),
			0x10: element,
			0x11: concat(make([]byte, 64), element),
		} {
			_, err := at(Prague, address).Run(in)
			require.ErrorIs(t, err, ErrFieldElement, "contract %#x", address)
		}
	}
	for address := uint16(0x0b); address <= 0x11; address++ {
		_, err := at(Prague, address).Run(nil)
		require.ErrorIs(t, err, ErrInputLength, "contract %#x", address)
	}
}

func TestBLSPairingTellsTheProduct(t *testing.T) {
	_, _, g1, g2 := bls12381.Generators()
	var negative bls12381.G1Affine
	negative.Neg(&g1)
	pair, inverse := concat(encodeG1(&g1), encodeG2(&g2)), concat(encodeG1(&negative), encodeG2(&g2))
	c := at(Prague, 0x0f)
	require.Equal(t, word(0), run(t, c, pair))
	require.Equal(t, word(1), run(t, c, concat(pair, inverse)))
	require.Equal(t, word(1), run(t, c, make([]byte, 384)))
	require.Equal(t, uint64(37700+2*32600), c.Gas(concat(pair, inverse)))
}

// hostileScalars hit carries, zero digits and values above the group's order.
func hostileScalars(n int) (out [][]byte) {
	order := fr.Modulus()
	for i := range n {
		switch i % 7 {
		case 0:
			out = append(out, make([]byte, 32))
		case 1:
			out = append(out, bytes.Repeat([]byte{0xff}, 32))
		case 2:
			out = append(out, order.FillBytes(make([]byte, 32)))
		case 3:
			out = append(out, bytes.Repeat([]byte{0x80}, 32))
		case 4:
			out = append(out, word(1))
		default:
			h := sha256.Sum256([]byte{byte(i), byte(i >> 8)})
			out = append(out, h[:])
		}
	}
	return out
}

func TestMSMEqualsTheSumOfItsTerms(t *testing.T) {
	_, _, g1, g2 := bls12381.Generators()
	for _, n := range []int{1, 2, msmBucketThreshold - 1, msmBucketThreshold, 16, 33, 64, 200, 600} {
		var in1, in2 []byte
		sum1, sum2 := make([]byte, 128), make([]byte, 256)
		for i, s := range hostileScalars(n) {
			// Repeated points, opposites and infinity meet in the buckets.
			var p bls12381.G1Affine
			var q bls12381.G2Affine
			k := big.NewInt(int64(i%9) - 3)
			p.ScalarMultiplication(&g1, k)
			q.ScalarMultiplication(&g2, k)
			in1, in2 = concat(in1, encodeG1(&p), s), concat(in2, encodeG2(&q), s)
			scalar := new(big.Int).SetBytes(s)
			p.ScalarMultiplication(&p, scalar)
			q.ScalarMultiplication(&q, scalar)
			sum1 = run(t, at(Prague, 0x0b), concat(sum1, encodeG1(&p)))
			sum2 = run(t, at(Prague, 0x0d), concat(sum2, encodeG2(&q)))
		}
		require.Equal(t, sum1, run(t, at(Prague, 0x0c), in1), "G1, n=%d", n)
		require.Equal(t, sum2, run(t, at(Prague, 0x0e), in2), "G2, n=%d", n)
	}
}

func TestMSMPriceStopsFallingAt128Terms(t *testing.T) {
	g1, g2 := at(Prague, 0x0c), at(Prague, 0x0e)
	require.Equal(t, uint64(12000), g1.Gas(make([]byte, 160)))
	require.Equal(t, uint64(22500), g2.Gas(make([]byte, 288)))
	require.Equal(t, uint64(1000*12000*519/1000), g1.Gas(make([]byte, 160*1000)))
	require.Equal(t, uint64(1000*22500*524/1000), g2.Gas(make([]byte, 288*1000)))
	previous1, previous2 := uint64(0), uint64(0)
	for k := 1; k <= 130; k++ {
		now1, now2 := g1.Gas(make([]byte, 160*k)), g2.Gas(make([]byte, 288*k))
		require.Greater(t, now1, previous1)
		require.Greater(t, now2, previous2)
		previous1, previous2 = now1, now2
	}
}
