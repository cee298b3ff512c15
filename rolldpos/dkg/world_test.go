package dkg

import (
	"crypto/ed25519"
	"crypto/sha256"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/bls"
)

var full = flag.Bool("full", false, "let all hundred seats verify all deals")

const tag = "ROOTSTEM_TEST_BLS12381G1_XMD:SHA-256_SSWU_RO_"

type signer struct{ key ed25519.PrivateKey }

func (s signer) Sign(digest [32]byte) (sig [64]byte) {
	copy(sig[:], ed25519.Sign(s.key, digest[:]))
	return sig
}

// identity returns the i-th node's ed25519 key.
func identity(i int) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(fmt.Sprint("identity ", i)))
	return ed25519.NewKeyFromSeed(seed[:])
}

func committee(epoch rolldpos.Epoch, nodes ...int) *rolldpos.Committee {
	c := &rolldpos.Committee{Epoch: epoch}
	for _, i := range nodes {
		c.Keys = append(c.Keys, identity(i).Public().(ed25519.PublicKey))
	}
	return c
}

// from returns count numbers from first on.
func from(first, count int) (out []int) {
	for i := range count {
		out = append(out, first+i)
	}
	return out
}

var plan = Plan{Start: 100, Enrol: 10, Deal: 10, Complain: 10, Justify: 10, Acknowledge: 10}

func generation(era uint64, nodes ...int) *Ceremony {
	return &Ceremony{Genesis: rolldpos.Hash{1}, Era: era, Seats: committee(2, nodes...), Plan: plan}
}

// world runs one ceremony. Its nodes are numbered by identity.
type world struct {
	t       testing.TB
	c       *Ceremony
	log     *Transcript
	dealers []*Participant // by dealer
	seats   []*Participant // by seat
	members []*Member      // by seat; nil for those without
	kept    [][]byte
	check   int // so many seats verify and finish, the first ones; the others only acknowledge
	bytes   map[Phase]int
	spent   map[Phase]time.Duration
	mutate  func(Message) Message // what becomes of a message; nil drops it
	expect  func(Message) error   // why the log must refuse it
}

func join(t testing.TB, c *Ceremony, node int, old *bls.Share) *Participant {
	k := identity(node)
	seed := sha256.Sum256([]byte(fmt.Sprint("seed ", node, c.Era, c.Seats.Epoch)))
	p, err := Join(c, k.Public().(ed25519.PublicKey), signer{k}, seed, old)
	require.NoError(t, err)
	return p
}

func newWorld(t testing.TB, c *Ceremony, dealers, seats []int, old []*Member) *world {
	w := &world{
		t: t, c: c, check: len(seats), bytes: map[Phase]int{}, spent: map[Phase]time.Duration{},
		members: make([]*Member, len(seats)), kept: make([][]byte, len(seats)),
		mutate: func(m Message) Message { return m }, expect: func(Message) error { return nil },
	}
	var err error
	w.log, err = NewTranscript(c)
	require.NoError(t, err)
	for i, node := range dealers {
		var share *bls.Share
		if old != nil && old[i] != nil {
			share = &old[i].Share
		}
		w.dealers = append(w.dealers, join(t, c, node, share))
	}
	for _, node := range seats {
		w.seats = append(w.seats, join(t, c, node, nil))
	}
	if old == nil {
		w.dealers = w.seats
	}
	return w
}

// height returns one in a phase.
func height(p Phase) uint64 { return plan.Start + 10*uint64(p-Enrolling) + 3 }

// say puts a message into the log, by way of its encoding.
func (w *world) say(m Message) {
	if m = w.mutate(m); m == nil {
		return
	}
	phase := m.phase()
	b := m.AppendBinary(nil)
	w.bytes[phase] += len(b)
	d, err := DecodeMessage(b)
	require.NoError(w.t, err)
	require.Equal(w.t, b, d.AppendBinary(nil))
	begin := time.Now()
	err = w.log.Add(height(phase), d)
	w.spent[phase] += time.Since(begin)
	if want := w.expect(m); want != nil {
		require.ErrorIs(w.t, err, want)
		return
	}
	require.NoError(w.t, err)
	require.ErrorIs(w.t, w.log.Add(height(phase), d), ErrRepeated)
}

func (w *world) enrol() {
	for _, p := range w.seats {
		m, err := p.Enrol()
		require.NoError(w.t, err)
		w.say(m)
	}
}

func (w *world) deal() {
	for _, p := range w.dealers {
		m, err := p.Deal(w.log)
		require.NoError(w.t, err)
		w.say(m)
	}
}

func (w *world) complain() {
	for _, p := range w.seats[:w.check] {
		m, err := p.Complain(w.log)
		require.NoError(w.t, err)
		if m != nil {
			w.say(m)
		}
	}
}

func (w *world) justify() {
	for _, p := range w.dealers {
		m, err := p.Justify(w.log)
		require.NoError(w.t, err)
		if m != nil {
			w.say(m)
		}
	}
}

func (w *world) finish() {
	for i, p := range w.seats[:w.check] {
		pending, err := p.Finish(w.log, height(Acknowledging))
		require.NoError(w.t, err)
		m, ack, err := pending.Keep(func(b []byte) error {
			w.kept[i] = append([]byte{}, b...)
			return nil
		})
		require.NoError(w.t, err)
		w.members[i] = m
		w.say(ack)
	}
	g, err := w.log.Group(height(Acknowledging))
	require.NoError(w.t, err)
	for i, p := range w.seats[w.check:] {
		a := &Acknowledgement{Seat: w.check + i, Group: g.Digest()}
		w.log.rules.sign(p.signer, a)
		w.say(a)
	}
}

// run holds the whole ceremony and returns the accepted group.
func (w *world) run() *Group {
	steps := []func(){w.enrol, w.deal, w.complain, w.justify, w.finish}
	for i, step := range steps {
		begin, before := time.Now(), w.spent[Enrolling+Phase(i)]
		step()
		total := time.Since(begin)
		w.t.Logf("n=%d phase %d: %d bytes, %v, of which the log %v",
			len(w.seats), i+1, w.bytes[Enrolling+Phase(i)], total.Round(time.Microsecond), (w.spent[Enrolling+Phase(i)] - before).Round(time.Microsecond))
	}
	g, err := w.log.Accepted(height(Acknowledging))
	require.NoError(w.t, err)
	return g
}

// signs demands that the group's members, any threshold of those there are, sign under
// its key.
func (w *world) signs(g *Group) {
	var partials []bls.Partial
	for i := len(w.members) - 1; i >= 0; i-- {
		if m := w.members[i]; m != nil {
			p := m.Share.Sign(tag, []byte("m"))
			require.NoError(w.t, g.Shares[i].Verify(tag, []byte("m"), p.Signature))
			partials = append(partials, p)
		}
	}
	if len(partials) < g.Threshold {
		require.Less(w.t, w.check, g.Threshold)
		return
	}
	sig, err := bls.Recover(g.Threshold, partials)
	require.NoError(w.t, err)
	require.NoError(w.t, g.Key.Verify(tag, []byte("m"), sig))
}
