package light_test

import (
	"encoding/hex"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
	"github.com/rootstem/rootstem/rolldpos/light"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// bends change one field of a header each.
func bends() []func(h *ledger.Header) {
	out := []func(h *ledger.Header){
		func(h *ledger.Header) { h.Height++ }, func(h *ledger.Header) { h.View++ }, func(h *ledger.Header) { h.Epoch++ },
		func(h *ledger.Header) { h.Time++ }, func(h *ledger.Header) { h.Proposer[0]++ },
		func(h *ledger.Header) { h.GasUsed++ }, func(h *ledger.Header) { h.GasLimit++ }, func(h *ledger.Header) { h.BaseFee.AddUint64(&h.BaseFee, 1) },
	}
	for _, field := range []func(h *ledger.Header) *ledger.Hash{
		func(h *ledger.Header) *ledger.Hash { return &h.Parent }, func(h *ledger.Header) *ledger.Hash { return &h.StateRoot },
		func(h *ledger.Header) *ledger.Hash { return &h.TxRoot }, func(h *ledger.Header) *ledger.Hash { return &h.ReceiptsRoot },
		func(h *ledger.Header) *ledger.Hash { return &h.MessagesRoot }, func(h *ledger.Header) *ledger.Hash { return &h.Committee },
		func(h *ledger.Header) *ledger.Hash { return &h.NextCommittee }, func(h *ledger.Header) *ledger.Hash { return &h.Beacon },
		func(h *ledger.Header) *ledger.Hash { return &h.AnchorHash },
	} {
		out = append(out, func(h *ledger.Header) { field(h)[5] ^= 1 })
	}
	return out
}

// TestEveryPairOfFieldsIsBoundTogether bends one field of the header and up to one of
// the certificate, with the certificate's block left alone or made to fit.
func TestEveryPairOfFieldsIsBoundTogether(t *testing.T) {
	w := steady(t)
	foreign := newWorld(t, spread(4, "x", "y"), spread(8, "z"))
	base := w.fromGenesis()
	require.NoError(t, w.takeVotes(base, 2))
	key := w.key(1).Public().Bytes()
	require.NoError(t, base.LearnKey(w.anchors[2].Encode(), key[:]))

	votes := []func(x *rolldpos.Certificate){
		func(*rolldpos.Certificate) {}, func(x *rolldpos.Certificate) { x.Epoch++ }, func(x *rolldpos.Certificate) { x.View++ },
		func(x *rolldpos.Certificate) { x.Kind = rolldpos.Prepare }, func(x *rolldpos.Certificate) { x.Block[0] ^= 1 },
		func(x *rolldpos.Certificate) { x.Bitmap = []byte{x.Bitmap[0] ^ 3} },
		func(x *rolldpos.Certificate) { x.Sigs[0], x.Sigs[1] = x.Sigs[1], x.Sigs[0] },
		func(x *rolldpos.Certificate) { x.Signatures = foreign.votes(3).Signatures },
	}
	keyed := []func(x *chainkey.Certificate){
		func(*chainkey.Certificate) {}, func(x *chainkey.Certificate) { x.Epoch++ }, func(x *chainkey.Certificate) { x.View++ },
		func(x *chainkey.Certificate) { x.Block[0] ^= 1 }, func(x *chainkey.Certificate) { x.Signature[7] ^= 1 },
		func(x *chainkey.Certificate) { x.Signature = foreign.keyed(3).Signature },
	}
	tried := 0
	for i, bend := range append(bends(), func(*ledger.Header) {}) {
		h := *w.headers[3]
		bend(&h)
		clean := i == len(bends())
		for j, bendCert := range votes {
			for _, fit := range []bool{false, true} {
				x := w.votes(3)
				bendCert(x)
				if fit {
					x.Block = h.Hash()
				}
				if clean && (j == 0 || fit && j == 4) {
					continue
				}
				_, err := base.UpdateVotes(w.now(4), h.AppendRLP(nil), w.committee(3), x)
				require.Error(t, err, "votes %d %d %v", i, j, fit)
				tried++
			}
		}
		for j, bendCert := range keyed {
			for _, fit := range []bool{false, true} {
				x := w.keyed(3)
				bendCert(x)
				if fit {
					x.Block = h.Hash()
				}
				if clean && (j == 0 || fit && j == 3) {
					continue
				}
				_, err := base.UpdateKeyed(w.now(4), h.AppendRLP(nil), x)
				require.Error(t, err, "keyed %d %d %v", i, j, fit)
				tried++
			}
		}
	}
	require.EqualValues(t, 2, base.Head().Height)
	require.Greater(t, tried, 480)
}

// TestHonestHeadersInAnyOrderNeverMisleadAClient walks at random: a client that takes
// whatever it accepts is always on the chain, never runs back, survives storage at any
// time, and takes nothing that was damaged on the way.
func TestHonestHeadersInAnyOrderNeverMisleadAClient(t *testing.T) {
	w := rolling(t)
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 5))
		c := w.fromGenesis()
		moved := 0
		for range 60 {
			before := c.Head()
			height := min(len(w.headers)-1, max(1, int(before.Height)+r.IntN(9)-2))
			raw, votes, keyed := w.raw(height), w.votes(height).AppendBinary(nil), w.keyed(height).AppendBinary(nil)
			damaged := r.IntN(3) == 0
			if damaged {
				for _, b := range [][]byte{raw, votes, keyed} {
					b[r.IntN(len(b))] ^= 1 << r.IntN(8)
				}
			}
			ok := false
			switch r.IntN(4) {
			case 0:
				ok = c.Handover(w.now(height), w.handover(uint64(2+r.IntN(2)), 4+3*r.IntN(2))) == nil
				damaged = false
			case 1:
				if x, err := chainkey.DecodeCertificate(keyed); err == nil {
					_, err = c.UpdateKeyed(w.now(height), raw, x)
					ok = err == nil
				}
			default:
				if x, err := rolldpos.DecodeCertificate(votes); err == nil {
					_, err = c.UpdateVotes(w.now(height), raw, w.committee(height), x)
					ok = err == nil
				}
			}
			require.False(t, ok && damaged, "seed %d", seed)
			head := c.Head()
			require.GreaterOrEqual(t, head.Height, before.Height)
			require.Equal(t, w.headers[head.Height].Hash(), head.Block)
			if _, _, known := c.Key(); !known && head.Height > 0 {
				key := w.key(int(head.Epoch)).Public().Bytes()
				require.NoError(t, c.LearnKey(w.anchors[head.Height].Encode(), key[:]))
			}
			state := c.AppendBinary(nil)
			var err error
			c, err = light.Decode(state)
			require.NoError(t, err)
			require.Equal(t, state, c.AppendBinary(nil))
			if head.Height > before.Height {
				moved++
			}
		}
		require.Greater(t, moved, 5, "seed %d", seed)
	}
}

