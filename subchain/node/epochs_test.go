package node_test

import (
	"crypto/ed25519"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/light"
	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/subchain/node"
)

// script is a module that elects by a fixed plan: term e is the committee of epoch
// e + 2, decided after the second block of epoch e + 1. No term leaves the election
// undecided.
type script struct {
	Length uint64 `module:"config"`
	Terms  []term `module:"config"`
	// ChainKey and Groups, from epoch 1 on, are how the epochs share a key.
	ChainKey []byte   `module:"config"`
	Groups   [][]byte `module:"config"`
	blocks   module.Item[uint64]
}

type term struct {
	Seats  [][32]byte
	Payees []ledger.Address
}

func (s *script) BeginBlock(ctx *module.Context) error {
	s.blocks.Set(ctx, ctx.Height())
	return nil
}

func (s *script) Election(v *module.View) (e module.Election, err error) {
	height := s.blocks.Get(v)
	e.ChainKey = s.ChainKey
	if i := (height - 1) / s.Length; height > 0 && i < uint64(len(s.Groups)) {
		e.Group = s.Groups[i]
	}
	if height == 0 || (height-1)%s.Length == 0 {
		return e, nil
	}
	epoch := (height-1)/s.Length + 1
	e.Beacon = ledger.Hash{31: byte(epoch)}
	if i := epoch - 1; i < uint64(len(s.Terms)) {
		e.Next, e.Payees = s.Terms[i].Seats, s.Terms[i].Payees
	}
	return e, nil
}

const length = 5

// terms of seats by name, in the committee's order.
func plan(names ...[]string) func() []module.Entry {
	var terms []term
	for _, seats := range names {
		t := term{}
		for _, name := range seats {
			t.Seats = append(t.Seats, seatID(name))
			t.Payees = append(t.Payees, payee(name))
		}
		terms = append(terms, t)
	}
	return func() []module.Entry {
		return []module.Entry{{Name: "script", Module: &script{Length: length, Terms: terms}, Election: true}}
	}
}

func payee(name string) ledger.Address {
	h := ledger.Keccak([]byte(name))
	return ledger.Address(h[12:])
}

func committee(epoch uint64, names ...string) *rolldpos.Committee {
	c := &rolldpos.Committee{Epoch: rolldpos.Epoch(epoch)}
	for _, name := range names {
		id := seatID(name)
		c.Keys = append(c.Keys, id[:])
	}
	return c
}

var (
	four   = []string{"a", "b", "c", "d"}
	seven  = []string{"g", "a", "f", "b", "e", "c", "d"}
	others = []string{"d", "e", "f", "g"}
	all    = []string{"a", "b", "c", "d", "e", "f", "g"}
)

// requireTerms checks that the headers of a chain name the committees of its epochs,
// that the node knows them, and that their certificates convince a device.
func requireTerms(t *testing.T, n *network, name string, terms ...[]string) {
	t.Helper()
	c := n.members[name].chain
	for i, seats := range terms {
		epoch := uint64(i + 1)
		want := committee(epoch, seats...)
		got, err := c.Committee(epoch)
		require.NoError(t, err)
		require.Equal(t, want, got)
		for h := i*length + 1; h <= (i+1)*length; h++ {
			r, err := c.Block(uint64(h))
			require.NoError(t, err)
			header := &r.Block.Header
			require.Equal(t, ledger.Hash(want.Hash()), header.Committee, "block %d", h)
			switch {
			case h%length == 1:
				require.True(t, header.NextCommittee.IsZero(), "undecided at block %d", h)
				require.True(t, header.Beacon.IsZero())
			case i+1 < len(terms):
				require.Equal(t, ledger.Hash(committee(0, terms[i+1]...).Hash()), header.NextCommittee, "block %d", h)
				require.Equal(t, ledger.Hash{31: byte(epoch)}, header.Beacon)
			}
			if i > 0 {
				require.Equal(t, payee(seats[want.Leader(rolldpos.View(header.View))]), header.Proposer)
			}
			if len(r.Certificate) > 0 {
				cert, err := rolldpos.DecodeCertificate(r.Certificate)
				require.NoError(t, err)
				_, err = light.Verify(c.Genesis(), header.AppendRLP(nil), got, cert)
				require.NoError(t, err)
			} else {
				require.NotZero(t, h%length, "the last block of an epoch is final by itself")
			}
		}
	}
}

func TestSeatsComeAndGoWithEpochs(t *testing.T) {
	n := newNetwork(t, length, four, plan(seven, others, four))
	n.start(all...)
	n.reach(4*length+1, all...)
	n.block(4*length, all...)
	requireTerms(t, n, "e", four, seven, others, four)
}

