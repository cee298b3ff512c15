package dkg

import (
	"crypto/ed25519"
	"fmt"

	curve "github.com/consensys/gnark-crypto/ecc/bls12-381"
)

// Transcript is the ordered log of a ceremony, from which everybody derives the same
// outcome. It is not safe for concurrent use.
type Transcript struct {
	ceremony     *Ceremony
	rules        Rules
	height       uint64 // of the newest message
	keys         [][32]byte
	enrolled     []bool   // by seat
	deals        []*dealt // by dealer; nil without a deal
	complained   []bool   // by seat: whether it has said what it has to say
	acknowledged []bool
	votes        map[[32]byte]int // acknowledgements by group
	group        *Group
}

// dealt is an accepted deal and what came of it.
type dealt struct {
	deal       *Deal
	points     []curve.G2Affine
	accusers   []bool // by seat
	complaints int
	reveals    []Reveal // nil before the justification
}

// NewTranscript begins the log of a ceremony. Errors wrap ErrCeremony.
func NewTranscript(c *Ceremony) (*Transcript, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	n := c.Seats.Size()
	return &Transcript{
		ceremony: c, rules: c.Rules(), keys: make([][32]byte, n), enrolled: make([]bool, n),
		deals: make([]*dealt, c.dealers().Size()), complained: make([]bool, n), acknowledged: make([]bool, n),
		votes: map[[32]byte]int{},
	}, nil
}

// Add appends a message that is in the block of some height. A message that has no
// effect is refused with an error and changes nothing: out of phase or below an earlier
// height (ErrPhase), a seat's second (ErrRepeated), unfounded (ErrComplaint), or one of
// those of Rules.
func (t *Transcript) Add(height uint64, m Message) error {
	if phase := t.ceremony.Plan.At(height); phase != m.phase() || height < t.height {
		return fmt.Errorf("%w: height %d", ErrPhase, height)
	}
	authors := t.ceremony.Seats
	if Dealt(m) {
		authors = t.ceremony.dealers()
	}
	var key ed25519.PublicKey
	if author := m.Author(); author >= 0 && author < authors.Size() {
		key = authors.Keys[author]
	}
	err := t.rules.Check(m, key)
	if err != nil {
		return err
	}
	switch m := m.(type) {
	case *Enrolment:
		err = t.enrol(m)
	case *Deal:
		err = t.deal(m)
	case *Complaint:
		err = t.complain(m)
	case *Justification:
		err = t.justify(m)
	case *Acknowledgement:
		err = t.acknowledge(m)
	}
	if err == nil {
		t.height = height
	}
	return err
}

func (t *Transcript) enrol(m *Enrolment) error {
	if t.enrolled[m.Seat] {
		return fmt.Errorf("%w: enrolment of seat %d", ErrRepeated, m.Seat)
	}
	t.enrolled[m.Seat], t.keys[m.Seat] = true, m.Key
	return nil
}

func (t *Transcript) deal(m *Deal) error {
	if t.deals[m.Dealer] != nil {
		return fmt.Errorf("%w: deal of %d", ErrRepeated, m.Dealer)
	}
	var old *[96]byte
	if t.ceremony.Old != nil {
		b := t.ceremony.Old.Shares[m.Dealer].Bytes()
		old = &b
	}
	points, err := t.rules.checkDeal(m, t.enrolled, old)
	if err != nil {
		return err
	}
	t.deals[m.Dealer] = &dealt{deal: m, points: points, accusers: make([]bool, len(t.enrolled))}
	return nil
}

func (t *Transcript) complain(m *Complaint) error {
	if t.complained[m.Seat] {
		return fmt.Errorf("%w: complaint of seat %d", ErrRepeated, m.Seat)
	}
	if !t.enrolled[m.Seat] {
		return fmt.Errorf("%w: seat %d has no key", ErrComplaint, m.Seat)
	}
	for _, dealer := range m.Dealers {
		if t.deals[dealer] == nil {
			return fmt.Errorf("%w: no deal of %d", ErrComplaint, dealer)
		}
	}
	for _, dealer := range m.Dealers {
		d := t.deals[dealer]
		d.accusers[m.Seat] = true
		d.complaints++
	}
	t.complained[m.Seat] = true
	return nil
}

func (t *Transcript) justify(m *Justification) error {
	d := t.deals[m.Dealer]
	switch {
	case d == nil || d.complaints == 0:
		return fmt.Errorf("%w: nobody complained of %d", ErrReveal, m.Dealer)
	case d.complaints > t.rules.Faulty():
		return fmt.Errorf("%w: %d is disqualified by %d complaints", ErrReveal, m.Dealer, d.complaints)
	case d.reveals != nil:
		return fmt.Errorf("%w: justification of %d", ErrRepeated, m.Dealer)
	}
	if err := checkReveals(m, m.Dealer, d.points, d.accusers); err != nil {
		return err
	}
	d.reveals = m.Reveals
	return nil
}

func (t *Transcript) acknowledge(m *Acknowledgement) error {
	if t.acknowledged[m.Seat] {
		return fmt.Errorf("%w: acknowledgement of seat %d", ErrRepeated, m.Seat)
	}
	t.acknowledged[m.Seat] = true
	t.votes[m.Group]++
	return nil
}

// qualified says whether a deal counts: at most f seats complained, and if any did, the
// dealer answered all.
func (d *dealt) qualified(faulty int) bool {
	return d != nil && d.complaints <= faulty && (d.complaints == 0 || d.reveals != nil)
}

// Qualified returns the dealers whose deals count, ascending; it is final from the
// phase of acknowledgements on, before which the error is ErrPhase.
func (t *Transcript) Qualified(height uint64) ([]int, error) {
	if t.ceremony.Plan.At(height) < Acknowledging {
		return nil, fmt.Errorf("%w: height %d", ErrPhase, height)
	}
	var out []int
	for i, d := range t.deals {
		if d.qualified(t.rules.Faulty()) {
			out = append(out, i)
		}
	}
	return out, nil
}

// Accepted returns the group if a quorum of the seats has acknowledged it: only then is
// the ceremony a success. Errors: ErrPhase, ErrFailed.
func (t *Transcript) Accepted(height uint64) (*Group, error) {
	g, err := t.Group(height)
	if err != nil {
		return nil, err
	}
	if n := t.votes[g.Digest()]; n < t.ceremony.Seats.Quorum() {
		return nil, fmt.Errorf("%w: %d acknowledgements", ErrFailed, n)
	}
	return g, nil
}
