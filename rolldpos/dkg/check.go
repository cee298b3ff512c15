package dkg

import (
	"crypto/ed25519"
	"fmt"

	curve "github.com/consensys/gnark-crypto/ecc/bls12-381"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/rolldpos"
)

// Rules are what the messages of a ceremony are checked by.
type Rules struct {
	ID             [32]byte // of the ceremony
	Seats, Dealers int
	Threshold      int // of the result
}

// Rules returns the ceremony's.
func (c *Ceremony) Rules() Rules {
	return Rules{c.ID(), c.Seats.Size(), c.dealers().Size(), c.Threshold()}
}

// Faulty returns f = ⌊(n−1)/3⌋: how many complaints a dealer survives.
func (r *Rules) Faulty() int { return (r.Seats - 1) / 3 }

// Statement is what the author of a message signs with its ed25519 key: Keccak-256 of a
// tag, the ceremony's ID and the items of the encoded message before the signature.
func (r *Rules) Statement(m Message) [32]byte {
	return keccak.Sum256([]byte(tagStatement), r.ID[:], m.appendFields(nil))
}

// Dealt reports whether a message's author is a dealer: of a deal or a justification.
// The authors of the others are seats.
func Dealt(m Message) bool { return m.phase() == Dealing || m.phase() == Justifying }

// Check returns nil if a message is well-formed in itself: its author is among those who
// may say it and has signed it for this ceremony, and it accuses only dealers that
// there are. key is the ed25519 key of the author. A deal's and a justification's
// content is CheckDeal's and CheckJustification's. It costs one ed25519 verification
// and a hash; for an enrolment also an X25519. Errors: ErrSeat, ErrSignature, ErrKey.
func (r *Rules) Check(m Message, key ed25519.PublicKey) error {
	authors := r.Seats
	if Dealt(m) {
		authors = r.Dealers
	}
	author := m.Author()
	if author < 0 || author >= authors {
		return fmt.Errorf("%w: %d of %d", ErrSeat, author, authors)
	}
	if c, ok := m.(*Complaint); ok {
		if last := len(c.Dealers) - 1; last < 0 || int(c.Dealers[last]) >= r.Dealers {
			return fmt.Errorf("%w: accused by %d", ErrSeat, author)
		}
	}
	digest := r.Statement(m)
	if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, digest[:], m.signature()[:]) {
		return fmt.Errorf("%w: seat %d", ErrSignature, author)
	}
	if e, ok := m.(*Enrolment); ok {
		return checkKey(&e.Key)
	}
	return nil
}

// CheckDeal returns nil if a deal that passed Check may stand until somebody complains:
// the commitment has as many coefficients as the threshold, all of them points of the
// subgroup other than the identity; the constant one is old, the dealer's old public
// share, unless old is nil as in a generation; and there is a box for every seat that
// has enrolled, and for no other. It costs some 0.1 ms for each coefficient. Errors:
// ErrDeal, ErrConstant, ErrKey.
func (r *Rules) CheckDeal(m *Deal, enrolled []bool, old *[96]byte) error {
	_, err := r.checkDeal(m, enrolled, old)
	return err
}

func (r *Rules) checkDeal(m *Deal, enrolled []bool, old *[96]byte) ([]curve.G2Affine, error) {
	if len(m.Commitment) != r.Threshold || len(m.Shares) != r.Seats || len(enrolled) != r.Seats {
		return nil, fmt.Errorf("%w: %d coefficients and %d shares, not %d and %d",
			ErrDeal, len(m.Commitment), len(m.Shares), r.Threshold, r.Seats)
	}
	if old != nil && *old != m.Commitment[0] {
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

// CheckJustification returns nil if a justification that passed Check reveals to all
// seats that complained of its dealer and to no other, their true shares of a deal that
// passed CheckDeal. It costs some 0.1 ms for each coefficient and 1 ms for each reveal.
// Errors: ErrReveal, ErrDeal.
func (r *Rules) CheckJustification(m *Justification, deal *Deal, complained []bool) error {
	if len(deal.Commitment) != r.Threshold || len(complained) != r.Seats {
		return fmt.Errorf("%w: %d coefficients", ErrDeal, len(deal.Commitment))
	}
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
func (r *Rules) sign(s rolldpos.Signer, m Message) { *m.signature() = s.Sign(r.Statement(m)) }