func TestDamagedStateIsRefused(t *testing.T) {
	w := steady(t)
	c := w.fromKey()
	require.NoError(t, w.takeKeyed(c, 2))
	require.NoError(t, w.takeVotes(c, 3))
	state := c.AppendBinary(nil)
	for i := range state {
		state[i] ^= 1
		_, err := light.Decode(state)
		require.ErrorIs(t, err, light.ErrState, "byte %d", i)
		state[i] ^= 1
		_, err = light.Decode(state[:i])
		require.ErrorIs(t, err, light.ErrState)
	}
	_, err := light.Decode(append(state, 0))
	require.ErrorIs(t, err, light.ErrState)
	require.EqualValues(t, 1, state[3], "the version, behind the list's head")
	state[3] = 2
	_, err = light.Decode(sealed(state))
	require.ErrorIs(t, err, light.ErrState)
}

func TestStateWithSeatsThatAreNotItsCommitteeIsRefused(t *testing.T) {
	w := steady(t)
	c := w.fromGenesis()
	require.NoError(t, w.takeVotes(c, 3))
	state := c.AppendBinary(nil)
	list, _, _, err := rlp.Split(state[:len(state)-8])
	require.NoError(t, err)
	seats := list[len(list)-4*32:]
	fields := list[:len(list)-4*32-2]
	rebuild := func(seats []byte) []byte {
		p := rlp.AppendBytes(append([]byte(nil), fields...), seats)
		return sealed(append(rlp.AppendList(nil, p), make([]byte, 8)...))
	}
	require.Equal(t, state, rebuild(seats))
	for _, bad := range [][]byte{seats[:127], seats[:96], append(seats[32:128:128], seats[:32]...), make([]byte, 256*32)} {
		_, err := light.Decode(rebuild(bad))
		require.ErrorIs(t, err, light.ErrState)
	}
}

