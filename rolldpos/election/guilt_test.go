package election_test

import (
	"crypto/ed25519"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/election"
)

// bench is a committee with its keys.
type bench struct {
	genesis rolldpos.Hash
	c       *rolldpos.Committee
	keys    []ed25519.PrivateKey
}

func newBench() *bench {
	b := &bench{genesis: seed(9), c: &rolldpos.Committee{Epoch: 3}}
	for i := range uint64(4) {
		s := seed(100 + i)
		k := ed25519.NewKeyFromSeed(s[:])
		b.keys = append(b.keys, k)
		b.c.Keys = append(b.c.Keys, k.Public().(ed25519.PublicKey))
	}
	return b
}

func (b *bench) vote(e rolldpos.Epoch, v rolldpos.View, k rolldpos.Kind, block byte, seat int) *rolldpos.Vote {
	x := &rolldpos.Vote{Epoch: e, View: v, Kind: k, Seat: seat}
	if block != 0 {
		x.Block = rolldpos.Hash{block}
	}
	d := rolldpos.VoteDigest(b.genesis, e, v, k, x.Block)
	x.Sig = [64]byte(ed25519.Sign(b.keys[seat], d[:]))
	return x
}

func (b *bench) proposal(e rolldpos.Epoch, v rolldpos.View, block byte, parent rolldpos.View) *rolldpos.Proposal {
	x := &rolldpos.Proposal{Epoch: e, View: v, Block: rolldpos.Hash{block}, ParentView: parent, Parent: rolldpos.Hash{byte(parent) + 100}}
	d := rolldpos.ProposalDigest(b.genesis, e, v, parent, x.Parent, x.Block)
	x.Sig = [64]byte(ed25519.Sign(b.keys[b.c.Leader(v)], d[:]))
	return x
}

const (
	prepare = rolldpos.Prepare
	commit  = rolldpos.Commit
	nullify = rolldpos.Nullify
)

func TestEverySortOfGuiltIsProved(t *testing.T) {
	b := newBench()
	for _, pair := range [][2]rolldpos.Message{
		{b.vote(3, 5, prepare, 1, 2), b.vote(3, 5, prepare, 2, 2)},
		{b.vote(3, 5, commit, 1, 2), b.vote(3, 5, commit, 2, 2)},
		{b.vote(3, 5, commit, 1, 2), b.vote(3, 5, nullify, 0, 2)},
		{b.vote(3, 5, nullify, 0, 2), b.vote(3, 5, commit, 1, 2)},
	} {
		seat, err := election.Guilty(b.genesis, b.c, pair[0], pair[1])
		require.NoError(t, err)
		require.Equal(t, 2, seat)
	}
	seat, err := election.Guilty(b.genesis, b.c, b.proposal(3, 5, 1, 4), b.proposal(3, 5, 2, 3))
	require.NoError(t, err)
	require.Equal(t, b.c.Leader(5), seat)
}

func TestWhatAnHonestSeatSignsIsNoGuilt(t *testing.T) {
	b := newBench()
	for name, pair := range map[string][2]rolldpos.Message{
		"twice the same vote":            {b.vote(3, 5, commit, 1, 2), b.vote(3, 5, commit, 1, 2)},
		"prepare and nullify":            {b.vote(3, 5, prepare, 1, 2), b.vote(3, 5, nullify, 0, 2)},
		"prepare and commit":             {b.vote(3, 5, prepare, 1, 2), b.vote(3, 5, commit, 2, 2)},
		"twice nullify":                  {b.vote(3, 5, nullify, 0, 2), b.vote(3, 5, nullify, 0, 2)},
		"two views":                      {b.vote(3, 5, commit, 1, 2), b.vote(3, 6, commit, 2, 2)},
		"two epochs":                     {b.vote(3, 5, commit, 1, 2), b.vote(4, 5, commit, 2, 2)},
		"two seats":                      {b.vote(3, 5, commit, 1, 2), b.vote(3, 5, commit, 2, 1)},
		"a block proposed again":         {b.proposal(3, 5, 1, 4), b.proposal(3, 5, 1, 3)},
		"proposals in two views":         {b.proposal(3, 5, 1, 4), b.proposal(3, 9, 2, 4)},
		"a vote and a proposal":          {b.vote(3, 5, commit, 1, 2), b.proposal(3, 5, 2, 4)},
		"a proposal and a vote":          {b.proposal(3, 5, 2, 4), b.vote(3, 5, commit, 1, 2)},
		"certificates prove no one seat": {&rolldpos.Certificate{}, &rolldpos.Certificate{}},
	} {
		_, err := election.Guilty(b.genesis, b.c, pair[0], pair[1])
		require.ErrorIs(t, err, election.ErrNotGuilty, name)
	}
}

func TestForgedEvidenceIsRefused(t *testing.T) {
	b := newBench()
	honest := b.vote(3, 5, commit, 1, 2)
	for name, spoil := range map[string]func(x *rolldpos.Vote){
		"another block": func(x *rolldpos.Vote) { x.Block[5] ^= 1 },
		"signature":     func(x *rolldpos.Vote) { x.Sig[5] ^= 1 },
		"no block":      func(x *rolldpos.Vote) { x.Block = rolldpos.Hash{} },
	} {
		forged := *b.vote(3, 5, commit, 2, 2)
		spoil(&forged)
		_, err := election.Guilty(b.genesis, b.c, honest, &forged)
		require.ErrorIs(t, err, rolldpos.ErrInvalid, name)
		_, err = election.Guilty(b.genesis, b.c, &forged, honest)
		require.ErrorIs(t, err, rolldpos.ErrInvalid, name)
	}
	other := b.vote(3, 5, commit, 2, 2)
	_, err := election.Guilty(seed(10), b.c, honest, other)
	require.ErrorIs(t, err, rolldpos.ErrSignature, "another chain")
	_, err = election.Guilty(b.genesis, b.c.At(4), honest, other)
	require.ErrorIs(t, err, rolldpos.ErrEpoch)
	forged := b.proposal(3, 5, 2, 4)
	forged.Block[7] ^= 1
	_, err = election.Guilty(b.genesis, b.c, b.proposal(3, 5, 1, 4), forged)
	require.ErrorIs(t, err, rolldpos.ErrSignature)
	high := b.vote(3, 5, commit, 1, 2)
	high.Seat = 4
	two := *high
	two.Block[0] = 9
	_, err = election.Guilty(b.genesis, b.c, high, &two)
	require.ErrorIs(t, err, rolldpos.ErrSeat)
}

func TestEvidenceSaysItsEpoch(t *testing.T) {
	b := newBench()
	e, err := election.Epoch(b.vote(3, 5, commit, 1, 2))
	require.NoError(t, err)
	require.EqualValues(t, 3, e)
	e, err = election.Epoch(b.proposal(8, 5, 1, 4))
	require.NoError(t, err)
	require.EqualValues(t, 8, e)
	_, err = election.Epoch(&rolldpos.Certificate{})
	require.ErrorIs(t, err, election.ErrNotGuilty)
}
