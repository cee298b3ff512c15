package precompile

import (
	"crypto/sha256"
	"math/big"
	"testing"

	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fr"
	"github.com/stretchr/testify/require"
)

const (
	// tau·G1 and tau·G2 of the ceremony, compressed (consensus-specs,
	// trusted_setup_4096.json, g1_monomial[1] and g2_monomial[1], CC0).
	tauG1 = "ad3eb50121139aa34db1d545093ac9374ab7bca2c0f3bf28e27c8dcd8fc7cb42d25926fc0c97b336e9f0fb35e5a04c81"
	tauG2 = "b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72" +
		"185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2"
)

func TestKZGConstantIsTheCeremonysPoint(t *testing.T) {
	var first bls12381.G1Affine
	var second bls12381.G2Affine
	_, err := first.SetBytes(unhex(t, tauG1))
	require.NoError(t, err)
	_, err = second.SetBytes(unhex(t, tauG2))
	require.NoError(t, err)
	c := newPointEvaluation()
	require.True(t, c.tau.Equal(&second))
	require.True(t, c.tau.IsInSubGroup())
	// e(τ·G1, G2) = e(G1, τ·G2)
	_, _, g1, g2 := bls12381.Generators()
	g1.Neg(&g1)
	ok, err := bls12381.PairingCheck([]bls12381.G1Affine{first, g1}, []bls12381.G2Affine{g2, second})
	require.NoError(t, err)
	require.True(t, ok)
}

func evaluationInput(commitment, proof []byte, z, y *big.Int) []byte {
	hash := sha256.Sum256(commitment)
	hash[0] = 1
	return concat(hash[:], z.FillBytes(make([]byte, 32)), y.FillBytes(make([]byte, 32)), commitment, proof)
}

// linearEvaluation is the polynomial x, whose quotient at any z is 1.
func linearEvaluation(t testing.TB) []byte {
	_, _, g1, _ := bls12381.Generators()
	proof := g1.Bytes()
	return evaluationInput(unhex(t, tauG1), proof[:], big.NewInt(987654321), big.NewInt(987654321))
}

func TestPointEvaluationAcceptsTrueValues(t *testing.T) {
	want := concat(word(4096), fr.Modulus().FillBytes(make([]byte, 32)))
	require.Equal(t, want, run(t, at(Cancun, 0x0a), linearEvaluation(t)))

	// A constant polynomial: the proof is infinity. Zero: the commitment too.
	infinity := concat([]byte{0xc0}, make([]byte, 47))
	_, _, p, _ := bls12381.Generators()
	p.ScalarMultiplication(&p, big.NewInt(5))
	five := p.Bytes()
	require.Equal(t, want, run(t, at(Cancun, 0x0a), evaluationInput(five[:], infinity, big.NewInt(3), big.NewInt(5))))
	require.Equal(t, want, run(t, at(Cancun, 0x0a), evaluationInput(infinity, infinity, big.NewInt(3), new(big.Int))))
}

func TestPointEvaluationRefusesEverythingElse(t *testing.T) {
	c := at(Osaka, 0x0a)
	valid := linearEvaluation(t)
	change := func(at int, with ...byte) []byte {
		in := append([]byte(nil), valid...)
		copy(in[at:], with)
		return in
	}
	modulus := fr.Modulus().FillBytes(make([]byte, 32))
	outside := blsG1Outside()
	encoded := outside.Bytes()
	cases := []struct {
		name  string
		input []byte
		want  error
	}{
		{"short", valid[:191], ErrInputLength},
		{"long", append(change(0), 0), ErrInputLength},
		{"version", change(0, 2), ErrVersionedHash},
		{"hash", change(31, valid[31]^1), ErrVersionedHash},
		{"z not canonical", change(32, modulus...), ErrFieldElement},
		{"y not canonical", change(64, modulus...), ErrFieldElement},
		{"wrong y", change(95, valid[95]^1), ErrKZGProof},
		{"wrong proof", change(144, valid[144]^0x20), ErrKZGProof},
		{"uncompressed flag", change(144, valid[144]&0x7f), ErrKZGPoint},
		{"infinity with a coordinate", change(144, 0xc0), ErrKZGPoint},
		{"proof outside of the subgroup", change(144, encoded[:]...), ErrKZGPoint},
		{"commitment outside of the subgroup",
			evaluationInput(encoded[:], valid[144:], new(big.Int), new(big.Int)), ErrKZGPoint},
	}
	for _, tc := range cases {
		out, err := c.Run(tc.input)
		require.ErrorIs(t, err, tc.want, tc.name)
		require.Nil(t, out, tc.name)
	}
}
