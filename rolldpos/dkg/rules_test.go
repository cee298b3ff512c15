package dkg

import (
	"crypto/ed25519"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/bls"
)

// dealt returns a world of four whose deals are in the log.
func dealtWorld(t testing.TB) *world {
	w := newWorld(t, generation(1, from(0, 4)...), nil, from(0, 4), nil)
	w.enrol()
	w.deal()
	return w
}

func (w *world) refuse(h uint64, m Message, want error) {
	w.t.Helper()
	require.ErrorIs(w.t, w.log.Add(h, m), want)
}

func (w *world) signed(seat int, m Message) Message {
	w.log.rules.sign(w.seats[seat].signer, m)
	return m
}

func TestPhasesFollowThePlanToTheBlock(t *testing.T) {
	p := Plan{Start: 10, Enrol: 1, Deal: 2, Complain: 3, Justify: 4, Acknowledge: 5}
	want := map[uint64]Phase{
		0: Waiting, 9: Waiting, 10: Enrolling, 11: Dealing, 12: Dealing, 13: Complaining, 15: Complaining,
		16: Justifying, 19: Justifying, 20: Acknowledging, 24: Acknowledging, 25: Over, math.MaxUint64: Over,
	}
	for h, phase := range want {
		require.Equal(t, phase, p.At(h), h)
	}
	require.EqualValues(t, 25, p.End())
}

func TestAMessageOutOfItsPhaseIsRefused(t *testing.T) {
	w := newWorld(t, generation(1, from(0, 4)...), nil, from(0, 4), nil)
	enrolment, err := w.seats[0].Enrol()
	require.NoError(t, err)
	w.refuse(height(Enrolling)-4, enrolment, ErrPhase)
	w.refuse(height(Dealing), enrolment, ErrPhase)
	w.enrol()
	m, err := w.seats[0].Deal(w.log)
	require.NoError(t, err)
	w.refuse(height(Enrolling), m, ErrPhase)
	w.refuse(height(Complaining), m, ErrPhase)
	require.NoError(t, w.log.Add(height(Dealing)+1, m))
	m, err = w.seats[1].Deal(w.log)
	require.NoError(t, err)
	w.refuse(height(Dealing), m, ErrPhase) // below the newest height
}

func TestAMessageOfAnotherSeatCommitteeOrCeremonyIsRefused(t *testing.T) {
	w := newWorld(t, generation(1, from(0, 4)...), nil, from(0, 4), nil)
	m, err := w.seats[0].Enrol()
	require.NoError(t, err)
	for _, other := range []func(c *Ceremony){
		func(c *Ceremony) { c.Genesis[0] ^= 1 },
		func(c *Ceremony) { c.Era++ },
		func(c *Ceremony) { c.Seats = committee(3, from(0, 4)...) },
		func(c *Ceremony) { c.Seats = committee(2, 0, 1, 2, 4) },
		func(c *Ceremony) { c.Plan.Start-- },
		func(c *Ceremony) { c.Plan.Enrol++ },
		func(c *Ceremony) { c.Plan.Acknowledge++ },
	} {
		c := *w.c
		other(&c)
		require.NotEqual(t, w.c.ID(), c.ID())
		rules := c.Rules()
		require.ErrorIs(t, rules.Check(m, w.c.Seats.Keys[0]), ErrSignature)
	}
	taken := *m
	taken.Seat = 1
	w.refuse(height(Enrolling), &taken, ErrSignature)
	taken.Seat = 4
	w.refuse(height(Enrolling), &taken, ErrSeat)
	taken.Seat = -1
	w.refuse(height(Enrolling), &taken, ErrSeat)
	changed := *m
	changed.Key[3] ^= 1
	w.refuse(height(Enrolling), &changed, ErrSignature)
}

func TestKeysOfLowOrderAreRefused(t *testing.T) {
	w := newWorld(t, generation(1, from(0, 4)...), nil, from(0, 4), nil)
	one := [32]byte{1}
	for _, key := range [][32]byte{{}, one} {
		w.refuse(height(Enrolling), w.signed(0, &Enrolment{Seat: 0, Key: key}), ErrKey)
	}
	w.enrol()
	m, err := w.seats[0].Deal(w.log)
	require.NoError(t, err)
	m.Ephemeral = one
	w.refuse(height(Dealing), w.signed(0, m), ErrKey)
}

