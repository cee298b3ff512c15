package dkg

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/bls"
)

// SeedSize is the length of a Participant's seed, in bytes.
const SeedSize = 32

// Participant is one node's part in a ceremony: dealer, receiver, or both. It draws all
// of its secrets from a seed, so that a node that restarts with the same seed says the
// same again. It is not safe for concurrent use.
type Participant struct {
	ceremony     *Ceremony
	rules        Rules
	signer       rolldpos.Signer
	seat, dealer int // rolldpos.Observer without
	seed         []byte
	old          *bls.Share        // of a resharing's dealer; nil if it has none
	received     map[int]*[32]byte // shares that verified, by dealer
}

// Join takes the part of the seat with the given key. seed is fresh and unpredictable
// for each ceremony, durable before the first message leaves, and erased when the
// ceremony is over; Join copies it. old is the share that a resharing's dealer holds;
// without it the node cannot deal. Errors: ErrCeremony, ErrRole, ErrShare.
func Join(c *Ceremony, key ed25519.PublicKey, s rolldpos.Signer, seed [SeedSize]byte, old *bls.Share) (*Participant, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	p := &Participant{
		ceremony: c, rules: c.Rules(), signer: s, seat: c.Seats.Seat(key), dealer: c.dealers().Seat(key), seed: seed[:],
	}
	if p.seat < 0 && p.dealer < 0 {
		return nil, ErrRole
	}
	if old != nil && c.Old != nil && p.dealer >= 0 {
		if old.Index != uint32(p.dealer)+1 || !old.Key.Public().Equal(c.Old.Shares[p.dealer]) {
			return nil, fmt.Errorf("%w: the old share of dealer %d", ErrShare, p.dealer)
		}
		p.old = old
	}
	return p, nil
}

// Erase overwrites the seed and the shares received. The old share is its owner's to
// erase. Every method fails with ErrErased from then on.
func (p *Participant) Erase() {
	clear(p.seed)
	p.seed = nil
	p.forget()
}

func (p *Participant) forget() {
	for _, share := range p.received {
		clear(share[:])
	}
	p.received = nil
}

// Enrol returns the message that publishes the seat's encryption key. Errors: ErrRole,
// ErrErased.
func (p *Participant) Enrol() (*Enrolment, error) {
	if p.seat < 0 {
		return nil, fmt.Errorf("%w: receiving", ErrRole)
	}
	secret, err := p.secret("receive")
	if err != nil {
		return nil, err
	}
	m := &Enrolment{Seat: p.seat, Key: [32]byte(secret.PublicKey().Bytes())}
	p.rules.sign(p.signer, m)
	return m, nil
}

// Deal returns the node's deal. The transcript's enrolments must be complete. Errors:
// ErrRole, ErrShare without the old share, ErrErased.
func (p *Participant) Deal(t *Transcript) (*Deal, error) {
	poly, err := p.polynomial()
	if err != nil {
		return nil, err
	}
	defer poly.erase()
	secret, err := p.secret("deal")
	if err != nil {
		return nil, err
	}
	m := &Deal{
		Dealer: p.dealer, Commitment: poly.commit(), Ephemeral: [32]byte(secret.PublicKey().Bytes()),
		Shares: make([]Sealed, len(t.keys)),
	}
	for seat := range m.Shares {
		if !t.enrolled[seat] {
			continue
		}
		share := poly.at(uint32(seat) + 1)
		m.Shares[seat], err = seal(secret, &t.keys[seat], p.rules.ID, p.dealer, seat, &share)
		clear(share[:])
		if err != nil {
			return nil, err
		}
	}
	p.rules.sign(p.signer, m)
	return m, nil
}

// Complain verifies the shares of all deals, which must be complete, at some 1.5 ms
// each for a hundred seats. It returns a message if some are bad, and nil if none is.
// Errors: ErrRole also if the seat has not enrolled, ErrErased.
func (p *Participant) Complain(t *Transcript) (*Complaint, error) {
	bad, err := p.receive(t)
	if err != nil || len(bad) == 0 {
		return nil, err
	}
	m := &Complaint{Seat: p.seat, Dealers: bad}
	p.rules.sign(p.signer, m)
	return m, nil
}

