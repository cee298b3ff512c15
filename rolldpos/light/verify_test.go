package light_test

import (
	"crypto/ed25519"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
	"github.com/rootstem/rootstem/rolldpos/light"
	"github.com/rootstem/rootstem/subchain/ledger"
)

var (
	genesis = ledger.Keccak([]byte("genesis"))
	domain  = ledger.Keccak([]byte("domain"))
)

func committee() (*rolldpos.Committee, []ed25519.PrivateKey) {
	c := &rolldpos.Committee{Epoch: 3}
	var keys []ed25519.PrivateKey
	for i := range 4 {
		seed := ledger.Keccak([]byte{byte(i)})
		k := ed25519.NewKeyFromSeed(seed[:])
		keys = append(keys, k)
		c.Keys = append(c.Keys, k.Public().(ed25519.PublicKey))
	}
	return c, keys
}

func header(c *rolldpos.Committee) *ledger.Header {
	return &ledger.Header{
		Height: 7, View: 5, Epoch: 3, Time: 1_700_000_000_123, Parent: ledger.Hash{1},
		StateRoot: ledger.Hash{2}, Committee: c.Hash(), NextCommittee: ledger.Hash{3},
		GasLimit: 30_000_000, BaseFee: *uint256.NewInt(7), AnchorHash: ledger.Hash{4},
	}
}

func sign(keys []ed25519.PrivateKey, digest [32]byte) rolldpos.Signatures {
	sigs := make([]*[64]byte, len(keys))
	for i, k := range keys {
		if i != 1 {
			sig := [64]byte(ed25519.Sign(k, digest[:]))
			sigs[i] = &sig
		}
	}
	return rolldpos.Collect(sigs)
}

func certify(keys []ed25519.PrivateKey, h *ledger.Header, x rolldpos.Certificate) *rolldpos.Certificate {
	x.Block = h.Hash()
	x.Signatures = sign(keys, rolldpos.VoteDigest(genesis, x.Epoch, x.View, x.Kind, x.Block))
	return &x
}

func TestFinalHeaderIsAccepted(t *testing.T) {
	c, keys := committee()
	h := header(c)
	for _, view := range []rolldpos.View{5, 9} {
		cert := certify(keys, h, rolldpos.Certificate{Epoch: 3, View: view, Kind: rolldpos.Commit})
		got, err := light.Verify(genesis, h.AppendRLP(nil), c, cert)
		require.NoError(t, err)
		require.Equal(t, h, &got.Header)
	}
}

func TestHonestlySignedButUnfitHeadersAreRefused(t *testing.T) {
	c, keys := committee()
	good := rolldpos.Certificate{Epoch: 3, View: 5, Kind: rolldpos.Commit}
	verify := func(h *ledger.Header, c *rolldpos.Committee, x rolldpos.Certificate) error {
		_, err := light.Verify(genesis, h.AppendRLP(nil), c, certify(keys, h, x))
		return err
	}
	h := header(c)
	require.NoError(t, verify(h, c, good))
	notarised := good
	notarised.Kind = rolldpos.Prepare
	require.ErrorIs(t, verify(h, c, notarised), light.ErrKind)
	early := good
	early.View = 4
	require.ErrorIs(t, verify(h, c, early), light.ErrView)
	later := good
	later.Epoch = 4
	require.ErrorIs(t, verify(h, c, later), light.ErrEpoch)
	require.ErrorIs(t, verify(h, c.At(4), good), light.ErrEpoch)
	other := header(c)
	other.Epoch = 4
	require.ErrorIs(t, verify(other, c, good), light.ErrEpoch)
	require.ErrorIs(t, verify(other, c.At(4), good), light.ErrEpoch)
	foreign := header(c)
	foreign.Committee[0] ^= 1
	require.ErrorIs(t, verify(foreign, c, good), light.ErrCommittee)
	_, err := light.Verify(domain, h.AppendRLP(nil), c, certify(keys, h, good))
	require.ErrorIs(t, err, rolldpos.ErrSignature, "another chain")
	_, err = light.Verify(genesis, h.AppendRLP(nil), c, nil)
	require.ErrorIs(t, err, light.ErrMissing)
	_, err = light.Verify(genesis, h.AppendRLP(nil), nil, certify(keys, h, good))
	require.ErrorIs(t, err, light.ErrMissing)
}

