package rolldpos

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func certOf(v View, k Kind, block Hash) *Certificate {
	_, x := testCertificate(4, Certificate{Epoch: 1, View: v, Kind: k, Block: block}, 1, 2, 3)
	return x
}

// propose signs a proposal as its leader.
func propose(p Proposal) *Proposal {
	c, signers := testCommittee(4)
	p.Epoch = 1
	p.Sig = signers[c.Leader(p.View)].Sign(p.digest(testGenesis))
	return &p
}

// Seat 3 leads view 2, so that seat 0 follows in views 1, 2 and 4 (seat 1).

func TestPrepareNeedsNullificationsBetweenParentAndView(t *testing.T) {
	c := seat(t, 0)
	c.Step(0, Start{})
	c.Step(1, Received{certOf(1, Prepare, blockA)}) // view 1 is notarised, not nullified
	r := c.Step(2, Received{propose(Proposal{View: 2, Block: blockB, Parent: testAnchor})})
	require.Empty(t, r.Verify)
	require.Empty(t, r.Persist)
	c.Step(3, Received{certOf(1, Nullify, Hash{})})
	r = c.Step(3, Tick{})
	require.Empty(t, r.Verify, "asked in the step before")
	require.Equal(t, asked, c.slots[2].standing(blockB).state)
}

func TestPrepareNeedsACertifiedParent(t *testing.T) {
	c := seat(t, 0)
	c.Step(0, Start{})
	c.Step(1, Received{proposalOf(1, blockA)})
	c.Step(2, Verified{View: 1, Block: blockA, Valid: true})
	c.Step(3, Received{certOf(1, Nullify, Hash{})})
	p := Proposal{View: 2, Block: blockB, ParentView: 1, Parent: blockA}
	require.Empty(t, c.Step(4, Received{propose(p)}).Verify, "blockA is prepared, not notarised")
	r := c.Step(5, Received{certOf(1, Prepare, blockA)})
	require.Equal(t, []VerifyRequest{{View: 2, Block: blockB, Parent: blockA}}, r.Verify)
}

func TestNothingBelowTheFinalBlockIsExtended(t *testing.T) {
	c := seat(t, 0)
	c.Step(0, Start{})
	r := c.Step(1, Received{certOf(1, Commit, blockA)})
	require.Len(t, r.Final, 1)
	p := Proposal{View: 2, Block: blockB, Parent: testAnchor, Nullified: []*Certificate{certOf(1, Nullify, Hash{})}}
	require.Empty(t, c.Step(2, Received{propose(p)}).Verify)
	c = seat(t, 0)
	c.Step(0, Start{})
	c.Step(1, Received{certOf(1, Commit, blockA)})
	p = Proposal{View: 2, Block: blockB, ParentView: 1, Parent: Hash{0xcc}}
	require.Empty(t, c.Step(3, Received{propose(p)}).Verify)
}

// lastNotarised returns seat 0 in view 2, with blockA notarised in view 1 and verified.
func lastNotarised(t *testing.T, last bool) *Core {
	c := seat(t, 0)
	c.Step(0, Start{})
	c.Step(1, Received{proposalOf(1, blockA)})
	c.Step(2, Verified{View: 1, Block: blockA, Valid: true, Last: last})
	c.Step(3, Received{certOf(1, Prepare, blockA)})
	require.Equal(t, View(2), c.View())
	return c
}

func TestNothingIsBuiltOnAnEpochsLastBlock(t *testing.T) {
	onIt := propose(Proposal{View: 2, Block: blockB, ParentView: 1, Parent: blockA, ParentCert: certOf(1, Prepare, blockA)})
	again := propose(Proposal{View: 2, Block: blockA, ParentView: 1, Parent: blockA, ParentCert: certOf(1, Prepare, blockA)})

	r := lastNotarised(t, true).Step(4, Received{onIt})
	require.Empty(t, r.Verify)
	require.Equal(t, []*Vote{voteOf(0, 2, Nullify, Hash{})}, votes(r, 0))
	r = lastNotarised(t, true).Step(4, Received{again})
	require.Empty(t, r.Verify)
	require.Equal(t, []*Vote{voteOf(0, 2, Prepare, blockA)}, votes(r, 0))
	r = lastNotarised(t, false).Step(4, Received{again})
	require.Equal(t, []*Vote{voteOf(0, 2, Nullify, Hash{})}, votes(r, 0), "no other block is proposed twice")

	c := lastNotarised(t, true)
	c.Step(4, Received{again})
	r = c.Step(5, Received{certOf(2, Commit, blockA)})
	require.Len(t, r.Final, 1)
	require.True(t, c.Done())
	require.Zero(t, r.Wake)
	require.Empty(t, c.Step(99_999, Demand{true}).Send)
}

func TestCommitCertificateMovesPastItsView(t *testing.T) {
	c := seat(t, 0)
	c.Step(0, Start{})
	r := c.Step(1, Received{certOf(9, Commit, blockA)})
	require.Equal(t, View(10), c.View())
	require.Equal(t, []VerifyRequest{{View: 9, Block: blockA, Notarised: true}}, r.Verify)
	require.Equal(t, certOf(9, Commit, blockA), c.Final())
	require.Equal(t, []Outgoing{{Broadcast, certOf(9, Commit, blockA)}}, r.Send, "multicast before its block is known")
	require.Empty(t, c.Step(2, Received{certOf(9, Commit, blockA)}).Send, "once")
	require.Empty(t, c.Step(3, Received{certOf(8, Commit, blockB)}).Final, "an older one is no news")
}