// receive opens and verifies the boxes of all deals and returns the bad dealers.
func (p *Participant) receive(t *Transcript) (bad []byte, err error) {
	if p.seat < 0 || !t.enrolled[p.seat] {
		return nil, fmt.Errorf("%w: receiving", ErrRole)
	}
	secret, err := p.secret("receive")
	if err != nil {
		return nil, err
	}
	p.forget()
	p.received = map[int]*[32]byte{}
	for dealer, d := range t.deals {
		if d == nil {
			continue
		}
		share, err := open(secret, p.rules.ID, d.deal, p.seat)
		if err == nil {
			err = opens(d.points, uint32(p.seat)+1, &share)
		}
		if err != nil {
			bad = append(bad, byte(dealer))
			continue
		}
		p.received[dealer] = &share
	}
	return bad, nil
}

// Justify returns a message that reveals the shares of the seats that complained of
// this dealer, and nil if none did or more did than can be answered. The transcript's
// complaints must be complete. Errors: as of Deal.
func (p *Participant) Justify(t *Transcript) (*Justification, error) {
	if p.dealer < 0 || t.deals[p.dealer] == nil {
		return nil, nil
	}
	d := t.deals[p.dealer]
	if d.complaints == 0 || d.complaints > p.rules.Faulty() {
		return nil, nil
	}
	poly, err := p.polynomial()
	if err != nil {
		return nil, err
	}
	defer poly.erase()
	m := &Justification{Dealer: p.dealer}
	for seat, accuses := range d.accusers {
		if accuses {
			m.Reveals = append(m.Reveals, Reveal{seat, poly.at(uint32(seat) + 1)})
		}
	}
	p.rules.sign(p.signer, m)
	return m, nil
}

// secret returns an X25519 key of the seed.
func (p *Participant) secret(label string) (*ecdh.PrivateKey, error) {
	if p.seed == nil {
		return nil, ErrErased
	}
	b, err := derive(p.seed, p.rules.ID, label, 32)
	if err != nil {
		return nil, err
	}
	defer clear(b)
	k, err := ecdh.X25519().NewPrivateKey(b)
	if err != nil {
		return nil, fmt.Errorf("dkg: X25519: %w", err)
	}
	return k, nil
}

// polynomial returns the dealer's: from the seed, but for the constant term of a
// resharing, which is the old share.
func (p *Participant) polynomial() (polynomial, error) {
	switch {
	case p.seed == nil:
		return nil, ErrErased
	case p.dealer < 0:
		return nil, fmt.Errorf("%w: dealing", ErrRole)
	case p.ceremony.Old != nil && p.old == nil:
		return nil, fmt.Errorf("%w: there is no old share to deal", ErrShare)
	}
	poly := make(polynomial, p.ceremony.Threshold())
	for i := range poly {
		var err error
		if i == 0 && p.old != nil {
			b := p.old.Key.Bytes()
			poly[0], err = bls.DecodeSecretKey(b[:])
			clear(b[:])
		} else {
			poly[i], err = bls.GenerateKey(&coefficient{p, uint32(i)})
		}
		if err != nil {
			return nil, fmt.Errorf("dkg: coefficient %d: %w", i, err)
		}
	}
	return poly, nil
}

// coefficient reads the bytes from which one coefficient is drawn.
type coefficient struct {
	p     *Participant
	index uint32
}

var _ io.Reader = (*coefficient)(nil)

func (c *coefficient) Read(dst []byte) (int, error) {
	label := binary.BigEndian.AppendUint32([]byte("coefficient"), c.index)
	b, err := derive(c.p.seed, c.p.rules.ID, string(label), len(dst))
	if err != nil {
		return 0, err
	}
	defer clear(b)
	return copy(dst, b), nil
}
