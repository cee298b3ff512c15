package rolldpos

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/keccak"
)

func keccakOf(b []byte) [32]byte { return keccak.Sum256(b) }

// seat makes the core of one seat of four, not started.
func seat(t *testing.T, i int) *Core {
	c, signers := testCommittee(4)
	core, err := New(Config{Genesis: testGenesis, Committee: c, Seat: i, Signer: signers[i], Anchor: testAnchor, Delta: 100})
	require.NoError(t, err)
	return core
}

func voteOf(i int, v View, k Kind, block Hash) *Vote {
	_, signers := testCommittee(4)
	return &Vote{Epoch: 1, View: v, Kind: k, Block: block, Seat: i, Sig: signers[i].Sign(VoteDigest(testGenesis, 1, v, k, block))}
}

func proposalOf(v View, block Hash) *Proposal {
	c, signers := testCommittee(4)
	p := &Proposal{Epoch: 1, View: v, Block: block, Parent: testAnchor}
	for u := View(1); u < v; u++ {
		_, x := testCertificate(4, Certificate{Epoch: 1, View: u, Kind: Nullify}, 0, 1, 2)
		p.Nullified = append(p.Nullified, x)
	}
	p.Sig = signers[c.Leader(v)].Sign(p.digest(testGenesis))
	return p
}

// votes returns the own votes that leave in a Ready.
func votes(r Ready, seat int) (out []*Vote) {
	for _, o := range r.Send {
		if x, ok := o.Message.(*Vote); ok && x.Seat == seat {
			out = append(out, x)
		}
	}
	return out
}

var blockA, blockB = Hash{0xaa}, Hash{0xbb}

// prepared makes seat 0 prepare blockA in view 1 and returns its log.
func prepared(t *testing.T) (*Core, [][]byte) {
	c := seat(t, 0)
	c.Step(0, Start{})
	r := c.Step(1, Received{proposalOf(1, blockA)})
	require.Equal(t, []VerifyRequest{{View: 1, Block: blockA, Parent: testAnchor}}, r.Verify)
	require.Empty(t, r.Persist)
	r = c.Step(2, Verified{View: 1, Block: blockA, Valid: true})
	require.Equal(t, []Hash{blockA}, r.Bodies)
	require.Len(t, r.Persist, 1)
	require.Equal(t, []*Vote{voteOf(0, 1, Prepare, blockA)}, votes(r, 0))
	return c, r.Persist
}

func TestRestoredSeatRepeatsItsVoteAndCastsNoOther(t *testing.T) {
	_, log := prepared(t)
	c := seat(t, 0)
	require.NoError(t, c.Restore(log))
	r := c.Step(0, Start{})
	require.Equal(t, []*Vote{voteOf(0, 1, Prepare, blockA)}, votes(r, 0))
	require.Empty(t, r.Persist)
	r = c.Step(1, Received{proposalOf(1, blockB)})
	require.Len(t, r.Evidence, 1, "the leader's two proposals")
	require.Empty(t, r.Verify)
	require.Empty(t, c.Step(2, Verified{View: 1, Block: blockB, Valid: true}).Persist)
}

func TestSeatDoesNotPrepareAfterNullify(t *testing.T) {
	c := seat(t, 0)
	c.Step(0, Start{})
	c.Step(0, Demand{true})
	r := c.Step(200, Tick{})
	require.Equal(t, []*Vote{voteOf(0, 1, Nullify, Hash{})}, votes(r, 0)[:1])
	require.Empty(t, c.Step(201, Received{proposalOf(1, blockA)}).Verify)
	restored := seat(t, 0)
	require.NoError(t, restored.Restore(r.Persist))
	restored.Step(0, Start{})
	require.Empty(t, restored.Step(1, Received{proposalOf(1, blockA)}).Verify)
	_, x := testCertificate(4, Certificate{Epoch: 1, View: 1, Kind: Prepare, Block: blockA}, 1, 2, 3)
	require.Empty(t, restored.Step(2, Received{x}).Persist, "nor commit")
	require.Equal(t, View(2), restored.View())
}

