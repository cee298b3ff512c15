package precompile

import (
	"math/big"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
)

// The curve alt_bn128 (EIP-196, EIP-197, prices of EIP-1108). Coordinates are
// canonical 32-byte big-endian words; (0, 0) is the point at infinity.

// bn254Add adds two points: x1 ‖ y1 ‖ x2 ‖ y2, read as if followed by zeros.
type bn254Add struct{}

func (bn254Add) Gas([]byte) uint64 { return 150 }

func (bn254Add) Run(input []byte) ([]byte, error) {
	var in [128]byte
	fill(in[:], input, 0)
	a, err := decodeBN254G1([64]byte(in[:64]))
	if err != nil {
		return nil, err
	}
	b, err := decodeBN254G1([64]byte(in[64:]))
	if err != nil {
		return nil, err
	}
	return encodeBN254G1(a.Add(&a, &b)), nil
}

// bn254Mul multiplies a point by any 32-byte scalar: x ‖ y ‖ scalar, read as if
// followed by zeros.
type bn254Mul struct{}

func (bn254Mul) Gas([]byte) uint64 { return 6000 }

func (bn254Mul) Run(input []byte) ([]byte, error) {
	var in [96]byte
	fill(in[:], input, 0)
	p, err := decodeBN254G1([64]byte(in[:64]))
	if err != nil {
		return nil, err
	}
	return encodeBN254G1(p.ScalarMultiplication(&p, new(big.Int).SetBytes(in[64:]))), nil
}

// bn254Pairing tells whether the product of the pairings of k pairs (G1 ‖ G2) is
// one. An element of the quadratic field is its imaginary part, then its real part.
type bn254Pairing struct{}

const bn254PairLength = 192

func (bn254Pairing) Gas(input []byte) uint64 {
	return 45000 + 34000*uint64(len(input)/bn254PairLength)
}

func (bn254Pairing) Run(input []byte) ([]byte, error) {
	if len(input)%bn254PairLength != 0 {
		return nil, ErrInputLength
	}
	k := len(input) / bn254PairLength
	if k == 0 {
		return boolean(true), nil
	}
	ps, qs := make([]bn254.G1Affine, k), make([]bn254.G2Affine, k)
	for i := range k {
		pair := input[i*bn254PairLength:]
		var err error
		if ps[i], err = decodeBN254G1([64]byte(pair[:64])); err != nil {
			return nil, err
		}
		if qs[i], err = decodeBN254G2([128]byte(pair[64:192])); err != nil {
			return nil, err
		}
	}
	ok, err := bn254.PairingCheck(ps, qs)
	if err != nil { // the lists are empty or differ in length
		return nil, ErrInputLength
	}
	return boolean(ok), nil
}

// decodeBN254G1 checks the curve's equation; the group has cofactor 1.
func decodeBN254G1(in [64]byte) (p bn254.G1Affine, err error) {
	if err := decodeBN254Fields(in[:], &p.X, &p.Y); err != nil {
		return bn254.G1Affine{}, err
	}
	if !p.IsOnCurve() {
		return bn254.G1Affine{}, ErrNotOnCurve
	}
	return p, nil
}

func decodeBN254G2(in [128]byte) (p bn254.G2Affine, err error) {
	if err := decodeBN254Fields(in[:], &p.X.A1, &p.X.A0, &p.Y.A1, &p.Y.A0); err != nil {
		return bn254.G2Affine{}, err
	}
	if p.IsInfinity() {
		return p, nil
	}
	if !p.IsOnCurve() {
		return bn254.G2Affine{}, ErrNotOnCurve
	}
	if !p.IsInSubGroup() {
		return bn254.G2Affine{}, ErrSubgroup
	}
	return p, nil
}

// decodeBN254Fields reads one canonical word of in for each element.
func decodeBN254Fields(in []byte, elements ...*fp.Element) error {
	for i, e := range elements {
		if err := e.SetBytesCanonical(in[32*i : 32*i+32]); err != nil {
			return ErrFieldElement
		}
	}
	return nil
}

func encodeBN254G1(p *bn254.G1Affine) []byte {
	x, y := p.X.Bytes(), p.Y.Bytes()
	return append(append(make([]byte, 0, 64), x[:]...), y[:]...)
}
