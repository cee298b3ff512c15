package dkg

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bls12-381/fr"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos/bls"
)

// fault makes a dealer bad. qualifies says whether its deal counts nevertheless.
type fault struct {
	name      string
	apply     func(w *world, m *Deal) *Deal
	refused   error
	justifies bool
	qualifies bool
}

// reseal gives some seats another share than the polynomial's.
func reseal(w *world, m *Deal, seats ...int) *Deal {
	p := w.dealers[m.Dealer]
	secret, err := p.secret("deal")
	require.NoError(w.t, err)
	for _, seat := range seats {
		share := new(fr.Element).SetUint64(7).Bytes()
		m.Shares[seat], err = seal(secret, &w.log.keys[seat], p.rules.ID, m.Dealer, seat, &share)
		require.NoError(w.t, err)
	}
	w.log.rules.sign(p.signer, m)
	return m
}

func faults() []fault {
	return []fault{
		{name: "silence", apply: func(*world, *Deal) *Deal { return nil }},
		{name: "bad share", apply: func(w *world, m *Deal) *Deal { return reseal(w, m, 0) }},
		{name: "bad share, revealed", justifies: true, qualifies: true,
			apply: func(w *world, m *Deal) *Deal { return reseal(w, m, 1) }},
		{name: "bad box", apply: func(w *world, m *Deal) *Deal {
			m.Shares[0][5] ^= 1
			w.log.rules.sign(w.dealers[m.Dealer].signer, m)
			return m
		}},
		{name: "too many bad shares", justifies: true, apply: func(w *world, m *Deal) *Deal {
			return reseal(w, m, from(0, w.c.Seats.Faulty()+1)...)
		}},
		{name: "wrong length", refused: ErrDeal, apply: func(w *world, m *Deal) *Deal {
			m.Commitment = m.Commitment[1:]
			if w.c.Old != nil && len(m.Commitment) > 0 {
				m.Commitment[0] = w.c.Old.Shares[m.Dealer].Bytes()
			}
			w.log.rules.sign(w.dealers[m.Dealer].signer, m)
			return m
		}},
		{name: "replayed deal", refused: ErrSignature, apply: func(w *world, m *Deal) *Deal {
			other := *w.c
			other.Plan.Start--
			rules := other.Rules()
			rules.sign(w.dealers[m.Dealer].signer, m)
			return m
		}},
		{name: "foreign key", refused: ErrSignature, apply: func(w *world, m *Deal) *Deal {
			w.log.rules.sign(signer{identity(9999)}, m)
			return m
		}},
		{name: "point that is none", refused: ErrDeal, apply: func(w *world, m *Deal) *Deal {
			m.Commitment[len(m.Commitment)-1] = [96]byte{0: 0xc0}
			w.log.rules.sign(w.dealers[m.Dealer].signer, m)
			return m
		}},
	}
}

// spoil gives the last dealers faults; the others stay honest, but one is falsely
// accused by the last seat. It returns the dealers that must qualify.
func spoil(w *world, bad []fault) (qualified []int) {
	n := len(w.dealers)
	first := n - len(bad)
	w.mutate = func(m Message) Message {
		switch m := m.(type) {
		case *Deal:
			if m.Dealer >= first {
				if d := bad[m.Dealer-first].apply(w, m); d != nil {
					return d
				}
				return nil
			}
		case *Justification:
			if m.Dealer >= first && !bad[m.Dealer-first].justifies {
				return nil
			}
		}
		return m
	}
	w.expect = func(m Message) error {
		switch m := m.(type) {
		case *Deal:
			if m.Dealer >= first {
				return bad[m.Dealer-first].refused
			}
		case *Justification:
			if m.Dealer >= first && !bad[m.Dealer-first].qualifies {
				return ErrReveal
			}
		}
		return nil
	}
	for i := range n {
		if i < first || bad[i-first].qualifies {
			qualified = append(qualified, i)
		}
	}
	return qualified
}

// accuse lets a seat complain of an honest dealer.
func accuse(w *world, seat, dealer int) {
	m := &Complaint{Seat: seat, Dealers: []byte{byte(dealer)}}
	w.log.rules.sign(w.seats[seat].signer, m)
	w.say(m)
}

func some(kinds []fault, first, count int) (out []fault) {
	for i := range count {
		out = append(out, kinds[(first+i)%len(kinds)])
	}
	return out
}