func TestStateIsFrozen(t *testing.T) {
	w := steady(t)
	var all []byte
	c := w.fromKey()
	all = c.AppendBinary(all)
	require.NoError(t, w.takeKeyed(c, 2))
	all = c.AppendBinary(all)
	require.NoError(t, w.takeVotes(c, 3))
	all = c.AppendBinary(all)
	all = w.fromGenesis().AppendBinary(all)
	sum := ledger.Keccak(all)
	require.Equal(t, "d2c8358bf33c412f098d413f25c88b76a42715bc544e8b9a9940c61617c11f24", hex.EncodeToString(sum[:]))
	slot := light.CheckpointSlot(5, 7)
	require.Equal(t, "cd7b720c30b962164fa35a4d17593cd634459e8661fa96a428a8ae27bb6e89da", hex.EncodeToString(slot[:]))
}

func FuzzDecode(f *testing.F) {
	w := steady(f)
	c := w.fromKey()
	f.Add(c.AppendBinary(nil))
	require.NoError(f, w.takeKeyed(c, 2))
	require.NoError(f, w.takeVotes(c, 3))
	f.Add(c.AppendBinary(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		// A checksum that fits lets the fuzzer reach what is behind it.
		for _, state := range [][]byte{b, sealed(b)} {
			if c, err := light.Decode(state); err == nil {
				require.Equal(t, state, c.AppendBinary(nil))
			} else {
				require.ErrorIs(t, err, light.ErrState)
			}
		}
	})
}

// FuzzUpdate brings any bytes as header, certificate, committee and handover: only the
// honest header is taken.
func FuzzUpdate(f *testing.F) {
	w := steady(f)
	foreign := newWorld(f, spread(1, "x", "y", "z", "x"), spread(3, "k1", "k2"))
	start := w.fromGenesis()
	require.NoError(f, w.takeVotes(start, 2))
	key := w.key(1).Public().Bytes()
	require.NoError(f, start.LearnKey(w.anchors[2].Encode(), key[:]))
	state, now := start.AppendBinary(nil), w.now(3)
	f.Add(w.raw(3), w.votes(3).AppendBinary(nil), w.committee(3).AppendBinary(nil))
	f.Add(w.raw(3), w.keyed(3).AppendBinary(nil), foreign.handover(2, 4).AppendBinary(nil))
	f.Fuzz(func(t *testing.T, header, cert, extra []byte) {
		c, err := light.Decode(state)
		require.NoError(t, err)
		committee, err := rolldpos.DecodeCommittee(extra)
		if err != nil {
			committee = nil
		}
		if x, err := rolldpos.DecodeCertificate(cert); err == nil {
			_, _ = c.UpdateVotes(now, header, committee, x)
		}
		if x, err := chainkey.DecodeCertificate(cert); err == nil {
			_, _ = c.UpdateKeyed(now, header, x)
		}
		if h, err := chainkey.DecodeHandover(extra); err == nil {
			require.Error(t, c.Handover(now, h), "nobody has signed one")
		}
		if head := c.Head(); head.Height != 2 {
			require.Equal(t, w.headers[3].Hash(), head.Block)
		}
		require.Error(t, c.LearnKey(header, extra))
		p := &light.CheckpointProof{Header: header, Account: [][]byte{cert}, Slot: [][]byte{extra}}
		_, err = c.Reanchor(now, &light.Header{Header: *w.headers[3]}, light.Registration{}, p)
		require.Error(t, err)
	})
}

func sealed(b []byte) []byte {
	list := b[:max(0, len(b)-8)]
	sum := ledger.Keccak(list)
	return append(append([]byte(nil), list...), sum[:8]...)
}
