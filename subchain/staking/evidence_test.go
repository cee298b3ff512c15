package staking_test

import (
	"crypto/ed25519"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/subchain/staking"
)

const evidenceMethod = "submitEvidence(bytes,bytes)"

// signed is a commit of a person who holds a seat of an epoch.
func signed(p *person, epoch rolldpos.Epoch, seat int, block byte) *rolldpos.Vote {
	x := &rolldpos.Vote{Epoch: epoch, View: 5, Kind: rolldpos.Commit, Block: rolldpos.Hash{block}, Seat: seat}
	d := rolldpos.VoteDigest(genesis, x.Epoch, x.View, x.Kind, x.Block)
	x.Sig = [64]byte(ed25519.Sign(p.key, d[:]))
	return x
}

// seated is a chain in epoch 4, whose seats are the people in order.
func seated(t *testing.T, change func(*staking.Config)) *world {
	w := newWorld(t, 8, change)
	w.registerAll(7, descending)
	w.to(4, 1)
	require.Equal(t, addresses(w.people[:6]...), payees(w.epoch))
	return w
}

func (w *world) evidence(p *person, epoch rolldpos.Epoch, seat int) []any {
	return []any{signed(p, epoch, seat, 1).AppendBinary(nil), signed(p, epoch, seat, 2).AppendBinary(nil)}
}

func TestADoubleVoteIsSlashedBondedAndUnbonding(t *testing.T) {
	w := seated(t, nil)
	guilty, reporter := w.people[1], w.people[7] // 1,990
	w.must(guilty, 0, "unbond(uint256)", number(800))
	w.must(reporter, 0, evidenceMethod, w.evidence(guilty, 4, 1)...)
	c := w.candidate(guilty)
	require.True(t, c.x.Barred)
	require.False(t, c.active)
	require.EqualValues(t, 1190-595, first(c.x.Self))
	var u staking.Unbonding
	var free bool
	w.view([]any{&u, &free}, "unbonding(address)", guilty.address)
	require.EqualValues(t, 400, first(u.Amount), "slashing reaches stake that is unbonding")
	require.EqualValues(t, 99, w.credit(reporter), "a tenth of 995")
	require.EqualValues(t, 896, first(w.books().Pool))

	w.refused(staking.ErrBarred, reporter, 0, evidenceMethod, w.evidence(guilty, 4, 1)...)
	w.refused(staking.ErrBarred, guilty, 5000, "bond()")
	w.refused(staking.ErrBarred, reporter, 100, "vote(address,uint64)", guilty.address, uint64(0))
	w.to(7, 1)
	require.NotContains(t, payees(w.epoch), guilty.address)
	w.must(guilty, 0, "resign()")
	w.to(11, 1)
	before := w.balance(guilty.address)
	w.must(guilty, 0, "release()")
	require.Equal(t, before+595+400, w.balance(guilty.address), "what is left is his")
}

func TestABarredDelegateKeepsTheSeatThatWasFrozenAndEarnsNothing(t *testing.T) {
	w := seated(t, func(c *staking.Config) { paying(c); c.Issue = true })
	guilty := w.people[1]
	w.must(w.people[7], 0, evidenceMethod, w.evidence(guilty, 4, 1)...)
	w.to(5, 1)
	require.Contains(t, payees(w.epoch), guilty.address, "nothing is rolled again")
	w.to(5, 3)
	require.Zero(t, w.credit(guilty))
	require.NotZero(t, w.credit(w.people[0]))
}

