package dkg

import (
	"fmt"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fr"

	curve "github.com/consensys/gnark-crypto/ecc/bls12-381"

	"github.com/rootstem/rootstem/rolldpos/bls"
	"github.com/rootstem/rootstem/rolldpos/internal/lagrange"
)

// Group returns the public result: the sum of the qualified deals in a generation; in a
// resharing the interpolation of those of the first qualified dealers, as many as the
// old threshold. It is computed once, for 100 seats in some 0.6 s. Errors: ErrPhase
// before the acknowledgements, ErrFailed if too few dealers qualify.
func (t *Transcript) Group(height uint64) (*Group, error) {
	used, weights, err := t.counted(height)
	if err != nil || t.group != nil {
		return t.group, err
	}
	commitment := make([]curve.G2Affine, t.ceremony.Threshold())
	column := make([]curve.G2Affine, len(used))
	for k := range commitment {
		for i, dealer := range used {
			column[i] = t.deals[dealer].points[k]
		}
		if commitment[k], err = combine(column, weights); err != nil {
			return nil, err
		}
	}
	g := &Group{Threshold: t.ceremony.Threshold()}
	keys := make([]*bls.PublicKey, t.ceremony.Seats.Size()+1)
	for i := range keys {
		b := evaluate(commitment, uint32(i))
		if keys[i], err = bls.DecodePublicKey(b[:]); err != nil {
			return nil, fmt.Errorf("%w: key %d of the result: %w", ErrFailed, i, err)
		}
	}
	g.Key, g.Shares = keys[0], keys[1:]
	if old := t.ceremony.Old; old != nil && !old.Key.Equal(g.Key) {
		return nil, fmt.Errorf("%w: the old shares are not those of the old key", ErrFailed)
	}
	t.group = g
	return g, nil
}

// counted returns the dealers whose polynomials make the result's, and their weights,
// which are nil for ones.
func (t *Transcript) counted(height uint64) (used []int, weights []fr.Element, err error) {
	if used, err = t.Qualified(height); err != nil {
		return nil, nil, err
	}
	needed := t.ceremony.needed()
	if len(used) < needed {
		return nil, nil, fmt.Errorf("%w: %d of %d", ErrFailed, len(used), needed)
	}
	if t.ceremony.Old == nil {
		return used, nil, nil
	}
	used = used[:needed]
	indices := make([]uint32, needed)
	for i, dealer := range used {
		indices[i] = uint32(dealer) + 1
	}
	return used, lagrange.AtZero(indices), nil
}

func combine(column []curve.G2Affine, weights []fr.Element) (out curve.G2Affine, err error) {
	if weights != nil {
		if _, err := out.MultiExp(column, weights, ecc.MultiExpConfig{NbTasks: 1}); err != nil {
			return out, fmt.Errorf("%w: %w", ErrFailed, err)
		}
		return out, nil
	}
	var sum curve.G2Jac
	for i := range column {
		sum.AddMixed(&column[i])
	}
	out.FromJacobian(&sum)
	return out, nil
}