func TestSeatDoesNotNullifyAfterCommit(t *testing.T) {
	c, log := prepared(t)
	_, x := testCertificate(4, Certificate{Epoch: 1, View: 1, Kind: Prepare, Block: blockA}, 1, 2, 3)
	r := c.Step(3, Received{x})
	require.Equal(t, []*Vote{voteOf(0, 1, Commit, blockA)}, votes(r, 0))
	log = append(log, r.Persist...)
	require.NoError(t, Audit(log))
	restored := seat(t, 0)
	require.NoError(t, restored.Restore(log))
	r = restored.Step(0, Start{})
	require.Equal(t, View(2), restored.View())
	require.Equal(t, []*Vote{voteOf(0, 1, Commit, blockA)}, votes(r, 0))
	require.Equal(t, []VerifyRequest{{View: 1, Block: blockA, Notarised: true}}, r.Verify, "the pending block is taken up again")
	for at := uint64(0); at < 100_000; at += 50 {
		for _, v := range votes(restored.Step(at, Tick{}), 0) {
			require.False(t, v.View == 1 && v.Kind == Nullify)
		}
	}
}

func TestSeatThatIsShownItsOwnLostVoteAbstains(t *testing.T) {
	c := seat(t, 0) // its log was rolled back
	c.Step(0, Start{})
	c.Step(0, Demand{true})
	forged := voteOf(0, 1, Prepare, blockA)
	forged.Sig[0] ^= 1
	c.Step(1, Received{forged})
	require.Zero(t, c.Abstaining())
	c.Step(1, Received{voteOf(0, 1, Prepare, blockA)})
	require.Equal(t, View(2), c.Abstaining())
	for _, v := range []View{1, 2} {
		c.Step(2, Received{proposalOf(v, blockB)})
		require.Empty(t, c.Step(3, Verified{View: v, Block: blockB, Valid: true}).Persist)
		require.Empty(t, c.Step(10_000*uint64(v), Tick{}).Persist)
	}
	r := c.Step(20_001, Received{proposalOf(3, Hash{0xcc})})
	require.Empty(t, r.Verify, "seat 0 leads view 3 and has not proposed: another lost statement")
	require.Equal(t, View(4), c.Abstaining())
}

func TestAnswerShowsTheAskerItsVotes(t *testing.T) {
	c := seat(t, 1)
	c.Step(0, Start{})
	own := voteOf(0, 1, Prepare, blockA)
	c.Step(1, Received{own})
	_, x := testCertificate(4, Certificate{Epoch: 1, View: 1, Kind: Nullify}, 0, 1, 2)
	c.Step(2, Received{x})
	asker := seat(t, 0)
	r := c.Step(3, Received{asker.status()})
	require.Equal(t, []Outgoing{{0, own}, {0, x}}, r.Send)
	require.Empty(t, c.Step(4, Received{asker.status()}).Send, "once in Δ")
	forged := asker.status()
	forged.Sig[3] ^= 1
	require.Empty(t, c.Step(104, Received{forged}).Send)
}

func TestAuditFindsConflicts(t *testing.T) {
	rec := func(r Record) []byte { return r.AppendBinary(nil) }
	prepare := func(b Hash) []byte { return rec(Record{Proposal: proposalOf(1, b), Vote: voteOf(0, 1, Prepare, b)}) }
	_, notar := testCertificate(4, Certificate{Epoch: 1, View: 1, Kind: Prepare, Block: blockA}, 1, 2, 3)
	commit := rec(Record{Vote: voteOf(0, 1, Commit, blockA), Certificate: notar})
	nullify := rec(Record{Vote: voteOf(0, 1, Nullify, Hash{})})
	require.NoError(t, Audit([][]byte{prepare(blockA), prepare(blockA), commit}))
	require.NoError(t, Audit([][]byte{prepare(blockA), nullify}))
	for name, log := range map[string][][]byte{
		"two prepares":          {prepare(blockA), prepare(blockB)},
		"commit and nullify":    {commit, nullify},
		"nullify and commit":    {nullify, commit},
		"prepare after nullify": {nullify, prepare(blockA)},
	} {
		require.ErrorIs(t, Audit(log), ErrConflict, name)
		require.ErrorIs(t, seat(t, 0).Restore(log), ErrConflict, name)
	}
	require.ErrorIs(t, Audit([][]byte{rec(Record{Vote: voteOf(0, 1, Commit, blockA)})}), ErrInvalid, "commit on nothing")
	require.ErrorIs(t, seat(t, 1).Restore([][]byte{nullify}), ErrSeat)
	started := seat(t, 0)
	started.Step(0, Start{})
	require.ErrorIs(t, started.Restore(nil), ErrStarted)
}