func TestExecutionThatContradictsAFinalBlockIsAFault(t *testing.T) {
	c := seat(t, 0)
	c.Step(0, Start{})
	c.Step(1, Received{certOf(1, Commit, blockA)})
	r := c.Step(2, Verified{View: 1, Block: blockA, Valid: false})
	require.Len(t, r.Faults, 1)
	require.ErrorIs(t, r.Faults[0], ErrExecution)
}

func TestTwoCertificatesOfOneViewAreAFault(t *testing.T) {
	c := seat(t, 0)
	c.Step(0, Start{})
	c.Step(1, Received{certOf(1, Prepare, blockA)})
	r := c.Step(2, Received{certOf(1, Prepare, blockB)})
	require.Len(t, r.Faults, 1)
	require.ErrorIs(t, r.Faults[0], ErrFork)
}

func TestInvalidForAWrongParentIsAskedAgainOnceNotarised(t *testing.T) {
	c := seat(t, 0)
	c.Step(0, Start{})
	c.Step(1, Received{proposalOf(1, blockA)})
	r := c.Step(2, Verified{View: 1, Block: blockA, Valid: false})
	require.Equal(t, []*Vote{voteOf(0, 1, Nullify, Hash{})}, votes(r, 0))
	r = c.Step(3, Received{certOf(1, Prepare, blockA)})
	require.Equal(t, []VerifyRequest{{View: 1, Block: blockA, Notarised: true}}, r.Verify)
	require.Empty(t, r.Persist, "but no commit after nullify")
}

func TestLeaderWithoutDemandWaitsForFinality(t *testing.T) {
	c := seat(t, 3) // leads view 2
	c.Step(0, Start{})
	c.Step(0, Demand{true})
	c.Step(1, Received{proposalOf(1, blockA)})
	c.Step(2, Verified{View: 1, Block: blockA, Valid: true})
	r := c.Step(3, Received{certOf(1, Prepare, blockA)})
	require.Equal(t, []BuildRequest{{View: 2, Parent: blockA}}, r.Build)
	r = c.Step(4, Demand{false}) // the driver has nothing to build
	require.Empty(t, r.Build)
	require.Equal(t, uint64(103), r.Wake)
	r = c.Step(103, Tick{})
	require.Equal(t, []BuildRequest{{View: 2, Parent: blockA}}, r.Build, "an empty block makes the parent final")
	r = c.Step(104, Built{View: 2, Parent: blockA, Block: blockB})
	require.Len(t, r.Persist, 1)
	require.Empty(t, c.Step(105, Built{View: 2, Parent: blockA, Block: Hash{0xcc}}).Persist, "the first counts")
}

func TestFloodOfFutureVotesIsBounded(t *testing.T) {
	c := seat(t, 0)
	c.Step(0, Start{})
	for v := View(1); v < 200; v++ {
		c.Step(1, Received{voteOf(1, v, Nullify, Hash{})})
		c.Step(1, Received{voteOf(1, v*1000, Prepare, blockA)})
	}
	require.LessOrEqual(t, len(c.slots), window+1)
}

func TestForgedMessagesChangeNothing(t *testing.T) {
	c := seat(t, 0)
	c.Step(0, Start{})
	before := *c
	vote, proposal, cert := voteOf(1, 1, Nullify, Hash{}), proposalOf(1, blockA), certOf(1, Commit, blockA)
	vote.Sig[0] ^= 1
	proposal.Sig[0] ^= 1
	cert.Sigs[0][0] ^= 1
	spare := certOf(1, Commit, blockA)
	spare.Epoch = 2
	for _, m := range []Message{
		vote, proposal, cert, spare,
		&Vote{Epoch: 1, View: 1, Kind: Prepare, Block: blockA, Seat: 4},
		&Vote{Epoch: 1, View: 1, Kind: 9, Block: blockA, Seat: 1},
		&Vote{Epoch: 1, View: 0, Kind: Prepare, Block: blockA, Seat: 1},
		&Proposal{Epoch: 1, View: 1}, &Certificate{}, &Status{Epoch: 1, Seat: 9},
		(*Vote)(nil), (*Proposal)(nil), (*Certificate)(nil), (*Status)(nil), nil,
	} {
		r := c.Step(1, Received{m})
		require.Equal(t, Ready{Wake: r.Wake}, r)
	}
	require.Empty(t, c.slots)
	require.Equal(t, before.view, c.view)
	require.Equal(t, before.final, c.final)
}

func TestMoreThanFNullifiesWakeAnIdleSeat(t *testing.T) {
	c := seat(t, 0)
	c.Step(0, Start{})
	c.Step(1, Received{voteOf(1, 1, Nullify, Hash{})})
	require.False(t, c.timing, "f seats cannot")
	c.Step(2, Received{voteOf(2, 1, Nullify, Hash{})})
	require.True(t, c.timing)
	require.Equal(t, []*Vote{voteOf(0, 1, Nullify, Hash{})}, votes(c.Step(202, Tick{}), 0)[:1])
}
