package light_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
	"github.com/rootstem/rootstem/rolldpos/light"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// rolling changes its committee every epoch and its key every three.
func rolling(t testing.TB) *world {
	return newWorld(t, spread(1, "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9"), spread(3, "k1", "k2", "k3"))
}

// steady keeps its committee for four epochs.
func steady(t testing.TB) *world {
	return newWorld(t, spread(4, "c1", "c2", "c3"), spread(12, "k1"))
}

func TestCommitteesAreFollowedFromEpochToEpoch(t *testing.T) {
	w := rolling(t)
	c := w.fromGenesis()
	for _, height := range []int{1, 2, 4, 6, 12, 15} {
		require.NoError(t, w.takeVotes(c, height), "%d", height)
		require.Equal(t, w.headers[height].Hash(), c.Head().Block)
		require.NoError(t, w.takeVotes(c, height), "the same header once more")
	}
	current, next := c.Committee()
	require.Equal(t, ledger.Hash(w.committee(15).Hash()), current)
	require.Equal(t, w.headers[15].NextCommittee, next)
}

func TestEpochWithAnotherCommitteeIsNotSkipped(t *testing.T) {
	w := rolling(t)
	c := w.fromGenesis()
	require.NoError(t, w.takeVotes(c, 2))
	unchanged(t, c, light.ErrCommittee, func() error { return w.takeVotes(c, 10) })
}

func TestDeviceSleepsWhileItsCommitteeStays(t *testing.T) {
	w := steady(t)
	c := w.fromGenesis()
	require.NoError(t, w.takeVotes(c, 1))
	require.NoError(t, w.takeVotes(c, 14), "epoch 4 has the committee of epoch 1")
	_, err := c.UpdateVotes(w.now(16), w.raw(16), nil, w.votes(16))
	require.NoError(t, err, "the client has the seats")
	unchanged(t, c, light.ErrCommittee, func() error {
		_, err := c.UpdateVotes(w.now(20), w.raw(20), nil, w.votes(20))
		return err
	})
	require.NoError(t, w.takeVotes(c, 26), "the next committee was named, and stays too")
}

func TestOldCommitteeStaysOnlyIfNoNextOneWasNamed(t *testing.T) {
	w := newWorld(t, same("a", "a", "b", "b"), same("k", "k", "k", "k"))
	undecided := w.fromGenesis()
	require.NoError(t, w.takeVotes(undecided, 1), "it names no next committee yet")
	h := *w.headers[5]
	h.Committee = w.headers[1].Committee
	x := &rolldpos.Certificate{Epoch: 2, View: 5, Kind: rolldpos.Commit, Block: h.Hash()}
	x.Signatures = sign(w.seats(1).keys, rolldpos.VoteDigest(w.genesis, 2, 5, rolldpos.Commit, x.Block))
	take := func(c *light.Client) error {
		_, err := c.UpdateVotes(w.now(5), h.AppendRLP(nil), w.seats(1).committee.At(2), x)
		return err
	}
	decided := w.fromGenesis()
	require.NoError(t, w.takeVotes(decided, 2))
	unchanged(t, decided, light.ErrCommittee, func() error { return take(decided) })
	require.NoError(t, take(undecided))
}

func TestNextCommitteeDoesNotSpeakBeforeItsEpoch(t *testing.T) {
	w := rolling(t)
	c := w.fromGenesis()
	require.NoError(t, w.takeVotes(c, 2))
	next := w.seats(2)
	h := *w.headers[3]
	h.Committee = next.committee.Hash()
	x := &rolldpos.Certificate{Epoch: 1, View: 3, Kind: rolldpos.Commit, Block: h.Hash()}
	x.Signatures = sign(next.keys, rolldpos.VoteDigest(w.genesis, 1, 3, rolldpos.Commit, x.Block))
	unchanged(t, c, light.ErrCommittee, func() error {
		_, err := c.UpdateVotes(w.now(3), h.AppendRLP(nil), next.committee.At(1), x)
		return err
	})
}

