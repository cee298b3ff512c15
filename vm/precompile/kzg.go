package precompile

import (
	"crypto/sha256"
	"encoding/hex"
	"math/big"

	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fr"
)

// pointEvaluation verifies that the polynomial behind a commitment has the value y
// at z (EIP-4844): input versioned hash (32) ‖ z (32) ‖ y (32) ‖ commitment (48) ‖
// proof (48); z and y are canonical big-endian scalars, the points are compressed
// as in the consensus specs. The output is 4096 and the scalar field's modulus.
type pointEvaluation struct {
	generator, tau bls12381.G2Affine // G2's generator, and τ times it
}

// kzgTau is τ·G2 of Ethereum's ceremony of 2023 (consensus-specs,
// trusted_setup_4096.json, g2_monomial[1]), decompressed, coded as in EIP-2537
// without the padding: x.c0 ‖ x.c1 ‖ y.c0 ‖ y.c1.
const kzgTau = "" +
	"185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2" +
	"15bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72" +
	"014353bdb96b626dd7d5ee8599d1fca2131569490e28de18e82451a496a9c9794ce26d105941f383ee689bfbbb832a99" +
	"1666c54b0a32529503432fcae0181b4bef79de09fc63671fda5ed1ba9bfa07899495346f3d7ac9cd23048ef30d0a154f"

// newPointEvaluation decodes the ceremony's point.
func newPointEvaluation() pointEvaluation {
	raw, err := hex.DecodeString(kzgTau)
	if err != nil || len(raw) != 4*48 {
		panic("precompile: malformed constant of the kzg ceremony")
	}
	padded := make([]byte, blsG2Length)
	for i := range 4 {
		copy(padded[blsFieldLength*(i+1)-48:], raw[48*i:48*(i+1)])
	}
	tau, err := decodeG2(padded)
	if err != nil {
		panic("precompile: constant of the kzg ceremony is not a point")
	}
	_, _, _, generator := bls12381.Generators()
	return pointEvaluation{generator: generator, tau: tau}
}

func (pointEvaluation) Gas([]byte) uint64 { return 50000 }

func (c pointEvaluation) Run(input []byte) ([]byte, error) {
	if len(input) != 192 {
		return nil, ErrInputLength
	}
	versioned := sha256.Sum256(input[96:144])
	versioned[0] = 1
	if versioned != [32]byte(input[:32]) {
		return nil, ErrVersionedHash
	}
	var z, y fr.Element
	if z.SetBytesCanonical(input[32:64]) != nil || y.SetBytesCanonical(input[64:96]) != nil {
		return nil, ErrFieldElement
	}
	commitment, err := decodeCompressedG1(input[96:144])
	if err != nil {
		return nil, err
	}
	proof, err := decodeCompressedG1(input[144:])
	if err != nil {
		return nil, err
	}
	if !c.verify(&commitment, &proof, &z, &y) {
		return nil, ErrKZGProof
	}
	out := make([]byte, 64)
	out[30] = 4096 >> 8
	fr.Modulus().FillBytes(out[32:])
	return out, nil
}

// verify checks e(C - y·G1 + z·π, G2) = e(π, τ·G2), which is the equation of EIP-4844
// with all scalar multiplications moved to G1.
func (c pointEvaluation) verify(commitment, proof *bls12381.G1Affine, z, y *fr.Element) bool {
	var left, term bls12381.G1Affine
	var scalar big.Int
	left.ScalarMultiplication(proof, z.BigInt(&scalar))
	left.Add(&left, commitment)
	term.ScalarMultiplicationBase(y.BigInt(&scalar))
	left.Sub(&left, &term)
	var negative bls12381.G1Affine
	negative.Neg(proof)
	ok, err := bls12381.PairingCheck(
		[]bls12381.G1Affine{left, negative},
		[]bls12381.G2Affine{c.generator, c.tau},
	)
	return err == nil && ok
}

// decodeCompressedG1 reads a compressed point of the subgroup, infinity included.
func decodeCompressedG1(in []byte) (p bls12381.G1Affine, err error) {
	if len(in) != bls12381.SizeOfG1AffineCompressed || in[0]&0x80 == 0 {
		return bls12381.G1Affine{}, ErrKZGPoint
	}
	if _, err := p.SetBytes(in); err != nil {
		return bls12381.G1Affine{}, ErrKZGPoint
	}
	return p, nil
}