func TestFaultyDealersNeitherStopNorBendAGeneration(t *testing.T) {
	kinds := faults()
	for first, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			w := newWorld(t, generation(1, from(0, 4)...), nil, from(0, 4), nil)
			want := spoil(w, some(kinds, first, 1))
			g := w.run()
			got, err := w.log.Qualified(height(Acknowledging))
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.Equal(t, 3, g.Threshold)
			w.signs(g)
		})
	}
}

func TestFaultyDealersNeitherStopNorBendAResharing(t *testing.T) {
	w := newWorld(t, generation(1, from(0, 4)...), nil, from(0, 4), nil)
	g := w.run()
	kinds := append(faults(), fault{name: "another share than the old one", refused: ErrConstant, apply: func(w *world, m *Deal) *Deal {
		m.Commitment[0] = m.Commitment[1]
		w.log.rules.sign(w.dealers[m.Dealer].signer, m)
		return m
	}})
	for first, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			next := from(3, 7)
			r := &Ceremony{Genesis: w.c.Genesis, Era: 1, Seats: committee(3, next...), Plan: plan, Dealers: w.c.Seats, Old: g}
			x := newWorld(t, r, from(0, 4), next, w.members)
			want := spoil(x, some(kinds, first, 1))
			h := x.run()
			got, err := x.log.Qualified(height(Acknowledging))
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.True(t, g.Key.Equal(h.Key))
			require.Equal(t, 5, h.Threshold)
			x.signs(h)
		})
	}
}

func TestAFalseComplaintRevealsAShareAndChangesNothing(t *testing.T) {
	w := newWorld(t, generation(1, from(0, 4)...), nil, from(0, 4), nil)
	w.enrol()
	w.deal()
	accuse(w, 3, 0)
	w.justify()
	got, err := w.log.Qualified(height(Acknowledging))
	require.NoError(t, err)
	require.Equal(t, []int{0, 1, 2, 3}, got)
	w.finish()
	g, err := w.log.Accepted(height(Acknowledging))
	require.NoError(t, err)
	w.signs(g)
}

// ages holds a generation, a resharing to other seats, and the next era's generation,
// each with f faulty dealers.
func ages(t *testing.T, n, check int) {
	kinds := faults()
	f := (n - 1) / 3
	c := generation(1, from(0, n)...)
	w := newWorld(t, c, nil, from(0, n), nil)
	w.check = check
	want := spoil(w, some(kinds, 0, f))
	first := w.run()
	got, err := w.log.Qualified(height(Acknowledging))
	require.NoError(t, err)
	require.Equal(t, want, got)
	w.signs(first)

	if check == n {
		next := from(n/2, n+1) // one seat more, half of them new
		r := &Ceremony{Genesis: c.Genesis, Era: 1, Seats: committee(3, next...), Plan: plan, Dealers: c.Seats, Old: first}
		x := newWorld(t, r, from(0, n), next, w.members)
		spoil(x, some(kinds, 2, f))
		kept := x.run()
		require.True(t, first.Key.Equal(kept.Key), "a resharing keeps the key")
		require.Equal(t, n+1-n/3, kept.Threshold)
		x.signs(kept)
	}

	y := newWorld(t, generation(2, from(0, n)...), nil, from(0, n), nil)
	y.check = check
	spoil(y, some(kinds, 4, f))
	second := y.run()
	require.False(t, first.Key.Equal(second.Key), "an era has its own key")
	y.signs(second)
}

func TestTheKeyIsKeptByResharingAndReplacedByAnEra(t *testing.T) {
	for _, n := range []int{4, 24} {
		t.Run(fmt.Sprintf("n=%d", n), func(t *testing.T) { ages(t, n, n) })
	}
}

func TestAHundredSeatsMakeAKey(t *testing.T) {
	if *full {
		ages(t, 100, 100)
		return
	}
	n := 100
	w := newWorld(t, generation(1, from(0, n)...), nil, from(0, n), nil)
	w.check = 4 // the bad shares go to the first of these; the others only acknowledge
	kinds := slices.DeleteFunc(faults(), func(f fault) bool { return f.name == "too many bad shares" })
	spoil(w, some(kinds, 0, 33))
	w.signs(w.run())
}