func TestADealHasABoxForEverySeatThatEnrolledAndNoOther(t *testing.T) {
	w := newWorld(t, generation(1, from(0, 4)...), nil, from(0, 4), nil)
	w.mutate = func(m Message) Message {
		if e, ok := m.(*Enrolment); ok && e.Seat == 3 {
			return nil
		}
		return m
	}
	w.enrol()
	m, err := w.seats[0].Deal(w.log)
	require.NoError(t, err)
	full := *m
	full.Shares = append([]Sealed{}, m.Shares...)
	full.Shares[3] = Sealed{1}
	w.refuse(height(Dealing), w.signed(0, &full), ErrDeal)
	less := *m
	less.Shares = append([]Sealed{}, m.Shares...)
	less.Shares[0] = Sealed{}
	w.refuse(height(Dealing), w.signed(0, &less), ErrDeal)
	short := *m
	short.Shares = m.Shares[:3]
	w.refuse(height(Dealing), w.signed(0, &short), ErrDeal)
	long := *m
	long.Commitment = append(append([][96]byte{}, m.Commitment...), m.Commitment[0])
	w.refuse(height(Dealing), w.signed(0, &long), ErrDeal)
	// The ceremony goes on with three, of whom the fourth is no member.
	w.deal()
	w.refuse(height(Complaining), w.signed(3, &Complaint{Seat: 3, Dealers: []byte{0}}), ErrComplaint)
	_, err = w.seats[3].Complain(w.log)
	require.ErrorIs(t, err, ErrRole)
	_, err = w.seats[3].Finish(w.log, height(Acknowledging))
	require.ErrorIs(t, err, ErrRole)
	w.seats = w.seats[:3]
	w.check = 3
	w.finish()
	g, err := w.log.Accepted(height(Acknowledging))
	require.NoError(t, err)
	require.Len(t, g.Shares, 4)
	w.signs(g)
}

func TestAReshareWithAnotherConstantTermIsRefused(t *testing.T) {
	w := newWorld(t, generation(1, from(0, 4)...), nil, from(0, 4), nil)
	g := w.run()
	r := &Ceremony{Genesis: w.c.Genesis, Era: 1, Seats: committee(3, from(2, 4)...), Plan: plan, Dealers: w.c.Seats, Old: g}
	x := newWorld(t, r, from(0, 4), from(2, 4), w.members)
	x.enrol()
	m, err := x.dealers[0].Deal(x.log)
	require.NoError(t, err)
	m.Commitment[0] = m.Commitment[1]
	x.log.rules.sign(x.dealers[0].signer, m)
	x.refuse(height(Dealing), m, ErrConstant)
	// Who has lost the old share deals nothing; who shows another is refused.
	lost := join(t, r, 1, nil)
	_, err = lost.Deal(x.log)
	require.ErrorIs(t, err, ErrShare)
	k := identity(1)
	_, err = Join(r, k.Public().(ed25519.PublicKey), signer{k}, [32]byte{1}, &w.members[0].Share)
	require.ErrorIs(t, err, ErrShare)
	foreign := identity(50)
	_, err = Join(r, foreign.Public().(ed25519.PublicKey), signer{foreign}, [32]byte{1}, nil)
	require.ErrorIs(t, err, ErrRole)
	_, err = x.dealers[0].Enrol()
	require.ErrorIs(t, err, ErrRole, "an old seat alone receives nothing")
}

func TestComplaintsOfSilentOrAbsentDealersAreRefused(t *testing.T) {
	w := newWorld(t, generation(1, from(0, 4)...), nil, from(0, 4), nil)
	spoil(w, faults()[:1])
	w.enrol()
	w.deal()
	w.refuse(height(Complaining), w.signed(0, &Complaint{Seat: 0, Dealers: []byte{3}}), ErrComplaint)
	w.refuse(height(Complaining), w.signed(0, &Complaint{Seat: 0, Dealers: []byte{4}}), ErrSeat)
	w.refuse(height(Complaining), w.signed(0, &Complaint{Seat: 0}), ErrSeat)
}

func TestAJustificationAnswersAllAccusersWithTrueShares(t *testing.T) {
	w := newWorld(t, generation(1, from(0, 7)...), nil, from(0, 7), nil)
	w.enrol()
	w.deal()
	nobody := &Justification{Dealer: 0, Reveals: []Reveal{{Seat: 1}}}
	accuse(w, 1, 0)
	accuse(w, 2, 0)
	w.refuse(height(Justifying), w.signed(3, &Justification{Dealer: 3, Reveals: nobody.Reveals}), ErrReveal)
	m, err := w.seats[0].Justify(w.log)
	require.NoError(t, err)
	require.Len(t, m.Reveals, 2)
	for _, reveals := range [][]Reveal{
		m.Reveals[:1], m.Reveals[1:], nil, append(append([]Reveal{}, m.Reveals...), Reveal{Seat: 4}),
		{m.Reveals[0], {2, m.Reveals[0].Share}}, {m.Reveals[0], {2, [32]byte{}}}, {m.Reveals[1], m.Reveals[0]},
	} {
		w.refuse(height(Justifying), w.signed(0, &Justification{Dealer: 0, Reveals: reveals}), ErrReveal)
		require.ErrorIs(t, w.log.rules.CheckJustification(&Justification{Dealer: 0, Reveals: reveals}, w.log.deals[0].deal, w.log.deals[0].accusers), ErrReveal)
	}
	require.NoError(t, w.log.rules.CheckJustification(m, w.log.deals[0].deal, w.log.deals[0].accusers))
	require.NoError(t, w.log.Add(height(Justifying), m))
}

