package bls

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const tag = "ROOTSTEM_TEST_BLS12381G1_XMD:SHA-256_SSWU_RO_"

func TestAnyThresholdOfPartialsGivesTheGroupsOneSignature(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 10).Draw(t, "n")
		threshold := rapid.IntRange(1, n).Draw(t, "threshold")
		key, shares, _ := testGroup(t, fmt.Sprint(n, threshold), n, threshold)
		order := rapid.Permutation(shares).Draw(t, "order")
		var partials []Partial
		for i := range order {
			partials = append(partials, order[i].Sign(tag, []byte("m")))
		}
		sig, err := Recover(threshold, partials[:threshold])
		require.NoError(t, err)
		require.NoError(t, key.Verify(tag, []byte("m"), sig))
		all, err := Recover(threshold, partials)
		require.NoError(t, err)
		require.Equal(t, sig, all)
		_, err = Recover(threshold, partials[:threshold-1])
		require.ErrorIs(t, err, ErrThreshold)
		if threshold > 1 { // one fewer, taken for a threshold of its own, gives another point
			less, err := Recover(threshold-1, partials)
			require.NoError(t, err)
			require.ErrorIs(t, key.Verify(tag, []byte("m"), less), ErrSignature)
		}
	})
}

func TestRecoverRefusesIndicesThatAreZeroOrRepeated(t *testing.T) {
	_, shares, _ := testGroup(t, "g", 4, 3)
	var p []Partial
	for i := range shares {
		p = append(p, shares[i].Sign(tag, nil))
	}
	for _, bad := range [][]Partial{
		{p[0], p[1], p[1]}, {p[0], p[1], {0, p[2].Signature}}, {p[0], p[1], p[2], p[0]}, {p[0], p[1], p[2], {0, p[3].Signature}},
	} {
		_, err := Recover(3, bad)
		require.ErrorIs(t, err, ErrIndex)
	}
	for _, threshold := range []int{-1, 0} {
		_, err := Recover(threshold, p)
		require.ErrorIs(t, err, ErrThreshold)
	}
}

func TestBadPartialsNamesExactlyTheBadOnes(t *testing.T) {
	const n = 24
	_, shares, public := testGroup(t, "batch", n, 17)
	good := make([]Partial, n)
	for i := range shares {
		good[i] = shares[i].Sign(tag, []byte("m"))
	}
	rapid.Check(t, func(t *rapid.T) {
		partials := append([]Partial{}, good...)
		keys := append([]*PublicKey{}, public...)
		var want []int
		for i := range partials {
			if rapid.IntRange(0, 7).Draw(t, "fate") > 0 {
				continue
			}
			want = append(want, i)
			switch rapid.IntRange(0, 6).Draw(t, "fault") {
			case 0:
				partials[i] = shares[i].Sign(tag, []byte("another"))
			case 1:
				partials[i].Signature = good[(i+1)%n].Signature
			case 2:
				partials[i].Signature[20] ^= 1
			case 3:
				partials[i].Index = 0
			case 4:
				partials[i].Index = n + 1
			case 5:
				keys[i] = nil
			case 6:
				partials[i] = shares[i].Sign(tag+"X", []byte("m"))
			}
		}
		got, err := BadPartials(keys, tag, []byte("m"), partials)
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func TestErrorsThatCancelOutAreFound(t *testing.T) {
	_, shares, public := testGroup(t, "cancel", 4, 3)
	var partials []Partial
	for i := range shares {
		partials = append(partials, shares[i].Sign(tag, []byte("m")))
	}
	a, err := partials[0].Signature.point()
	require.NoError(t, err)
	b, err := partials[1].Signature.point()
	require.NoError(t, err)
	d, err := hashToG1(tag, []byte("difference"))
	require.NoError(t, err)
	partials[0].Signature = a.Add(&a, &d).Bytes()
	partials[1].Signature = b.Sub(&b, &d).Bytes()
	bad, err := BadPartials(public, tag, []byte("m"), partials)
	require.NoError(t, err)
	require.Equal(t, []int{0, 1}, bad)
}

func TestAggregatesVerifyUnderAllKeysAndNoFewer(t *testing.T) {
	var keys []*PublicKey
	var sigs []Signature
	for i := range 5 {
		k := testKey(t, fmt.Sprint(i))
		keys = append(keys, k.Public())
		sigs = append(sigs, k.Sign(tag, []byte("m")))
	}
	sum, err := Aggregate(sigs)
	require.NoError(t, err)
	require.NoError(t, VerifyAggregate(keys, tag, []byte("m"), sum))
	require.ErrorIs(t, VerifyAggregate(keys[1:], tag, []byte("m"), sum), ErrSignature)
	require.ErrorIs(t, VerifyAggregate(append(keys, keys[0]), tag, []byte("m"), sum), ErrSignature)
	_, err = Aggregate(nil)
	require.ErrorIs(t, err, ErrEmpty)
	require.ErrorIs(t, VerifyAggregate(nil, tag, []byte("m"), sum), ErrEmpty)

	negative := &PublicKey{keys[0].p}
	negative.p.Neg(&negative.p)
	require.ErrorIs(t, VerifyAggregate([]*PublicKey{keys[0], negative}, tag, nil, sum), ErrPublicKey)
	minus, err := sigs[0].point()
	require.NoError(t, err)
	_, err = Aggregate([]Signature{sigs[0], minus.Neg(&minus).Bytes()})
	require.ErrorIs(t, err, ErrEncoding)
}

func TestAProofOfPossessionHoldsForItsKeyOnly(t *testing.T) {
	a, b := testKey(t, "a"), testKey(t, "b")
	proof := Prove(a)
	require.NoError(t, VerifyPossession(a.Public(), proof))
	require.ErrorIs(t, VerifyPossession(b.Public(), proof), ErrPossession)
	p := a.Public().Bytes()
	require.ErrorIs(t, VerifyPossession(a.Public(), a.Sign(tag, p[:])), ErrPossession)
	// The rogue key b − a, under which a and it together would sign as b alone.
	rogue := &PublicKey{b.Public().p}
	rogue.p.Sub(&rogue.p, &a.Public().p)
	require.NoError(t, VerifyAggregate([]*PublicKey{a.Public(), rogue}, tag, nil, b.Sign(tag, nil)))
	require.ErrorIs(t, VerifyPossession(rogue, Prove(b)), ErrPossession)
}

func TestEncodingsAreFrozen(t *testing.T) {
	h := sha256.New()
	_, shares, public := testGroup(t, "frozen", 4, 3)
	var partials []Partial
	for i := range shares {
		k, p := shares[i].Key.Bytes(), public[i].Bytes()
		partials = append(partials, shares[i].Sign(DrandQuicknetDST, []byte("frozen")))
		proof := Prove(shares[i].Key)
		for _, b := range [][]byte{k[:], p[:], partials[i].Signature[:], proof[:]} {
			h.Write(b)
		}
	}
	sig, err := Recover(3, partials)
	require.NoError(t, err)
	h.Write(sig[:])
	require.Equal(t, "b2684cdc6742968e2e7327249ea69e052039fbcdb79689c15e965024f79f7e31", hex.EncodeToString(h.Sum(nil)))
}