func TestCompactedRecordsRestoreTheSame(t *testing.T) {
	c, log := prepared(t)
	_, x := testCertificate(4, Certificate{Epoch: 1, View: 1, Kind: Prepare, Block: blockA}, 1, 2, 3)
	log = append(log, c.Step(3, Received{x}).Persist...)
	_, null := testCertificate(4, Certificate{Epoch: 1, View: 2, Kind: Nullify}, 1, 2, 3)
	c.Step(4, Received{null})
	c.Step(4, Demand{true})
	log = append(log, c.Step(10_000, Tick{}).Persist...)
	a, b := seat(t, 0), seat(t, 0)
	require.NoError(t, a.Restore(log))
	require.NoError(t, b.Restore(c.Records()))
	require.Equal(t, View(3), b.View())
	require.Equal(t, a.Records(), b.Records())
	for _, restored := range []*Core{a, b} {
		require.NotNil(t, restored.slots[1].vote(Prepare, 0))
		require.NotNil(t, restored.slots[1].vote(Commit, 0))
		require.NotNil(t, restored.slots[3].vote(Nullify, 0))
	}
	_, final := testCertificate(4, Certificate{Epoch: 1, View: 5, Kind: Commit, Block: blockB}, 1, 2, 3)
	c.Step(10_001, Received{final})
	require.Equal(t, [][]byte{(&Record{Certificate: final}).AppendBinary(nil)}, c.Records())
}

func TestRecordsRefuseForgedSignatures(t *testing.T) {
	v := voteOf(0, 1, Nullify, Hash{})
	v.Sig[7] ^= 1
	require.ErrorIs(t, seat(t, 0).Restore([][]byte{(&Record{Vote: v}).AppendBinary(nil)}), ErrSignature)
	_, x := testCertificate(4, Certificate{Epoch: 1, View: 1, Kind: Nullify}, 1, 2, 3)
	x.Sigs[0][0] ^= 1
	require.ErrorIs(t, seat(t, 0).Restore([][]byte{(&Record{Certificate: x}).AppendBinary(nil)}), ErrSignature)
}

func TestNewRefusesUnfitConfigurations(t *testing.T) {
	c, signers := testCommittee(4)
	good := Config{Genesis: testGenesis, Committee: c, Seat: 1, Signer: signers[1], Anchor: testAnchor}
	_, err := New(good)
	require.NoError(t, err)
	for name, mutate := range map[string]func(*Config){
		"no committee": func(x *Config) { x.Committee = nil },
		"seat":         func(x *Config) { x.Seat = 4 },
		"no signer":    func(x *Config) { x.Signer = nil },
		"wrong key":    func(x *Config) { x.Signer = signers[2] },
		"no anchor":    func(x *Config) { x.Anchor = Hash{} },
		"delta":        func(x *Config) { x.Delta, x.MaxDelta = 100, 99 },
	} {
		x := good
		mutate(&x)
		_, err := New(x)
		require.ErrorIs(t, err, ErrConfig, name)
	}
	good.Committee = &Committee{}
	_, err = New(good)
	require.ErrorIs(t, err, ErrCommittee)
}

func TestObserverFollowsAndNeverSends(t *testing.T) {
	c, _ := testCommittee(4)
	o, err := New(Config{Genesis: testGenesis, Committee: c, Seat: Observer, Anchor: testAnchor})
	require.NoError(t, err)
	o.Step(0, Start{})
	o.Step(0, Demand{true})
	r := o.Step(1, Received{proposalOf(1, blockA)})
	_, x := testCertificate(4, Certificate{Epoch: 1, View: 1, Kind: Commit, Block: blockA}, 1, 2, 3)
	r2 := o.Step(90_000, Received{x})
	require.Len(t, r2.Final, 1)
	require.Empty(t, append(append(r.Send, r2.Send...), o.Step(99_000, Tick{}).Send...))
	require.Zero(t, r2.Wake)
}

func FuzzDecodeRecord(f *testing.F) {
	f.Add((&Record{Proposal: proposalOf(1, blockA), Vote: voteOf(0, 1, Prepare, blockA)}).AppendBinary(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := DecodeRecord(b); err == nil {
			require.Equal(t, b, r.AppendBinary(nil))
		}
	})
}