func TestCeremoniesThatCannotBeHeldAreRefused(t *testing.T) {
	w := newWorld(t, generation(1, from(0, 4)...), nil, from(0, 4), nil)
	g := w.run()
	good := Ceremony{Era: 1, Seats: committee(3, from(1, 4)...), Plan: plan, Dealers: w.c.Seats, Old: g}
	require.NoError(t, good.Validate())
	for name, change := range map[string]func(c *Ceremony){
		"no seats":           func(c *Ceremony) { c.Seats = nil },
		"repeated seat":      func(c *Ceremony) { c.Seats = committee(3, 1, 1, 2, 3) },
		"no era":             func(c *Ceremony) { c.Era = 0 },
		"no phase":           func(c *Ceremony) { c.Plan.Justify = 0 },
		"endless phase":      func(c *Ceremony) { c.Plan.Deal = math.MaxUint64 },
		"start out of range": func(c *Ceremony) { c.Plan.Start = math.MaxUint64 },
		"dealers, no group":  func(c *Ceremony) { c.Old = nil },
		"group, no dealers":  func(c *Ceremony) { c.Dealers = nil },
		"too few dealers":    func(c *Ceremony) { c.Dealers = committee(2, 0, 1, 2) },
		"repeated dealer":    func(c *Ceremony) { c.Dealers = committee(2, 0, 1, 2, 2) },
		"other threshold": func(c *Ceremony) {
			c.Old = &Group{Threshold: 2, Key: g.Key, Shares: g.Shares}
		},
	} {
		c := good
		change(&c)
		require.ErrorIs(t, c.Validate(), ErrCeremony, name)
		_, err := NewTranscript(&c)
		require.ErrorIs(t, err, ErrCeremony, name)
	}
}

func TestASeatWithoutAShareDoesNotFinish(t *testing.T) {
	w := dealtWorld(t)
	// Seat 0's share of dealer 1 is bad, and it said nothing in time.
	reseal(w, w.log.deals[1].deal, 0)
	_, err := w.seats[0].Finish(w.log, height(Acknowledging))
	require.ErrorIs(t, err, ErrShare)
	pending, err := w.seats[1].Finish(w.log, height(Acknowledging))
	require.NoError(t, err)
	require.NotNil(t, pending)
}

func TestMembersAndGroupsThatDoNotFitAreRefused(t *testing.T) {
	w := newWorld(t, generation(1, from(0, 4)...), nil, from(0, 4), nil)
	g := w.run()
	good := w.kept[0]
	_, err := DecodeMember(good)
	require.NoError(t, err)
	for _, index := range []byte{0, 2, 5, 255} {
		b := append([]byte{}, good...)
		b[35] = index
		_, err := DecodeMember(b)
		require.ErrorIs(t, err, ErrShare)
	}
	for _, n := range []int{0, 67, len(good) - 1} {
		_, err := DecodeMember(good[:n])
		require.ErrorIs(t, err, ErrEncoding)
	}
	enc := g.Encode()
	got, err := DecodeGroup(enc)
	require.NoError(t, err)
	require.Equal(t, enc, got.Encode())
	for _, change := range []func(b []byte) []byte{
		func(b []byte) []byte { return b[:3] },
		func(b []byte) []byte { return append(b, 0) },
		func(b []byte) []byte { b[1] = 0; return b },
		func(b []byte) []byte { b[1] = 5; return b },
		func(b []byte) []byte { b[3] = 3; return b },
		func(b []byte) []byte { b[3], b[2] = 0, 0; return b[:4+96] },
		func(b []byte) []byte { b[4] ^= 0x80; return b },
	} {
		_, err := DecodeGroup(change(append([]byte{}, enc...)))
		require.ErrorIs(t, err, ErrEncoding)
	}
	var identity bls.PublicKey
	_, err = DecodeGroup((&Group{Threshold: 3, Key: &identity, Shares: g.Shares}).Encode())
	require.ErrorIs(t, err, ErrEncoding)
	require.Equal(t, rolldpos.Observer, w.c.Seats.Seat(nil))
}
