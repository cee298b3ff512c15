package dkg

import (
	"encoding/binary"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bls12-381/fr"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/bls"
)

// Pending is a share that nobody may learn of before it is durable: Keep is the only
// way on.
type Pending struct {
	p      *Participant
	member *Member
}

// Member is a seat of a group with its durable share.
type Member struct {
	Ceremony [32]byte // ID of the ceremony that made the group
	Share    bls.Share
	Group    *Group
}

// Finish computes the group and the seat's share of it. The transcript's justifications
// must be complete: height is that of a block in the phase of acknowledgements or later.
// Errors: ErrPhase, ErrFailed, ErrRole, ErrErased; ErrShare if the seat got no share.
func (p *Participant) Finish(t *Transcript, height uint64) (*Pending, error) {
	g, err := t.Group(height)
	if err != nil {
		return nil, err
	}
	if p.received == nil { // the node has restarted since
		if _, err := p.receive(t); err != nil {
			return nil, err
		}
	}
	used, weights, err := t.counted(height)
	if err != nil {
		return nil, err
	}
	var sum, y fr.Element
	for i, dealer := range used {
		share := p.shareOf(t, dealer)
		if share == nil {
			return nil, fmt.Errorf("%w: none of dealer %d, of whom seat %d did not complain", ErrShare, dealer, p.seat)
		}
		y.SetBytes(share[:])
		if weights != nil {
			y.Mul(&y, &weights[i])
		}
		sum.Add(&sum, &y)
	}
	b := sum.Bytes()
	defer clear(b[:])
	key, err := bls.DecodeSecretKey(b[:])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrShare, err)
	}
	if !key.Public().Equal(g.Shares[p.seat]) {
		return nil, fmt.Errorf("%w: seat %d", ErrShare, p.seat)
	}
	return &Pending{p, &Member{p.rules.ID, bls.Share{Index: uint32(p.seat) + 1, Key: key}, g}}, nil
}

// shareOf returns what the seat got from a dealer: in a box, or revealed.
func (p *Participant) shareOf(t *Transcript, dealer int) *[32]byte {
	if share := p.received[dealer]; share != nil {
		return share
	}
	for i := range t.deals[dealer].reveals {
		if r := &t.deals[dealer].reveals[i]; r.Seat == p.seat {
			return &r.Share
		}
	}
	return nil
}

// Keep hands the member's encoding, which holds the secret share, to store, and returns
// the member and its acknowledgement only if store returned nil: that is, if the bytes
// are on disk and synced. Then it erases the participant's secrets. The error is store's.
func (x *Pending) Keep(store func(member []byte) error) (*Member, *Acknowledgement, error) {
	b := x.member.Encode()
	defer clear(b)
	if err := store(b); err != nil {
		return nil, nil, fmt.Errorf("dkg: keeping the share of seat %d: %w", x.p.seat, err)
	}
	x.p.Erase()
	return x.member, x.member.Acknowledge(x.p.ceremony, x.p.signer), nil
}

// Acknowledge returns the message that says that the share is durable. A node that
// restarts makes it again from the member that it decoded.
func (m *Member) Acknowledge(c *Ceremony, s rolldpos.Signer) *Acknowledgement {
	a := &Acknowledgement{Seat: int(m.Share.Index) - 1, Group: m.Group.Digest()}
	r := c.Rules()
	r.sign(s, a)
	return a
}

const memberHead = 32 + 4 + bls.SecretKeySize

// Encode returns the ceremony's ID (32 bytes), the index (4 bytes, big-endian), the
// secret share (32 bytes) and the group. It must be stored where only the node reads it.
func (m *Member) Encode() []byte {
	k := m.Share.Key.Bytes()
	defer clear(k[:])
	group := m.Group.Encode()
	b := make([]byte, 0, memberHead+len(group))
	b = append(b, m.Ceremony[:]...)
	b = binary.BigEndian.AppendUint32(b, m.Share.Index)
	b = append(b, k[:]...)
	return append(b, group...)
}

// DecodeMember reads a member that fills b exactly, and checks that the share is the
// group's. Errors: ErrEncoding, ErrShare.
func DecodeMember(b []byte) (*Member, error) {
	if len(b) < memberHead {
		return nil, fmt.Errorf("%w: member of %d bytes", ErrEncoding, len(b))
	}
	m := &Member{Ceremony: [32]byte(b), Share: bls.Share{Index: binary.BigEndian.Uint32(b[32:])}}
	var err error
	if m.Share.Key, err = bls.DecodeSecretKey(b[36:memberHead]); err != nil {
		return nil, fmt.Errorf("%w: member: %w", ErrEncoding, err)
	}
	if m.Group, err = DecodeGroup(b[memberHead:]); err != nil {
		return nil, err
	}
	index := m.Share.Index
	if index == 0 || uint64(index) > uint64(len(m.Group.Shares)) || !m.Share.Key.Public().Equal(m.Group.Shares[index-1]) {
		return nil, fmt.Errorf("%w: member of index %d", ErrShare, index)
	}
	return m, nil
}

// Erase overwrites the secret share.
func (m *Member) Erase() { m.Share.Erase() }
