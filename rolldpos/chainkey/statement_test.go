package chainkey_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bls12-381/fp"
	"github.com/stretchr/testify/require"

	curve "github.com/consensys/gnark-crypto/ecc/bls12-381"

	"github.com/rootstem/rootstem/internal/fixture"
	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/rolldpos/bls"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
)

func name(n int) string { return "n=" + strconv.Itoa(n) }

func TestCertificateBindsEveryField(t *testing.T) {
	g := deal(t, "fields", 4)
	x, _ := g.all(t, commit(9)).Certificate()
	require.NoError(t, x.Verify(genesis, g.Key))
	bends := []func(x *chainkey.Certificate){
		func(x *chainkey.Certificate) { x.Epoch++ },
		func(x *chainkey.Certificate) { x.View++ },
		func(x *chainkey.Certificate) { x.Block[31] ^= 1 },
		func(x *chainkey.Certificate) { x.Signature[47] ^= 1 },
		func(x *chainkey.Certificate) { x.Epoch, x.View = 9, 3 },
	}
	for i, first := range bends {
		for j, second := range bends {
			y := *x
			first(&y)
			if i != j {
				second(&y)
			}
			require.ErrorIs(t, y.Verify(genesis, g.Key), chainkey.ErrSignature, "%d %d", i, j)
		}
	}
	require.ErrorIs(t, x.Verify(block, g.Key), chainkey.ErrSignature, "another chain")
	require.ErrorIs(t, x.Verify(genesis, deal(t, "other", 4).Key), chainkey.ErrSignature)
	require.ErrorIs(t, x.Verify(genesis, nil), chainkey.ErrKey)
	for _, y := range []chainkey.Certificate{{View: 1, Block: block}, {Epoch: 1, Block: block}, {Epoch: 1, View: 1}, {Epoch: 1 << 62, View: 1, Block: block}} {
		require.ErrorIs(t, y.Verify(genesis, g.Key), chainkey.ErrStatement)
	}
}

func TestSignatureOfOneSortPassesForNoOther(t *testing.T) {
	g := deal(t, "sorts", 4)
	h := chainkey.Handover{Era: 2, Epoch: 4, Key: deal(t, "next", 4).Key.Bytes()}
	digest := chainkey.CommitDigest(genesis, epoch, 9, block)
	for _, dst := range []string{bls.DrandQuicknetDST, chainkey.DSTHandover, "x"} {
		x := chainkey.Certificate{Epoch: epoch, View: 9, Block: block, Signature: g.secret.Sign(dst, digest[:])}
		require.ErrorIs(t, x.Verify(genesis, g.Key), chainkey.ErrSignature, dst)
	}
	round := sha256.Sum256(binary.BigEndian.AppendUint64(nil, epoch))
	b := chainkey.Beacon{Round: epoch, Signature: g.secret.Sign(chainkey.DSTCommit, round[:])}
	require.ErrorIs(t, b.Verify(g.Key), chainkey.ErrSignature)
	digest = h.Digest(genesis)
	h.Signature = g.secret.Sign(chainkey.DSTCommit, digest[:])
	_, err := h.Verify(genesis, g.Key)
	require.ErrorIs(t, err, chainkey.ErrSignature)
}

func TestIdentityAndPointsOutsideTheSubgroupAreRefused(t *testing.T) {
	identity := make([]byte, 96)
	identity[0] = 0xc0
	_, err := chainkey.Open(identity)
	require.ErrorIs(t, err, chainkey.ErrKey)
	low := curve.GeneratePointNotInG2(curve.E2{A0: fp.NewElement(3)})
	var affine curve.G2Affine
	affine.FromJacobian(&low)
	raw := affine.Bytes()
	_, err = chainkey.Open(raw[:])
	require.ErrorIs(t, err, chainkey.ErrKey)
	for _, b := range [][]byte{nil, make([]byte, 96), identity[:95]} {
		_, err = chainkey.Open(b)
		require.ErrorIs(t, err, chainkey.ErrKey)
	}

	g := deal(t, "low", 4)
	low1 := curve.GeneratePointNotInG1(fp.NewElement(5))
	var affine1 curve.G1Affine
	affine1.FromJacobian(&low1)
	for _, sig := range []bls.Signature{{0: 0xc0}, affine1.Bytes(), {}} {
		x := chainkey.Certificate{Epoch: epoch, View: 9, Block: block, Signature: sig}
		require.ErrorIs(t, x.Verify(genesis, g.Key), chainkey.ErrSignature)
		b := chainkey.Beacon{Round: 1, Signature: sig}
		require.ErrorIs(t, b.Verify(g.Key), chainkey.ErrSignature)
	}
}