func TestAnUndecidedOrUnfitElectionLeavesTheCommitteeInOffice(t *testing.T) {
	twice := []string{"e", "f", "e", "g"}
	n := newNetwork(t, length, four, plan(nil, twice, others))
	n.start(all...)
	n.reach(3*length+2, all...)
	c := n.members["g"].chain
	for epoch, want := range [][]string{1: four, 2: four, 3: four, 4: others} {
		if epoch > 0 {
			got, err := c.Committee(uint64(epoch))
			require.NoError(t, err)
			require.Equal(t, committee(uint64(epoch), want...), got)
		}
	}
	for _, h := range []uint64{length - 1, 2*length - 1} {
		require.True(t, n.block(h, all...).Block.Header.NextCommittee.IsZero(), "block %d", h)
	}
	for _, h := range []uint64{length, 2 * length} {
		require.Equal(t, ledger.Hash(committee(0, four...).Hash()), n.block(h, all...).Block.Header.NextCommittee, "block %d", h)
	}
	_, err := c.Committee(99)
	require.ErrorIs(t, err, chain.ErrUnknown)
}

func TestANodeSyncsAcrossChangingCommittees(t *testing.T) {
	n := newNetwork(t, length, four, plan(seven, others, four))
	n.start(all...)
	n.reach(4*length, all...)
	n.start("watcher")
	n.reach(4*length+1, "watcher")
	requireTerms(t, n, "watcher", four, seven, others, four)
	// Long after, the first committees are still known from the database.
	n.halt("watcher")
	n.start("watcher")
	requireTerms(t, n, "watcher", four, seven, others, four)
}

func TestAllNodesStoppedInAnyEpochResume(t *testing.T) {
	n := newNetwork(t, length, four, plan(seven, others, four, seven))
	n.start(all...)
	for _, h := range []uint64{3, length, length + 2, 2 * length, 3*length - 1} {
		n.reach(h, all...)
		n.halt(all...)
		n.start(all...)
	}
	n.reach(4*length+1, all...)
	requireTerms(t, n, "a", four, seven, others, four)
}

func TestASeatThatIsAwayWhenItGainsItsSeatVotesOnceItIsBack(t *testing.T) {
	n := newNetwork(t, length, four, plan(others))
	n.start("a", "b", "c", "d", "e")
	n.reach(length, "a", "b", "c", "d", "e")
	// d and e alone are no quorum of the new committee.
	n.start("f")
	n.reach(length+3, slices.Concat(four, []string{"e", "f"})...)
	n.halt("a", "b", "c")
	h := n.height("d")
	n.reach(h+2, "d", "e", "f")
}

// rangeOf encodes final blocks as an answer to a request for a range.
func rangeOf(records ...*chain.Record) (out []byte) {
	for _, r := range records {
		out = rlp.AppendList(out, rlp.AppendBytes(r.Block.AppendRLP(nil), r.Certificate))
	}
	return out
}

func certify(genesis ledger.Hash, r *chain.Record, names []string) []byte {
	h := &r.Block.Header
	c := rolldpos.Certificate{Epoch: rolldpos.Epoch(h.Epoch), View: rolldpos.View(h.View), Kind: rolldpos.Commit, Block: r.Hash}
	sigs := make([]*[64]byte, len(names))
	for i, name := range names {
		digest := rolldpos.VoteDigest(genesis, c.Epoch, c.View, c.Kind, c.Block)
		sigs[i] = (*[64]byte)(ed25519.Sign(seatKey(name), digest[:]))
	}
	c.Signatures = rolldpos.Collect(sigs)
	return c.AppendBinary(nil)
}

func TestASyncingNodeTakesNoCertificateOfACommitteeThatIsNotInOffice(t *testing.T) {
	n := newNetwork(t, length, four, plan(others, four))
	n.start(all...)
	n.reach(length+1, all...)
	var honest []*chain.Record
	for h := uint64(1); h <= length+1; h++ {
		honest = append(honest, n.block(h, "a"))
	}
	n.halt(all...)
	forged := *honest[length]
	forged.Certificate = certify(n.members["a"].chain.Genesis(), &forged, four)
	unsealed := *honest[length-1]
	unsealed.Certificate = nil

	served := [][]*chain.Record{
		append(slices.Clone(honest[:length-1]), &unsealed, honest[length]), // an epoch on a block that is not final
		append(slices.Clone(honest[:length]), &forged),                     // the committee of the epoch before
		honest,
	}
	var at atomic.Int32
	liar := &port{wires: n.wires, id: "liar", inbox: make(chan func(), 4096)}
	liar.answer = func([]byte) ([]byte, error) { return rangeOf(served[at.Load()]...), nil }
	n.start("watcher")
	n.wires.ports["liar"] = liar
	status := rlp.AppendList([]byte{4}, rlp.AppendUint(nil, length+1))
	// A peer that lies is asked again after a pause only.
	tell := func(height uint64, patience time.Duration) bool {
		for end := time.Now().Add(patience); time.Now().Before(end) && n.height("watcher") < height; {
			n.members["watcher"].node.OnMessage("liar", status)
			time.Sleep(20 * time.Millisecond)
		}
		return n.height("watcher") == height
	}
	require.False(t, tell(length, 600*time.Millisecond))
	at.Store(1)
	require.True(t, tell(length, 20*time.Second))
	require.False(t, tell(length+1, 600*time.Millisecond))
	at.Store(2)
	require.True(t, tell(length+1, 20*time.Second))
}