func TestTrustInACommitteeExpires(t *testing.T) {
	w := steady(t)
	c := w.fromGenesis()
	require.NoError(t, w.takeVotes(c, 1))
	late := w.now(1) + period
	_, err := c.UpdateVotes(late, w.raw(1), nil, w.votes(1))
	require.NoError(t, err)
	unchanged(t, c, light.ErrTrustExpired, func() error {
		_, err := c.UpdateVotes(late+1, w.raw(2), w.committee(2), w.votes(2))
		return err
	})
	forever, err := light.FromHeader(w.genesis, w.genesis, w.raw(0), 0)
	require.NoError(t, err)
	_, err = forever.UpdateVotes(1<<63, w.raw(2), w.committee(2), w.votes(2))
	require.NoError(t, err)
}

func TestHeadersAreTakenForwardOnly(t *testing.T) {
	w := steady(t)
	for _, take := range []func(c *light.Client, height int) error{w.takeVotes, w.takeKeyed} {
		c := w.fromGenesis()
		require.NoError(t, w.takeVotes(c, 6))
		key := w.key(2).Public().Bytes()
		require.NoError(t, c.LearnKey(w.anchors[6].Encode(), key[:]))
		unchanged(t, c, light.ErrRollback, func() error {
			_, err := c.UpdateKeyed(w.now(6), w.raw(5), w.keyed(5))
			return err
		})
		unchanged(t, c, light.ErrRollback, func() error { return take(c, 5) })
		other := *w.headers[6]
		other.GasUsed++
		unchanged(t, c, light.ErrFork, func() error {
			_, err := c.UpdateKeyed(w.now(6), other.AppendRLP(nil), w.keyedBy(&other, "k1"))
			return err
		})
		back := *w.headers[7]
		back.Time = w.headers[6].Time
		unchanged(t, c, light.ErrRollback, func() error {
			_, err := c.UpdateKeyed(w.now(7), back.AppendRLP(nil), w.keyedBy(&back, "k1"))
			return err
		})
		require.NoError(t, take(c, 7))
	}
}

func TestHeaderAheadOfTheClockIsRefused(t *testing.T) {
	w := steady(t)
	c := w.fromKey()
	unchanged(t, c, light.ErrFuture, func() error {
		_, err := c.UpdateKeyed(w.now(3)-light.MaxDrift-1, w.raw(3), w.keyed(3))
		return err
	})
	_, err := c.UpdateKeyed(w.now(3)-light.MaxDrift, w.raw(3), w.keyed(3))
	require.NoError(t, err)
}

func TestKeyVouchesForEveryEpochOfItsEra(t *testing.T) {
	w := rolling(t)
	c := w.fromKey()
	require.NoError(t, w.takeKeyed(c, 9), "epoch 3, and no committee was ever seen")
	unchanged(t, c, chainkey.ErrSignature, func() error { return w.takeKeyed(c, 14) })
	require.NoError(t, c.Handover(w.now(14), w.handover(2, 4)))
	require.NoError(t, c.Handover(w.now(14), w.handover(2, 4)), "the same once more")
	require.NoError(t, w.takeKeyed(c, 14))
	unchanged(t, c, chainkey.ErrSignature, func() error {
		h := *w.headers[15]
		_, err := c.UpdateKeyed(w.now(15), h.AppendRLP(nil), w.keyedBy(&h, "k1"))
		return err
	})
	require.NoError(t, w.takeVotes(c, 16), "the header named the committee")
	key, era, ok := c.Key()
	require.True(t, ok)
	require.EqualValues(t, 2, era)
	require.Equal(t, w.key(4).Public().Bytes(), key)
}

