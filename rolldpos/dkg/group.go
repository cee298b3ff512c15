package dkg

import (
	"encoding/binary"
	"fmt"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/bls"
)

// Group is the public result: any Threshold of the seats sign for Key.
type Group struct {
	Threshold int
	Key       *bls.PublicKey
	Shares    []*bls.PublicKey // seat i holds the share of index i + 1
}

// Encode returns threshold and number of shares (2 bytes each, big-endian), the key and
// the shares (96 bytes each).
func (g *Group) Encode() []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(g.Threshold))
	b = binary.BigEndian.AppendUint16(b, uint16(len(g.Shares)))
	for _, p := range append([]*bls.PublicKey{g.Key}, g.Shares...) {
		k := p.Bytes()
		b = append(b, k[:]...)
	}
	return b
}

// DecodeGroup reads a group that fills b exactly. It checks that the keys are points of
// the subgroup, at some 0.1 ms each, and not that the shares belong together. Errors
// wrap ErrEncoding.
func DecodeGroup(b []byte) (*Group, error) {
	if len(b) < 4 {
		return nil, fmt.Errorf("%w: group of %d bytes", ErrEncoding, len(b))
	}
	g := &Group{Threshold: int(binary.BigEndian.Uint16(b))}
	n := int(binary.BigEndian.Uint16(b[2:]))
	b = b[4:]
	if n == 0 || n > rolldpos.MaxSeats || g.Threshold == 0 || g.Threshold > n || len(b) != (n+1)*bls.PublicKeySize {
		return nil, fmt.Errorf("%w: group of %d, threshold %d", ErrEncoding, n, g.Threshold)
	}
	keys := make([]*bls.PublicKey, n+1)
	for i := range keys {
		var err error
		if keys[i], err = bls.DecodePublicKey(b[i*bls.PublicKeySize : (i+1)*bls.PublicKeySize]); err != nil {
			return nil, fmt.Errorf("%w: group: %w", ErrEncoding, err)
		}
	}
	g.Key, g.Shares = keys[0], keys[1:]
	return g, nil
}

// Digest names a group: GroupDigest of its encoding.
func (g *Group) Digest() [32]byte { return GroupDigest(g.Encode()) }

// GroupDigest is Keccak-256 of a tag and an encoded group.
func GroupDigest(encoded []byte) [32]byte { return keccak.Sum256([]byte(tagGroup), encoded) }
