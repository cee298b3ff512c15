package dkg

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"

	"github.com/consensys/gnark-crypto/ecc/bls12-381/fr"

	curve "github.com/consensys/gnark-crypto/ecc/bls12-381"

	"github.com/rootstem/rootstem/rolldpos/bls"
)

// polynomial holds secret coefficients, the constant one first. None is zero.
type polynomial []*bls.SecretKey

// at returns p(x). Constant time in the coefficients.
func (p polynomial) at(x uint32) [32]byte {
	var y, c, at fr.Element
	at.SetUint64(uint64(x))
	for i := len(p) - 1; i >= 0; i-- {
		b := p[i].Bytes()
		c.SetBytes(b[:])
		clear(b[:])
		y.Mul(&y, &at).Add(&y, &c)
	}
	return y.Bytes()
}

func (p polynomial) commit() [][96]byte {
	out := make([][96]byte, len(p))
	for i := range p {
		out[i] = p[i].Public().Bytes()
	}
	return out
}

func (p polynomial) erase() {
	for _, c := range p {
		c.Erase()
	}
}

// points decodes commitments to points of G2. It refuses, with ErrDeal, the identity
// and, unless the caller says that they are known, points outside the subgroup.
func points(commitment [][96]byte, known bool) ([]curve.G2Affine, error) {
	out := make([]curve.G2Affine, len(commitment))
	for i := range commitment {
		p, err := point(&commitment[i], known)
		if err != nil {
			return nil, fmt.Errorf("%w: coefficient %d: %w", ErrDeal, i, err)
		}
		out[i] = p
	}
	return out, nil
}

var errIdentity = errors.New("identity")

func point(b *[96]byte, known bool) (p curve.G2Affine, err error) {
	if known {
		err = curve.NewDecoder(bytes.NewReader(b[:]), curve.NoSubgroupChecks()).Decode(&p)
	} else {
		_, err = p.SetBytes(b[:])
	}
	if err == nil && p.IsInfinity() {
		err = errIdentity
	}
	return p, err
}

// evaluate returns p(x)·g₂ from the commitment to p. Variable time: nothing is secret.
func evaluate(commitment []curve.G2Affine, x uint32) [96]byte {
	var sum curve.G2Jac
	for i := len(commitment) - 1; i >= 0; i-- {
		sum = times(&sum, x)
		sum.AddMixed(&commitment[i])
	}
	var out curve.G2Affine
	out.FromJacobian(&sum)
	return out.Bytes()
}

// times returns x·p for a small x.
func times(p *curve.G2Jac, x uint32) curve.G2Jac {
	var out curve.G2Jac
	for bit := bits.Len32(x) - 1; bit >= 0; bit-- {
		out.DoubleAssign()
		if x>>bit&1 == 1 {
			out.AddAssign(p)
		}
	}
	return out
}

// opens returns nil if share is the polynomial at x, ErrShare otherwise.
func opens(commitment []curve.G2Affine, x uint32, share *[32]byte) error {
	k, err := bls.DecodeSecretKey(share[:])
	if err != nil {
		return fmt.Errorf("%w: %w", ErrShare, err)
	}
	defer k.Erase()
	if k.Public().Bytes() != evaluate(commitment, x) {
		return ErrShare
	}
	return nil
}