func TestADoubleProposalIsSlashedWithoutItsJustification(t *testing.T) {
	w := seated(t, nil)
	c := committeeOf(4, w.epoch)
	leader := c.Leader(5)
	var e rolldpos.Evidence
	for i := range e.Proposals {
		p := &rolldpos.Proposal{
			Epoch: 4, View: 5, Block: rolldpos.Hash{byte(i + 1)}, ParentView: 4, Parent: rolldpos.Hash{9},
			ParentCert: &rolldpos.Certificate{Epoch: 4, View: 4, Kind: rolldpos.Prepare, Block: rolldpos.Hash{9}},
		}
		d := rolldpos.ProposalDigest(genesis, p.Epoch, p.View, p.ParentView, p.Parent, p.Block)
		p.Sig = [64]byte(ed25519.Sign(w.people[leader].key, d[:]))
		e.Proposals[i] = p
	}
	data, err := staking.EvidenceCall(e)
	require.NoError(t, err)
	require.NotNil(t, e.Proposals[0].ParentCert, "the argument is not changed")
	r := w.block(w.message(w.people[7].address, module.AddressOf(staking.Name), 0, data))[0]
	require.NoError(t, r.Err, reason(r))
	require.True(t, w.candidate(w.people[leader]).x.Barred)
	_, err = staking.EvidenceCall(rolldpos.Evidence{})
	require.ErrorIs(t, err, staking.ErrEvidence)
}

func TestHostileEvidenceIsRefused(t *testing.T) {
	w := seated(t, func(c *staking.Config) { c.Params.EpochLength = 40 })
	p, by := w.people[1], w.people[7]
	good := w.evidence(p, 4, 1)
	raw := func(i int) []byte { return append([]byte(nil), good[i].([]byte)...) }
	forged := raw(1)
	forged[len(forged)-1] ^= 1
	status := &rolldpos.Status{Epoch: 4, Seat: 1}
	for name, pair := range map[string][2][]byte{
		"garbage":              {{1, 2, 3}, raw(1)},
		"garbage second":       {raw(0), {0xc0}},
		"nothing":              {nil, nil},
		"trailing bytes":       {append(raw(0), 0), raw(1)},
		"one vote twice":       {raw(0), raw(0)},
		"forged":               {raw(0), forged},
		"another seat's key":   {signed(p, 4, 2, 1).AppendBinary(nil), signed(p, 4, 2, 2).AppendBinary(nil)},
		"no such seat":         {signed(p, 4, 6, 1).AppendBinary(nil), signed(p, 4, 6, 2).AppendBinary(nil)},
		"an epoch to come":     {signed(p, 5, 1, 1).AppendBinary(nil), signed(p, 5, 1, 2).AppendBinary(nil)},
		"an epoch far away":    {signed(p, 1<<61, 1, 1).AppendBinary(nil), signed(p, 1<<61, 1, 2).AppendBinary(nil)},
		"two epochs":           {raw(0), signed(p, 3, 1, 2).AppendBinary(nil)},
		"of no candidate then": {signed(p, 3, 1, 1).AppendBinary(nil), signed(p, 3, 1, 2).AppendBinary(nil)},
		"statuses":             {status.AppendBinary(nil), status.AppendBinary(nil)},
	} {
		t.Run(name, func(t *testing.T) {
			w.refused(staking.ErrEvidence, by, 0, evidenceMethod, pair[0], pair[1])
		})
	}
	stranger := newPerson(t, 1000) // seat 0 of the first committee, no candidate
	w.refused(staking.ErrUnknown, by, 0, evidenceMethod, w.evidence(stranger, 3, 0)...)
	require.False(t, w.candidate(p).x.Barred)
	w.must(by, 0, evidenceMethod, good...)
}

func TestEvidenceCountsUntilTimeAndBlocksHavePassedSinceItsEpoch(t *testing.T) {
	w := seated(t, nil) // 20 s and 20 blocks
	w.to(7, 1)          // epoch 4 ended with block 40; this is block 61
	w.refused(staking.ErrEvidence, w.people[7], 0, evidenceMethod, w.evidence(w.people[1], 4, 1)...)
	w = seated(t, nil)
	w.to(6, 10)
	w.must(w.people[7], 0, evidenceMethod, w.evidence(w.people[1], 4, 1)...)
	w = seated(t, nil)
	w.to(6, 10)
	w.time += 1_000_000 // the clock alone does not end it
	w.must(w.people[7], 0, evidenceMethod, w.evidence(w.people[1], 4, 1)...)
}
