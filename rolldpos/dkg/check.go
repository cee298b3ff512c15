package dkg

import (
	"crypto/ed25519"
	"fmt"

	curve "github.com/consensys/gnark-crypto/ecc/bls12-381"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/rolldpos"
)

// Statement is what the author of a message signs with its ed25519 key: Keccak-256 of a
// tag, the ceremony's ID and the items of the encoded message before the signature.
func (c *Ceremony) Statement(m Message) [32]byte {
	id := c.ID()
	return keccak.Sum256([]byte(tagStatement), id[:], m.appendFields(nil))
}

// Check returns nil if a message is well-formed in itself: its author sits where it
// must, has signed it for this ceremony, and it accuses only dealers that there are. A
// deal's and a justification's content is CheckDeal's and CheckJustification's. It
// costs one ed25519 verification and a hash; for an enrolment also an X25519. Errors:
// ErrSeat, ErrSignature, ErrKey.
func (c *Ceremony) Check(m Message) error {
	authors := c.Seats
	switch m := m.(type) {
	case *Deal, *Justification:
		authors = c.dealers()
	case *Complaint:
		if last := len(m.Dealers) - 1; last < 0 || int(m.Dealers[last]) >= c.dealers().Size() {
			return fmt.Errorf("%w: accused by %d", ErrSeat, m.Seat)
		}
	}
	author := m.Author()
	if author < 0 || author >= authors.Size() {
		return fmt.Errorf("%w: %d of %d", ErrSeat, author, authors.Size())
	}
	digest := c.Statement(m)
	if !ed25519.Verify(authors.Keys[author], digest[:], m.signature()[:]) {
		return fmt.Errorf("%w: seat %d", ErrSignature, author)
	}
	if e, ok := m.(*Enrolment); ok {
		return checkKey(&e.Key)
	}
	return nil
}

// CheckDeal returns nil if a deal that passed Check may stand until somebody complains:
// the commitment has as many coefficients as the threshold, all of them points of the
// subgroup other than the identity; in a resharing the constant one is the dealer's old
// public share; and there is a box for every seat that has enrolled, and for no other.
// It costs some 0.1 ms for each coefficient. Errors: ErrDeal, ErrConstant, ErrKey.
func (c *Ceremony) CheckDeal(m *Deal, enrolled []bool) error {
	_, err := c.checkDeal(m, enrolled)
	return err
}

func (c *Ceremony) checkDeal(m *Deal, enrolled []bool) ([]curve.G2Affine, error) {
	if len(m.Commitment) != c.Threshold() || len(m.Shares) != c.Seats.Size() || len(enrolled) != len(m.Shares) {
		return nil, fmt.Errorf("%w: %d coefficients and %d shares, not %d and %d",
			ErrDeal, len(m.Commitment), len(m.Shares), c.Threshold(), c.Seats.Size())
	}
	if c.Old != nil && c.Old.Shares[m.Dealer].Bytes() != m.Commitment[0] {
		return nil, fmt.Errorf("%w: dealer %d", ErrConstant, m.Dealer)
	}
	for i := range m.Shares {
		if enrolled[i] == (m.Shares[i] == Sealed{}) {
			return nil, fmt.Errorf("%w: box of seat %d", ErrDeal, i)
		}
	}
	if err := checkKey(&m.Ephemeral); err != nil {
		return nil, err
	}
	return points(m.Commitment, false)
}

// CheckJustification returns nil if a justification that passed Check reveals, to all
// seats that complained of its dealer and to no other, their true shares of a deal that
// passed CheckDeal. It costs some 0.1 ms for each coefficient and 1 ms for each reveal.
// Errors: ErrReveal, ErrDeal.
func (c *Ceremony) CheckJustification(m *Justification, deal *Deal, complained []bool) error {
	commitment, err := points(deal.Commitment, true)
	if err != nil {
		return err
	}
	return checkReveals(m, deal.Dealer, commitment, complained)
}

func checkReveals(m *Justification, dealer int, commitment []curve.G2Affine, complained []bool) error {
	next := 0
	for seat := range complained {
		if !complained[seat] {
			continue
		}
		if next == len(m.Reveals) || m.Reveals[next].Seat != seat {
			return fmt.Errorf("%w: share of seat %d", ErrReveal, seat)
		}
		if err := opens(commitment, uint32(seat)+1, &m.Reveals[next].Share); err != nil {
			return fmt.Errorf("%w: share of seat %d: %w", ErrReveal, seat, err)
		}
		next++
	}
	if next == 0 || next != len(m.Reveals) || m.Dealer != dealer {
		return fmt.Errorf("%w: dealer %d, %d reveals", ErrReveal, m.Dealer, len(m.Reveals))
	}
	return nil
}

// sign signs a message in place.
func (c *Ceremony) sign(s rolldpos.Signer, m Message) { *m.signature() = s.Sign(c.Statement(m)) }