func TestSeatThatIsToldToAbstainSignsNothingUpToThatView(t *testing.T) {
	committee, signers := testCommittee(4)
	c, err := New(Config{
		Genesis: testGenesis, Committee: committee, Seat: 0, Signer: signers[0], Anchor: testAnchor, Delta: 100, Abstain: 1,
	})
	require.NoError(t, err)
	c.Step(0, Start{})
	c.Step(0, Demand{true})
	c.Step(1, Received{proposalOf(1, blockA)})
	require.Empty(t, c.Step(2, Verified{View: 1, Block: blockA, Valid: true}).Persist)
	require.Empty(t, c.Step(10_000, Tick{}).Persist)
	r := c.Step(10_001, Received{certOf(1, Prepare, blockA)})
	require.Empty(t, r.Persist, "no commit in view 1")
	require.Equal(t, View(2), c.View())
	c.Step(10_002, Received{voteOf(0, 1, Nullify, Hash{})})
	require.Equal(t, View(1), c.Abstaining(), "a vote of that view is no news")
	require.NotEmpty(t, c.Step(20_000, Tick{}).Persist, "view 2 is given up as usual")
	c.Step(20_001, Received{voteOf(0, 2, Prepare, blockA)})
	require.Equal(t, View(3), c.Abstaining(), "one of a later view is")
}

func statusOf(i int, x Status) *Status {
	_, signers := testCommittee(4)
	x.Epoch, x.Seat = 1, i
	x.Sig = signers[i].Sign(statusDigest(testGenesis, &x))
	return &x
}

// unsure makes the core of seat 0, started, whose log may lack its end.
func unsure(t *testing.T) *Core {
	committee, signers := testCommittee(4)
	c, err := New(Config{
		Genesis: testGenesis, Committee: committee, Seat: 0, Signer: signers[0], Anchor: testAnchor, Delta: 100, Query: 77,
	})
	require.NoError(t, err)
	r := c.Step(0, Start{})
	require.Equal(t, []Outgoing{{Broadcast, statusOf(0, Status{View: 1, Query: 77})}}, r.Send, "it asks at once")
	return c
}

func TestSeatWithAQueryVotesOnlyAboveTheViewsOfAQuorumsAnswers(t *testing.T) {
	c := unsure(t)
	c.Step(0, Demand{true})
	c.Step(1, Received{certOf(1, Nullify, Hash{})})
	require.Equal(t, View(2), c.View())
	require.Empty(t, c.Step(10_000, Tick{}).Persist, "nobody has answered")
	for _, x := range []*Status{
		statusOf(1, Status{View: 2, Answer: 77}),
		statusOf(1, Status{View: 2, Answer: 77}),  // once is enough
		statusOf(2, Status{View: 2}),              // no answer
		statusOf(2, Status{View: 2, Answer: 76}),  // to an older query
		statusOf(2, Status{View: 99, Answer: 77}), // not followed there
	} {
		c.Step(10_001, Received{x})
		require.Zero(t, c.Abstaining())
	}
	c.Step(10_002, Received{statusOf(3, Status{View: 1, Answer: 77})})
	require.Equal(t, View(3), c.Abstaining(), "q − 1 have answered; the view after the current one may hold a lost vote")
	require.Empty(t, c.Step(20_000, Tick{}).Persist)
	c.Step(20_001, Received{certOf(3, Nullify, Hash{})})
	require.Equal(t, View(4), c.View())
	require.NotEmpty(t, c.Step(40_000, Tick{}).Persist)
}

func TestAQueryIsAnsweredWithCertificatesAndTheView(t *testing.T) {
	c := seat(t, 1)
	c.Step(0, Start{})
	c.Step(1, Received{certOf(1, Nullify, Hash{})})
	r := c.Step(2, Received{statusOf(0, Status{View: 2, Query: 5})})
	require.Equal(t, []Outgoing{
		{0, certOf(1, Nullify, Hash{})}, {0, statusOf(1, Status{View: 2, Answer: 5})},
	}, r.Send, "though the asker is not behind")
	require.Empty(t, c.Step(3, Received{statusOf(0, Status{View: 2, Query: 5})}).Send, "once in Δ")
	require.Empty(t, c.Step(200, Received{statusOf(0, Status{View: 2, Answer: 5})}).Send, "answers are not answered")
	u := unsure(t)
	u.Step(1, Received{certOf(1, Nullify, Hash{})})
	require.NotContains(t, u.Step(2, Received{statusOf(3, Status{View: 1, Query: 9})}).Send,
		Outgoing{3, statusOf(0, Status{View: 2, Answer: 9})}, "who does not know where it was cannot say")
}

func TestSingleSeatIgnoresAQuery(t *testing.T) {
	committee, signers := testCommittee(1)
	c, err := New(Config{Genesis: testGenesis, Committee: committee, Signer: signers[0], Anchor: testAnchor, Query: 5})
	require.NoError(t, err)
	c.Step(0, Start{})
	r := c.Step(0, Demand{true})
	require.Len(t, c.Step(1, Built{View: 1, Parent: r.Build[0].Parent, Block: blockA}).Final, 1)
}
