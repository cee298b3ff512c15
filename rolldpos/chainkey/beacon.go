package chainkey

import (
	"crypto/sha256"
	"fmt"

	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/rolldpos/bls"
)

// Beacon is the chain key's signature of a round, which is an epoch's number. Nobody
// knows it before a quorum has signed, and there is but one that verifies.
type Beacon struct {
	Round     uint64 // from 1
	Signature bls.Signature
}

// Verify returns nil if the key signed the round: the rule of drand's unchained
// networks with signatures in G1. Errors wrap ErrInvalid.
func (b *Beacon) Verify(k *Key) error {
	if b.Round == 0 {
		return fmt.Errorf("%w: round 0", ErrStatement)
	}
	m := roundMessage(b.Round)
	return k.verify(bls.DrandQuicknetDST, m[:], b.Signature)
}

// Randomness is SHA-256 of the signature, as drand's. Verify first.
func (b *Beacon) Randomness() Hash { return sha256.Sum256(b.Signature[:]) }

// AppendBinary appends the RLP list [round, signature].
func (b *Beacon) AppendBinary(dst []byte) []byte {
	p := rlp.AppendUint(nil, b.Round)
	return rlp.AppendList(dst, rlp.AppendBytes(p, b.Signature[:]))
}

// DecodeBeacon reads a beacon that fills raw exactly. It verifies no signature.
// Errors wrap ErrEncoding.
func DecodeBeacon(raw []byte) (*Beacon, error) {
	d := rlp.NewDecoder(raw)
	b := &Beacon{Round: d.Uint()}
	d.Fixed(b.Signature[:])
	if err := d.Done(); err != nil {
		return nil, fmt.Errorf("%w: beacon: %w", ErrEncoding, err)
	}
	return b, nil
}
