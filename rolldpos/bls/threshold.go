package bls

import (
	"fmt"

	"github.com/consensys/gnark-crypto/ecc"

	curve "github.com/consensys/gnark-crypto/ecc/bls12-381"

	"github.com/rootstem/rootstem/rolldpos/internal/lagrange"
)

// Share is a member's part of a group's key: the polynomial at Index.
type Share struct {
	Index uint32 // 1 … n: the seat plus one
	Key   *SecretKey
}

// Sign returns the member's part of the group's signature of msg under dst.
func (s *Share) Sign(dst string, msg []byte) Partial {
	return Partial{s.Index, s.Key.Sign(dst, msg)}
}

// Erase overwrites the share's key.
func (s *Share) Erase() { s.Key.Erase() }

// Partial is one member's part of a group's signature. It verifies like any signature,
// under the member's public share.
type Partial struct {
	Index     uint32
	Signature Signature
}

// Recover makes the group's signature of the first threshold partials. It does not
// verify them: the caller verifies the result under the group's key. Errors:
// ErrThreshold; ErrIndex if one of all the indices is zero or repeated; ErrEncoding.
func Recover(threshold int, partials []Partial) (Signature, error) {
	if threshold < 1 || len(partials) < threshold {
		return Signature{}, fmt.Errorf("%w: %d of %d", ErrThreshold, len(partials), threshold)
	}
	seen := make(map[uint32]bool, len(partials))
	for _, p := range partials {
		if p.Index == 0 || seen[p.Index] {
			return Signature{}, fmt.Errorf("%w: %d", ErrIndex, p.Index)
		}
		seen[p.Index] = true
	}
	used := partials[:threshold]
	points := make([]curve.G1Affine, threshold)
	indices := make([]uint32, threshold)
	for i := range used {
		var err error
		indices[i] = used[i].Index
		if points[i], err = used[i].Signature.point(); err != nil {
			return Signature{}, fmt.Errorf("partial of %d: %w", used[i].Index, err)
		}
	}
	var sum curve.G1Affine
	if _, err := sum.MultiExp(points, lagrange.AtZero(indices), ecc.MultiExpConfig{NbTasks: 1}); err != nil {
		return Signature{}, fmt.Errorf("%w: %w", ErrEncoding, err)
	}
	if sum.IsInfinity() {
		return Signature{}, fmt.Errorf("%w: the partials cancel out", ErrEncoding)
	}
	return sum.Bytes(), nil
}