func TestOldAndNewSharesDoNotMix(t *testing.T) {
	c := generation(1, from(0, 4)...)
	w := newWorld(t, c, nil, from(0, 4), nil)
	g := w.run()
	r := &Ceremony{Genesis: c.Genesis, Era: 1, Seats: committee(3, from(0, 4)...), Plan: plan, Dealers: c.Seats, Old: g}
	x := newWorld(t, r, from(0, 4), from(0, 4), w.members)
	h := x.run()
	require.True(t, g.Key.Equal(h.Key))
	partials := []bls.Partial{
		w.members[0].Share.Sign(tag, nil), w.members[1].Share.Sign(tag, nil), x.members[2].Share.Sign(tag, nil),
	}
	sig, err := bls.Recover(3, partials)
	require.NoError(t, err)
	require.ErrorIs(t, h.Key.Verify(tag, nil, sig), bls.ErrSignature)
}

func TestMoreThanFSilentDealersFailTheCeremony(t *testing.T) {
	w := newWorld(t, generation(1, from(0, 7)...), nil, from(0, 7), nil)
	spoil(w, some(faults()[:1], 0, 3))
	w.enrol()
	w.deal()
	_, err := w.log.Group(height(Acknowledging))
	require.ErrorIs(t, err, ErrFailed)
	_, err = w.seats[0].Finish(w.log, height(Acknowledging))
	require.ErrorIs(t, err, ErrFailed)
}

func TestAGroupCountsOnlyOnceAQuorumHasAcknowledgedIt(t *testing.T) {
	w := newWorld(t, generation(1, from(0, 4)...), nil, from(0, 4), nil)
	w.enrol()
	w.deal()
	_, err := w.log.Group(height(Justifying))
	require.ErrorIs(t, err, ErrPhase)
	w.check = 2
	w.complain()
	seats := w.seats
	w.seats = w.seats[:2]
	w.finish()
	_, err = w.log.Accepted(height(Acknowledging))
	require.ErrorIs(t, err, ErrFailed)
	g, err := w.log.Group(height(Acknowledging))
	require.NoError(t, err)
	other := &Acknowledgement{Seat: 2, Group: [32]byte{1}}
	w.log.rules.sign(seats[2].signer, other)
	w.say(other)
	_, err = w.log.Accepted(height(Acknowledging))
	require.ErrorIs(t, err, ErrFailed, "another group's acknowledgement does not count")
	last := &Acknowledgement{Seat: 3, Group: g.Digest()}
	w.log.rules.sign(seats[3].signer, last)
	w.say(last)
	_, err = w.log.Accepted(height(Acknowledging))
	require.NoError(t, err)
}

func TestNothingIsAcknowledgedThatIsNotDurable(t *testing.T) {
	w := newWorld(t, generation(1, from(0, 4)...), nil, from(0, 4), nil)
	w.enrol()
	w.deal()
	pending, err := w.seats[0].Finish(w.log, height(Acknowledging))
	require.NoError(t, err)
	full := errors.New("disk full")
	m, ack, err := pending.Keep(func([]byte) error { return full })
	require.ErrorIs(t, err, full)
	require.Nil(t, m)
	require.Nil(t, ack)
	var stored []byte
	m, ack, err = pending.Keep(func(b []byte) error { stored = append(stored, b...); return nil })
	require.NoError(t, err)
	again, err := DecodeMember(stored)
	require.NoError(t, err)
	require.Equal(t, m.Share, again.Share)
	require.Equal(t, ack, again.Acknowledge(w.c, w.seats[0].signer))
	_, err = w.seats[0].Enrol()
	require.ErrorIs(t, err, ErrErased)
	_, err = w.seats[0].Deal(w.log)
	require.ErrorIs(t, err, ErrErased)
	again.Erase()
	require.Equal(t, [32]byte{}, again.Share.Key.Bytes())
}

func TestARestartedParticipantSaysTheSameAgain(t *testing.T) {
	w := newWorld(t, generation(1, from(0, 4)...), nil, from(0, 4), nil)
	w.enrol()
	w.deal()
	p := join(t, w.c, 0, nil)
	m, err := p.Deal(w.log)
	require.NoError(t, err)
	require.Equal(t, w.log.deals[0].deal, m)
	pending, err := p.Finish(w.log, height(Acknowledging))
	require.NoError(t, err)
	require.NotNil(t, pending)
}
