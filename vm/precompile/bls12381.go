package precompile

import (
	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fp"
)

// The curve BLS12-381 (EIP-2537). A field element is a canonical 64-byte big-endian
// integer, an element of the quadratic field is c0 ‖ c1, a point is x ‖ y, and zeros
// are the point at infinity.

const (
	blsFieldLength  = 64
	blsG1Length     = 2 * blsFieldLength
	blsG2Length     = 4 * blsFieldLength
	blsScalarLength = 32
)

// g1Add adds two points of the curve, which need not lie in the subgroup.
type g1Add struct{}

func (g1Add) Gas([]byte) uint64 { return 375 }

func (g1Add) Run(input []byte) ([]byte, error) {
	if len(input) != 2*blsG1Length {
		return nil, ErrInputLength
	}
	a, err := decodeG1(input[:blsG1Length])
	if err != nil {
		return nil, err
	}
	b, err := decodeG1(input[blsG1Length:])
	if err != nil {
		return nil, err
	}
	return encodeG1(a.Add(&a, &b)), nil
}

// g2Add adds two points of the twist, which need not lie in the subgroup.
type g2Add struct{}

func (g2Add) Gas([]byte) uint64 { return 600 }

func (g2Add) Run(input []byte) ([]byte, error) {
	if len(input) != 2*blsG2Length {
		return nil, ErrInputLength
	}
	a, err := decodeG2(input[:blsG2Length])
	if err != nil {
		return nil, err
	}
	b, err := decodeG2(input[blsG2Length:])
	if err != nil {
		return nil, err
	}
	return encodeG2(a.Add(&a, &b)), nil
}

// blsPairing tells whether the product of the pairings of k ≥ 1 pairs (G1 ‖ G2) is
// one.
type blsPairing struct{}

const blsPairLength = blsG1Length + blsG2Length

func (blsPairing) Gas(input []byte) uint64 {
	return 37700 + 32600*uint64(len(input)/blsPairLength)
}

func (blsPairing) Run(input []byte) ([]byte, error) {
	if len(input) == 0 || len(input)%blsPairLength != 0 {
		return nil, ErrInputLength
	}
	k := len(input) / blsPairLength
	ps, qs := make([]bls12381.G1Affine, k), make([]bls12381.G2Affine, k)
	for i := range k {
		pair := input[i*blsPairLength : (i+1)*blsPairLength]
		var err error
		if ps[i], err = decodeSubgroupG1(pair[:blsG1Length]); err != nil {
			return nil, err
		}
		if qs[i], err = decodeSubgroupG2(pair[blsG1Length:]); err != nil {
			return nil, err
		}
	}
	ok, err := bls12381.PairingCheck(ps, qs)
	if err != nil { // the lists are empty or differ in length
		return nil, ErrInputLength
	}
	return boolean(ok), nil
}

// mapToG1 maps a field element to the subgroup (RFC 9380 section 6.6.3, then the
// cofactor is cleared).
type mapToG1 struct{}

func (mapToG1) Gas([]byte) uint64 { return 5500 }

func (mapToG1) Run(input []byte) ([]byte, error) {
	if len(input) != blsFieldLength {
		return nil, ErrInputLength
	}
	var u fp.Element
	if err := decodeFields(input, &u); err != nil {
		return nil, err
	}
	p := bls12381.MapToG1(u)
	return encodeG1(&p), nil
}

// mapToG2 maps an element of the quadratic field to the subgroup.
type mapToG2 struct{}

func (mapToG2) Gas([]byte) uint64 { return 23800 }

func (mapToG2) Run(input []byte) ([]byte, error) {
	if len(input) != 2*blsFieldLength {
		return nil, ErrInputLength
	}
	var u bls12381.E2
	if err := decodeFields(input, &u.A0, &u.A1); err != nil {
		return nil, err
	}
	p := bls12381.MapToG2(u)
	return encodeG2(&p), nil
}

// decodeG1 reads a point of the curve; infinity counts as one.
func decodeG1(in []byte) (p bls12381.G1Affine, err error) {
	if err := decodeFields(in, &p.X, &p.Y); err != nil {
		return bls12381.G1Affine{}, err
	}
	if !p.IsOnCurve() {
		return bls12381.G1Affine{}, ErrNotOnCurve
	}
	return p, nil
}

func decodeG2(in []byte) (p bls12381.G2Affine, err error) {
	if err := decodeFields(in, &p.X.A0, &p.X.A1, &p.Y.A0, &p.Y.A1); err != nil {
		return bls12381.G2Affine{}, err
	}
	if !p.IsInfinity() && !p.IsOnCurve() {
		return bls12381.G2Affine{}, ErrNotOnCurve
	}
	return p, nil
}

func decodeSubgroupG1(in []byte) (bls12381.G1Affine, error) {
	p, err := decodeG1(in)
	if err == nil && !p.IsInfinity() && !p.IsInSubGroup() {
		return bls12381.G1Affine{}, ErrSubgroup
	}
	return p, err
}

func decodeSubgroupG2(in []byte) (bls12381.G2Affine, error) {
	p, err := decodeG2(in)
	if err == nil && !p.IsInfinity() && !p.IsInSubGroup() {
		return bls12381.G2Affine{}, ErrSubgroup
	}
	return p, err
}

// decodeFields reads one canonical 64-byte integer of in for each element.
func decodeFields(in []byte, elements ...*fp.Element) error {
	const padding = blsFieldLength - fp.Bytes
	for i, e := range elements {
		b := in[blsFieldLength*i : blsFieldLength*(i+1)]
		if [padding]byte(b[:padding]) != [padding]byte{} {
			return ErrFieldElement
		}
		if err := e.SetBytesCanonical(b[padding:]); err != nil {
			return ErrFieldElement
		}
	}
	return nil
}

func encodeG1(p *bls12381.G1Affine) []byte {
	return encodeFields(&p.X, &p.Y)
}

func encodeG2(p *bls12381.G2Affine) []byte {
	return encodeFields(&p.X.A0, &p.X.A1, &p.Y.A0, &p.Y.A1)
}

func encodeFields(elements ...*fp.Element) []byte {
	out := make([]byte, blsFieldLength*len(elements))
	for i, e := range elements {
		b := e.Bytes()
		copy(out[blsFieldLength*(i+1)-fp.Bytes:], b[:])
	}
	return out
}