func TestASeatThatLostItsDatabaseAbstainsUntilItsMarkHasPassed(t *testing.T) {
	mark, err := store.OpenWatermark(nil, filepath.Join(t.TempDir(), "mark"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, mark.Close()) })
	n := newNetwork(t, length, four, plan(others, seven, four))
	n.tune = func(name string, cfg *node.Config) {
		if name == "d" {
			cfg.Watermark = mark
		}
	}
	n.start(all...)
	n.reach(length+3, all...)
	n.halt("d")
	require.NotZero(t, mark.Get().Epoch)
	require.NoError(t, n.members["d"].db.Close())
	n.members["d"] = nil
	n.start("d")
	n.reach(2*length, all...)
	// In the third epoch two of seven may be away: d's vote is needed again.
	n.reach(2*length+1, all...)
	n.halt("a", "b")
	n.reach(3*length, "d", "c", "e", "f", "g")
	require.Greater(t, mark.Get().Epoch, uint64(2))
}

func TestASeatWhoseMarkIsGoneSignsNothingBeforeTheOthersAnswer(t *testing.T) {
	var marks []*store.Watermark // closed after the nodes
	for _, file := range []string{"first", "second"} {
		mark, err := store.OpenWatermark(nil, filepath.Join(t.TempDir(), file))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, mark.Close()) })
		marks = append(marks, mark)
	}
	n := newNetwork(t, 1000, four, func() []module.Entry { return nil })
	n.tune = func(name string, cfg *node.Config) {
		if name == "d" {
			cfg.Watermark, marks = marks[0], marks[1:]
		}
	}
	n.start(four...)
	n.reach(60, four...)
	n.halt(four...)
	// It may repeat what is in its log, also what no peer was there to be sent.
	logged := map[string]bool{}
	require.NoError(t, n.members["d"].db.Log("votes").Replay(func(_ uint64, rec []byte) error {
		r, err := rolldpos.DecodeRecord(rec[8:])
		if err == nil && r.Vote != nil {
			logged[string(r.Vote.AppendBinary([]byte{1}))] = true
		}
		return err
	}))
	var votes atomic.Int32
	n.rewrite["d"] = func(_ string, msg []byte) []byte {
		if m, err := rolldpos.DecodeMessage(msg[1:]); err == nil && msg[0] == 1 && !logged[string(msg)] {
			// Others' votes pass through it too: it shows them to who has lost them.
			if v, ok := m.(*rolldpos.Vote); ok && v.Seat == 3 {
				votes.Add(1)
			}
		}
		return msg
	}
	n.start("c", "d") // one answer, and two are needed
	time.Sleep(time.Second)
	require.Zero(t, votes.Load())
	n.start("a", "b") // who go on without it, past what it may have signed
	// Until it votes it counts as one that is away, and two of four may not be.
	require.Eventually(t, func() bool { return votes.Load() > 0 }, 20*time.Second, 5*time.Millisecond)
	n.halt("b")
	n.reach(n.height("c")+2, "a", "c", "d")
}

func TestAMarkBelowTheLogIsRaisedBeforeTheSeatRepeatsItsVotes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mark")
	var mark *store.Watermark
	open := func() {
		var err error
		mark, err = store.OpenWatermark(nil, path)
		require.NoError(t, err)
	}
	open()
	n := newNetwork(t, 1000, four, func() []module.Entry { return nil })
	t.Cleanup(func() { require.NoError(t, mark.Close()) })
	n.tune = func(name string, cfg *node.Config) {
		if name == "d" {
			cfg.Watermark = mark
		}
	}
	n.start(four...)
	n.reach(6, four...)
	n.halt("a", "b", "c")
	n.halt("d")
	require.NoError(t, mark.Close())
	early, err := os.ReadFile(path)
	require.NoError(t, err)
	open()
	n.start("d") // alone, it gives up a view in vain
	before := mark.Get()
	require.Eventually(t, func() bool { return mark.Get() != before }, 20*time.Second, 5*time.Millisecond)
	n.halt("d")
	top := mark.Get()
	require.NoError(t, mark.Close())
	require.NoError(t, os.WriteFile(path, early, 0o600))
	open()
	require.Less(t, mark.Get().View, top.View)
	var repeated, uncovered atomic.Int32
	n.rewrite["d"] = func(_ string, msg []byte) []byte {
		if m, err := rolldpos.DecodeMessage(msg[1:]); err == nil && msg[0] == 1 {
			if v, ok := m.(*rolldpos.Vote); ok && v.Seat == 3 {
				repeated.Add(1)
				if mark.Get().View < top.View {
					uncovered.Add(1)
				}
			}
		}
		return msg
	}
	n.start("c", "d")
	require.Eventually(t, func() bool { return repeated.Load() > 0 }, 20*time.Second, 5*time.Millisecond)
	require.Zero(t, uncovered.Load())
}