func TestSleeperTakesOneHandoverForEachEra(t *testing.T) {
	w := rolling(t)
	c := w.fromKey()
	unchanged(t, c, light.ErrGap, func() error { return c.Handover(w.now(27), w.handover(3, 7)) })
	require.NoError(t, c.Handover(w.now(27), w.handover(2, 4)))
	require.NoError(t, c.Handover(w.now(27), w.handover(3, 7)))
	unchanged(t, c, light.ErrStale, func() error { return c.Handover(w.now(27), w.handover(2, 4)) })
	unchanged(t, c, light.ErrEpoch, func() error {
		h := *w.headers[20] // an old epoch, signed with the new key
		_, err := c.UpdateKeyed(w.now(27), h.AppendRLP(nil), w.keyedBy(&h, "k3"))
		return err
	})
	require.NoError(t, w.takeKeyed(c, 27))
}

func TestTrustInAKeyExpiresAlsoForHandovers(t *testing.T) {
	w := rolling(t)
	c := w.fromKey()
	require.NoError(t, w.takeKeyed(c, 2))
	late := w.now(2) + period + 1
	unchanged(t, c, light.ErrTrustExpired, func() error { return c.Handover(late, w.handover(2, 4)) })
	unchanged(t, c, light.ErrTrustExpired, func() error {
		_, err := c.UpdateKeyed(late, w.raw(3), w.keyed(3))
		return err
	})
	require.NoError(t, c.Handover(late-1, w.handover(2, 4)))
	unchanged(t, c, light.ErrTrustExpired, func() error { return c.Handover(late, w.handover(3, 7)) })
}

func TestVotesDoNotProlongTrustInAKey(t *testing.T) {
	w := steady(t)
	c := w.fromGenesis()
	require.NoError(t, w.takeVotes(c, 2))
	key := w.key(1).Public().Bytes()
	require.NoError(t, c.LearnKey(w.anchors[2].Encode(), key[:]))
	require.NoError(t, w.takeVotes(c, 15))
	require.NoError(t, w.takeVotes(c, 30))
	late := w.now(2) + period + 1
	unchanged(t, c, light.ErrTrustExpired, func() error {
		_, err := c.UpdateKeyed(late, w.raw(31), w.keyed(31))
		return err
	})
	require.NoError(t, c.LearnKey(w.anchors[30].Encode(), key[:]), "the anchor still names it")
	_, err := c.UpdateKeyed(late, w.raw(31), w.keyed(31))
	require.NoError(t, err)
}

func TestHeaderInOneFormKeepsWhatTheOtherKnows(t *testing.T) {
	w := steady(t)
	c := w.fromKey()
	require.NoError(t, w.takeKeyed(c, 2))
	require.NoError(t, w.takeVotes(c, 3))
	require.NoError(t, w.takeKeyed(c, 4))
	key := w.key(1).Public().Bytes()
	require.NoError(t, c.LearnKey(w.anchors[4].Encode(), key[:]))
	_, era, _ := c.Key()
	require.EqualValues(t, 1, era, "the same key keeps its era")
	_, err := c.UpdateVotes(w.now(5), w.raw(5), nil, w.votes(5))
	require.NoError(t, err, "the same committee is still there in full")
}

func TestStaleAndForeignHandoversAreRefused(t *testing.T) {
	w := rolling(t)
	c := w.fromKey()
	good := w.handover(2, 4)
	for _, bend := range []func(h *chainkey.Handover){
		func(h *chainkey.Handover) { h.Epoch++ },
		func(h *chainkey.Handover) { h.Key = w.key(7).Public().Bytes() },
		func(h *chainkey.Handover) { h.Signature[3] ^= 1 },
		func(h *chainkey.Handover) { h.Signature = w.handover(2, 7).Signature },
	} {
		h := *good
		bend(&h)
		unchanged(t, c, chainkey.ErrSignature, func() error { return c.Handover(w.now(4), &h) })
	}
	for _, era := range []uint64{0, 1} {
		h := *good
		h.Era = era
		unchanged(t, c, light.ErrStale, func() error { return c.Handover(w.now(4), &h) })
	}
	unchanged(t, c, light.ErrMissing, func() error { return c.Handover(w.now(4), nil) })
	none := w.fromGenesis()
	unchanged(t, none, light.ErrMissing, func() error { return none.Handover(w.now(4), good) })
	other := newWorld(t, spread(1, "x", "y", "z", "x"), spread(3, "k1", "k2"))
	unchanged(t, c, chainkey.ErrSignature, func() error { return c.Handover(w.now(4), other.handover(2, 4)) })
}