func TestAnyFlippedBitIsRefused(t *testing.T) {
	c, keys := committee()
	h := header(c)
	rlp := h.AppendRLP(nil)
	cert := certify(keys, h, rolldpos.Certificate{Epoch: 3, View: 5, Kind: rolldpos.Commit}).AppendBinary(nil)
	verify := func() error {
		x, err := rolldpos.DecodeCertificate(cert)
		if err != nil {
			return err
		}
		_, err = light.Verify(genesis, rlp, c, x)
		return err
	}
	require.NoError(t, verify())
	for _, b := range [][]byte{rlp, cert} {
		for i := range b {
			for bit := range 8 {
				b[i] ^= 1 << bit
				require.Error(t, verify(), "byte %d bit %d", i, bit)
				b[i] ^= 1 << bit
			}
		}
	}
	require.NoError(t, verify())
}

func TestCheckpointBindsDomainNumberAndBlock(t *testing.T) {
	c, keys := committee()
	h := header(c)
	sigs := sign(keys, rolldpos.CheckpointDigest(domain, 9, h.Hash()))
	got, err := light.VerifyCheckpoint(c, domain, 9, h.AppendRLP(nil), &sigs)
	require.NoError(t, err)
	require.Equal(t, h, &got.Header)
	_, err = light.VerifyCheckpoint(c, genesis, 9, h.AppendRLP(nil), &sigs)
	require.ErrorIs(t, err, rolldpos.ErrSignature)
	_, err = light.VerifyCheckpoint(c, domain, 8, h.AppendRLP(nil), &sigs)
	require.ErrorIs(t, err, rolldpos.ErrSignature)
	h.GasUsed++
	_, err = light.VerifyCheckpoint(c, domain, 9, h.AppendRLP(nil), &sigs)
	require.ErrorIs(t, err, rolldpos.ErrSignature)
	_, err = light.VerifyCheckpoint(c.At(4), domain, 9, h.AppendRLP(nil), &sigs)
	require.ErrorIs(t, err, light.ErrEpoch)
	_, err = light.VerifyCheckpoint(c, domain, 9, h.AppendRLP(nil), nil)
	require.ErrorIs(t, err, light.ErrMissing)
	few := rolldpos.Signatures{Bitmap: sigs.Bitmap, Sigs: sigs.Sigs[:2]}
	_, err = light.VerifyCheckpoint(c, domain, 9, header(c).AppendRLP(nil), &few)
	require.ErrorIs(t, err, rolldpos.ErrBitmap)
	vote := certify(keys, header(c), rolldpos.Certificate{Epoch: 3, View: 5, Kind: rolldpos.Commit})
	_, err = light.VerifyCheckpoint(c, domain, 9, header(c).AppendRLP(nil), &vote.Signatures)
	require.ErrorIs(t, err, rolldpos.ErrSignature, "votes are no checkpoint")
}

func TestMissingAuthorityOrCertificateIsRefusedInBothForms(t *testing.T) {
	c, keys := committee()
	h := header(c)
	raw := h.AppendRLP(nil)
	key := chainkey.NewKey(newKey(t, "key").Public())
	x := &chainkey.Certificate{Epoch: 3, View: 5, Block: h.Hash()}
	_, err := light.Verify(genesis, raw, nil, light.Certificate[*chainkey.Key](x))
	require.ErrorIs(t, err, light.ErrMissing)
	_, err = light.Verify(genesis, raw, key, nil)
	require.ErrorIs(t, err, light.ErrMissing)
	_, err = light.Verify(genesis, raw, key, (*chainkey.Certificate)(nil))
	require.ErrorIs(t, err, light.ErrKind)
	_, err = light.Verify(genesis, raw, c, (*rolldpos.Certificate)(nil))
	require.ErrorIs(t, err, light.ErrKind)
	_, err = light.Verify(genesis, raw, key, x)
	require.ErrorIs(t, err, chainkey.ErrSignature)
	sigs := sign(keys, rolldpos.CheckpointDigest(domain, 9, h.Hash()))
	_, err = light.VerifyCheckpoint(nil, domain, 9, raw, &sigs)
	require.ErrorIs(t, err, light.ErrMissing)
}
