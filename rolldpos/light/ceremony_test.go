package light_test

import (
	"crypto/ed25519"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/bls"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
	"github.com/rootstem/rootstem/rolldpos/dkg"
	"github.com/rootstem/rootstem/rolldpos/light"
	"github.com/rootstem/rootstem/subchain/ledger"
)

type signer struct{ key ed25519.PrivateKey }

func (s signer) Sign(digest [32]byte) [64]byte {
	return [64]byte(ed25519.Sign(s.key, digest[:]))
}

// shared is a committee whose seats hold shares.
type shared struct {
	*seats
	members []*dkg.Member
}

func (s *shared) sharing() chainkey.Sharing {
	g := s.members[0].Group
	return chainkey.Sharing{Epoch: s.committee.Epoch, Threshold: g.Threshold, Key: chainkey.NewKey(g.Key), Shares: g.Shares}
}

// ceremony makes a fresh key for a committee, or shares that of old among it.
func ceremony(t *testing.T, name string, n int, epoch rolldpos.Epoch, era uint64, old *shared) *shared {
	t.Helper()
	s := &shared{seats: newSeats(name, n)}
	s.committee = s.committee.At(epoch)
	c := &dkg.Ceremony{Genesis: genesis, Era: era, Seats: s.committee,
		Plan: dkg.Plan{Start: 1, Enrol: 1, Deal: 1, Complain: 1, Justify: 1, Acknowledge: 1}}
	if old != nil {
		c.Dealers, c.Old = old.committee, old.members[0].Group
	}
	log, err := dkg.NewTranscript(c)
	require.NoError(t, err)
	join := func(key ed25519.PrivateKey, share *bls.Share) *dkg.Participant {
		p, err := dkg.Join(c, key.Public().(ed25519.PublicKey), signer{key}, ledger.Keccak([]byte(name), key), share)
		require.NoError(t, err)
		return p
	}
	var takers, dealers []*dkg.Participant
	for _, key := range s.keys {
		takers = append(takers, join(key, nil))
	}
	if dealers = takers; old != nil {
		dealers = nil
		for i, key := range old.keys {
			dealers = append(dealers, join(key, &old.members[i].Share))
		}
	}
	for _, p := range takers {
		m, err := p.Enrol()
		require.NoError(t, err)
		require.NoError(t, log.Add(1, m))
	}
	for _, p := range dealers {
		m, err := p.Deal(log)
		require.NoError(t, err)
		require.NoError(t, log.Add(2, m))
	}
	for _, p := range takers {
		pending, err := p.Finish(log, 5)
		require.NoError(t, err)
		member, _, err := pending.Keep(func([]byte) error { return nil })
		require.NoError(t, err)
		s.members = append(s.members, member)
	}
	return s
}

// sign has the members at some seats sign, and returns what their partials make.
func (s *shared) sign(t *testing.T, st chainkey.Statement, members ...*dkg.Member) *chainkey.Signed {
	t.Helper()
	c, err := chainkey.NewCollector(genesis, s.sharing())
	require.NoError(t, err)
	var out *chainkey.Signed
	for _, m := range members {
		p, err := chainkey.Sign(genesis, st, &m.Share)
		require.NoError(t, err)
		signed, err := c.Add(p)
		require.NoError(t, err)
		if signed != nil {
			out = signed
		}
	}
	return out
}

// TestDeviceFollowsRealKeysThroughResharingAndIntoANewEra makes the keys by ceremonies:
// 4 seats in epoch 2, the same key with 7 in epoch 3, and a new key in epoch 4.
func TestDeviceFollowsRealKeysThroughResharingAndIntoANewEra(t *testing.T) {
	first := ceremony(t, "first", 4, 2, 1, nil)
	second := ceremony(t, "second", 7, 3, 1, first)
	third := ceremony(t, "third", 4, 4, 2, nil)
	head := func(s *shared, height uint64) *ledger.Header {
		return &ledger.Header{Height: height, View: 3, Epoch: uint64(s.committee.Epoch), Time: birth + height, Committee: s.committee.Hash()}
	}
	certify := func(s *shared, h *ledger.Header) *chainkey.Certificate {
		st := chainkey.Statement{Kind: chainkey.CommitKind, Epoch: s.committee.Epoch, View: 5, Block: h.Hash()}
		x, ok := s.sign(t, st, s.members[:s.committee.Quorum()]...).Certificate()
		require.True(t, ok)
		return x
	}
	key := first.sharing().Key.Bytes()
	device, err := light.FromKey(genesis, light.KeyTrust{Key: key[:], Era: 1, Epoch: 2, Time: birth}, period)
	require.NoError(t, err)
	take := func(s *shared, height uint64) error {
		h := head(s, height)
		_, err := device.UpdateKeyed(birth, h.AppendRLP(nil), certify(s, h))
		return err
	}
	require.NoError(t, take(first, 10))
	require.NoError(t, take(second, 20), "resharing keeps the key")
	require.ErrorIs(t, take(third, 30), chainkey.ErrSignature)
	h := &chainkey.Handover{Era: 2, Epoch: 4, Key: third.sharing().Key.Bytes()}
	h.Signature = second.sign(t, h.Statement(genesis, 3), second.members[2:]...).Signature
	require.NoError(t, device.Handover(birth, h))
	require.NoError(t, take(third, 30))
	beacon, ok := third.sign(t, chainkey.Statement{Kind: chainkey.RoundKind, Epoch: 4}, third.members...).Beacon()
	require.True(t, ok)
	require.NoError(t, beacon.Verify(third.sharing().Key))

	// Shares of different epochs belong to different polynomials.
	st := chainkey.Statement{Kind: chainkey.CommitKind, Epoch: 3, View: 5, Block: ledger.Hash{1}}
	mixed := append(append([]*dkg.Member(nil), first.members...), second.members[4])
	require.Nil(t, second.sign(t, st, mixed...))
}