func TestHandoverBindsEveryFieldAndItsKey(t *testing.T) {
	old, next := deal(t, "old", 4), deal(t, "next", 7)
	h := chainkey.Handover{Era: 2, Epoch: 4, Key: next.Key.Bytes()}
	h.Signature = old.all(t, h.Statement(genesis, epoch)).Signature
	k, err := h.Verify(genesis, old.Key)
	require.NoError(t, err)
	require.Equal(t, next.Key.Bytes(), k.Bytes())
	require.LessOrEqual(t, len(h.AppendBinary(nil)), 165)
	for i, bend := range []func(h *chainkey.Handover){
		func(h *chainkey.Handover) { h.Era++ },
		func(h *chainkey.Handover) { h.Epoch++ },
		func(h *chainkey.Handover) { h.Key = deal(t, "evil", 4).Key.Bytes() },
		func(h *chainkey.Handover) { h.Signature[5] ^= 1 },
		func(h *chainkey.Handover) { h.Era, h.Epoch = 4, 2 },
	} {
		x := h
		bend(&x)
		_, err := x.Verify(genesis, old.Key)
		require.ErrorIs(t, err, chainkey.ErrSignature, "%d", i)
	}
	_, err = h.Verify(block, old.Key)
	require.ErrorIs(t, err, chainkey.ErrSignature, "another chain")
	_, err = h.Verify(genesis, next.Key)
	require.ErrorIs(t, err, chainkey.ErrSignature, "the new key does not vouch for itself")

	h.Key = [96]byte{0: 0xc0}
	digest := h.Digest(genesis)
	h.Signature = old.secret.Sign(chainkey.DSTHandover, digest[:])
	_, err = h.Verify(genesis, old.Key)
	require.ErrorIs(t, err, chainkey.ErrKey, "signed, but no key")
	h.Era = 1
	_, err = h.Verify(genesis, old.Key)
	require.ErrorIs(t, err, chainkey.ErrStatement)
}

type drand struct {
	Beacons []struct {
		Name, DST           string
		Key                 string `json:"public_key"`
		Signature, Previous string
		Round               uint64
	}
	Checks map[string]string `json:"randomness_checks"`
}

func TestRealDrandBeaconsVerify(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(fixture.Dir(t, "CONSENSUS_VECTORS_DIR", "vectors/consensus"), "drand_beacons.json"))
	require.NoError(t, err)
	var file drand
	require.NoError(t, json.Unmarshal(raw, &file))
	verified, checked := 0, 0
	for _, x := range file.Beacons {
		if x.DST != bls.DrandQuicknetDST || x.Previous != "" {
			continue
		}
		key, err := hex.DecodeString(x.Key)
		require.NoError(t, err)
		sig, err := hex.DecodeString(x.Signature)
		require.NoError(t, err)
		k, err := chainkey.Open(key)
		require.NoError(t, err)
		b := chainkey.Beacon{Round: x.Round, Signature: bls.Signature(sig)}
		require.NoError(t, b.Verify(k), x.Name)
		if want := file.Checks[x.Name]; want != "" {
			r := b.Randomness()
			require.Equal(t, want, hex.EncodeToString(r[:]))
			checked++
		}
		b.Round++
		require.ErrorIs(t, b.Verify(k), chainkey.ErrSignature)
		verified++
	}
	require.GreaterOrEqual(t, verified, 2)
	require.GreaterOrEqual(t, checked, 1)
}

// TestOurBeaconVerifiesUnderDrandsRule states drand's rule for unchained rounds with
// nothing of ours: the pairing and the hash to the curve are gnark's.
func TestOurBeaconVerifiesUnderDrandsRule(t *testing.T) {
	g := deal(t, "drand", 7)
	b, ok := g.all(t, chainkey.Statement{Kind: chainkey.RoundKind, Epoch: epoch}).Beacon()
	require.True(t, ok)
	require.NoError(t, b.Verify(g.Key))

	message := sha256.Sum256([]byte{0, 0, 0, 0, 0, 0, 0, epoch})
	hash, err := curve.HashToG1(message[:], []byte("BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"))
	require.NoError(t, err)
	var sig curve.G1Affine
	_, err = sig.SetBytes(b.Signature[:])
	require.NoError(t, err)
	var key curve.G2Affine
	raw := g.Key.Bytes()
	_, err = key.SetBytes(raw[:])
	require.NoError(t, err)
	_, _, _, g2 := curve.Generators()
	sig.Neg(&sig)
	ok, err = curve.PairingCheck([]curve.G1Affine{hash, sig}, []curve.G2Affine{key, g2})
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, chainkey.Hash(sha256.Sum256(b.Signature[:])), b.Randomness())
	require.ErrorIs(t, (&chainkey.Beacon{Signature: b.Signature}).Verify(g.Key), chainkey.ErrStatement)
}