func TestKeyIsLearntFromTheNewestHeadersAnchorAlone(t *testing.T) {
	w := rolling(t)
	c := w.fromGenesis()
	require.NoError(t, w.takeVotes(c, 2))
	unchanged(t, c, light.ErrMissing, func() error { return w.takeKeyed(c, 3) })
	old, next := w.key(1).Public().Bytes(), w.key(4).Public().Bytes()
	unchanged(t, c, light.ErrKey, func() error { return c.LearnKey(w.anchors[2].Encode(), next[:]) })
	unchanged(t, c, light.ErrKey, func() error { return c.LearnKey(w.anchors[2].Encode(), nil) })
	unchanged(t, c, ledger.ErrProof, func() error { return c.LearnKey(w.anchors[14].Encode(), next[:]) })
	require.NoError(t, c.LearnKey(w.anchors[2].Encode(), old[:]))
	require.NoError(t, c.LearnKey(w.anchors[2].Encode(), old[:]))
	require.NoError(t, w.takeKeyed(c, 5))
	require.NoError(t, c.Handover(w.now(12), w.handover(2, 4)), "the era was unknown, the signature decides")
	unchanged(t, c, light.ErrStale, func() error { return c.LearnKey(w.anchors[5].Encode(), old[:]) })
	require.NoError(t, w.takeKeyed(c, 14))
}

func TestTrustRootIsCheckedAgainstItsHash(t *testing.T) {
	w := steady(t)
	for _, bad := range []struct {
		genesis, block ledger.Hash
		height         int
	}{
		{w.genesis, w.genesis, 1}, {w.genesis, w.headers[1].Hash(), 2}, {w.headers[1].Hash(), w.headers[1].Hash(), 1},
		{w.headers[1].Hash(), w.genesis, 0},
	} {
		_, err := light.FromHeader(bad.genesis, bad.block, w.raw(bad.height), period)
		require.ErrorIs(t, err, light.ErrBlock)
	}
	_, err := light.FromHeader(w.genesis, w.genesis, w.raw(0)[1:], period)
	require.Error(t, err)
	c, err := light.FromHeader(w.genesis, w.headers[10].Hash(), w.raw(10), period)
	require.NoError(t, err, "a configured checkpoint")
	require.NoError(t, w.takeVotes(c, 13))
	_, err = light.FromKey(w.genesis, light.KeyTrust{Key: make([]byte, 96)}, period)
	require.ErrorIs(t, err, chainkey.ErrKey)
}

func TestMissingPartsAreRefused(t *testing.T) {
	w := steady(t)
	c := w.fromKey()
	unchanged(t, c, light.ErrMissing, func() error {
		_, err := c.UpdateVotes(w.now(1), w.raw(1), nil, w.votes(1))
		return err
	})
	unchanged(t, c, light.ErrMissing, func() error {
		_, err := c.UpdateVotes(w.now(1), w.raw(1), w.committee(1), nil)
		return err
	})
	unchanged(t, c, light.ErrMissing, func() error {
		_, err := c.UpdateKeyed(w.now(1), w.raw(1), nil)
		return err
	})
	unchanged(t, c, light.ErrMissing, func() error {
		_, err := c.Reanchor(w.now(1), nil, light.Registration{}, nil)
		return err
	})
	unchanged(t, c, light.ErrCommittee, func() error { return w.takeVotes(c, 1) })
	broken := w.committee(1)
	broken.Keys[0] = broken.Keys[0][:31]
	g := w.fromGenesis()
	unchanged(t, g, rolldpos.ErrCommittee, func() error {
		_, err := g.UpdateVotes(w.now(1), w.raw(1), broken, w.votes(1))
		return err
	})
}
