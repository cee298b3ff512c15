package ringsig

import (
	"fmt"

	"github.com/rootstem/rootstem/internal/curve"
	"github.com/rootstem/rootstem/internal/keccak"
)

// Sizes of rings.
const (
	MinRing = 2       // members that are not padding
	MaxRing = 1 << 14 // members with padding
)

// Ring is an ordered set of members, decoded and hashed once. It is immutable and
// safe for concurrent use; keep it for as long as proofs refer to it.
type Ring struct {
	keys        []curve.Point // real members, then padding
	commitments []curve.Point // as long as keys, or empty in the key form
	members     int           // that are not padding
	digest      [32]byte
}

// NewRing makes a ring of keys in the given order, padded to size members; size 0
// means no padding. With commitments, one for each key, it is a ring of outputs
// whose amounts are hidden.
//
// Padding members are points by RFC 9380 from a tag and their position: nobody can
// spend them, and everybody can tell them from members. They keep the proof's size
// and cost constant; they hide nobody. A padded size is one of Triptych's: 64, 256,
// 1024, 4096 or 16384.
//
// ErrRing: fewer than MinRing members, a size that is too small or not admitted, or
// a count of commitments that differs. ErrKey: a member that is no canonical point.
// ErrDuplicate: a key twice, or a key that equals a padding member's.
func NewRing(keys []PublicKey, commitments []Commitment, size int) (*Ring, error) {
	if size == 0 {
		size = len(keys)
	}
	switch {
	case len(keys) < MinRing || size < len(keys) || size > MaxRing:
		return nil, fmt.Errorf("%w: %d members in %d places", ErrRing, len(keys), size)
	case size > len(keys) && digitsOf(size) == 0:
		return nil, fmt.Errorf("%w: cannot pad to %d", ErrRing, size)
	case len(commitments) != 0 && len(commitments) != len(keys):
		return nil, fmt.Errorf("%w: %d keys, %d commitments", ErrRing, len(keys), len(commitments))
	}
	r := &Ring{members: len(keys)}
	if err := r.addKeys(keys, size); err != nil {
		return nil, err
	}
	if err := r.addCommitments(commitments, size); err != nil {
		return nil, err
	}
	r.digest = r.hash()
	return r, nil
}

func (r *Ring) addKeys(keys []PublicKey, size int) error {
	r.keys = make([]curve.Point, 0, size)
	seen := make(map[PublicKey]struct{}, size)
	for i := range size {
		var p curve.Point
		var enc PublicKey
		if i < len(keys) {
			var err error
			if p, err = curve.DecodePoint(keys[i][:]); err != nil {
				return fmt.Errorf("%w: member %d: %w", ErrKey, i, err)
			}
			enc = keys[i]
		} else {
			p = indexed("padding-key", i)
			enc = curve.Encode(&p)
		}
		if _, ok := seen[enc]; ok {
			return fmt.Errorf("%w: %d", ErrDuplicate, i)
		}
		seen[enc] = struct{}{}
		r.keys = append(r.keys, p)
	}
	return nil
}

func (r *Ring) addCommitments(commitments []Commitment, size int) error {
	if len(commitments) == 0 {
		return nil
	}
	r.commitments = make([]curve.Point, 0, size)
	for i := range size {
		p := curve.Point{}
		if i < len(commitments) {
			var err error
			if p, err = curve.DecodePoint(commitments[i][:]); err != nil {
				return fmt.Errorf("%w: commitment %d: %w", ErrKey, i, err)
			}
		} else {
			p = indexed("padding-amount", i)
		}
		r.commitments = append(r.commitments, p)
	}
	return nil
}

func (r *Ring) hash() [32]byte {
	in := make([]byte, 0, 1+24+(len(r.keys)+len(r.commitments))*curve.PointSize)
	in = append(in, kindDigest)
	in = append(in, be64(uint64(r.members))...)
	in = append(in, be64(uint64(len(r.keys)))...)
	in = append(in, be64(uint64(len(r.commitments)))...)
	for _, list := range [][]curve.Point{r.keys, r.commitments} {
		for i := range list {
			b := curve.Encode(&list[i])
			in = append(in, b[:]...)
		}
	}
	return keccak.Sum256(in)
}

// Members returns how many members are not padding: the anonymity set.
func (r *Ring) Members() int { return r.members }

// Size returns how many members the ring has with its padding.
func (r *Ring) Size() int { return len(r.keys) }

// Digest identifies the ring: members, order, commitments and padding.
func (r *Ring) Digest() [32]byte { return r.digest }