func TestUnsignableStatementsAreNotSigned(t *testing.T) {
	g := deal(t, "unsignable", 4)
	for _, s := range []chainkey.Statement{
		{}, {Kind: chainkey.CommitKind, Epoch: 1, View: 1}, {Kind: chainkey.CommitKind, Epoch: 1, Block: block},
		{Kind: chainkey.RoundKind}, {Kind: chainkey.RoundKind, Epoch: 1, Block: block},
		{Kind: chainkey.RoundKind, Epoch: 1, View: 1}, {Kind: chainkey.HandoverKind, Epoch: 1},
		{Kind: chainkey.HandoverKind, Epoch: 1, View: 1, Block: block}, {Kind: 4, Epoch: 1},
	} {
		_, err := chainkey.Sign(genesis, s, g.seats[0])
		require.ErrorIs(t, err, chainkey.ErrStatement)
		p := chainkey.Partial{Statement: s}
		require.ErrorIs(t, p.Verify(genesis, g.Shares), chainkey.ErrStatement)
	}
	for _, index := range []uint32{0, 256} {
		_, err := chainkey.Sign(genesis, commit(1), &bls.Share{Index: index, Key: g.secret})
		require.ErrorIs(t, err, chainkey.ErrSeat)
	}
	p := g.sign(t, 2, commit(1))
	require.NoError(t, p.Verify(genesis, g.Shares))
	for _, seat := range []int{-1, 4} {
		p.Seat = seat
		require.ErrorIs(t, p.Verify(genesis, g.Shares), chainkey.ErrSeat)
	}
}

// TestEncodingsAreFrozen fails when a wire form changes.
func TestEncodingsAreFrozen(t *testing.T) {
	var all []byte
	for i := range uint64(64) {
		n := i * i * i * i
		h := keccak.Sum256(binary.BigEndian.AppendUint64(nil, i))
		sig := bls.Signature(append(h[:], h[:16]...))
		s := chainkey.Statement{Kind: chainkey.CommitKind, Epoch: epochOf(n), View: viewOf(n * 7), Block: h}
		all = (&chainkey.Partial{Statement: s, Seat: int(i), Signature: sig}).AppendBinary(all)
		s = chainkey.Statement{Kind: chainkey.RoundKind, Epoch: epochOf(n)}
		all = (&chainkey.Partial{Statement: s, Seat: int(i), Signature: sig}).AppendBinary(all)
		all = (&chainkey.Certificate{Epoch: epochOf(n), View: viewOf(n), Block: h, Signature: sig}).AppendBinary(all)
		all = (&chainkey.Beacon{Round: n + 1, Signature: sig}).AppendBinary(all)
		x := chainkey.Handover{Era: n + 2, Epoch: epochOf(n + 2), Key: [96]byte(append(sig[:], sig[:]...)), Signature: sig}
		all = x.AppendBinary(all)
		d, c := x.Digest(h), chainkey.CommitDigest(h, epochOf(n), viewOf(n), h)
		all = append(append(all, d[:]...), c[:]...)
	}
	sum := keccak.Sum256(all)
	require.Equal(t, frozen, hex.EncodeToString(sum[:]))
}

func TestEncodingsAreReadBack(t *testing.T) {
	p := &chainkey.Partial{Statement: commit(300), Seat: 254, Signature: bls.Signature{1}}
	got, err := chainkey.DecodePartial(p.AppendBinary(nil))
	require.NoError(t, err)
	require.Equal(t, p, got)
	r := &chainkey.Partial{Statement: chainkey.Statement{Kind: chainkey.RoundKind, Epoch: 9}, Signature: bls.Signature{1}}
	got, err = chainkey.DecodePartial(r.AppendBinary(nil))
	require.NoError(t, err)
	require.Equal(t, r, got)
	b := &chainkey.Beacon{Round: 9, Signature: bls.Signature{2}}
	read, err := chainkey.DecodeBeacon(b.AppendBinary(nil))
	require.NoError(t, err)
	require.Equal(t, b, read)
	for _, bend := range []func(p *chainkey.Partial){
		func(p *chainkey.Partial) { p.Seat = 255 },
		func(p *chainkey.Partial) { p.View = 0 },
		func(p *chainkey.Partial) { p.Kind = chainkey.HandoverKind },
		func(p *chainkey.Partial) { p.Epoch = 1 << 62 },
	} {
		q := *p
		bend(&q)
		_, err := chainkey.DecodePartial(q.AppendBinary(nil))
		require.ErrorIs(t, err, chainkey.ErrInvalid)
	}
	wide := rlp.AppendUint(nil, 257) // would be CommitKind in 8 bits
	_, err = chainkey.DecodePartial(rlp.AppendList(nil, append(wide, p.AppendBinary(nil)[3:]...)))
	require.ErrorIs(t, err, chainkey.ErrInvalid)
}
